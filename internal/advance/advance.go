package advance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"steward/internal/store"
	"steward/workflows/engine"
)

// Limits of one call, architecture.md 1, rules 4 and 9.
const (
	maxEvents      = 100       // then it commits and answers Again
	maxChangeBytes = 256 << 10 // of one event
	attempts       = 8         // of a transaction that met a deadlock or a lock timeout
)

// Advancer runs the transaction of a decision. It is safe for concurrent use.
type Advancer struct {
	store     *store.Store
	engine    *engine.Engine
	catalog   *Catalog
	calendars *Calendars
	announce  Announce
	log       *slog.Logger
	tracer    trace.Tracer
	nudge     Nudge
	hook      func(point FailPoint, process uuid.UUID)
}

// FailPoint names a moment at which tests kill or stall the program.
type FailPoint string

// The fail-points inside a transaction (shared/quality: nothing lost).
const (
	PointLocked       FailPoint = "locked"        // after the row lock
	PointBeforeCommit FailPoint = "before-commit" // all is written, nothing committed
	PointAfterCommit  FailPoint = "after-commit"  // committed, nobody told yet
	PointAnswer       FailPoint = "answer"        // the receipt is at hand, the person has not got it yet
)

// Announce tells those who wait for a command's receipt that it is there; it is called after the commit and never blocks.
type Announce func(command uuid.UUID, receipt string)

// New makes an Advancer.
func New(st *store.Store, eng *engine.Engine, catalog *Catalog, calendars *Calendars, announce Announce, nudge Nudge, log *slog.Logger) *Advancer {
	return &Advancer{
		store: st, engine: eng, catalog: catalog, calendars: calendars, announce: announce, nudge: nudge, log: log,
		tracer: otel.Tracer("steward/internal/advance"), hook: func(FailPoint, uuid.UUID) {},
	}
}

// SetHook installs a function that is called at every fail-point; for tests.
func (a *Advancer) SetHook(hook func(point FailPoint, process uuid.UUID)) { a.hook = hook }

// Wake says who calls Advance and what it brings.
type Wake struct {
	Workflow bool   // the process's workflow calls: what the process wants is with Temporal once this returns
	Seen     []Mark // what the workflow knows to have been decided; Postgres must hold it
}

// Mark names a row of the decision log as Temporal remembers it: Head is Effects.Head, or "" when only the sequence is known.
type Mark struct {
	Seq  int64
	Head string
}

// ErrBehind says that Postgres holds less of a process, or another history, than its workflow has seen: it was restored from a
// backup. An incident is open, and the workflow must wait for `steward recover --postgres-restored`.
var ErrBehind = errors.New("the database is behind the workflow")

// Advance fires what is due and applies what is stored, then answers what the process wants now. It may be called at any
// time, by anyone and any number of times: what has been decided is not decided again.
func (a *Advancer) Advance(ctx context.Context, process uuid.UUID, wake Wake) (Effects, error) {
	out, err := a.run(ctx, job{process: process, wake: wake})
	return out.effects, err
}

// job is one call: a process, who calls, and for the API a command or a whole process to be stored in the same transaction, together
// with what became of it.
type job struct {
	process uuid.UUID
	wake    Wake
	insert  *newCommand
	create  *newProcess
	drop    *drop
	renewed bool // the calendars were read after a command to plan again was seen
	single  bool // one event a transaction: one of those at hand cannot be stored
}

// outcome is what one call did.
type outcome struct {
	effects  Effects
	events   int
	nudge    bool // Temporal has to be told
	dropped  bool // what an operator gave up is out of the way
	receipts []settled
	children []uuid.UUID // processes that were given something to do: started, cancelled, or told of a child's end
}

type settled struct {
	command uuid.UUID
	receipt string
}

// run repeats a transaction that Postgres gave up on, and turns a fault into an incident.
func (a *Advancer) run(ctx context.Context, j job) (outcome, error) {
	ctx, span := a.tracer.Start(ctx, "advance", trace.WithAttributes(attribute.String("steward.process", j.process.String())))
	defer span.End()
	if err := a.refresh(ctx); err != nil {
		return outcome{}, err
	}
	var done outcome
	for attempt := 0; ; attempt++ {
		out, err := a.once(ctx, j)
		if err == nil {
			a.tell(j, out)
			a.follow(ctx, j, out)
			done.effects, done.events, done.receipts = out.effects, done.events+out.events, append(done.receipts, out.receipts...)
			if !j.single || !out.effects.Again || done.events >= maxEvents {
				return done, nil
			}
			if j.insert, j.create, attempt = nil, nil, -1; out.dropped {
				j.drop = nil
			}
			continue
		}
		if j, err = a.mend(ctx, j, err, attempt); err != nil {
			span.RecordError(err)
			return out, fmt.Errorf("advance process %s: %w", j.process, err)
		}
	}
}

// mend answers the job with which to try again after an error, or the error when that makes no sense.
func (a *Advancer) mend(ctx context.Context, j job, err error, attempt int) (job, error) {
	var parked *parkedError
	var cold *coldError
	var split *splitError
	switch {
	case errors.As(err, &parked):
		if j, err = a.keep(ctx, j); err != nil {
			return j, err
		}
		return j, a.park(ctx, j.process, parked)
	case errors.As(err, &split) && !j.single:
		j.single = true
		return j, nil
	case errors.Is(err, ErrBehind):
		return j, errors.Join(err, a.reportBehind(ctx, j.process, err))
	case errors.Is(err, errOldCalendars):
		j.renewed = true
		return j, a.calendars.Renew(ctx)
	case errors.As(err, &cold) && attempt < attempts:
		_, err = a.catalog.Get(ctx, cold.ref.ID, cold.ref.Version)
		return j, err
	case (retryable(err) || overtaken(err)) && attempt < attempts && ctx.Err() == nil:
		wait(ctx, time.Duration(1<<max(0, min(attempt, 6)))*2*time.Millisecond)
		return j, nil
	}
	return j, err
}

// keep stores by itself what a transaction that failed had brought along: a command is never lost to a fault.
func (a *Advancer) keep(ctx context.Context, j job) (job, error) {
	if j.insert == nil {
		return j, nil
	}
	fresh, err := a.storeCommand(ctx, j.insert, j.create)
	if err != nil {
		return j, fmt.Errorf("keep command of process %s: %w", j.process, err)
	}
	j.insert.fresh = fresh
	j.insert, j.create = nil, nil
	return j, nil
}

// refresh renews, before a connection is held, what decisions take from memory.
func (a *Advancer) refresh(ctx context.Context) error {
	if err := a.catalog.Refresh(ctx); err != nil {
		return err
	}
	return a.calendars.Refresh(ctx)
}

// overtaken tells that a request with the same key was faster: what it stored is seen when the transaction is repeated.
func overtaken(err error) bool {
	var c *store.ConstraintError
	return errors.As(err, &c) && slices.Contains([]string{"commands_pkey", "commands_actor_key_key", "processes_pkey"}, c.Constraint)
}

func retryable(err error) bool { return store.Retryable(err) || errors.Is(err, store.ErrBusy) }

// wait pauses for about d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d/2 + rand.N(d))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// once runs the transaction one time.
func (a *Advancer) once(ctx context.Context, j job) (outcome, error) {
	conn, err := a.store.Pool().Acquire(ctx)
	if err != nil {
		return outcome{}, store.Classify(err)
	}
	defer conn.Release()
	t := &transaction{Advancer: a, ctx: ctx, conn: conn, job: j}
	out, err := t.run() //nolint:contextcheck // it joins the trace of the request that stored the command
	if err != nil {
		t.rollback() //nolint:contextcheck // it must work after the request has given up
		return out, classify(err)
	}
	a.hook(PointAfterCommit, j.process)
	return out, nil
}

func classify(err error) error {
	var parked *parkedError
	var cold *coldError
	var split *splitError
	if errors.As(err, &parked) || errors.As(err, &cold) || errors.As(err, &split) || errors.Is(err, errOldCalendars) || errors.Is(err, ErrNoProcess) || errors.Is(err, ErrBehind) {
		return err
	}
	return store.Classify(err)
}

// transaction is one attempt at work.
type transaction struct {
	*Advancer
	ctx     context.Context
	conn    *pgxpool.Conn
	job     job
	row     processRow
	unsaved bool // the process is the one that the job brought: it is stored at the end
	now     time.Time
	parked  map[string]bool // ids of the events that wait for an operator
	more    bool            // commands were left to the next transaction

	events  []engine.Event // decided here, or tried
	records []record
	answers []answer
	closed  map[string]engine.Decided // tasks closed by this transaction
	claims  map[string]bool           // keys of registers that the event at hand is about to use
	saved   bool                      // a savepoint stands
	touched bool                      // the event at hand has written something under it
	write   writes
}

// rollback leaves the connection clean; one that cannot be cleaned is closed with the pool's Release.
func (t *transaction) rollback() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 2*time.Second)
	defer cancel()
	if _, err := t.conn.Exec(ctx, "ROLLBACK"); err != nil {
		_ = t.conn.Conn().Close(ctx)
	}
}

// How long a nudge may wait for room before it is left to the sweeper: who has decided in a request is slowed down to what
// Temporal takes, within reason; an Advance of a workflow has little time of its own.
const (
	queuing         = time.Second
	queuingWorkflow = 20 * time.Millisecond
)

// follow tells Temporal what it has to know after a commit.
func (a *Advancer) follow(ctx context.Context, j job, out outcome) {
	patience := queuing
	if j.wake.Workflow {
		patience = queuingWorkflow
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if out.nudge {
		a.nudge(ctx, j.process, out.effects)
	}
	for _, child := range out.children {
		a.nudge(ctx, child, Effects{Again: true})
	}
}

// tell announces the receipts of a commit; who stored the command in the same transaction has its receipt at hand.
func (a *Advancer) tell(j job, out outcome) {
	for _, s := range out.receipts {
		if j.insert == nil || s.command != j.insert.ID {
			a.announce(s.command, s.receipt)
		}
	}
}
