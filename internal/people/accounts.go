package people

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/store"
	"steward/internal/store/storesql"
)

// Group is a set of people who may do the same tasks.
type Group struct {
	ID      string
	Name    store.Text
	Members []string
}

// Post is a duty that one or several people hold, called "post@site", or by its id alone when the house has only one.
type Post struct {
	ID      string // with the site, as processes call it
	Site    string
	Name    store.Text
	Holders []string
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func checkID(field, id string) error {
	if !idPattern.MatchString(id) {
		return fmt.Errorf("%w: %s must have 1 to 64 characters of a-z, 0-9, '.', '_' and '-' and begin with a letter or digit", store.ErrInvalid, field)
	}
	return nil
}

func (p Person) check() error {
	if err := checkID("id", p.ID); err != nil {
		return err
	}
	if p.Name == "" || len(p.Name) > 200 || len(p.NameEn) > 200 {
		return fmt.Errorf("%w: name must have 1 to 200 bytes", store.ErrInvalid)
	}
	for _, role := range p.Roles {
		if !slices.Contains([]string{RoleAdmin, RoleOperator, RoleStaff}, role) {
			return fmt.Errorf("%w: roles must be any of admin, operator, staff", store.ErrInvalid)
		}
	}
	return checkLocale(p.Locale)
}

func checkLocale(locale string) error {
	if locale != "zh" && locale != "en" {
		return fmt.Errorf("%w: locale must be zh or en", store.ErrInvalid)
	}
	return nil
}

func (p Post) check() error {
	id, site, hasSite := strings.Cut(p.ID, "@")
	if site != p.Site || hasSite != (p.Site != "") {
		return fmt.Errorf("%w: the id of a post at a site must be post@site", store.ErrInvalid)
	}
	if hasSite {
		if err := checkID("site", site); err != nil {
			return err
		}
	}
	return checkID("post id", id)
}

// explain names field and remedy for what only the database can find out.
func explain(err error) error {
	var constraint *store.ConstraintError
	if err = store.Classify(err); !errors.As(err, &constraint) {
		return err
	}
	switch constraint.Constraint {
	case "users_leader_id_fkey":
		return fmt.Errorf("%w: leader must be an existing user", store.ErrInvalid)
	case "users_check":
		return fmt.Errorf("%w: leader must be somebody else", store.ErrInvalid)
	case "memberships_user_id_fkey", "post_holders_user_id_fkey":
		return fmt.Errorf("%w: members and holders must be existing users", store.ErrInvalid)
	case "api_tokens_user_id_fkey":
		return fmt.Errorf("%w: user must exist", store.ErrInvalid)
	}
	return err
}

// PutUser stores a person, or replaces what is known of them; the password stays as it is. Whoever is no longer active loses all
// sessions at once. The error is store.ErrInvalid when a field is not acceptable or the leader is unknown.
func (s *Service) PutUser(ctx context.Context, p Person) (Person, error) {
	p = p.withDefaults()
	if err := p.check(); err != nil {
		return Person{}, err
	}
	row, err := s.store.Queries().UpsertUser(ctx, p.params())
	if err != nil {
		return Person{}, fmt.Errorf("user %s: %w", p.ID, explain(err))
	}
	return fromRow(row), s.userChanged(ctx, p)
}

// userChanged makes what a person is now count at once.
func (s *Service) userChanged(ctx context.Context, p Person) error {
	s.identities.forgetUser(p.ID)
	if p.Active {
		return nil
	}
	return s.EndAllSessions(ctx, p.ID, "")
}

func (p Person) withDefaults() Person {
	p.Locale = orDefault(p.Locale, "zh")
	if len(p.Roles) == 0 {
		p.Roles = []string{RoleStaff}
	}
	return p
}

func (p Person) params() storesql.UpsertUserParams {
	params := storesql.UpsertUserParams{
		ID: p.ID, Name: p.Name, NameEn: p.NameEn, Email: p.Email, Department: p.Department,
		Active: p.Active, Roles: p.Roles, Locale: p.Locale,
	}
	if p.LeaderID != "" {
		params.LeaderID = &p.LeaderID
	}
	return params
}

// PutGroup stores a group with exactly these members.
func (s *Service) PutGroup(ctx context.Context, g Group) error {
	if err := checkID("group id", g.ID); err != nil {
		return err
	}
	defer s.identities.forgetAll()
	return explain(s.store.InTx(ctx, g.put))
}

func (g Group) put(ctx context.Context, tx pgx.Tx) error {
	q := storesql.New(tx)
	if err := q.UpsertGroup(ctx, storesql.UpsertGroupParams{ID: g.ID, Name: g.Name}); err != nil {
		return err
	}
	if err := q.ClearMembers(ctx, g.ID); err != nil {
		return err
	}
	return q.AddMembers(ctx, storesql.AddMembersParams{GroupID: g.ID, UserIDs: g.Members})
}

// PutPost stores a post with exactly these holders.
func (s *Service) PutPost(ctx context.Context, p Post) error {
	if err := p.check(); err != nil {
		return err
	}
	defer s.identities.forgetAll()
	return explain(s.store.InTx(ctx, p.put))
}

func (p Post) put(ctx context.Context, tx pgx.Tx) error {
	q := storesql.New(tx)
	if err := q.UpsertPost(ctx, storesql.UpsertPostParams{ID: p.ID, Site: p.Site, Name: p.Name}); err != nil {
		return err
	}
	if err := q.ClearHolders(ctx, p.ID); err != nil {
		return err
	}
	return q.AddHolders(ctx, storesql.AddHoldersParams{PostID: p.ID, UserIDs: p.Holders})
}

// People lists everybody, those who have left included, by id.
func (s *Service) People(ctx context.Context) ([]Person, error) {
	rows, err := s.store.Queries().People(ctx)
	people := make([]Person, len(rows))
	for i, r := range rows {
		people[i] = fromRow(storesql.User{
			ID: r.ID, Name: r.Name, NameEn: r.NameEn, Email: r.Email, Department: r.Department, LeaderID: r.LeaderID,
			Active: r.Active, Roles: r.Roles, Locale: r.Locale, CreatedAt: r.CreatedAt,
		})
	}
	return people, store.Classify(err)
}

// Groups lists all groups by id with their active members.
func (s *Service) Groups(ctx context.Context) ([]Group, error) {
	const sql = `SELECT g.id, g.name, ARRAY(SELECT u.id FROM memberships m JOIN users u ON u.id = m.user_id
		WHERE m.group_id = g.id AND u.active ORDER BY u.id) FROM groups g ORDER BY g.id`
	return collect[Group](ctx, s.store, sql)
}

// Posts lists all posts by id with those who hold them now.
func (s *Service) Posts(ctx context.Context) ([]Post, error) {
	const sql = `SELECT p.id, p.site, p.name, ARRAY(SELECT u.id FROM post_holders h JOIN users u ON u.id = h.user_id
		WHERE h.post_id = p.id AND u.active ORDER BY u.id) FROM posts p ORDER BY p.id`
	return collect[Post](ctx, s.store, sql)
}

func collect[T any](ctx context.Context, s *store.Store, sql string, args ...any) ([]T, error) {
	rows, err := s.Pool().Query(ctx, sql, args...)
	if err != nil {
		return nil, store.Classify(err)
	}
	items, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	return items, store.Classify(err)
}

// SetLocale stores the language a person wants, zh or en. The error is store.ErrInvalid for another one, store.ErrNotFound for an
// unknown person.
func (s *Service) SetLocale(ctx context.Context, userID, locale string) error {
	if err := checkLocale(locale); err != nil {
		return err
	}
	changed, err := s.store.Queries().SetLocale(ctx, storesql.SetLocaleParams{ID: userID, Locale: locale})
	s.identities.forgetUser(userID)
	return changedUser(changed, err, userID)
}

func changedUser(changed int64, err error, userID string) error {
	if err == nil && changed == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("user %s: %w", userID, store.Classify(err))
	}
	return nil
}
