package definitions

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
)

// Need is something of the house that a definition counts on: without it tasks find nobody, or a form has nothing to choose from.
type Need struct {
	Kind     string `json:"kind"`     // group, post or user; else a kind of resource, such as room
	ID       string `json:"id"`       // "" means any resource of the kind
	Optional bool   `json:"optional"` // the definition says what happens without it
}

// Needs lists the groups, posts, people and resources that the definition names, by kind and id. What it computes while it runs
// is not among them.
func (d *Definition) Needs() []Need {
	w := needs{found: map[Need]bool{}, seen: map[*Role]bool{}}
	for _, r := range d.Roles {
		w.role(r, false)
	}
	for _, n := range d.Nodes {
		w.node(n)
	}
	for _, e := range d.Events {
		w.roles(e.By)
		w.reminders(e.Remind)
		w.fields(e.Schema)
	}
	w.fields(d.Input)
	return slices.SortedFunc(maps.Keys(w.found), func(a, b Need) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
}

// needs collects what a definition names; of something that it needs here and can do without there, the need counts.
type needs struct {
	found map[Need]bool
	seen  map[*Role]bool
}

func (w needs) add(kind, id string, optional bool) {
	strict := Need{Kind: kind, ID: id}
	loose := strict
	loose.Optional = true
	switch {
	case !optional:
		delete(w.found, loose)
		w.found[strict] = true
	case !w.found[strict]:
		w.found[loose] = true
	}
}

func (w needs) node(n *Node) {
	w.roles(n.Assign)
	w.roles(n.Exclude)
	w.roles(n.To)
	w.reminders(n.Remind)
	for _, e := range n.Escalate {
		w.roles(e.Notify)
		w.roles(e.To)
	}
	if n.Form != nil {
		w.fields(n.Form.Schema)
	}
	if n.Uses == "reserve" {
		var fixed struct {
			Resource string `json:"resource"`
		}
		if json.Unmarshal(n.Params, &fixed) == nil && fixed.Resource != "" {
			w.add("resource", fixed.Resource, false)
		}
	}
}

func (w needs) reminders(list []Remind) {
	for _, r := range list {
		w.roles(r.To)
	}
}

func (w needs) fields(s *Schema) {
	if s == nil {
		return
	}
	for _, f := range s.Fields {
		if f.Resource != "" {
			w.add(f.Resource, "", false)
		}
	}
}

func (w needs) roles(list []*Role) {
	for _, r := range list {
		w.role(r, false)
	}
}

// role follows a rule to whom it names. A rule that says what happens when it finds nobody makes whom it names optional.
func (w needs) role(r *Role, optional bool) {
	if r == nil || (w.seen[r] && !optional) {
		return
	}
	if !optional {
		w.seen[r] = true
	}
	w.role(r.Empty, optional)
	optional = optional || r.Empty != nil || (r.EmptyDo != "" && r.EmptyDo != "incident")
	for kind, id := range map[string]string{"user": r.User, "group": r.Group, "post": r.Post} {
		if id != "" {
			w.add(kind, id, optional)
		}
	}
	w.role(r.LeaderOf, optional)
	w.role(r.Ref, optional)
}
