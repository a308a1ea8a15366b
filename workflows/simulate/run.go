package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"steward/definitions"
	"steward/internal/calendar"
	"steward/workflows/engine"
)

// Run rehearses a process: the real Decide and Evolve on a virtual clock, with model people who act. It answers what
// happened, in order. The error is a *engine.Refusal when the start was refused, or says which option is wrong; a decision
// that fails is no error but a line and a fault of the timeline.
func Run(ctx context.Context, o Options) (Timeline, error) {
	t, _, err := run(ctx, o)
	return t, err
}

// run rehearses as Run does and answers also the world as it is in the end, nil when nothing was started.
func run(ctx context.Context, o Options) (Timeline, *World, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Timeline{}, nil, err
	}
	r, err := newRehearsal(ctx, o)
	if err != nil {
		return Timeline{}, nil, err
	}
	if err := r.begin(); err != nil {
		return r.timeline, nil, err
	}
	for r.err == nil && r.step() {
	}
	r.finish()
	return r.timeline, r.world, r.err
}

// rehearsal is one run at work.
type rehearsal struct {
	ctx      context.Context
	opts     Options
	world    *World
	cal      *calendar.Calendar
	now      time.Time
	err      error
	procs    []*process
	byID     map[string]*process
	named    map[string]int // processes of each definition
	queue    queue
	tasks    map[string]*agenda
	opened   map[string]int // tasks of each step so far
	holidays map[string][]holiday
	timeline Timeline
}

// process is one process in the model.
type process struct {
	id, label string
	def       *definitions.Definition
	cal       *calendar.Calendar
	st        *engine.State
	parent    *engine.ParentRef
	parked    map[string]bool // deadlines whose decision failed
}

func newRehearsal(ctx context.Context, o Options) (*rehearsal, error) {
	w := NewWorld()
	w.Invent = true
	maps.Copy(w.calendars, o.Calendars)
	w.settle(o.House)
	w.know(o.Starter)
	w.Bookings = append(w.Bookings, o.Bookings...)
	for register, entries := range o.Registers {
		w.Entries[register] = keyed(o.Definition.Books[register], entries)
	}
	cal, err := w.Calendar(ctx, o.Definition.Calendar)
	if err != nil {
		return nil, fmt.Errorf("rehearse %s: %w", o.Definition.ID, err)
	}
	r := &rehearsal{
		ctx: ctx, opts: o, world: w, cal: cal, now: o.Start, byID: map[string]*process{}, named: map[string]int{}, tasks: map[string]*agenda{},
		opened: map[string]int{}, holidays: map[string][]holiday{},
		timeline: Timeline{Definition: o.Definition.ID, cal: cal, started: o.Start, Summary: Summary{Started: o.Start.In(cal.Location()), Done: map[string]int{}}},
	}
	return r, nil
}

// keyed gives entries that say no key of their own the one that their fields make; what has none of either is found by no key.
func keyed(book *definitions.Register, entries []Entry) []Entry {
	out := slices.Clone(entries)
	for i, e := range out {
		if e.Key == "" { // without a key after all when the scenario describes a book as it was before it had one
			out[i].Key, _ = book.KeyOf(e.Data)
		}
	}
	return out
}

// rootID makes the id of the process that a rehearsal starts: always the same one, so that timelines can be compared.
func rootID(def string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("rehearsal/"+def)).String()
}

// begin starts the process and sets the events of the script.
func (r *rehearsal) begin() error {
	def := r.opts.Definition
	p, err := r.add(rootID(def.ID), def, nil)
	if err != nil {
		return err
	}
	d, err := r.decide(p, engine.Event{ID: "cmd/start", Type: engine.EventStart, Actor: engine.Actor{User: r.opts.Starter}}, engine.StartData{
		Definition: engine.Ref{ID: def.ID, Version: 1, Digest: def.Digest}, Process: p.id, Input: jsonValues(r.opts.Input), Parameters: r.opts.Parameters,
	})
	var fault *engine.Fault
	switch {
	case errors.As(err, &fault):
		r.fault(p, "start", fault)
		return nil
	case err != nil:
		return fmt.Errorf("start %s: %w", def.ID, err)
	}
	r.timeline.anchors = d.State.Anchors
	return r.setEvents(p)
}

// jsonValues gives values read from YAML the types that JSON gives them.
func jsonValues(m map[string]any) map[string]any {
	text, err := json.Marshal(m)
	if err != nil {
		return m
	}
	var out map[string]any
	if json.Unmarshal(text, &out) != nil {
		return m
	}
	return out
}

// add puts a process into the model.
func (r *rehearsal) add(id string, def *definitions.Definition, parent *engine.ParentRef) (*process, error) {
	cal, err := r.world.Calendar(r.ctx, def.Calendar)
	if err != nil {
		return nil, fmt.Errorf("rehearse %s: %w", def.ID, err)
	}
	r.named[def.ID]++
	label := def.ID
	if n := r.named[def.ID]; n > 1 {
		label += "#" + strconv.Itoa(n)
	}
	p := &process{id: id, label: label, def: def, cal: cal, parent: parent, parked: map[string]bool{}}
	r.procs = append(r.procs, p)
	r.byID[id] = p
	r.world.inhabit(def)
	return p, nil
}

func (r *rehearsal) moments() moments {
	return moments{cal: r.cal, started: r.opts.Start, anchors: r.timeline.anchors}
}

// setEvents queues the events of the script.
func (r *rehearsal) setEvents(p *process) error {
	for _, e := range r.opts.Script.Events {
		at, err := r.moments().resolve(e.At)
		if err != nil {
			return e.At.spot.wrap(fmt.Errorf("script: event %s: %w", first(e.Event, "cancel"), err))
		}
		r.queue.put(command{at: at, process: p.id, do: func() { r.tell(p, e) }})
	}
	return nil
}

// step does what comes next: the earliest command or deadline, the command first when both are due at the same moment
// (architecture.md 1, rule 4). It answers false when nothing comes any more or a bound is reached.
func (r *rehearsal) step() bool {
	cmd, haveCmd := r.queue.peek()
	p, dl := r.earliestDeadline()
	if !haveCmd && p == nil {
		return false
	}
	at := cmd.at
	if !haveCmd || (p != nil && dl.At.Before(at)) {
		at, haveCmd = dl.At, false
	}
	if r.stops(at) {
		return false
	}
	if at.After(r.now) {
		r.now = at
	}
	if haveCmd {
		r.queue.pop().do()
		return true
	}
	r.fire(p, dl)
	return true
}

// stops says whether a bound ends the rehearsal before at, and notes which.
func (r *rehearsal) stops(at time.Time) bool {
	s := &r.timeline.Summary
	switch {
	case s.Events >= r.opts.Bounds.Events:
		s.Stopped = textf("已作出 %d 次决定，演练到此为止：流程可能在循环", "stopped after %d decisions: the process may be turning in a circle", s.Events)
	case at.Sub(r.opts.Start) > r.opts.Bounds.Span:
		days := int(r.opts.Bounds.Span / (24 * time.Hour))
		s.Stopped = textf("下一件事在开始 %d 天之后，演练到此为止", "stopped: what comes next lies more than %d days after the start", days)
	case r.ctx.Err() != nil:
		r.err = fmt.Errorf("rehearse %s: %w", r.opts.Definition.ID, r.ctx.Err())
		return true
	default:
		return false
	}
	return true
}

// earliestDeadline finds the process that acts next by its own clock; nil when none does.
func (r *rehearsal) earliestDeadline() (*process, engine.Deadline) {
	var who *process
	var first engine.Deadline
	for _, p := range r.procs {
		if p.st == nil || p.st.Status == engine.StatusEnded {
			continue
		}
		for _, dl := range p.st.Deadlines {
			if (who == nil || dl.At.Before(first.At)) && !p.parked[dl.ID] {
				who, first = p, dl
			}
		}
	}
	return who, first
}

// fire lets a deadline pass. One whose decision fails is parked, as the product would for an operator.
func (r *rehearsal) fire(p *process, dl engine.Deadline) {
	ev := engine.Event{ID: "due/" + dl.ID, Type: engine.EventDeadline}
	_, err := r.decide(p, ev, engine.DeadlineData{Deadline: dl.ID, Key: dl.Key, Node: dl.Node})
	var fault *engine.Fault
	switch {
	case errors.As(err, &fault):
		p.parked[dl.ID] = true
		r.fault(p, "deadline "+dl.Key, fault)
	case err != nil:
		r.err = fmt.Errorf("deadline %s of %s: %w", dl.Key, p.label, err)
	}
}

// decide lets the engine decide an event of a process now and keeps what follows.
func (r *rehearsal) decide(p *process, ev engine.Event, data any) (engine.Decision, error) {
	body, err := json.Marshal(data)
	if err != nil {
		return engine.Decision{}, fmt.Errorf("encode event %s: %w", ev.Type, err)
	}
	ev.At, ev.Data = r.now, body
	r.timeline.Summary.Events++
	d, err := r.opts.Engine.Decide(r.ctx, p.def, p.st, ev, &env{World: r.world.For(p.id, r.now), child: r.opts.Child})
	if err != nil {
		return d, err
	}
	r.world.Keep(p.id, d.State, d.Changes)
	before := p.st
	p.st = d.State
	r.note(p, before, ev, d)
	r.follow(p, d.Changes)
	return d, nil
}

// env is the world with definitions of child processes that are loaded when asked for.
type env struct {
	*World
	child func(id string) (*definitions.Definition, error)
}

// Definition answers a child's definition.
func (e *env) Definition(ctx context.Context, id string) (*definitions.Definition, engine.Ref, error) {
	if e.World.Definitions[id] == nil && e.child != nil {
		def, err := e.child(id)
		if err != nil {
			return nil, engine.Ref{}, err
		}
		if def != nil {
			e.World.Definitions[id] = def
		}
	}
	return e.World.Definition(ctx, id)
}
