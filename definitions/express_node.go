package definitions

import (
	"strings"

	"steward/definitions/expr"
)

// expressNode compiles the expressions, times and people of a node and of all below it.
func (c *compiler) expressNode(n *Node) {
	at := c.at(n)
	if it := c.raw[n]; it.isMap() {
		c.expressKeys(n, it, at)
	}
	for _, child := range n.Children {
		c.expressNode(child)
	}
}

func (c *compiler) expressKeys(n *Node, it *item, at scopeAt) {
	if !singleLoop(n) && !n.main { // there the name is the step's, and may use the loop's names
		n.Name = c.template(it.get("name"), at)
	}
	if !isBody(n) {
		c.expressOpening(n, it, at)
	}
	if c.carriesGroup(n) {
		c.expressGroup(n, it, at)
	}
	switch n.Kind {
	case Each:
		c.expressEach(n, it.get("each"), at)
	case Repeat:
		c.expressRepeat(n, it.get("repeat"), at)
	case Step:
		c.expressStep(n, it, at)
	}
}

func (c *compiler) expressOpening(n *Node, it *item, at scopeAt) {
	n.Until = c.times(it.get("until"), at, opening)
	if n.main { // the rest is said of the whole group
		return
	}
	if w := it.get("when"); w != nil {
		n.When = c.bare(w, at, expr.WantBool())
	}
	n.NotBefore = c.times(it.get("notBefore"), at, opening)
}

func (c *compiler) expressEach(n *Node, it *item, at scopeAt) {
	c.loops[n] = expr.Any()
	as := it.get("as")
	if hidden := c.hides(n, n.Each.As, at); hidden != "" {
		c.problems.add(as.at(), codeTrapShadow, n.Each.As, hidden)
	}
	in := it.get("in")
	if in == nil {
		return
	}
	n.Each.In = c.bare(in, at, expr.WantList())
	if n.Each.In != nil {
		c.loops[n] = n.Each.In.Type().Elem()
	}
}

// hides answers what a loop's name would hide, "" when nothing.
func (c *compiler) hides(n *Node, name string, at scopeAt) string {
	if name == "" {
		return ""
	}
	if _, taken := at.Lookup(name); taken || name == "before" || name == "value" {
		return "another name in scope"
	}
	if c.def.Steps[name] != nil && name != n.ID {
		return "the step of that id"
	}
	return ""
}

func (c *compiler) expressRepeat(n *Node, it *item, at scopeAt) {
	if every := it.get("every"); every != nil {
		n.Repeat.Every = c.interval(every, at)
	}
	if w := it.get("while"); w != nil {
		own := at
		outputs, _ := at.Lookup("outputs")
		own.Scope = at.With("outputs", withField(outputs, n.ID, n.Type))
		n.Repeat.While = c.bare(w, own, expr.WantBool())
	}
}

// withField answers an object type with one field replaced.
func withField(t expr.Type, name string, field expr.Type) expr.Type {
	fields := map[string]expr.Type{}
	for _, f := range t.Fields() {
		fields[f], _ = t.Field(f)
	}
	if name != "" {
		fields[name] = field
	}
	return expr.Object(fields)
}

func (c *compiler) expressStep(n *Node, it *item, at scopeAt) {
	people := setting{scope: at}
	n.Assign, n.Exclude = c.roleList(it.get("assign"), people), c.roleList(it.get("exclude"), people)
	ts := at
	if n.Task != nil && it.get("due") == nil {
		ts = c.taskScope(n)
	}
	n.Due = c.times(c.said(n, it, "due"), ts, dueTime)
	if above := dueAbove(n); above != nil && len(n.Due) == 0 {
		n.WaitsForSteps = n.WaitsForSteps || above.WaitsForSteps
	}
	n.Remind = c.reminders(c.said(n, it, "remind"), c.saidScope(n, it, "remind", at))
	n.Escalate = c.ladder(c.said(n, it, "escalate"), c.saidScope(n, it, "escalate", at))
	c.checkDue(n, it)
	c.with(n, it, at)
	if n.Form != nil {
		for _, f := range n.Form.Input {
			c.read(n, expr.Path{"input", f})
		}
	}
	if n.Uses == "approval" {
		c.read(n, expr.Path{"input"})
	}
}

// taskScope is what a task definition of the library may name: it knows neither the process nor its steps.
func (c *compiler) taskScope(n *Node) scopeAt {
	return scopeAt{Scope: expr.NewScope(nil), node: n, anchors: []string{"opened", "now"}}
}

func (c *compiler) saidScope(n *Node, it *item, key string, at scopeAt) scopeAt {
	if n.Task != nil && it.get(key) == nil {
		return c.taskScope(n)
	}
	return at
}

// checkDue reports reminders and rungs that count from a due date which neither the step nor a group around it has.
func (c *compiler) checkDue(n *Node, it *item) {
	if len(n.Due) > 0 || dueAbove(n) != nil {
		return
	}
	for _, key := range []string{"remind", "escalate"} {
		for _, e := range c.said(n, it, key).elements() {
			c.checkRelative(n, e)
		}
	}
}

func (c *compiler) checkRelative(n *Node, e *item) {
	moment := e
	if e.isMap() {
		if moment = e.get("at"); moment == nil {
			moment = e.get("from")
		}
	}
	if moment == nil || moment.isMap() || moment.isList() || strings.HasPrefix(moment.text, "=") {
		return
	}
	if t := parsedTime(moment.text, afterDue); t != nil && needsDue(t) {
		c.problems.add(moment.at(), codeNoDue, moment.text, nodeName(n))
	}
}

// singleLoop tells a loop around one step.
func singleLoop(n *Node) bool {
	return n.Each != nil && n.Each.Single || n.Repeat != nil && n.Repeat.Single
}
