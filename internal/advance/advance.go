package advance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
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
	Workflow bool  // the process's workflow calls: what the process wants is with Temporal once this returns
	SeenSeq  int64 // the last sequence that the workflow saw; Postgres must not be behind it
}

// ErrBehind says that Postgres holds less of a process than its workflow has seen: it was restored from a backup. The
// workflow must wait for `steward recover --postgres-restored`.
var ErrBehind = errors.New("the database is behind the workflow")

// Advance fires what is due and applies what is stored, then answers what the process wants now. It may be called at any
// time, by anyone and any number of times: what has been decided is not decided again.
func (a *Advancer) Advance(ctx context.Context, process uuid.UUID, wake Wake) (Effects, error) {
	out, err := a.run(ctx, job{process: process, wake: wake})
	return out.effects, err
}

// job is one call: a process, who calls, and for the API a command or a whole process to be stored in the same transaction.
type job struct {
	process uuid.UUID
	wake    Wake
	insert  *newCommand
	create  *newProcess
}

// outcome is what one call did.
type outcome struct {
	effects  Effects
	nudge    bool // Temporal has to be told
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
	for attempt := 0; ; attempt++ {
		out, err := a.once(ctx, j)
		var parked *parkedError
		var cold *coldError
		switch {
		case errors.As(err, &cold) && attempt < attempts:
			if _, err := a.catalog.Get(ctx, cold.ref.ID, cold.ref.Version); err != nil {
				return out, fmt.Errorf("advance process %s: %w", j.process, err)
			}
		case err == nil:
			a.tell(j, out)
			a.follow(ctx, j, out)
			return out, nil
		case errors.As(err, &parked):
			if j, err = a.keep(ctx, j); err != nil {
				return out, err
			}
			if err := a.park(ctx, j.process, parked); err != nil {
				return out, err
			}
		case retryable(err) && attempt < attempts && ctx.Err() == nil:
			wait(ctx, time.Duration(1<<min(attempt, 6))*2*time.Millisecond)
		default:
			span.RecordError(err)
			return out, fmt.Errorf("advance process %s: %w", j.process, err)
		}
	}
}

// keep stores by itself what a transaction that failed had brought along: a command is never lost to a fault.
func (a *Advancer) keep(ctx context.Context, j job) (job, error) {
	if j.insert == nil {
		return j, nil
	}
	if _, err := a.storeCommand(ctx, j.insert, j.create); err != nil {
		return j, fmt.Errorf("keep command of process %s: %w", j.process, err)
	}
	return job{process: j.process, wake: j.wake}, nil
}

// refresh renews, before a connection is held, what decisions take from memory.
func (a *Advancer) refresh(ctx context.Context) error {
	if err := a.catalog.Refresh(ctx); err != nil {
		return err
	}
	return a.calendars.Refresh(ctx)
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
	out, err := t.run()
	if err != nil {
		t.rollback()
		return out, classify(err)
	}
	a.hook(PointAfterCommit, j.process)
	return out, nil
}

func classify(err error) error {
	var parked *parkedError
	var cold *coldError
	if errors.As(err, &parked) || errors.As(err, &cold) || errors.Is(err, ErrNoProcess) || errors.Is(err, ErrBehind) {
		return err
	}
	return store.Classify(err)
}

// rollback leaves the connection clean; one that cannot be cleaned is closed with the pool's Release.
func (t *transaction) rollback() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 2*time.Second)
	defer cancel()
	if _, err := t.conn.Exec(ctx, "ROLLBACK"); err != nil {
		_ = t.conn.Conn().Close(ctx)
	}
}

// follow tells Temporal what it has to know after a commit.
func (a *Advancer) follow(ctx context.Context, j job, out outcome) {
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

// transaction is one attempt at work.
type transaction struct {
	*Advancer
	ctx   context.Context
	conn  *pgxpool.Conn
	job   job
	row   processRow
	now   time.Time
	dirty bool // something was written for the event at hand, under the savepoint
	write writes

	closed map[string]engine.Decided // tasks closed by this transaction
}
