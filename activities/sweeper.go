package activities

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"steward/internal/advance"
	"steward/internal/store"
)

// Advisory locks of the services that run once per installation.
const (
	sweeperLock int64 = 7316101
	auditorLock int64 = 7316102
)

// Chore is housekeeping that the sweeper does once an hour.
type Chore struct {
	Name string
	Do   func(ctx context.Context) error
}

// SweeperOptions configures a Sweeper. The zero value is ready for use: every field names its default.
type SweeperOptions struct {
	Every       time.Duration // between two sweeps, and between two attempts to lead, default 5 s
	Age         time.Duration // what is unsettled for so long counts as lost, default 15 s
	Overdue     time.Duration // a deadline that has not fired for so long counts as lost, default 1 minute
	InFlight    int           // nudges at the same time, default 64
	Deciding    int           // decisions at the same time when Temporal takes no nudge, default 8
	PerSecond   float64       // processes served in a second, so that live work keeps its pace after an outage, default 150
	Page        int           // rows read at a time, default 500
	LongestWait time.Duration // before something that stays unsettled is repeated again, default 5 minutes
	ChoreEvery  time.Duration // between two rounds of chores, default 1 hour
	Chores      []Chore
}

func (o SweeperOptions) withDefaults() SweeperOptions {
	o.Every = orDefault(o.Every, 5*time.Second)
	o.Age = orDefault(o.Age, 15*time.Second)
	o.Overdue = orDefault(o.Overdue, time.Minute)
	o.InFlight = orDefault(o.InFlight, 64)
	o.Deciding = orDefault(o.Deciding, 8)
	o.PerSecond = orDefault(o.PerSecond, 150)
	o.Page = orDefault(o.Page, 500)
	o.LongestWait = orDefault(o.LongestWait, 5*time.Minute)
	o.ChoreEvery = orDefault(o.ChoreEvery, time.Hour)
	return o
}

// Advancer decides what is stored for a process; *advance.Advancer is one.
type Advancer interface {
	Advance(ctx context.Context, process uuid.UUID, wake advance.Wake) (advance.Effects, error)
}

// Sweeper finds what got lost between Postgres and Temporal and repeats it: commands that nobody has decided, processes that want
// something from Temporal, and deadlines that have not fired. One of all that run works at a time.
type Sweeper struct {
	store    *store.Store
	nudger   *Nudger
	advancer Advancer
	log      *slog.Logger
	opts     SweeperOptions
	pace     *rate.Limiter
	deciding *semaphore.Weighted
	leader   leader

	mu        sync.Mutex
	patience  patience
	tally     Tally
	lastChore time.Time
}

// Tally counts what one sweep did, in processes.
type Tally struct {
	Nudged  int // Temporal was told
	Decided int // Temporal could not be told: the stored commands were decided here
	Settled int // Temporal had nothing left to learn
	Failed  int // left for a later sweep
}

// NewSweeper makes a Sweeper that tells Temporal through nudger, and advances processes itself where Temporal cannot be told.
func NewSweeper(st *store.Store, nudger *Nudger, advancer Advancer, log *slog.Logger, opts SweeperOptions) *Sweeper {
	opts = opts.withDefaults()
	return &Sweeper{
		store: st, nudger: nudger, advancer: advancer, log: log, opts: opts,
		pace:     rate.NewLimiter(rate.Limit(opts.PerSecond), opts.InFlight),
		deciding: semaphore.NewWeighted(int64(opts.Deciding)),
		leader:   leader{store: st, key: sweeperLock, name: "steward-sweeper", every: opts.Every, log: log},
		patience: patience{first: opts.Age, longest: opts.LongestWait},
	}
}

// Run sweeps whenever this program leads, until ctx ends.
func (s *Sweeper) Run(ctx context.Context) {
	s.leader.run(ctx, func(ctx context.Context) {
		for ctx.Err() == nil {
			s.report(ctx)
			s.doChores(ctx)
			pause(ctx, s.opts.Every)
		}
	})
}

func (s *Sweeper) report(ctx context.Context) {
	tally, err := s.Sweep(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.log.WarnContext(ctx, "sweep broke off", "error", err)
	case tally != Tally{}:
		s.log.InfoContext(ctx, "swept", "nudged", tally.Nudged, "decided", tally.Decided, "settled", tally.Settled, "failed", tally.Failed)
	}
}

func (s *Sweeper) doChores(ctx context.Context) {
	if !s.lastChore.IsZero() && time.Since(s.lastChore) < s.opts.ChoreEvery {
		return
	}
	s.lastChore = time.Now()
	for _, chore := range s.opts.Chores {
		if err := chore.Do(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "chore failed, trying again at the next round", "chore", chore.Name, "error", err)
		}
	}
}

// Sweep goes through all that is unsettled once: commands first, since people wait for them. Calls must not overlap. The error
// says that Postgres could not be read; what single processes met is in the tally.
func (s *Sweeper) Sweep(ctx context.Context) (Tally, error) {
	now, err := s.store.Now(ctx)
	if err != nil {
		return Tally{}, err
	}
	s.patience.begin(time.Now())
	s.tally = Tally{}
	if err := s.sweepCommands(ctx, now); err != nil {
		return s.tally, err
	}
	err = s.sweepProcesses(ctx, sqlLostProcesses, now.Add(-s.opts.Age))
	if err == nil {
		err = s.sweepProcesses(ctx, sqlOverdueProcesses, now.Add(-s.opts.Overdue))
	}
	if err == nil {
		s.patience.forget()
	}
	return s.tally, err
}

func (s *Sweeper) sweepCommands(ctx context.Context, now time.Time) error {
	after := place{}
	for {
		page, err := lostCommands(ctx, s.store, now, s.opts.Age, after, s.opts.Page)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := s.each(ctx, page, s.serveCommand); err != nil {
			return err
		}
		after = page[len(page)-1].place
	}
}

// sweepProcesses has Temporal told of every process that a statement finds.
func (s *Sweeper) sweepProcesses(ctx context.Context, sql string, before time.Time) error {
	after := place{}
	for {
		if s.nudger.Away() {
			return nil // none can be told
		}
		page, err := lostProcesses(ctx, s.store, sql, before, after, s.opts.Page)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := s.each(ctx, page, s.serveProcess); err != nil {
			return err
		}
		after = page[len(page)-1].place
	}
}

// each serves a page, every process at most once a sweep and with growing pauses between sweeps.
func (s *Sweeper) each(ctx context.Context, page []lost, serve func(context.Context, lost) (Tally, error)) error {
	var group errgroup.Group
	group.SetLimit(s.opts.InFlight)
	defer func() { _ = group.Wait() }()
	for _, l := range page {
		if !s.patience.allows(l.process) {
			continue
		}
		if err := s.pace.Wait(ctx); err != nil {
			return err
		}
		group.Go(func() error {
			done, err := serve(ctx, l)
			switch {
			case done == (Tally{}):
			case err == nil:
				s.patience.spend(l.process)
			default: // it costs Temporal nothing to try again soon
				s.patience.putOff(l.process)
			}
			if err != nil && ctx.Err() == nil {
				done = Tally{Failed: 1}
				s.log.DebugContext(ctx, "process not served by this sweep", "process", l.process, "error", err)
			}
			s.count(done)
			return nil
		})
	}
	return nil
}

func (s *Sweeper) count(t Tally) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally.Nudged += t.Nudged
	s.tally.Decided += t.Decided
	s.tally.Settled += t.Settled
	s.tally.Failed += t.Failed
}

// serveCommand has the process's workflow look at its commands. What Temporal does not take is decided here, and what it took without
// any worker having looked: a decision needs only Postgres.
func (s *Sweeper) serveCommand(ctx context.Context, l lost) (Tally, error) {
	if !s.patience.spent(l.process) && !s.nudger.Away() && s.nudger.Send(ctx, l.process, advance.Effects{Again: true}) == nil {
		return Tally{Nudged: 1}, nil
	}
	if err := s.deciding.Acquire(ctx, 1); err != nil {
		return Tally{}, err
	}
	defer s.deciding.Release(1)
	_, err := s.advancer.Advance(ctx, l.process, advance.Wake{})
	return Tally{Decided: 1}, err
}

// errAway says that a process has to wait until Temporal answers.
var errAway = errors.New("temporal is away")

// serveProcess has the workflow ask Postgres what the process wants. A process that has ended wants nothing but its workflow's
// end, of which it can tell the workflow itself.
func (s *Sweeper) serveProcess(ctx context.Context, l lost) (Tally, error) {
	if s.nudger.Holds(l.process) {
		return Tally{}, nil
	}
	if s.nudger.Away() {
		return Tally{}, errAway
	}
	wants := advance.Effects{Again: true}
	if l.ended {
		wants = advance.Effects{Seq: l.seq, Ended: true}
	}
	if err := s.nudger.Send(ctx, l.process, wants); err != nil {
		return Tally{}, err
	}
	if !l.ended {
		return Tally{Nudged: 1}, nil
	}
	_, err := s.store.MarkSettled(ctx, l.process, l.at)
	return Tally{Settled: 1}, err
}
