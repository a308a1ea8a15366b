package people

import (
	"slices"
	"time"

	"steward/internal/store"
	"steward/internal/store/storesql"
)

// Roles of a person in the product itself. What people may do in a process follows from groups, posts and tasks instead.
const (
	RoleAdmin    = "admin"    // publishes definitions, keeps people and settings, sees everything
	RoleOperator = "operator" // sees everything, resolves incidents
	RoleStaff    = "staff"    // starts processes and does tasks
)

// Person is somebody who works here, without anything secret.
type Person struct {
	ID         string
	Name       string // as written in Chinese
	NameEn     string
	Email      string
	Department string
	LeaderID   string // "" means nobody
	Active     bool   // false once they have left: they neither sign in nor receive tasks
	Roles      []string
	Locale     string // zh or en
	CreatedAt  time.Time
}

// Has reports whether the person has a role.
func (p Person) Has(role string) bool { return slices.Contains(p.Roles, role) }

// SeesAll reports whether the person may read every process.
func (p Person) SeesAll() bool { return p.Has(RoleAdmin) || p.Has(RoleOperator) }

// DisplayName is the name in both languages. A missing English name is the Chinese one.
func (p Person) DisplayName() store.Text { return store.Text{Zh: p.Name, En: p.NameEn} }

func fromRow(u storesql.User) Person {
	p := Person{
		ID: u.ID, Name: u.Name, NameEn: u.NameEn, Email: u.Email, Department: u.Department,
		Active: u.Active, Roles: u.Roles, Locale: u.Locale, CreatedAt: u.CreatedAt.UTC(),
	}
	if u.LeaderID != nil {
		p.LeaderID = *u.LeaderID
	}
	return p
}
