package advance

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"steward/definitions"
	"steward/workflows/engine"
)

// record is one decided event, ready for the log.
type record struct {
	seq     int64
	event   engine.Event
	changes []engine.Change
	receipt *engine.Receipt
	command uuid.UUID // uuid.Nil for a deadline
	text    []byte
	digest  []byte
	hash    []byte
}

// refused is a command that changed nothing.
type refused struct {
	command uuid.UUID
	receipt engine.Receipt
}

// parkedError says that an event must wait for an operator; what was decided before it stands.
type parkedError struct {
	event engine.Event
	fault *engine.Fault
}

func (e *parkedError) Error() string { return "event " + e.event.ID + " is parked: " + e.fault.Error() }

// run is the whole transaction: read, decide, write, commit.
func (t *transaction) run() (outcome, error) {
	waiting, parked, people, err := t.begin()
	if err != nil {
		return outcome{}, err
	}
	t.hook(PointLocked, t.job.process)
	defer t.join(waiting)()
	def := t.catalog.cached(t.row.ref)
	if def == nil {
		return outcome{}, &coldError{t.row.ref}
	}
	records, refusals, fault, again := t.decideAll(def, waiting, parked, people)
	if t.ctx.Err() != nil {
		return outcome{}, t.ctx.Err()
	}
	if fault != nil {
		var p *parkedError
		if !errors.As(fault, &p) || (len(records) == 0 && len(refusals) == 0) {
			return outcome{}, fault
		}
		again = true // what was decided before the fault is kept; the next call meets the fault alone
	}
	return t.finish(records, refusals, again)
}

// join goes on in the trace of the request whose command is to be decided, and answers how that ends: the workflow that calls
// belongs to the trace of the process's start. Of several commands the first is followed and the others are linked.
func (t *transaction) join(waiting []pending) (leave func()) {
	var traces []trace.SpanContext
	for _, c := range waiting {
		if c.trace != nil {
			ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": *c.trace})
			traces = append(traces, trace.SpanContextFromContext(ctx))
		}
	}
	if len(traces) == 0 || t.job.insert != nil {
		return func() {}
	}
	links := []trace.Link{trace.LinkFromContext(t.ctx)}
	for _, other := range traces[1:] {
		links = append(links, trace.Link{SpanContext: other})
	}
	ctx, span := t.tracer.Start(trace.ContextWithRemoteSpanContext(t.ctx, traces[0]), "decide",
		trace.WithLinks(links...), trace.WithAttributes(attribute.String("steward.process", t.job.process.String())))
	t.ctx = ctx
	return func() { span.End() }
}

// decideAll applies stored commands and deadlines in the order of their own times, a command first among equals.
func (t *transaction) decideAll(def *definitions.Definition, waiting []pending, parked map[string]bool, people map[string]engine.Person) (records []record, refusals []refused, fault error, again bool) {
	st := t.row.state
	env := &facts{transaction: t, people: people}
	for n := 0; ; n++ {
		ev, command, ok := t.nextEvent(st, &waiting, parked)
		if !ok {
			return records, refusals, nil, false
		}
		if n == maxEvents {
			return records, refusals, nil, true
		}
		env.horizon = t.horizon(waiting)
		decision, err := t.engine.Decide(t.ctx, def, st, ev, env)
		if err == nil {
			err = tooLarge(&decision, ev)
		}
		var refusal *engine.Refusal
		var broken *engine.Fault
		switch {
		case errors.As(err, &refusal):
			if err := t.undo(); err != nil {
				return nil, nil, err, false
			}
			refusals = append(refusals, refused{command, receiptOf(refusal, st.Process)})
		case errors.As(err, &broken):
			if err := t.undo(); err != nil {
				return nil, nil, err, false
			}
			return records, refusals, &parkedError{ev, broken}, false
		case err != nil:
			return nil, nil, err, false
		case len(decision.Changes) == 0:
			t.dirty = false
			refusals = append(refusals, refused{command, decision.Receipt})
		default:
			t.dirty = false
			st = decision.State
			r, err := t.record(ev, command, decision, len(records))
			if err != nil {
				return nil, nil, err, false
			}
			records = append(records, r)
		}
		t.row.state = st
	}
}

// nextEvent answers what comes next: the oldest stored command or the earliest deadline, whichever was first.
func (t *transaction) nextEvent(st *engine.State, waiting *[]pending, parked map[string]bool) (engine.Event, uuid.UUID, bool) {
	for len(*waiting) > 0 && parked["cmd/"+(*waiting)[0].id.String()] {
		*waiting = (*waiting)[1:]
	}
	dl, due := st.EarliestDue(t.now, nil)
	if due && parked[deadlineID(dl)] {
		due = false
	}
	if len(*waiting) > 0 && (!due || !(*waiting)[0].at.After(dl.At)) {
		c := (*waiting)[0]
		*waiting = (*waiting)[1:]
		return engine.Event{ID: "cmd/" + c.id.String(), Type: c.kind, At: c.at.UTC(), Actor: actorOf(c.actor), Data: json.RawMessage(c.payload)}, c.id, true
	}
	if !due {
		return engine.Event{}, uuid.Nil, false
	}
	data, err := json.Marshal(engine.DeadlineData{Deadline: dl.ID, Key: dl.Key, Node: dl.Node})
	if err != nil {
		return engine.Event{}, uuid.Nil, false
	}
	return engine.Event{ID: deadlineID(dl), Type: engine.EventDeadline, At: dl.At, Data: data}, uuid.Nil, true
}

func deadlineID(dl engine.Deadline) string { return "due/" + dl.ID }

// actorOf tells people from processes: a process acts under the name process/<id>.
func actorOf(name string) engine.Actor {
	if id, ok := cutProcess(name); ok {
		return engine.Actor{Process: id}
	}
	return engine.Actor{User: name}
}

// horizon is the moment up to which nothing else is stored.
func (t *transaction) horizon(waiting []pending) time.Time {
	if len(waiting) > 0 && waiting[0].at.Before(t.now) {
		return waiting[0].at
	}
	return t.now
}

func tooLarge(d *engine.Decision, ev engine.Event) error {
	text, err := engine.EncodeChanges(d.Changes)
	if err != nil {
		return err
	}
	if len(text) > maxChangeBytes {
		return &engine.Fault{Code: "changes_too_large", Err: fmt.Errorf("%d bytes of changes, at most %d are allowed", len(text), maxChangeBytes)}
	}
	return nil
}

func receiptOf(r *engine.Refusal, process string) engine.Receipt {
	return engine.Receipt{
		Status: "refused", Code: r.Code, Message: r.Message, Fields: r.Fields, Process: process, Task: r.Task, Revision: r.Revision, Winner: r.Winner,
	}
}

// record prepares the log row of a decision: exact bytes, their place in the hash chain, the digest of the state.
func (t *transaction) record(ev engine.Event, command uuid.UUID, d engine.Decision, n int) (record, error) {
	r := record{seq: t.row.seq + 1, event: ev, changes: d.Changes, command: command}
	if command != uuid.Nil {
		receipt := d.Receipt
		receipt.Seq = r.seq
		r.receipt = &receipt
	}
	var err error
	if r.text, err = engine.EncodeChanges(d.Changes); err != nil {
		return r, err
	}
	state, err := json.Marshal(d.State)
	if err != nil {
		return r, fmt.Errorf("encode state: %w", err)
	}
	event, err := json.Marshal(ev)
	if err != nil {
		return r, fmt.Errorf("encode event: %w", err)
	}
	sum := sha256.Sum256(state)
	r.digest = sum[:]
	r.hash = ChainHash(t.row.head, r.seq, event, r.text)
	t.row.seq, t.row.head = r.seq, r.hash
	t.write.state, t.write.digest = state, r.digest
	t.write.log(t.job.process, r, event)
	t.remember(d.Changes)
	return r, nil
}

// remember keeps how tasks were closed in this transaction, which the tables do not show yet.
func (t *transaction) remember(changes []engine.Change) {
	for _, c := range changes {
		if k, ok := c.(*engine.TaskClosed); ok {
			if t.closed == nil {
				t.closed = make(map[string]engine.Decided)
			}
			t.closed[k.Task] = engine.Decided{Winner: engine.Winner{By: k.By, Outcome: k.Outcome, At: k.At}, Revision: k.Revision, ByPerson: k.Status == "done"}
		}
	}
}

// ChainHash is the link of a log row to the one before it: sha256 over the earlier hash, the sequence (big endian) and the
// exact bytes of event and changes, each preceded by its length.
func ChainHash(before []byte, seq int64, event, changes []byte) []byte {
	h := sha256.New()
	var n [8]byte
	put := func(b []byte) {
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	put(before)
	binary.BigEndian.PutUint64(n[:], uint64(seq))
	h.Write(n[:])
	put(event)
	put(changes)
	return h.Sum(nil)
}
