package api

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"steward/definitions"
	"steward/internal/advance"
	"steward/internal/store"
	"steward/workflows/engine"
)

// Events that have a route of their own.
const (
	eventReschedule = "reschedule"
	eventCancel     = "cancel"
)

// ListProcesses answers the processes that the caller may see.
func (s *Server) ListProcesses(ctx context.Context, r ListProcessesRequestObject) (ListProcessesResponseObject, error) {
	who := callerOf(ctx)
	filter, err := processFilter(r.Params, who)
	if err != nil {
		return nil, err
	}
	slice, err := s.store.Processes(ctx, who.viewer(), filter, page(r.Params.Cursor, r.Params.Limit))
	if err != nil {
		return nil, err
	}
	answer, err := named(ctx, s, func(names *nameBook) ProcessPage {
		p := ProcessPage{Items: make([]ProcessSummary, len(slice.Items)), NextCursor: slice.Next}
		for i, item := range slice.Items {
			p.Items[i] = processItem(item, names)
		}
		return p
	})
	if err != nil {
		return nil, err
	}
	return ListProcesses200JSONResponse(answer), nil
}

func processFilter(p ListProcessesParams, who *caller) (store.ProcessFilter, error) {
	filter := store.ProcessFilter{DefinitionID: p.Definition, Starter: p.StartedBy, Query: p.Query}
	switch p.State {
	case "":
	case ProcessStateFilterOpen:
		filter.Open = true
	default:
		filter.Statuses = []string{string(p.State)}
	}
	if p.Mine {
		if p.StartedBy != "" && p.StartedBy != who.ID {
			return filter, failField("startedBy", "conflict", Text{"不能与 mine 同时使用", "cannot be combined with mine"})
		}
		filter.Starter = who.ID
	}
	return filter, nil
}

func processItem(p store.ProcessItem, names *nameBook) ProcessSummary {
	return ProcessSummary{
		ID: p.ID, Definition: p.DefinitionID, Version: int(p.Version), Title: Text(p.Title), BusinessKey: deref(p.BusinessKey),
		State: ProcessState(p.Status), Outcome: deref(p.Outcome), Starter: names.person(p.Starter), Parent: deref(p.ParentID),
		StartedAt: p.StartedAt.UTC(), EndedAt: at(p.EndedAt), NextAt: at(p.NextAt),
	}
}

// GetProcess answers one process with its steps.
func (s *Server) GetProcess(ctx context.Context, _ GetProcessRequestObject) (GetProcessResponseObject, error) {
	process := subjectOf(ctx).process
	shown, err := s.waiting(ctx, process)
	if err != nil {
		return nil, err
	}
	state, def := shown.state, shown.def
	reservations, err := s.store.ProcessReservations(ctx, process.ID)
	if err != nil {
		return nil, err
	}
	who := callerOf(ctx)
	below, err := s.waitedFor(ctx, state)
	if err != nil {
		return nil, err
	}
	view, err := named(ctx, s, func(names *nameBook) Process {
		v := processView(process, state, def, names)
		for _, child := range below {
			v.waitFor(child, names)
		}
		v.AllowedActions = processActions(def, state, who)
		for _, r := range reservations {
			v.Reservations = append(v.Reservations, reservationView(r, true))
		}
		return v
	})
	if err != nil {
		return nil, err
	}
	return GetProcess200JSONResponse(view), nil
}

func processView(p store.Process, state *engine.State, def *definitions.Definition, names *nameBook) Process {
	view := Process{
		ID: p.ID, Definition: p.DefinitionID, Version: int(p.Version), Title: Text(p.Title), BusinessKey: deref(p.BusinessKey),
		State: ProcessState(p.Status), Outcome: deref(p.Outcome), Starter: names.person(p.Starter), Parent: deref(p.ParentID),
		StartedAt: p.StartedAt.UTC(), EndedAt: at(p.EndedAt), NextAt: at(p.NextAt), Revision: p.Seq,
		DefinitionName: Text(def.Name), Input: state.Input, Vars: state.Vars, Anchors: state.Anchors, Next: []NextTask{},
		Steps: newStepTree(def, state, names).steps(),
	}
	view.waitFor(waited{state: state, def: def}, names)
	for _, d := range state.Deadlines {
		view.Deadlines = append(view.Deadlines, Deadline{Step: stepOf(d.Node, state, def), Key: d.Key, At: d.At.UTC(), Provisional: d.Provisional})
	}
	for _, c := range state.Children {
		view.Children = append(view.Children, parsedID(c.Process))
	}
	if state.Proposal != nil {
		view.Proposal = Proposal{Event: state.Proposal.Event, By: names.person(state.Proposal.By), Fields: state.Proposal.Fields}
	}
	return view
}

// waited is a process that waits for people: the one that is shown, or one below it.
type waited struct {
	id    uuid.UUID // uuid.Nil for the one that is shown
	state *engine.State
	def   *definitions.Definition
}

// waiting reads what a process is at, and the definition that it runs on.
func (s *Server) waiting(ctx context.Context, process store.Process) (waited, error) {
	state, err := stateOf(process)
	if err != nil {
		return waited{}, err
	}
	def, err := s.catalog.Get(ctx, process.DefinitionID, int(process.Version))
	return waited{state: state, def: def}, err
}

// mostWaited bounds the processes below one that are looked at for open tasks.
const mostWaited = 20

// waitedFor answers the processes that a process waits for, and those that these wait for, as far as the caller may see them.
func (s *Server) waitedFor(ctx context.Context, state *engine.State) ([]waited, error) {
	var below []waited
	left := slices.Clone(state.Children)
	for asked := 0; len(left) > 0 && asked < mostWaited; {
		child := left[0]
		left = left[1:]
		if !child.Wait {
			continue
		}
		asked++
		process, err := s.store.Process(ctx, callerOf(ctx).viewer(), parsedID(child.Process))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := s.waiting(ctx, process)
		if err != nil {
			return nil, err
		}
		found.id = process.ID
		below = append(below, found)
		left = append(left, found.state.Children...)
	}
	return below, nil
}

// waitFor adds the open tasks of a process to those that are waited for.
func (p *Process) waitFor(w waited, names *nameBook) {
	for _, t := range w.state.Tasks {
		next := nextTask(t, w.def, names)
		next.Process = w.id
		p.Next = append(p.Next, next)
		if !next.DueAt.IsZero() && (p.DueAt.IsZero() || next.DueAt.Before(p.DueAt)) {
			p.DueAt = next.DueAt
		}
	}
}

func nextTask(t engine.Task, def *definitions.Definition, names *nameBook) NextTask {
	return NextTask{
		Task: parsedID(t.ID), Step: stepID(def.Nodes[t.Path], t.Path), Name: Text(t.Name), Assignee: names.person(t.Assignee),
		Who: names.holders(t), OpenedAt: t.OpenedAt.UTC(), DueAt: at(t.Due),
		Overdue: t.Overdue || (t.Due != nil && t.Due.Before(time.Now())), Revision: t.Revision,
	}
}

// stepID is how people call a node: its id, or that of the nearest block around it.
func stepID(n *definitions.Node, path string) string {
	for ; n != nil; n = n.Parent {
		if n.ID != "" {
			return n.ID
		}
	}
	return path
}

func stepOf(node int, state *engine.State, def *definitions.Definition) string {
	n, ok := state.Node(node)
	if !ok {
		return ""
	}
	return stepID(def.Nodes[n.Path], n.Path)
}

// StartProcess starts a process. The Commander stores nothing when the input is not valid.
func (s *Server) StartProcess(ctx context.Context, r StartProcessRequestObject) (StartProcessResponseObject, error) {
	start := advance.Start{
		Definition: r.Body.Definition, Version: int(r.Body.Version), Input: r.Body.Input, Actor: callerOf(ctx).ID, Key: r.Params.IdempotencyKey,
	}
	result, err := s.commander.Start(ctx, start)
	if err != nil {
		err = s.businessKeyTaken(ctx, err)
	}
	result.Receipt.Fields = ofInput(result.Receipt.Fields)
	out, err := s.settle(ctx, result, err, nil)
	switch {
	case err != nil:
		return nil, err
	case out.stored:
		return StartProcess202JSONResponse{out.pending()}, nil
	}
	return StartProcess200JSONResponse{out.decided()}, nil
}

// businessKeyTaken names the process that has the business key, if the caller may see it.
func (s *Server) businessKeyTaken(ctx context.Context, err error) error {
	var taken *advance.BusinessKeyError
	if !errors.As(err, &taken) {
		return err
	}
	f := &failure{code: codeBusinessKey, cause: err}
	if visible, seeErr := s.store.CanSee(ctx, callerOf(ctx).viewer(), taken.Process); seeErr == nil && visible {
		f.process = taken.Process
	}
	return f
}

// ofInput names fields as the request does.
func ofInput(fields []definitions.FieldError) []definitions.FieldError {
	named := slices.Clone(fields)
	for i, f := range named {
		if f.Field != "input" && !strings.HasPrefix(f.Field, "input.") {
			named[i].Field = "input." + f.Field
		}
	}
	return named
}

// tell sends an event to the process that the request names.
func (s *Server) tell(ctx context.Context, key, event string, data FreeForm) (outcome, error) {
	process := subjectOf(ctx).process
	def, err := s.catalog.Get(ctx, process.DefinitionID, int(process.Version))
	if err != nil {
		return outcome{}, err
	}
	if !knows(def, event) {
		return outcome{}, fail(codeNoSuchEvent)
	}
	return s.processCommand(ctx, engine.EventTell, key, engine.TellData{Event: event, Data: data})
}

func knows(def *definitions.Definition, event string) bool {
	for _, e := range def.Events {
		if e.Name == event {
			return true
		}
	}
	return false
}

func (s *Server) processCommand(ctx context.Context, event, key string, data any) (outcome, error) {
	id := subjectOf(ctx).process.ID
	out, err := s.submit(ctx, advance.Command{Process: id, Type: event, Key: key, Payload: data})
	if out.result.Process == uuid.Nil {
		out.result.Process = id
	}
	return out, err
}

// TellProcess tells a process that something has happened.
func (s *Server) TellProcess(ctx context.Context, r TellProcessRequestObject) (TellProcessResponseObject, error) {
	out, err := s.tell(ctx, r.Params.IdempotencyKey, r.Body.Name, r.Body.Data)
	switch {
	case err != nil:
		return nil, err
	case out.stored:
		return TellProcess202JSONResponse{out.pending()}, nil
	}
	return TellProcess200JSONResponse{out.decided()}, nil
}

// RescheduleProcess proposes a new time.
func (s *Server) RescheduleProcess(ctx context.Context, r RescheduleProcessRequestObject) (RescheduleProcessResponseObject, error) {
	out, err := s.tell(ctx, r.Params.IdempotencyKey, eventReschedule, r.Body.Data)
	switch {
	case err != nil:
		return nil, err
	case out.stored:
		return RescheduleProcess202JSONResponse{out.pending()}, nil
	}
	return RescheduleProcess200JSONResponse{out.decided()}, nil
}

// CancelProcess ends a process early. The starter and operators always may; others where the definition has an event
// `cancel` that they may tell, which is then what happens.
func (s *Server) CancelProcess(ctx context.Context, r CancelProcessRequestObject) (CancelProcessResponseObject, error) {
	out, err := s.cancel(ctx, r.Params.IdempotencyKey, deref(r.Body).Reason)
	switch {
	case err != nil:
		return nil, err
	case out.stored:
		return CancelProcess202JSONResponse{out.pending()}, nil
	}
	return CancelProcess200JSONResponse{out.decided()}, nil
}

func (s *Server) cancel(ctx context.Context, key, reason string) (outcome, error) {
	sub := subjectOf(ctx)
	if !sub.is(starter) && !sub.is(operator) {
		def, err := s.catalog.Get(ctx, sub.process.DefinitionID, int(sub.process.Version))
		if err != nil {
			return outcome{}, err
		}
		if cancelEvent(def) != nil {
			return s.processCommand(ctx, engine.EventTell, key, engine.TellData{Event: eventCancel})
		}
	}
	return s.processCommand(ctx, engine.EventCancel, key, engine.CancelData{Reason: reason})
}
