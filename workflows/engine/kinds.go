package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"steward/definitions"
)

// builtin answers the behavior of the kinds that need nothing but people and facts.
func builtin() map[string]Behavior {
	return map[string]Behavior{
		"task":     taskKind{},
		"approval": approvalKind{},
		"choose":   chooseKind{},
		"set":      setKind{},
		"notify":   notifyKind{},
		"wait":     waitKind{},
		"process":  processKind{},
		"reserve":  reserveKind{},
		"release":  releaseKind{},
		"record":   recordKind{},
	}
}

// instant gives the kinds that finish as they are entered their empty Handle.
type instant struct{}

// Handle has nothing to do: the step never waits.
func (instant) Handle(*Step, Signal) {}

// chooseKind looks a row up in a decision table.
type chooseKind struct{ instant }

func (chooseKind) Enter(s *Step) {
	t := s.def.Table
	var hits []definitions.TableRow
	for _, row := range t.Rows {
		if s.matches(t, row) {
			hits = append(hits, row)
		}
		if s.d.err != nil || (len(hits) > 0 && t.Hit == "first") {
			break
		}
	}
	switch {
	case s.d.err != nil:
	case len(hits) > 1:
		s.Fault("table_not_unique", fmt.Errorf("table %s has several rows that fit", t.Name))
	case len(hits) == 0:
		s.Complete("no_match", nil)
	default:
		s.choose(t, hits[0])
	}
}

func (s *Step) matches(t *definitions.Table, row definitions.TableRow) bool {
	for i, in := range t.Inputs {
		if row.When[i] == nil {
			continue
		}
		if !s.d.truth(row.When[i], s.id, map[string]any{"value": s.d.eval(in.Expr, s.id, nil)}) {
			return false
		}
	}
	return true
}

func (s *Step) choose(t *definitions.Table, row definitions.TableRow) {
	data := make(map[string]any, len(t.Outputs))
	outcome := s.def.Outcomes[0]
	for i, name := range t.Outputs {
		data[name] = s.d.value(row.Then[i], s.id)
		if word, ok := data[name].(string); ok && name == "outcome" {
			outcome = word
		}
	}
	s.Complete(outcome, data)
}

// setKind replaces fields of the process input.
type setKind struct{ instant }

func (setKind) Enter(s *Step) {
	fields, _ := s.With()["input"].(map[string]any)
	fields = jsonSafeMap(fields)
	if wrong := s.d.wrongInput(fields); len(wrong) > 0 {
		s.Fault("invalid_input", fmt.Errorf("%s: %s", wrong[0].Field, wrong[0].En))
		return
	}
	s.d.completeStep(s.id, result{outcome: "done", input: fields})
}

// notifyKind sends a message.
type notifyKind struct{ instant }

func (notifyKind) Enter(s *Step) {
	channel, _ := s.With()["channel"].(string)
	if channel == "" {
		channel = "in-app"
	}
	to := s.d.resolveAll(s.def.To, s.id, nil)
	if len(to) > 0 && s.d.err == nil {
		s.d.send(&Messaged{To: to, Template: "text", Channel: channel, Cause: s.def.Path, Text: s.d.render(&s.def.Message, s.id, definitions.Text{})})
	}
	s.Complete("done", nil)
}

// waitKind waits for a moment, an event, or whichever comes first.
type waitKind struct{}

func (waitKind) Enter(s *Step) {
	if m := s.d.moment(s.def.Wait.Until, s.id); m.known && !m.at.After(s.d.now) {
		s.Complete("elapsed", nil)
	}
}

func (waitKind) Handle(s *Step, sig Signal) {
	switch sig.Kind {
	case SignalTime:
		s.Complete("elapsed", nil)
	case SignalEvent:
		s.Complete("received", sig.Data)
	}
}

// processKind starts another process and, unless told otherwise, waits for its end.
type processKind struct{}

func (processKind) Enter(s *Step) {
	spec := s.def.Child
	child, ref, err := s.d.env.Definition(s.d.ctx, spec.Process)
	if err != nil {
		s.d.fail(fmt.Errorf("definition %s: %w", spec.Process, err))
		return
	}
	if child == nil {
		s.Fault("no_definition", fmt.Errorf("definition %q is not published", spec.Process))
		return
	}
	if depth := s.d.st.depth() + 1; depth > s.d.engine.limits.Depth {
		s.Fault("recursion", fmt.Errorf("process %s would be the child of a child, %d deep: at most %d are allowed", spec.Process, depth, s.d.engine.limits.Depth))
		return
	}
	input, _ := s.With()["input"].(map[string]any)
	input = child.Input.ApplyDefaults(jsonSafeMap(input))
	if wrong := child.Input.Validate(input); len(wrong) > 0 {
		s.Fault("child_input", fmt.Errorf("%s: %s", wrong[0].Field, wrong[0].En))
		return
	}
	if s.d.err != nil {
		return
	}
	id := s.d.newID("child")
	s.Emit(&ChildStarted{Child: Child{Process: id, Definition: ref, Node: s.id, Wait: spec.Wait}, Input: input})
	if !spec.Wait {
		s.Complete("started", map[string]any{"process": id})
	}
}

func (processKind) Handle(s *Step, sig Signal) {
	if sig.Kind == SignalChild {
		s.Complete(sig.Outcome, sig.Data)
	}
}

// How a child is reported that never began: its start was refused after it had been stored, or given up by an operator.
const (
	OutcomeRefused = "refused"
	OutcomeDropped = "dropped"
)

// childEnded goes on after a child has ended.
func (d *decider) childEnded() {
	data := decode[ChildData](d)
	i := slices.IndexFunc(d.st.Children, func(c Child) bool { return c.Process == data.Process })
	if i < 0 || d.err != nil || (d.ev.Actor.Process != "" && d.ev.Actor.Process != data.Process) {
		return
	}
	child := d.st.Children[i]
	if child.Wait && (data.Outcome == OutcomeRefused || data.Outcome == OutcomeDropped) {
		d.fault("child_refused", child.Definition.ID, fmt.Errorf("process %s could not be started with what this one gave it", data.Process))
		return
	}
	d.emit(&ChildEnded{Process: data.Process, Outcome: data.Outcome})
	if child.Wait {
		d.signal(child.Node, Signal{Kind: SignalChild, Outcome: data.Outcome, Data: map[string]any{"process": data.Process}})
	}
}

// dropChildren cancels the children that only a closing node waits for.
func (d *decider) dropChildren(id int) {
	for _, c := range slices.Clone(d.st.Children) {
		if c.Node == id && c.Wait {
			d.emit(&ChildCancelled{Process: c.Process})
		}
	}
}

// reserveKind books a resource. Entered again, it replaces its own booking; in a proposal it holds the new time beside it.
type reserveKind struct{ instant }

func (reserveKind) Enter(s *Step) {
	with := s.With()
	resource, _ := with["resource"].(string)
	from, okFrom := with["from"].(time.Time)
	to, okTo := with["to"].(time.Time)
	if s.d.err != nil {
		return
	}
	if resource == "" || !okFrom || !okTo || !from.Before(to) {
		s.Fault("booking", errors.New("a booking needs a resource and a time that ends after it begins"))
		return
	}
	b := s.booking(resource, from.UTC(), to.UTC())
	conflict, err := s.d.env.Reserve(s.d.ctx, b, s.d.st.Title)
	data := map[string]any{"resource": resource, "from": b.From, "to": b.To}
	switch {
	case err != nil:
		s.d.fail(fmt.Errorf("reserve %s: %w", resource, err))
	case conflict == nil:
		s.Emit(&Booked{Booking: b})
		s.Complete("done", data)
	default:
		s.d.explainConflict(*conflict)
		data["holder"], data["held_from"], data["held_to"] = conflict.Title.In("zh"), conflict.From, conflict.To
		s.Complete("conflict", data)
	}
}

// booking answers what to book: in the normal course the step's own booking again, in a proposal a hold beside it.
func (s *Step) booking(resource string, from, to time.Time) Booking {
	d := s.d
	b := Booking{Node: s.id, Key: s.def.ResourceKey, Resource: resource, From: from, To: to}
	if b.Key == "" {
		b.Key = resource
	}
	b.Hold = d.st.Proposal != nil && d.st.inside(s.id, d.st.Proposal.Node)
	for _, own := range d.st.Bookings {
		if own.Key == b.Key && own.Hold == b.Hold {
			b.ID = own.ID
		}
	}
	if b.ID == "" {
		b.ID = d.newID("booking")
	}
	return b
}

// explainConflict tells the sender of the command what holds the resource.
func (d *decider) explainConflict(c Conflict) {
	d.receipt.Code = "conflict"
	if c.Unknown {
		d.receipt.Message = definitions.Text{Zh: "没有这个会议室，或它已停用", En: "there is no such room, or it is out of use"}
		return
	}
	d.receipt.Message = definitions.Text{
		Zh: fmt.Sprintf("该时段已被「%s」占用（%s 至 %s）", c.Title.In("zh"), d.formatTime(c.From), d.formatTime(c.To)),
		En: fmt.Sprintf("%q holds it from %s to %s", c.Title.In("en"), d.formatTime(c.From), d.formatTime(c.To)),
	}
}

// releaseKind ends the process's bookings of a resource now; their past stays on record.
type releaseKind struct{ instant }

func (releaseKind) Enter(s *Step) {
	resource, _ := s.With()["resource"].(string)
	for _, b := range slices.Clone(s.d.st.Bookings) {
		if b.Resource == resource && s.d.err == nil {
			s.Emit(&BookingEnded{ID: b.ID, At: s.d.now, Reason: "released", Was: &b})
		}
	}
	s.Complete("done", nil)
}

// recordKind appends an entry to a register; a key that is taken yields `exists` and leaves the entry there as it is.
type recordKind struct{ instant }

func (recordKind) Enter(s *Step) {
	with := s.With()
	register, _ := with["register"].(string)
	fields, _ := with["entry"].(map[string]any)
	if s.d.err != nil {
		return
	}
	entry := jsonSafeMap(fields)
	key, err := entryKey(s.d.def.Books[register], with["key"], entry)
	if err != nil {
		s.Fault("register_key", err)
		return
	}
	if key != "" {
		taken, err := s.d.env.Entry(s.d.ctx, register, key)
		if err != nil {
			s.d.fail(fmt.Errorf("register %s: %w", register, err))
			return
		}
		if taken {
			s.Complete("exists", map[string]any{"key": key})
			return
		}
	}
	id := s.d.newID("entry")
	s.Emit(&Recorded{Register: register, Entry: id, Key: key, Data: entry})
	s.Complete("done", map[string]any{"id": id, "key": key})
}

// entryKey is the key that the step gives, else the one that the register's key fields make.
func entryKey(book *definitions.Register, given any, entry map[string]any) (string, error) {
	if given == nil || given == "" {
		return book.KeyOf(entry)
	}
	key, ok := definitions.KeyText(given)
	if !ok {
		return "", errors.New("a key is a text, a number or a time: correct key of the step")
	}
	return key, nil
}
