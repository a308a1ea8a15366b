package advance

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"steward/definitions"
	"steward/internal/store"
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

// answer is the receipt of a command that has no place in the log: it was refused, or there was nothing to change.
type answer struct {
	command uuid.UUID
	receipt engine.Receipt
}

// errOldCalendars says that a calendar was loaded and deadlines are to be planned on it: what is in memory may be older.
var errOldCalendars = errors.New("the calendars have to be read again")

// run is the whole transaction: read, decide, write, commit.
func (t *transaction) run() (outcome, error) {
	waiting, people, err := t.begin()
	if err != nil {
		return outcome{}, err
	}
	t.hook(PointLocked, t.job.process)
	if !t.job.renewed && slices.ContainsFunc(waiting, func(c pending) bool { return c.kind == engine.EventReplan }) {
		return outcome{}, errOldCalendars
	}
	defer t.join(waiting)()
	if err := t.giveUp(); err != nil {
		return outcome{}, err
	}
	def := t.catalog.cached(t.row.ref)
	if def == nil {
		return outcome{}, &coldError{t.row.ref}
	}
	again, err := t.decideAll(def, t.ready(waiting), people)
	if t.ctx.Err() != nil {
		return outcome{}, t.ctx.Err()
	}
	if err != nil {
		var p *parkedError
		if !errors.As(err, &p) || (len(t.records) == 0 && len(t.answers) == 0) {
			return outcome{}, t.blame(err)
		}
		again = true // what was decided before the fault is kept; the next call meets the fault alone
	}
	out, err := t.finish(again)
	return out, t.blame(err)
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

// decideAll applies stored commands and deadlines in the order of their own times, a command first among equals. It answers
// whether there is more than one transaction takes.
func (t *transaction) decideAll(def *definitions.Definition, waiting []pending, people map[string]engine.Person) (again bool, err error) {
	limit := maxEvents
	if t.job.single {
		limit = 1
	}
	env := &facts{transaction: t, people: people}
	for {
		ev, command, ok := t.nextEvent(&waiting)
		if !ok {
			return t.more, nil
		}
		if len(t.events) == limit {
			return true, nil
		}
		t.events = append(t.events, ev)
		env.horizon = t.horizon(waiting)
		if err := t.decide(def, env, ev, command); err != nil {
			return false, err
		}
	}
}

// decide has one event decided and keeps what follows from it.
func (t *transaction) decide(def *definitions.Definition, env *facts, ev engine.Event, command uuid.UUID) error {
	if err := t.flush(); err != nil {
		return err
	}
	st := t.row.state
	decision, err := t.engine.Decide(t.ctx, def, st, ev, env)
	var text []byte
	if err == nil {
		text, err = t.check(&decision)
	}
	var refusal *engine.Refusal
	var broken *engine.Fault
	switch {
	case errors.As(err, &refusal):
		t.answers = append(t.answers, answer{command, receiptOf(refusal, st.Process)})
		if ev.Type == engine.EventStart {
			t.neverStarted(engine.OutcomeRefused)
		}
		return t.undo()
	case errors.As(err, &broken):
		if err := t.undo(); err != nil {
			return err
		}
		return &parkedError{ev, broken}
	case err != nil:
		return err
	case len(decision.Changes) == 0:
		t.answers = append(t.answers, answer{command, decision.Receipt})
		t.forget()
		return nil
	}
	defer t.forget()
	return t.record(ev, command, decision, text)
}

// nextEvent answers what comes next: the oldest stored command or the earliest deadline, whichever was first.
func (t *transaction) nextEvent(waiting *[]pending) (engine.Event, uuid.UUID, bool) {
	dl, due := t.row.state.EarliestDue(t.now, t.isParked)
	if len(*waiting) > 0 && (!due || !(*waiting)[0].at.After(dl.At)) {
		c := (*waiting)[0]
		*waiting = (*waiting)[1:]
		return engine.Event{ID: "cmd/" + c.id.String(), Type: c.kind, At: c.at.UTC(), Actor: actorOf(c.actor), Data: json.RawMessage(c.payload)}, c.id, true
	}
	if !due {
		return engine.Event{}, uuid.Nil, false
	}
	data := encode(engine.DeadlineData{Deadline: dl.ID, Key: dl.Key, Node: dl.Node})
	return engine.Event{ID: deadlineID(dl.ID), Type: engine.EventDeadline, At: dl.At, Data: json.RawMessage(data)}, uuid.Nil, true
}

// isParked says which deadlines wait for an operator: they neither fire nor stand in the way of later ones.
func (t *transaction) isParked(deadline string) bool { return t.parked[deadlineID(deadline)] }

func deadlineID(deadline string) string { return "due/" + deadline }

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

// check refuses what must not be stored: too much, a value that is not JSON, a business key that another process has. It
// answers the changes as the log will hold them.
func (t *transaction) check(d *engine.Decision) ([]byte, error) {
	text, err := engine.EncodeChanges(d.Changes)
	if err != nil {
		return nil, &engine.Fault{Code: codeUnstorable, Path: "changes", Err: err}
	}
	if len(text) > maxChangeBytes {
		return nil, &engine.Fault{Code: "changes_too_large", Err: fmt.Errorf("%d bytes of changes, at most %d are allowed", len(text), maxChangeBytes)}
	}
	for _, c := range d.Changes {
		if k, ok := c.(*engine.BusinessKeySet); ok && (t.row.key == nil || *t.row.key != k.Key) {
			return text, t.identify(k.Key)
		}
	}
	return text, nil
}

// identify gives the process a business key that was not known when its row was stored: a child's. A key that another open process
// of the definition has refuses the start.
func (t *transaction) identify(key string) error {
	if t.unsaved {
		t.row.key = &key
		return nil
	}
	if err := t.savepoint(); err != nil {
		return err
	}
	_, err := t.conn.Exec(t.ctx, `UPDATE processes SET business_key = $2 WHERE id = $1`, t.job.process, key)
	var taken *store.ConstraintError
	if errors.As(store.Classify(err), &taken) && taken.Constraint == businessKeyIndex {
		return &engine.Refusal{Code: "business_key_taken", Message: definitions.Text{
			Zh: "同一业务已有进行中的流程：" + key, En: "a process for the same business key is already open: " + key,
		}}
	}
	return err
}

func receiptOf(r *engine.Refusal, process string) engine.Receipt {
	return engine.Receipt{
		Status: "refused", Code: r.Code, Message: r.Message, Fields: r.Fields, Process: process, Task: r.Task, Revision: r.Revision, Winner: r.Winner,
	}
}

// record queues the log row of a decision (exact bytes, their place in the hash chain, the digest of the state) and its
// projections.
func (t *transaction) record(ev engine.Event, command uuid.UUID, d engine.Decision, text []byte) error {
	r := record{seq: t.row.seq + 1, event: ev, changes: d.Changes, command: command, text: text}
	if command != uuid.Nil {
		receipt := d.Receipt
		receipt.Seq = r.seq
		r.receipt = &receipt
	}
	state, err := json.Marshal(d.State)
	if err != nil {
		return &encodeError{fmt.Errorf("state: %w", err)}
	}
	event, err := json.Marshal(ev)
	if err != nil {
		return &encodeError{fmt.Errorf("event: %w", err)}
	}
	sum := sha256.Sum256(state)
	r.digest = sum[:]
	r.hash = ChainHash(t.row.head, r.seq, event, r.text)
	t.row.seq, t.row.head, t.row.state = r.seq, r.hash, d.State
	t.write.state, t.write.digest = state, r.digest
	t.write.log(t.job.process, r, event)
	t.remember(d.Changes)
	t.records = append(t.records, r)
	return t.project(r)
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
