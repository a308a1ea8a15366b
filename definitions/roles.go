package definitions

import (
	"slices"
	"strings"
)

// roleNames makes the named roles, still empty, so that everything may refer to them.
func (c *compiler) roleNames(it *item) {
	if it == nil || !c.isMap(it, "roles") {
		return
	}
	for _, e := range it.entries {
		if c.checkID(e.key) {
			c.def.Roles[e.key.text] = &Role{Name: e.key.text}
			c.roleItems[e.key.text] = e.value
		}
	}
}

// setting says what a role may refer to where it is written.
type setting struct {
	scope    scopeAt
	assignee bool // inside remind or escalate
}

// namedRoles fills the named roles.
func (c *compiler) namedRoles() {
	at := setting{scope: c.anywhere()}
	for _, name := range sortedKeys(c.roleItems) {
		r := c.role(c.roleItems[name], at)
		if r == nil {
			continue
		}
		filled := *r
		if r.Name != "" {
			filled = Role{Ref: r}
		}
		filled.Name = name
		*c.def.Roles[name] = filled
	}
	for _, name := range sortedKeys(c.roleItems) {
		if c.circular(c.def.Roles[name], nil) {
			c.problems.add(c.roleItems[name].at(), codeRoleCycle, name)
			c.def.Roles[name] = &Role{Name: name, Starter: true}
		}
	}
}

// circular tells a role that can only be found by finding itself.
func (c *compiler) circular(r *Role, on []*Role) bool {
	if r == nil {
		return false
	}
	if slices.Contains(on, r) {
		return true
	}
	on = append(on, r)
	return c.circular(r.Ref, on) || c.circular(r.LeaderOf, on) || c.circular(r.Empty, on)
}

// roleList reads one role or several.
func (c *compiler) roleList(it *item, at setting) []*Role {
	var out []*Role
	for _, e := range it.elements() {
		if r := c.role(e, at); r != nil {
			out = append(out, r)
		}
	}
	return out
}

// role reads a rule that finds people: the name of a role, `starter`, `assignee`, an = expression or a rule in place.
func (c *compiler) role(it *item, at setting) *Role {
	switch {
	case it.isText() && strings.HasPrefix(it.text, "="):
		return &Role{Expr: c.people(it, 1, at)}
	case it.isText():
		return c.roleNamed(it, at)
	case it.isMap():
		return c.roleRule(it, at)
	}
	c.wrongType(it, "a role", textItem)
	return nil
}

func (c *compiler) roleNamed(it *item, at setting) *Role {
	if r, ok := c.def.Roles[it.text]; ok {
		c.usedRoles[it.text] = true
		return r
	}
	switch it.text {
	case "starter":
		return &Role{Starter: true}
	case "assignee":
		if !at.assignee {
			c.problems.add(it.at(), codeAssigneeHere)
		}
		return &Role{Assignee: true}
	}
	if c.forgotEquals(it, at) {
		return nil
	}
	names := append(sortedKeys(c.def.Roles), "starter")
	c.problems.suggest(it.at(), codeUnknownRole, it.text, names, it.text)
	return nil
}

func (c *compiler) roleRule(it *item, at setting) *Role {
	if !c.keys(it, roleShape()) {
		return nil
	}
	var found []string
	for _, s := range roleSources() {
		if it.has(s) {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		said := Text{Zh: "多种", En: strings.Join(found, " and ")}
		if len(found) == 0 {
			said = Text{Zh: "没有写", En: "none"}
		}
		c.problems.add(it.at(), codeRoleSource, said, strings.Join(roleSources(), ", "))
		return nil
	}
	r := &Role{}
	c.roleSource(r, found[0], it.get(found[0]), at)
	r.Pick = c.oneOf(it.get("pick"), "pick", []string{"claim", "least-loaded"})
	r.PerTask = c.oneOf(it.get("per"), "per", []string{"process", "task"}) == "task"
	if f := it.get("frozen"); f != nil {
		r.Frozen = c.flag(f, "frozen")
		if r.Group == "" && r.Post == "" && r.ExprOf != "group" && r.ExprOf != "post" && r.Expr == nil {
			c.problems.add(f.at(), codeKeyNotHere, "frozen", found[0], keysText([]string{"group", "post", "expr"}))
		}
	}
	if l := it.get("level"); l != nil {
		r.Level = c.whole(l, "level", 1)
		if found[0] != "leader-of" {
			c.problems.add(l.at(), codeKeyNotHere, "level", found[0], keysText([]string{"leader-of", "level"}))
		}
	}
	if e := it.get("empty"); e != nil {
		c.roleEmpty(r, e, at)
	}
	return r
}

func (c *compiler) roleSource(r *Role, source string, it *item, at setting) {
	switch source {
	case "starter":
		r.Starter = c.flag(it, source)
	case "user", "group", "post":
		c.literalOrComputed(r, source, it, at)
	case "leader-of":
		r.LeaderOf, r.Level = c.role(it, at), 1
	case "actor-of":
		r.ActorOf = c.stepNamed(it)
	case "role":
		r.Ref = c.role(it, at)
	case "field":
		r.Field = c.personField(it)
	case "expr":
		r.Expr = c.people(it, 0, at)
	}
}

// literalOrComputed reads the id of a user, group or post, or an = expression that yields it.
func (c *compiler) literalOrComputed(r *Role, source string, it *item, at setting) {
	if it.isText() && strings.HasPrefix(it.text, "=") {
		r.Expr, r.ExprOf = c.people(it, 1, at), source
		return
	}
	id := c.word(it, source)
	if id == "" || c.forgotEquals(it, at) {
		return
	}
	switch source {
	case "user":
		r.User = id
	case "group":
		r.Group = id
	case "post":
		r.Post = id
	}
}

// forgotEquals reports a text that reads like an expression where an id or a role stands: input.who instead of =input.who.
func (c *compiler) forgotEquals(it *item, at setting) bool {
	if !beginsWithName(it, at.scope) {
		return false
	}
	c.problems.add(it.at(), codeForgottenEquals, it.text)
	return true
}

func (c *compiler) roleEmpty(r *Role, it *item, at setting) {
	if it.isText() && slices.Contains([]string{"skip", "auto-approve", "incident"}, it.text) {
		r.EmptyDo = it.text
		return
	}
	r.Empty = c.role(it, at)
}

// stepNamed checks that a step of that id exists.
func (c *compiler) stepNamed(it *item) string {
	id := c.word(it, "a step")
	if n := c.def.Steps[id]; n != nil && n.Kind == Step {
		return id
	}
	if id != "" {
		c.problems.suggest(it.at(), codeUnknownStep, id, c.stepIDs(), id)
	}
	return ""
}

func (c *compiler) stepIDs() []string {
	return slices.DeleteFunc(sortedKeys(c.def.Steps), func(id string) bool { return c.def.Steps[id].Kind != Step })
}

// personField checks a field of the input that names a person, written input.<field>.
func (c *compiler) personField(it *item) string {
	text := c.word(it, "field")
	if text == "" || !c.inputHas(it, strings.TrimPrefix(text, "input.")) {
		return ""
	}
	return "input." + strings.TrimPrefix(text, "input.")
}
