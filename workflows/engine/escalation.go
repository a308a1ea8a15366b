package engine

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"steward/definitions"
)

// ladder lists the deadlines that follow from the due date of a node: the date itself, reminders before it and the
// rungs of the escalation after it. A node that opened after its due date (late start) is due at once; it gets no
// reminders and its ladder counts from the opening.
func (d *decider) ladder(n Node, def *definitions.Node) []wish {
	var list []wish
	m, late := d.due(n, def)
	base := map[string]time.Time{}
	if m.known {
		base["due"] = m.at
		if late {
			base["due"] = n.OpenedAt
		}
		if n.Fired["due"] == 0 {
			list = append(list, wish{"due", moment{known: true, at: base["due"], provisional: m.provisional, why: m.why}})
		}
	}
	if !late {
		list = append(list, d.reminders(n, def.Remind, base, "remind")...)
	}
	for i, rung := range def.Escalate {
		if w, ok := d.rung(n, i, rung, base); ok {
			list = append(list, w)
		}
	}
	return list
}

// reminders lists the next moment of each reminder rule; rules relative to a due date that is not known wait.
func (d *decider) reminders(n Node, rules []definitions.Remind, base map[string]time.Time, prefix string) []wish {
	var list []wish
	for i, r := range rules {
		key := prefix + "/" + strconv.Itoa(i)
		start := r.At
		if r.From != nil {
			start = *r.From
		}
		m := d.oneMoment(start, n.ID, base)
		if !m.known || (r.Every == nil && n.Fired[key] > 0) {
			continue
		}
		m = d.again(m, r.Every, n, key)
		if due, ok := base["due"]; ok && !m.at.Before(due) {
			continue
		}
		if m.at.Before(n.OpenedAt) && r.Every == nil {
			continue
		}
		list = append(list, wish{key, m})
	}
	return list
}

func (d *decider) rung(n Node, i int, rung definitions.Escalation, base map[string]time.Time) (wish, bool) {
	key := "escalate/" + strconv.Itoa(i)
	if rung.Every == nil && n.Fired[key] > 0 {
		return wish{}, false
	}
	m := d.oneMoment(rung.At, n.ID, base)
	if !m.known {
		return wish{}, false
	}
	return wish{key, d.again(m, rung.Every, n, key)}, true
}

// again answers the next repetition of a moment, after those that have come.
func (d *decider) again(m moment, interval *definitions.Interval, n Node, key string) moment {
	k := n.Fired[key]
	if interval == nil || k == 0 {
		return m
	}
	every := d.interval(interval, n.ID, n.Path)
	if every == nil {
		return m
	}
	return d.stride(m, every, k, n.Path)
}

// passOver counts the repetitions of a reminder or a rung that were missed together with the one that fires: people are
// told once.
func (d *decider) passOver(dl Deadline, def *definitions.Node) {
	every := d.interval(d.repetition(dl.Key, def), dl.Node, def.Path)
	if n := d.missed(dl.At, every, math.MaxInt, def.Path); n > 0 && d.err == nil {
		d.emit(&RepetitionsMissed{Node: dl.Node, Key: dl.Key, Count: n})
	}
}

// repetition answers at which distance the deadline of a reminder or a rung comes again, nil when it does not.
func (d *decider) repetition(key string, def *definitions.Node) *definitions.Interval {
	what, rest, _ := strings.Cut(key, "/")
	reminders := def.Remind
	if what == "event" {
		name, of, _ := strings.Cut(rest, "/")
		e := d.event(name)
		if e == nil {
			return nil
		}
		reminders = e.Remind
		what, rest, _ = strings.Cut(of, "/")
	}
	i, err := strconv.Atoi(rest)
	switch {
	case err != nil:
	case what == "remind" && i < len(reminders):
		return reminders[i].Every
	case what == "escalate" && i < len(def.Escalate):
		return def.Escalate[i].Every
	}
	return nil
}

// fire acts on a deadline whose moment has come.
func (d *decider) fire() {
	data := decode[DeadlineData](d)
	i := slices.IndexFunc(d.st.Deadlines, func(x Deadline) bool { return x.ID == data.Deadline })
	if i < 0 || d.err != nil {
		return
	}
	dl := d.st.Deadlines[i]
	n := d.st.node(dl.Node)
	if n == nil || !d.burn(dl.Key) {
		return
	}
	def := d.static(n)
	if d.countStill(def); d.err != nil {
		return
	}
	d.emit(&DeadlineCleared{ID: dl.ID, Node: dl.Node, Key: dl.Key, Fired: true})
	d.passOver(dl, def)
	d.act(dl, def)
	d.plan(dl.Node)
}

// countStill counts deadlines that fire while time stands still: a loop of steps that are all overdue at birth would never end.
func (d *decider) countStill(def *definitions.Node) {
	if d.ticked {
		return
	}
	if d.st.Still >= d.engine.limits.Still {
		d.fault("runaway", def.Path, fmt.Errorf("%d deadlines in a row fell due at the same moment: a loop that time does not end", d.st.Still))
		return
	}
	d.emit(&StoodStill{Times: d.st.Still + 1})
}

// drop takes a deadline as passed without acting on it.
func (d *decider) drop() {
	data := decode[DropData](d)
	if d.err == nil && !d.actor().Operator {
		d.refuse("forbidden", "只有运维人员可以放弃", "only an operator may drop it")
		return
	}
	for _, dl := range slices.Clone(d.st.Deadlines) {
		if dl.ID != data.Deadline {
			continue
		}
		if dl.Key == "wait" || dl.Key == "not_before" {
			d.refuse("must_go_on", "流程在此等待该时刻，放弃后将无法继续：请重试，或撤销流程", "the process waits for this moment and could not go on without it: retry, or cancel the process")
			return
		}
		d.emit(&DeadlineCleared{ID: dl.ID, Node: dl.Node, Key: dl.Key, Fired: true})
		if dl.Key == "repeat" {
			d.skipOccurrence(dl.Node)
			return
		}
		d.plan(dl.Node)
	}
}

func (d *decider) act(dl Deadline, def *definitions.Node) {
	what, rest, _ := strings.Cut(dl.Key, "/")
	i, _ := strconv.Atoi(rest)
	switch what {
	case "not_before":
		d.emit(&NodeActivated{Node: dl.Node, At: d.now})
		d.begin(dl.Node)
	case "until":
		d.finish(dl.Node, "until")
	case "due":
		d.overdue(dl.Node)
	case "remind":
		d.remind(dl.Node, def.Remind[i].To)
	case "escalate":
		d.escalate(dl.Node, i, def.Escalate[i])
	case "repeat":
		d.nextDue(dl, def)
	case "wait":
		d.signal(dl.Node, Signal{Kind: SignalTime})
	case "event":
		d.eventDeadline(rest)
	default:
		d.fault("deadline", def.Path, fmt.Errorf("no rule for %q", dl.Key))
	}
}

// overdue marks the open tasks of a node whose due date has passed.
func (d *decider) overdue(id int) {
	for _, t := range slices.Clone(d.st.Tasks) {
		if t.Node == id && !t.Overdue {
			d.emit(&TaskOverdue{Task: t.ID, At: d.now, Revision: t.Revision})
		}
	}
}

// remind tells those named, or those who have or may take the task.
func (d *decider) remind(id int, to []*definitions.Role) {
	for _, t := range d.tasksUnder(id) {
		recipients := concerned(t)
		if len(to) > 0 {
			recipients = d.resolveAll(to, id, &t)
		}
		d.message("task.reminder", recipients, &t, nil)
	}
}

// escalate takes one rung: it tells people, gives the task to somebody else, or closes it with an outcome.
func (d *decider) escalate(id, i int, rung definitions.Escalation) {
	for _, t := range d.tasksUnder(id) {
		if len(rung.Notify) > 0 {
			d.message("task.escalated", d.resolveAll(rung.Notify, id, &t), &t, map[string]any{"rung": i})
		}
		if len(rung.To) > 0 {
			d.reassign(t, d.resolveAll(rung.To, id, &t), i)
		}
	}
	if rung.Outcome != "" && d.err == nil && d.st.node(id) != nil {
		d.closeWith(id, rung.Outcome)
	}
}

// tasksUnder lists the open tasks of a step, or of all steps in a group.
func (d *decider) tasksUnder(id int) []Task {
	var list []Task
	for _, t := range d.st.Tasks {
		if d.st.inside(t.Node, id) {
			list = append(list, t)
		}
	}
	return list
}

// closeWith ends a step or a group with an outcome that its ladder gives.
func (d *decider) closeWith(id int, outcome string) {
	if d.static(d.st.node(id)).Kind != definitions.Step {
		d.finish(id, outcome)
		return
	}
	d.completeStep(id, result{outcome: outcome})
}

// reassign gives a task to others in the course of an escalation and tells them.
func (d *decider) reassign(t Task, to []string, rung int) {
	to = d.present(to, t.Exclude)
	if len(to) == 0 || d.err != nil {
		return
	}
	c := &TaskAssigned{Task: t.ID, Candidates: to, Revision: t.Revision + 1, Verb: "escalate"}
	if user, only := single(to); only {
		c.Assignee, c.Candidates = user, nil
	}
	d.emit(c)
	d.message("task.escalated_to", to, d.st.task(t.ID), map[string]any{"rung": rung})
}
