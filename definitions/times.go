package definitions

import (
	"errors"
	"slices"
	"strings"

	"steward/definitions/expr"
	"steward/definitions/timex"
)

// timeUse says what a time may be where it stands.
type timeUse struct {
	anchor string // what an expression without an anchor counts from
	window bool   // a..b is allowed
}

var (
	opening  = timeUse{anchor: timex.DefaultAnchor}
	dueTime  = timeUse{anchor: timex.DefaultAnchor, window: true}
	afterDue = timeUse{anchor: "due"}
)

// names are what a time at a place may count from.
func (use timeUse) names(at scopeAt) []string {
	names := slices.Clone(at.anchors)
	if use == afterDue {
		names = append(names, "due")
	}
	return names
}

// anchorNames are the anchors of the process and those that every place has.
func (c *compiler) anchorNames() []string {
	names := []string{timex.DefaultAnchor, "now"}
	for _, a := range c.def.Anchors {
		names = append(names, a.Name)
	}
	return names
}

// times reads one moment or a list of them.
func (c *compiler) times(it *item, at scopeAt, use timeUse) []TimeValue {
	var out []TimeValue
	for _, e := range it.elements() {
		if v, ok := c.timeValue(e, at, use); ok {
			out = append(out, v)
		}
	}
	return out
}

// timeValue reads a time expression, or an = expression that yields a time or the text of a time expression.
func (c *compiler) timeValue(it *item, at scopeAt, use timeUse) (TimeValue, bool) {
	if it.kindOf() != numberItem && c.word(it, "a time") == "" { // YAML reads +0 as a number
		return TimeValue{}, false
	}
	if !strings.HasPrefix(it.text, "=") {
		t, ok := c.timeText(it, it.text, at, use)
		return TimeValue{Time: t}, ok
	}
	p := c.program(it, 1, at, expr.WantTimeOrText().OrNull())
	if p == nil {
		return TimeValue{}, false
	}
	for _, text := range p.Type().Values() { // texts written in the expression are time expressions, checked now
		c.timeText(it, text, at, use)
	}
	c.timeReads(p.References(), at)
	c.timeParameters(p, at, use)
	return TimeValue{Expr: p}, true
}

// timeReads notes when a time must be planned again beside a change of the input: when an output that it reads may change.
func (c *compiler) timeReads(refs []expr.Path, at scopeAt) {
	for _, r := range refs {
		if at.node != nil && (r[0] == "outputs" || r[0] == "rounds") {
			at.node.WaitsForSteps = true
		}
	}
}

func (c *compiler) timeText(it *item, text string, at scopeAt, use timeUse) (*timex.Expr, bool) {
	t, err := timex.ParseFrom(use.anchor, text)
	if err != nil {
		c.timeProblem(it, err)
		return nil, false
	}
	for _, a := range t.Anchors() {
		c.timeAnchor(it, a, use.names(at), at)
	}
	if t.IsWindow() && !use.window {
		c.problems.add(it.at(), codeWindowHere, text)
	}
	return &t, true
}

func (c *compiler) timeAnchor(it *item, a string, names []string, at scopeAt) {
	if !slices.Contains(names, a) {
		shown := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.Contains(n, ".") })
		c.problems.suggest(it.at(), codeUnknownAnchor, a, names, a, strings.Join(shown, ", "))
		return
	}
	c.read(at.node, expr.Path{"anchors", a})
	if at.node != nil && strings.Contains(a, ".") {
		at.node.WaitsForSteps = true
	}
}

func (c *compiler) timeProblem(it *item, err error) {
	var pe *timex.ParseError
	if errors.As(err, &pe) {
		c.problems.add(it.within(pe.Offset), Code(pe.Code), pe.Text, pe.Hint)
	}
}

// reminders reads `remind`: moments relative to due, or { at | from, every, to }.
func (c *compiler) reminders(it *item, at scopeAt) []Remind {
	var out []Remind
	for _, e := range it.elements() {
		if !e.isMap() {
			if v, ok := c.timeValue(e, at, afterDue); ok {
				out = append(out, Remind{At: v})
			}
			continue
		}
		if c.keys(e, remindShape()) {
			out = append(out, c.reminder(e, at))
		}
	}
	return out
}

func (c *compiler) reminder(it *item, at scopeAt) Remind {
	var r Remind
	from, moment := it.get("from"), it.get("at")
	switch {
	case from == nil && moment == nil:
		c.problems.add(it.at(), codeMissingKey, "at or from", "a reminder")
	case from != nil && moment != nil:
		c.problems.add(it.keyOf("from").at(), codeConflict, "at", "from")
	case from != nil && !it.has("every"):
		c.problems.add(it.at(), codeMissingKey, "every", "a reminder with from")
	}
	if moment != nil {
		r.At, _ = c.timeValue(moment, at, afterDue)
	}
	if from != nil {
		if v, ok := c.timeValue(from, at, afterDue); ok {
			r.From, r.At = &v, v
		}
	}
	r.Every = c.interval(it.get("every"), at)
	r.To = c.roleList(it.get("to"), setting{scope: at, assignee: true})
	return r
}

// ladder reads `escalate`: rungs relative to due.
func (c *compiler) ladder(it *item, at scopeAt) []Escalation {
	var out []Escalation
	people := setting{scope: at, assignee: true}
	for _, e := range it.elements() {
		if !c.keys(e, escalationShape()) {
			continue
		}
		var rung Escalation
		if m := e.get("at"); m != nil {
			rung.At, _ = c.timeValue(m, at, afterDue)
		}
		rung.Every = c.interval(e.get("every"), at)
		rung.Notify, rung.To = c.roleList(e.get("notify"), people), c.roleList(e.get("to"), people)
		rung.Outcome = e.get("outcome").plainText()
		if !e.has("notify") && !e.has("to") && !e.has("outcome") {
			c.problems.add(e.at(), codeMissingKey, "notify, to or outcome", "a rung of the escalation")
		}
		out = append(out, rung)
	}
	return out
}
