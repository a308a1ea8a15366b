package simulate

import (
	"strings"

	"steward/definitions"
)

// The people that every invented house has.
const (
	Starter  = "starter"  // who starts a process unless the options say otherwise
	Leader   = "leader"   // whom everybody reports to
	Director = "director" // whom the leader reports to
	Operator = "operator" // may act for others
)

const membersPerGroup = 2

// House is a file of model people: what it names replaces what would be invented.
type House struct {
	People map[string]HousePerson `yaml:"people"`
	Groups map[string][]string    `yaml:"groups"`
	Posts  map[string][]string    `yaml:"posts"`
}

// HousePerson is one person of a House.
type HousePerson struct {
	Name       string `yaml:"name"`
	Department string `yaml:"department"`
	Leader     string `yaml:"leader"`
	Operator   bool   `yaml:"operator"`
}

// settle takes the people of a house into the world. Whoever is in a group or post is a person too.
func (w *World) settle(h House) {
	for id, p := range h.People {
		w.People[id] = Person{Name: first(p.Name, id), Department: p.Department, Leader: p.Leader, Operator: p.Operator}
	}
	for id, members := range h.Groups {
		w.Groups[id] = members
		w.knowAll(members)
	}
	for id, holders := range h.Posts {
		w.Posts[id] = holders
		w.knowAll(holders)
	}
	for _, p := range h.People {
		if p.Leader != "" {
			w.know(p.Leader)
		}
	}
	w.know(Operator)
}

// inhabit invents whoever a definition names and nobody knows.
func (w *World) inhabit(def *definitions.Definition) {
	for _, r := range def.Roles {
		w.knowRole(r)
	}
	for _, n := range def.Nodes {
		w.knowRoles(n.Assign, n.Exclude, n.To)
		for _, r := range n.Remind {
			w.knowRoles(r.To)
		}
		for _, e := range n.Escalate {
			w.knowRoles(e.Notify, e.To)
		}
	}
	for _, e := range def.Events {
		w.knowRoles(e.By)
		for _, r := range e.Remind {
			w.knowRoles(r.To)
		}
	}
}

func (w *World) knowRoles(lists ...[]*definitions.Role) {
	for _, list := range lists {
		for _, r := range list {
			w.knowRole(r)
		}
	}
}

// knowRole invents the people behind a rule. Named roles refer to others without circles, the compiler sees to that.
func (w *World) knowRole(r *definitions.Role) {
	if r == nil {
		return
	}
	switch {
	case r.Group != "":
		w.know("group:" + r.Group)
	case r.Post != "":
		w.know("post:" + r.Post)
	case r.User != "":
		w.know("user:" + r.User)
	}
	w.knowRole(r.Ref)
	w.knowRole(r.LeaderOf)
	w.knowRole(r.Empty)
}

func (w *World) knowAll(users []string) {
	for _, u := range users {
		w.know(u)
	}
}

// know invents a person (an id or "user:<id>"), group or post that nobody knows yet, if the world invents at all.
func (w *World) know(principal string) {
	kind, id, named := strings.Cut(principal, ":")
	switch {
	case !w.Invent || principal == "":
	case !named:
		w.invent(principal)
	case kind == "user":
		w.invent(id)
	case kind == "group":
		if _, ok := w.Groups[id]; !ok {
			w.Groups[id] = w.inventMembers(id)
		}
	case kind == "post":
		if _, ok := w.Posts[id]; !ok {
			w.Posts[id] = []string{id}
			w.invent(id)
		}
	}
}

func (w *World) inventMembers(group string) []string {
	members := make([]string, membersPerGroup)
	for i := range members {
		members[i] = group + "-" + string(rune('1'+i))
		w.invent(members[i])
	}
	return members
}

func (w *World) invent(user string) {
	if _, ok := w.People[user]; ok || user == "" {
		return
	}
	p := Person{Name: user, Leader: Leader, Operator: user == Operator}
	switch user {
	case Leader:
		p.Leader = Director
	case Director:
		p.Leader = ""
	}
	w.People[user] = p
	w.invent(p.Leader)
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
