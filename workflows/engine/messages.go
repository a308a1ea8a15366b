package engine

import (
	"slices"
	"strconv"
)

// message asks for an in-app message. Its cause is unique within the event, so that with process, sequence and recipient
// it stands for exactly one message.
func (d *decider) message(template string, to []string, t *Task, args map[string]any) {
	if len(to) == 0 || d.err != nil {
		return
	}
	m := &Messaged{To: to, Template: template, Channel: "in-app", Args: args, Cause: template}
	if t != nil {
		m.Task = t.ID
		m.Cause += "/" + t.ID
	}
	d.send(m)
}

func (d *decider) send(m *Messaged) {
	n := 0
	for _, c := range d.changes {
		if other, ok := c.(*Messaged); ok && (other.Cause == m.Cause || len(other.Cause) > len(m.Cause) && other.Cause[:len(m.Cause)+1] == m.Cause+"#") {
			n++
		}
	}
	if n > 0 {
		m.Cause += "#" + strconv.Itoa(n)
	}
	d.emit(m)
}

// tellMoved tells everybody whose dates this decision moved, once.
func (d *decider) tellMoved() {
	if len(d.moved) == 0 || d.err != nil {
		return
	}
	to := appendNew([]string(nil), d.moved...)
	d.message("process.rescheduled", to, nil, nil)
}

// tellEveryone sends a message to the starter and to all who have or may take an open task, but not to the actor.
func (d *decider) tellEveryone(template string) {
	to := principalsOf(d.st.Starter)
	for _, t := range d.st.Tasks {
		to = appendNew(to, concerned(t)...)
	}
	self := "user:" + d.ev.Actor.User
	to = slices.DeleteFunc(to, func(p string) bool { return p == self })
	d.message(template, to, nil, nil)
}
