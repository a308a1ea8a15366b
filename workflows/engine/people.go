package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"steward/definitions"
)

// people finds who may do a step. When nobody is found it does what the role says: someone else, skip, approve, or an
// incident; the answer is then empty.
func (s *Step) people() (to []string, why map[string]any) {
	d := s.d
	exclude := d.excluded(s.def, s.id)
	for _, r := range s.def.Assign {
		to = appendNew(to, d.resolve(r, s.id, nil)...)
	}
	to = d.present(to, exclude)
	if len(to) == 0 && d.err == nil {
		if to = d.present(d.fallback(s.def, s.id), exclude); len(to) == 0 && d.err == nil {
			s.nobody()
			return nil, nil
		}
	}
	to, why = d.pick(s.def, to, exclude)
	return to, why
}

// nobody does what the step's role says when nobody is found.
func (s *Step) nobody() {
	if s.d.err != nil {
		return
	}
	switch emptyRule(s.def.Assign) {
	case "skip":
		s.d.skipOpen(s.id)
	case "auto-approve":
		s.d.completeStep(s.id, result{outcome: s.def.Outcomes[0]}) // by nobody
	default:
		s.Fault("nobody", errors.New("nobody was found for the step: check its role, or say with `empty` what then happens"))
	}
}

// skipOpen closes an open step as if it had been skipped.
func (d *decider) skipOpen(id int) {
	n := d.st.node(id)
	if n == nil {
		return
	}
	gone := *n
	d.close(id, "nobody")
	d.leave(gone, d.static(&gone))
}

func emptyRule(roles []*definitions.Role) string {
	for _, r := range roles {
		if r.Ref != nil {
			r = r.Ref
		}
		if r.EmptyDo != "" {
			return r.EmptyDo
		}
	}
	return ""
}

func (d *decider) fallback(def *definitions.Node, id int) []string {
	var to []string
	for _, r := range def.Assign {
		if r.Ref != nil {
			r = r.Ref
		}
		if r.Empty != nil {
			to = appendNew(to, d.resolve(r.Empty, id, nil)...)
		}
	}
	return to
}

// pick chooses one person where a role says so: whom the role's earlier tasks went to, else the one with the fewest open
// tasks, the first by id among equals.
func (d *decider) pick(def *definitions.Node, to, exclude []string) ([]string, map[string]any) {
	if !slices.ContainsFunc(def.Assign, leastLoaded) || d.err != nil {
		return to, nil
	}
	users := d.expand(to, exclude)
	if len(users) == 0 || d.err != nil {
		return to, nil
	}
	role := pickedOnce(def.Assign)
	kept := d.st.Picked[role]
	if kept != "" && slices.Contains(users, kept) {
		return principalsOf(kept), map[string]any{"pick": "least-loaded", "kept": true}
	}
	best, load := d.leastLoaded(users)
	if d.err != nil {
		return nil, nil
	}
	if role != "" && !slices.Contains(exclude, kept) { // who is excluded from one step keeps the others
		d.emit(&RolePicked{Role: role, User: best})
	}
	return principalsOf(best), map[string]any{"pick": "least-loaded", "load": load}
}

// leastLoaded answers the user with the fewest open tasks, and how many each of them has.
func (d *decider) leastLoaded(users []string) (best string, counted map[string]any) {
	load, err := d.env.Load(d.ctx, users)
	if err != nil {
		d.fail(fmt.Errorf("read load: %w", err))
		return "", nil
	}
	for _, t := range d.st.Tasks { // tasks opened in this very decision count too
		if d.openedNow(t) && t.Assignee != "" {
			load[t.Assignee]++
		}
	}
	best = slices.MinFunc(users, func(a, b string) int {
		return cmp.Or(cmp.Compare(load[a], load[b]), strings.Compare(a, b))
	})
	counted = make(map[string]any, len(users))
	for _, u := range users {
		counted[u] = load[u]
	}
	return best, counted
}

// leastLoaded says whether a role's tasks go to one person each; a role that stands for another one may pick otherwise.
func leastLoaded(r *definitions.Role) bool {
	if r.Pick == "" && r.Ref != nil {
		return leastLoaded(r.Ref)
	}
	return r.Pick == "least-loaded"
}

// pickedOnce names the role whose tasks all go to the person picked for the first of them: a named role that stands by itself
// and does not find people anew for each task. A rule in place, or one role of several, picks every time.
func pickedOnce(assign []*definitions.Role) string {
	if len(assign) != 1 || assign[0].PerTask {
		return ""
	}
	return assign[0].Name
}

// openedNow says whether a task was opened by the decision at work, so that the database does not know it yet.
func (d *decider) openedNow(t Task) bool {
	return slices.ContainsFunc(d.changes, func(c Change) bool {
		o, ok := c.(*TaskOpened)
		return ok && o.Task.ID == t.ID
	})
}

// resolveAll answers the principals of several roles, each once.
func (d *decider) resolveAll(roles []*definitions.Role, id int, t *Task) []string {
	var to []string
	for _, r := range roles {
		to = appendNew(to, d.resolve(r, id, t)...)
	}
	return to
}

// resolve answers the principals of a role. A named role is resolved once per process unless it says `per: task`; one that is frozen
// is then the people behind its group or post, and stays theirs.
func (d *decider) resolve(r *definitions.Role, id int, t *Task) []string {
	if d.err != nil || r == nil {
		return nil
	}
	if r.Ref != nil {
		r = r.Ref
	}
	fixed := r.Name != "" && !r.PerTask && (r.Frozen || !r.Assignee && r.Expr == nil && r.ActorOf == "" && !simple(r))
	if fixed {
		if known, ok := d.st.Roles[r.Name]; ok {
			return known
		}
	}
	to := d.find(r, id, t)
	if r.Frozen {
		to = asUsers(d.expand(to, nil))
	}
	if fixed && d.err == nil && len(to) > 0 {
		d.emit(&RoleResolved{Role: r.Name, Principals: to})
	}
	return to
}

// simple roles mean the same at any time and need not be kept.
func simple(r *definitions.Role) bool {
	return r.Starter || r.User != "" || r.Group != "" || r.Post != ""
}

func (d *decider) find(r *definitions.Role, id int, t *Task) []string {
	switch {
	case r.Starter:
		return principalsOf(d.st.Starter)
	case r.User != "":
		return principalsOf(r.User)
	case r.Group != "":
		return []string{"group:" + r.Group}
	case r.Post != "":
		return []string{"post:" + r.Post}
	case r.Assignee:
		if t == nil {
			return nil
		}
		if t.Assignee != "" {
			return principalsOf(t.Assignee)
		}
		return t.Candidates
	case r.ActorOf != "":
		o, _ := d.findOutput(r.ActorOf, id)
		return principalsOf(o.By)
	case r.LeaderOf != nil:
		return d.leaders(r, id, t)
	case r.Field != "":
		name, _ := d.view(id).raw[strings.TrimPrefix(r.Field, "input.")].(string)
		return principalsOf(name)
	case r.Expr != nil:
		return ofSource(r.ExprOf, asPrincipals(d.eval(r.Expr, id, nil)))
	}
	return nil
}

// leaders answers the leader of the person behind another rule: of who acts in it now, else of the first who could.
func (d *decider) leaders(r *definitions.Role, id int, t *Task) []string {
	people := d.expand(d.resolve(r.LeaderOf, id, t), nil)
	for _, p := range people {
		leader, err := d.env.Leader(d.ctx, p, max(r.Level, 1))
		if err != nil {
			d.fail(fmt.Errorf("read leader of %s: %w", p, err))
			return nil
		}
		if leader != "" {
			return principalsOf(leader)
		}
	}
	return nil
}

// expand answers the users behind principals, sorted as found, each once, without those excluded.
func (d *decider) expand(principals, exclude []string) []string {
	var users []string
	for _, p := range principals {
		members, err := d.env.Members(d.ctx, p)
		if err != nil {
			d.fail(fmt.Errorf("read members of %s: %w", p, err))
			return nil
		}
		for _, m := range members {
			if !slices.Contains(exclude, m) {
				users = appendNew(users, m)
			}
		}
	}
	return users
}

// present keeps the principals behind whom somebody stands who is not excluded: a task that nobody can do must not open.
func (d *decider) present(principals, exclude []string) []string {
	var to []string
	for _, p := range principals {
		if d.somebody(p, exclude) {
			to = append(to, p)
		}
	}
	return to
}

func (d *decider) somebody(principal string, exclude []string) bool {
	if user, ok := strings.CutPrefix(principal, "user:"); ok && slices.Contains(exclude, user) {
		return false
	}
	if len(exclude) > 0 {
		return len(d.expand([]string{principal}, exclude)) > 0
	}
	ok, err := d.env.Anyone(d.ctx, principal)
	if err != nil {
		d.fail(fmt.Errorf("read %s: %w", principal, err))
	}
	return ok
}

// excluded answers the users who may not do a step.
func (d *decider) excluded(def *definitions.Node, id int) []string {
	var users []string
	if def.Self == "forbid" {
		users = append(users, d.st.Starter)
	}
	if len(def.Exclude) > 0 {
		for _, u := range d.expand(d.resolveAll(def.Exclude, id, nil), nil) {
			users = appendNew(users, u)
		}
	}
	return users
}

func principalsOf(user string) []string {
	if user == "" {
		return nil
	}
	return []string{"user:" + user}
}

func asUsers(ids []string) []string {
	to := make([]string, len(ids))
	for i, id := range ids {
		to[i] = "user:" + id
	}
	return to
}

// asPrincipals reads what an expression yielded: a user id, a principal, or a list of them.
func asPrincipals(v any) []string {
	switch x := v.(type) {
	case string:
		if x == "" {
			return nil
		}
		if strings.Contains(x, ":") {
			return []string{x}
		}
		return []string{"user:" + x}
	case []any:
		var to []string
		for _, one := range x {
			to = appendNew(to, asPrincipals(one)...)
		}
		return to
	}
	return nil
}

// ofSource makes what an expression yielded principals of one kind, where the role says which: a user, group or post.
func ofSource(source string, principals []string) []string {
	if source == "" {
		return principals
	}
	to := make([]string, len(principals))
	for i, p := range principals {
		to[i] = source + ":" + strings.TrimPrefix(p, "user:")
	}
	return to
}

// single answers the user behind principals that name exactly one person.
func single(principals []string) (string, bool) {
	if len(principals) != 1 {
		return "", false
	}
	return strings.CutPrefix(principals[0], "user:")
}

// concerned answers whom a message about a task is for: who has it, else who may take it.
func concerned(t Task) []string {
	if t.Assignee != "" {
		return principalsOf(t.Assignee)
	}
	return t.Candidates
}

func appendNew[T comparable](list []T, more ...T) []T {
	for _, x := range more {
		if !slices.Contains(list, x) {
			list = append(list, x)
		}
	}
	return list
}
