package engine

import (
	"context"
	"fmt"
	"time"

	"steward/definitions"
)

// Behavior is what a task kind does. It is a rule, not a service: it keeps nothing of its own, learns facts through the
// Step and answers by calling the Step's verbs.
type Behavior interface {
	// Enter begins a step of this kind. It either finishes the step (Complete), opens tasks or other waits, or does
	// nothing and lets a Signal come.
	Enter(s *Step)
	// Handle takes a signal that a step of this kind waits for.
	Handle(s *Step, sig Signal)
}

// The kinds of signals that a waiting step may get.
const (
	SignalTask  = "task"  // a person completed a task of the step
	SignalTime  = "time"  // the moment of a wait has come
	SignalEvent = "event" // an event of the definition was told
	SignalChild = "child" // the child process has ended
)

// Signal is something that a step was waiting for.
type Signal struct {
	Kind    string
	Task    Task           // SignalTask
	Outcome string         // SignalTask, SignalChild
	Data    map[string]any // form or payload
	Comment string
	By      string
}

// Step is one step at work, as its kind sees it.
type Step struct {
	d   *decider
	id  int
	def *definitions.Node
}

// Context is the context of the decision.
func (s *Step) Context() context.Context { return s.d.ctx }

// Definition answers the step's node of the definition.
func (s *Step) Definition() *definitions.Node { return s.def }

// Now is the time of the event that is being decided, UTC.
func (s *Step) Now() time.Time { return s.d.now }

// With evaluates the step's parameters.
func (s *Step) With() map[string]any {
	m, _ := s.d.value(s.def.With, s.id).(map[string]any)
	return m
}

// Emit adds a change to the decision.
func (s *Step) Emit(c Change) { s.d.emit(c) }

// Fault stops the decision: the definition is wrong in a way that only shows while it runs.
func (s *Step) Fault(code string, err error) { s.d.fault(code, s.def.Path, err) }

// Complete finishes the step with an outcome and what it leaves behind.
func (s *Step) Complete(outcome string, data map[string]any) {
	s.d.completeStep(s.id, result{outcome: outcome, data: data, by: s.d.ev.Actor.User})
}

// result is what a step ends with.
type result struct {
	outcome string
	by      string
	data    map[string]any
	claimed *time.Time
	input   map[string]any // fields of the process input that the person edited
}

// enter begins a step by its kind.
func (d *decider) enter(id int, def *definitions.Node) {
	b := d.engine.kinds[baseKind(def)]
	if b == nil {
		d.fault("unknown_kind", def.Path, fmt.Errorf("no task kind %q is registered here", def.Uses))
		return
	}
	b.Enter(&Step{d: d, id: id, def: def})
	if d.err == nil && d.st.node(id) != nil {
		d.plan(id)
	}
}

// baseKind answers the kind that a step runs as: a reusable task is a task.
func baseKind(def *definitions.Node) string {
	if def.Task != nil {
		return "task"
	}
	return def.Uses
}

// signal hands a signal to a waiting step.
func (d *decider) signal(id int, sig Signal) {
	n := d.st.node(id)
	if n == nil || d.err != nil {
		return
	}
	def := d.static(n)
	if b := d.engine.kinds[baseKind(def)]; b != nil {
		b.Handle(&Step{d: d, id: id, def: def}, sig)
	}
}

// completeStep closes a step, keeps its output, and does what its outcome leads to.
func (d *decider) completeStep(id int, r result) {
	n := d.st.node(id)
	if n == nil || d.err != nil {
		return
	}
	gone := *n
	def := d.static(n)
	action := def.On[r.outcome]
	d.keepOutput(gone, def, r, action != nil)
	d.closeTree(id, "done")
	d.stepped = true
	if len(r.input) > 0 {
		d.editInput(r.input, "edit")
	} else if d.def.VarsUseOutputs {
		d.recompute()
	}
	if d.err != nil {
		return
	}
	if action != nil && !gone.Extra {
		d.perform(action, gone.Parent, gone.Slot)
		return
	}
	d.leave(gone, def)
}

// keepOutput stores what a step left behind, in its frame or in the list of the loop that it is the body of.
func (d *decider) keepOutput(n Node, def *definitions.Node, r result, handled bool) {
	opened := n.OpenedAt
	o := Output{
		Outcome: r.outcome, By: r.by, ClaimedAt: r.claimed, OpenedAt: &opened, DoneAt: d.now, Data: jsonSafeMap(r.data),
		Handled: handled, Used: d.usedDigest(def, n.ID),
	}
	if loop := def.Parent; loop != nil && loop.Kind != definitions.Sequence && (loop.Each != nil || loop.Repeat != nil) {
		o.Round = n.Index + 1
		d.append(loop, n.Parent, o)
		return
	}
	if def.ID == "" {
		return
	}
	frame := d.st.frame(n.Parent)
	d.rerun(frame, def.ID)
	o.Round = roundsDone(d.st.rounds(frame, def.ID)) + 1
	d.emit(&OutputSet{Frame: frame, Step: def.ID, Output: o})
}

// editInput replaces fields of the process input and everything that follows from them.
func (d *decider) editInput(fields map[string]any, cause string) {
	if len(fields) == 0 || d.err != nil {
		return
	}
	d.emit(&InputChanged{Fields: fields, By: d.ev.Actor.User, Cause: cause})
	d.recompute()
	d.entitle()
	d.stale = true
}
