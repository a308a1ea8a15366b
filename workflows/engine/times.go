package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"steward/definitions"
	"steward/definitions/timex"
)

// moment is a computed point in time with the way that led to it.
type moment struct {
	known       bool
	at          time.Time
	provisional bool
	why         any
}

// why is what the decision log keeps about a deadline.
type why struct {
	Expr     string       `json:"expr"`
	Calendar string       `json:"calendar,omitempty"`
	Steps    []timex.Step `json:"steps,omitempty"`
	Late     bool         `json:"late,omitempty"`
}

// moment answers the earliest known of some time values for node id.
func (d *decider) moment(values []definitions.TimeValue, id int) moment {
	var best moment
	for _, v := range values {
		m := d.oneMoment(v, id, nil)
		if m.known && (!best.known || m.at.Before(best.at)) {
			best = m
		}
	}
	return best
}

// oneMoment answers one time value; base replaces anchors, such as due.
func (d *decider) oneMoment(v definitions.TimeValue, id int, base map[string]time.Time) moment {
	if d.err != nil {
		return moment{}
	}
	if v.Time != nil {
		return d.timex(*v.Time, id, base)
	}
	switch x := d.eval(v.Expr, id, nil).(type) {
	case time.Time:
		return moment{known: true, at: x.UTC(), why: why{Expr: "=" + v.Expr.Source()}}
	case string:
		anchor := timex.DefaultAnchor
		if _, ok := base["due"]; ok {
			anchor = "due"
		}
		e, err := timex.ParseFrom(anchor, x)
		if err != nil {
			d.fault("time", v.Expr.Source(), err)
			return moment{}
		}
		return d.timex(e, id, base)
	case nil:
		return moment{}
	default:
		d.fault("time", v.Expr.Source(), fmt.Errorf("it yields a %T, not a time", x))
		return moment{}
	}
}

func (d *decider) timex(e timex.Expr, id int, base map[string]time.Time) moment {
	cal, err := d.env.Calendar(d.ctx, d.def.Calendar)
	if err != nil {
		d.fail(fmt.Errorf("calendar %q: %w", d.def.Calendar, err))
		return moment{}
	}
	r, err := e.Eval(timex.Env{Calendar: cal, Anchor: func(name string) (time.Time, bool) { return d.anchor(name, id, base) }})
	if err != nil {
		d.fault("time", e.String(), err)
		return moment{}
	}
	return moment{known: r.Known, at: r.At, provisional: r.Provisional, why: why{Expr: e.String(), Calendar: r.CalendarVersion, Steps: r.Why}}
}

// anchor answers the moment of a name in a time expression.
func (d *decider) anchor(name string, id int, base map[string]time.Time) (time.Time, bool) {
	if at, ok := base[name]; ok {
		return at, true
	}
	if step, what, ok := strings.Cut(name, "."); ok {
		return d.stepAnchor(step, what, id)
	}
	switch name {
	case "now":
		return d.now, true
	case "opened":
		if n := d.st.node(id); n != nil {
			return n.OpenedAt, true
		}
		return d.now, true
	}
	at, ok := d.view(id).anchors[name].(time.Time)
	return at, ok
}

// stepAnchor answers when a step was opened, claimed or done; what is open now counts before what was done earlier.
func (d *decider) stepAnchor(step, what string, id int) (time.Time, bool) {
	def := d.def.Steps[step]
	for _, n := range slices.Backward(d.st.Nodes) {
		if def == nil || n.Path != def.Path {
			continue
		}
		switch what {
		case "opened":
			return n.OpenedAt, !n.Waiting
		case "claimed":
			for _, t := range d.st.Tasks {
				if t.Node == n.ID && t.ClaimedAt != nil {
					return *t.ClaimedAt, true
				}
			}
		}
		return time.Time{}, false
	}
	o, ok := d.findOutput(step, id)
	switch {
	case !ok:
		return time.Time{}, false
	case what == "done":
		return o.DoneAt, true
	case what == "claimed" && o.ClaimedAt != nil:
		return *o.ClaimedAt, true
	case what == "opened" && o.OpenedAt != nil:
		return *o.OpenedAt, true
	}
	return time.Time{}, false
}

// wish is a deadline that a node should have.
type wish struct {
	key string
	m   moment
}

// plan brings the deadlines of a node in line with what it should have now.
func (d *decider) plan(id int) {
	n := d.st.node(id)
	if n == nil || d.err != nil {
		return
	}
	wishes := d.wishes(*n, d.static(n))
	if d.err != nil {
		return
	}
	for _, old := range slices.Clone(d.st.Deadlines) {
		if old.Node != id || slices.ContainsFunc(wishes, func(w wish) bool { return w.key == old.Key }) {
			continue
		}
		d.emit(&DeadlineCleared{ID: old.ID, Node: id, Key: old.Key})
	}
	for _, w := range wishes {
		d.setDeadline(id, w)
	}
}

func (d *decider) setDeadline(id int, w wish) {
	dl := Deadline{ID: "d" + strconv.Itoa(d.st.NextItem), Node: id, Key: w.key, At: w.m.at.UTC(), Provisional: w.m.provisional}
	was := ""
	for _, old := range d.st.Deadlines {
		if old.Node != id || old.Key != w.key {
			continue
		}
		if old.At.Equal(dl.At) && old.Provisional == dl.Provisional {
			return
		}
		was = old.ID
		break
	}
	d.emit(&DeadlineSet{Deadline: dl, Was: was, Why: w.m.why})
}

func (d *decider) clearDeadlines(id int) {
	for _, dl := range slices.Clone(d.st.Deadlines) {
		if dl.Node == id {
			d.emit(&DeadlineCleared{ID: dl.ID, Node: id, Key: dl.Key})
		}
	}
}

// wishes lists the deadlines that a node should have: those of its waiting, its end, its due date, its reminders and
// its ladder, its next occurrence, and for the root those of the definition's events.
func (d *decider) wishes(n Node, def *definitions.Node) []wish {
	var list []wish
	if n.Leaving != nil {
		return nil
	}
	add := func(key string, m moment) {
		if m.known && n.Fired[key] == 0 {
			list = append(list, wish{key, m})
		}
	}
	add("until", d.moment(untilOf(n, def), n.ID))
	if n.Waiting {
		add("not_before", d.moment(def.NotBefore, n.ID))
		return list
	}
	if def.Repeat != nil {
		list = append(list, d.nextOccurrence(n, def)...)
	}
	if def.Wait != nil {
		add("wait", d.moment(def.Wait.Until, n.ID))
	}
	if d.takesLadder(n, def) {
		list = append(list, d.ladder(n, def)...)
	}
	if n.Parent == 0 && def == d.def.Root {
		list = append(list, d.eventDeadlines(n)...)
	}
	return list
}

// untilOf answers when a node is closed. That of a group with finally concerns its first part once it has begun.
func untilOf(n Node, def *definitions.Node) []definitions.TimeValue {
	if def.Finally != nil && !n.Waiting {
		return nil
	}
	return def.Until
}

// takesLadder says whether a node has a due date to watch: an open task, or a block that carries due.
func (d *decider) takesLadder(n Node, def *definitions.Node) bool {
	if def.Kind != definitions.Step {
		return len(def.Due) > 0 || len(def.Remind) > 0 || len(def.Escalate) > 0
	}
	return slices.ContainsFunc(d.st.Tasks, func(t Task) bool { return t.Node == n.ID })
}

// due answers the due date of a node and whether it had passed when the node opened (late start). A step that says none has
// that of the nearest group around it.
func (d *decider) due(n Node, def *definitions.Node) (m moment, late bool) {
	of := &n
	for len(def.Due) == 0 && of != nil && of.Parent != 0 {
		if of = d.st.node(of.Parent); of != nil {
			def = d.static(of)
		}
	}
	if of == nil {
		return moment{}, false
	}
	m = d.moment(def.Due, of.ID)
	return m, m.known && !m.at.After(n.OpenedAt)
}

// dueOfBlock fixes the due date of a block that carries one.
func (d *decider) dueOfBlock(id int, def *definitions.Node) {
	if len(def.Due) == 0 {
		return
	}
	n := d.st.node(id)
	m, late := d.due(*n, def)
	if m.known && (n.Due == nil || !n.Due.Equal(m.at)) {
		at := m.at
		d.emit(&NodeDue{Node: id, Due: &at, Late: late})
		if at.After(d.now) && len(n.Fired) > 0 {
			d.emit(&LadderReset{Node: id})
		}
	}
}

// replanNode computes the deadlines of a node again: its end may have come, or its beginning, and dates may have moved.
func (d *decider) replanNode(id int) {
	n := d.st.node(id)
	if n == nil || n.Leaving != nil || d.err != nil {
		return
	}
	def := d.static(n)
	if until := d.moment(untilOf(*n, def), id); until.known && !until.at.After(d.now) && n.Fired["until"] == 0 {
		d.finish(id, "until")
		return
	}
	switch {
	case n.Waiting:
		if from := d.moment(def.NotBefore, id); from.known && !from.at.After(d.now) {
			d.emit(&NodeActivated{Node: id, At: d.now})
			d.begin(id)
			return
		}
	case def.Kind != definitions.Step:
		d.dueOfBlock(id, def)
	default:
		d.moveTasks(id, def)
	}
	d.plan(id)
}

// moveTasks gives the open tasks of a node their new due date.
func (d *decider) moveTasks(id int, def *definitions.Node) {
	m, late := d.due(*d.st.node(id), def)
	for _, t := range slices.Clone(d.st.Tasks) {
		if t.Node != id || !m.known || (t.Due != nil && t.Due.Equal(m.at)) {
			continue
		}
		at := m.at.UTC()
		d.emit(&TaskDue{Task: t.ID, Due: &at, Late: late, Revision: t.Revision + 1})
		if at.After(d.now) && len(d.st.node(id).Fired) > 0 {
			d.emit(&LadderReset{Node: id})
		}
		d.moved = append(d.moved, concerned(t)...)
	}
}
