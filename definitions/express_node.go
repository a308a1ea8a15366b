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
	if !singleLoop(n) { // there the name is the step's, and may use the loop's names
		n.Name = c.template(it.get("name"), at)
	}
	if !isBody(n) {
		if w := it.get("when"); w != nil {
			n.When = c.bare(w, at, expr.WantBool())
		}
		n.NotBefore, n.Until = c.times(it.get("notBefore"), at, opening), c.times(it.get("until"), at, opening)
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

// interval reads the distance of a repeat: a duration as text, or an = expression that yields one.
func (c *compiler) interval(it *item, at scopeAt) expr.Value {
	if !it.isText() {
		c.wrongType(it, "every", textItem)
		return expr.Value{}
	}
	v := c.value(it, at)
	c.timeReads(v.References(), at)
	switch {
	case !strings.HasPrefix(it.text, "="):
		c.amount(it)
	case v.Type().Kind() != expr.KindDuration && v.Type().Kind() != expr.KindText && v.Type().Kind() != expr.KindAny:
		c.problems.add(it.at(), codeTypeMismatch, "every", "a duration", v.Type().String())
	}
	return v
}

func (c *compiler) expressStep(n *Node, it *item, at scopeAt) {
	people := setting{scope: at}
	n.Assign, n.Exclude = c.roleList(it.get("assign"), people), c.roleList(it.get("exclude"), people)
	ts := at
	if n.Task != nil && it.get("due") == nil {
		ts = c.taskScope(n)
	}
	n.Due = c.times(c.said(n, it, "due"), ts, dueTime)
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

// checkDue reports reminders and rungs that count from a due date which the step does not have.
func (c *compiler) checkDue(n *Node, it *item) {
	if len(n.Due) > 0 {
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
