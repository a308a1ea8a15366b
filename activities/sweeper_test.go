package activities_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"steward/activities"
	"steward/internal/advance"
	"steward/internal/store"
	"steward/internal/storetest"
	"steward/workflows/engine"
)

func sweep(t *testing.T, s *activities.Sweeper) activities.Tally {
	t.Helper()
	tally, err := s.Sweep(t.Context())
	require.NoError(t, err)
	return tally
}

func (s *stack) sweeper(n *activities.Nudger, opts activities.SweeperOptions) *activities.Sweeper {
	return activities.NewSweeper(s.store, n, s.advancer, s.log, opts)
}

// command stores a command of ann that cancels a process, as an API that died right afterwards.
func (b *bed) command(t *testing.T, process uuid.UUID, hold *time.Time) uuid.UUID {
	t.Helper()
	id := uuid.New()
	_, err := b.store.Pool().Exec(t.Context(), `INSERT INTO commands (id, process_id, actor, key, body_digest, type, payload, hold_until)
		VALUES ($1, $2, 'ann', $1::uuid::text, '', $3, '{"reason": "test"}', $4)`, id, process, engine.EventCancel, hold)
	require.NoError(t, err)
	return id
}

func (b *bed) settled(t *testing.T, command uuid.UUID) bool {
	t.Helper()
	return scan[bool](t, b.store, "SELECT settled_at IS NOT NULL FROM commands WHERE id = $1", command)
}

func TestSweeperStartsAProcessWhoseStartWasLost(t *testing.T) {
	t.Parallel()
	for _, mode := range []advance.Mode{advance.ModeAPI, advance.ModeWorkflow} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			api, kill := context.WithCancel(t.Context())
			defer kill()
			s := newStack(t, mode, func(context.Context, uuid.UUID, advance.Effects) { kill() }, never, newBed(t))
			s.work(t)
			_, err := s.service.Start(api, advance.Start{Definition: "visit", Input: map[string]any{}, Actor: "ann", Key: uuid.NewString()})
			require.NoError(t, err, "it is decided, but what it wants from Temporal is lost with the API")
			process := scan[uuid.UUID](t, s.store, "SELECT id FROM processes")
			sweeper := s.sweeper(s.nudger(activities.NudgerOptions{}), activities.SweeperOptions{})
			require.Zero(t, sweep(t, sweeper), "too young to be lost")
			require.Empty(t, s.history(t, process))

			s.age(t)
			require.Equal(t, activities.Tally{Nudged: 1}, sweep(t, sweeper))
			eventually(t, func() bool { return s.count(t, "processes WHERE unsettled_since IS NULL AND status = 'running'") == 1 }, "its workflow has looked")
			require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, s.status(t, process))
			require.Equal(t, 1, s.count(t, "tasks"))
			require.Zero(t, sweep(t, sweeper), "nothing is left to do")
		})
	}
}

func TestSweeperHasLostCommandsDecided(t *testing.T) {
	t.Parallel()
	s := newStack(t, advance.ModeAPI, lose, never, newBed(t))
	s.work(t)
	process := s.start(t)
	command := s.command(t, process, nil)
	s.age(t)
	require.Equal(t, activities.Tally{Nudged: 1}, sweep(t, s.sweeper(s.nudger(activities.NudgerOptions{}), activities.SweeperOptions{})), "once, for command and mark")
	eventually(t, func() bool { return s.settled(t, command) }, "the workflow has decided it")
	eventually(t, func() bool {
		return s.status(t, process) == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}, "the process was cancelled, its workflow ends")
}

func TestSweeperDecidesWhileTemporalIsAway(t *testing.T) {
	t.Parallel()
	b := &bed{store: storetest.New(t), client: dial(t, "127.0.0.1:1"), log: quiet()}
	s := newStack(t, advance.ModeAPI, lose, never, b)
	process := s.start(t)
	command := s.command(t, process, nil)
	other := s.start(t)
	s.age(t)
	sweeper := s.sweeper(b.nudger(activities.NudgerOptions{Timeout: 100 * time.Millisecond, AwayFor: time.Minute}), activities.SweeperOptions{})
	require.Equal(t, activities.Tally{Decided: 1}, sweep(t, sweeper))
	require.True(t, s.settled(t, command))
	require.Equal(t, "ended", scan[string](t, s.store, "SELECT status FROM processes WHERE id = $1", process))
	require.True(t, scan[bool](t, s.store, "SELECT unsettled_since IS NOT NULL FROM processes WHERE id = $1", other), "Temporal still has to learn of it")
}

// TestSweeperDecidesWhileNoWorkerLooks: Temporal takes a nudge also when nobody is there to act on it.
func TestSweeperDecidesWhileNoWorkerLooks(t *testing.T) {
	t.Parallel()
	s := newStack(t, advance.ModeWorkflow, lose, never, newBed(t))
	process := s.start(t)
	command := s.command(t, process, nil)
	s.age(t)
	sweeper := s.sweeper(s.nudger(activities.NudgerOptions{}), activities.SweeperOptions{Age: 100 * time.Millisecond})
	require.Equal(t, activities.Tally{Nudged: 1}, sweep(t, sweeper), "the workflow has the first chance")
	eventually(t, func() bool { sweep(t, sweeper); return s.settled(t, command) }, "it did not take it")
}

func TestSweeperDecidesForAWorkflowThatWasClosed(t *testing.T) {
	t.Parallel()
	s := newStack(t, advance.ModeAPI, lose, never, newBed(t))
	n := s.nudger(activities.NudgerOptions{})
	process := s.start(t)
	require.NoError(t, n.Send(t.Context(), process, advance.Effects{Start: true}))
	require.NoError(t, s.client.TerminateWorkflow(t.Context(), process.String(), "", "test"))
	command := s.command(t, process, nil)
	s.age(t)
	require.Equal(t, activities.Tally{Decided: 1}, sweep(t, s.sweeper(n, activities.SweeperOptions{})))
	require.True(t, s.settled(t, command))

	s.age(t)
	require.Equal(t, activities.Tally{Settled: 1}, sweep(t, s.sweeper(n, activities.SweeperOptions{})), "it has ended: Temporal has nothing to learn")
	require.Zero(t, s.count(t, "processes WHERE unsettled_since IS NOT NULL"))
}

func TestSweeperEndsTheWorkflowOfAnEndedProcess(t *testing.T) {
	t.Parallel()
	s := newStack(t, advance.ModeAPI, lose, never, newBed(t))
	s.work(t)
	n := s.nudger(activities.NudgerOptions{})
	known, unknown := s.start(t), s.start(t)
	require.NoError(t, n.Send(t.Context(), known, advance.Effects{Start: true, Seq: 1}))
	for _, process := range []uuid.UUID{known, unknown} {
		_, err := s.service.Submit(t.Context(), advance.Command{Process: process, Type: engine.EventCancel, Actor: "ann", Key: uuid.NewString(), Payload: engine.CancelData{Reason: "test"}})
		require.NoError(t, err)
	}
	s.age(t)
	require.Equal(t, activities.Tally{Settled: 2}, sweep(t, s.sweeper(n, activities.SweeperOptions{})))
	require.Zero(t, s.count(t, "processes WHERE unsettled_since IS NOT NULL"))
	eventually(t, func() bool { return s.status(t, known) == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED }, "its workflow ends")
	require.Empty(t, s.history(t, unknown), "no workflow is started only to end")
}

// ledger is an Advancer that notes who was advanced.
type ledger struct {
	mu       sync.Mutex
	advanced map[uuid.UUID]int
	fail     error
}

func (l *ledger) Advance(_ context.Context, process uuid.UUID, _ advance.Wake) (advance.Effects, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advanced[process]++
	return advance.Effects{}, l.fail
}

// offline is a sweeper whose Temporal is away, so that all it does is in the ledger.
func offline(t *testing.T, opts activities.SweeperOptions) (*bed, *activities.Sweeper, *ledger) {
	t.Helper()
	b := &bed{store: storetest.New(t), client: dial(t, "127.0.0.1:1"), log: quiet()}
	n := b.nudger(activities.NudgerOptions{Timeout: 50 * time.Millisecond, AwayFor: time.Hour})
	require.Error(t, n.Send(t.Context(), uuid.New(), advance.Effects{Seq: 1}))
	l := &ledger{advanced: make(map[uuid.UUID]int)}
	return b, activities.NewSweeper(b.store, n, l, b.log, opts), l
}

func TestSweeperGoesPageByPageUntilNoneIsLeft(t *testing.T) {
	t.Parallel()
	b, sweeper, l := offline(t, activities.SweeperOptions{Page: 7, PerSecond: 1000})
	const n = 40
	_, err := b.store.Pool().Exec(t.Context(), `INSERT INTO commands (id, process_id, actor, key, body_digest, type, payload, received_at)
		SELECT gen_random_uuid(), gen_random_uuid(), 'ann', i::text, '', 'cancel', '{}', now() - interval '1 hour' FROM generate_series(1, $1) i`, n)
	require.NoError(t, err)
	require.Equal(t, activities.Tally{Decided: n}, sweep(t, sweeper), "also where all are of one moment")
	require.Len(t, l.advanced, n)
}

func TestWhichCommandsAreLost(t *testing.T) {
	t.Parallel()
	b, sweeper, l := offline(t, activities.SweeperOptions{})
	ago := func(d time.Duration) *time.Time { at := time.Now().Add(-d); return &at }
	tests := map[string]struct {
		received     time.Duration // ago
		hold         *time.Time
		settled      bool
		parked, want bool
		start        bool // of the process is parked
	}{
		"old":                              {received: time.Minute, want: true},
		"young":                            {received: time.Second},
		"settled":                          {received: time.Minute, settled: true},
		"held back":                        {received: time.Minute, hold: ago(-time.Hour)},
		"held back until a moment ago":     {received: 10 * time.Second, hold: ago(time.Second), want: true},
		"waits for an operator":            {received: time.Minute, parked: true},
		"waits with the start":             {received: time.Minute, start: true},
		"waited for an operator until now": {received: time.Minute, want: true},
	}
	processes := make(map[string]uuid.UUID)
	for name, test := range tests {
		process := uuid.New()
		if test.start {
			process = storetest.Process(t, b.store.Pool(), func(p *store.Process) { p.Status = "starting" }).ID
			_, err := b.store.ReportIncident(t.Context(), store.NewIncident{ProcessID: process, EventID: "cmd/" + uuid.NewString(), Kind: "fuel", Message: "x"})
			require.NoError(t, err)
		}
		processes[name] = process
		command := b.command(t, process, test.hold)
		_, err := b.store.Pool().Exec(t.Context(), `UPDATE commands SET received_at = $2, settled_at = CASE WHEN $3 THEN now() END WHERE id = $1`, command, ago(test.received), test.settled)
		require.NoError(t, err)
		if test.parked || name == "waited for an operator until now" {
			i, err := b.store.ReportIncident(t.Context(), store.NewIncident{ProcessID: process, EventID: "cmd/" + command.String(), Kind: "fuel", Message: "x"})
			require.NoError(t, err)
			if !test.parked {
				_, err = b.store.Pool().Exec(t.Context(), "UPDATE incidents SET resolved_at = now() WHERE id = $1", i.ID)
				require.NoError(t, err)
			}
		}
	}
	sweep(t, sweeper)
	for name, test := range tests {
		require.Equal(t, test.want, l.advanced[processes[name]] == 1, name)
	}
}

func TestWhatStaysUnsettledIsRepeatedLessAndLess(t *testing.T) {
	t.Parallel()
	b, sweeper, l := offline(t, activities.SweeperOptions{LongestWait: time.Hour})
	l.fail = errors.New("still broken")
	process := uuid.New()
	b.command(t, process, nil)
	b.age(t)
	require.Equal(t, activities.Tally{Failed: 1}, sweep(t, sweeper))
	require.Zero(t, sweep(t, sweeper), "not at once again: not before fifteen seconds")
	b, sweeper, l = offline(t, activities.SweeperOptions{Age: time.Millisecond, LongestWait: time.Hour})
	l.fail = errors.New("still broken")
	b.command(t, process, nil)
	b.age(t)
	for range 4 {
		eventually(t, func() bool { return sweep(t, sweeper) == activities.Tally{Failed: 1} }, "but again and again")
	}

	_, err := b.store.Pool().Exec(t.Context(), "UPDATE commands SET settled_at = now()")
	require.NoError(t, err)
	require.Zero(t, sweep(t, sweeper), "settled: it is forgotten")
	_, err = b.store.Pool().Exec(t.Context(), "UPDATE commands SET settled_at = NULL")
	require.NoError(t, err)
	require.Equal(t, activities.Tally{Failed: 1}, sweep(t, sweeper), "lost anew: served at once")
}

// TestAFailedDecisionIsTriedAgainSoon, every time: a row may have been locked, and Temporal is not troubled by it.
func TestAFailedDecisionIsTriedAgainSoon(t *testing.T) {
	t.Parallel()
	const age, attempts = 50 * time.Millisecond, 12
	b, sweeper, l := offline(t, activities.SweeperOptions{Age: age, LongestWait: time.Hour})
	l.fail = errors.New("locked")
	process := uuid.New()
	b.command(t, process, nil)
	b.age(t)
	began := time.Now()
	eventually(t, func() bool { sweep(t, sweeper); return l.advanced[process] == attempts }, "with pauses that double it would take minutes")
	require.GreaterOrEqual(t, time.Since(began), (attempts-1)*age, "but not at once")
}

// TestAnOutageDoesNotMakeTheSweeperSlow: what could not be told while Temporal was away is told as soon as it is back.
func TestAnOutageDoesNotMakeTheSweeperSlow(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	g := newGate(t, shared.address(t))
	b.client = dial(t, g.Addr().String())
	n := b.nudger(activities.NudgerOptions{AwayFor: 10 * time.Millisecond})
	s := newStack(t, advance.ModeAPI, lose, n.Away, b)
	sweeper := s.sweeper(n, activities.SweeperOptions{Age: 2 * patience, LongestWait: time.Hour})
	s.start(t)
	s.age(t)
	g.set(true)
	for range 5 {
		eventually(t, func() bool { return !n.Away() }, "it is tried again")
		require.Equal(t, activities.Tally{Failed: 1}, sweep(t, sweeper))
	}
	g.set(false)
	eventually(t, func() bool { return sweep(t, sweeper) == activities.Tally{Nudged: 1} }, "Temporal is back")
	require.Zero(t, sweep(t, sweeper), "what was told gets its time")
}

// TestTheSweeperLeavesAloneWhatTheNudgerHolds, and is not the slower for it when the nudge is lost after all.
func TestTheSweeperLeavesAloneWhatTheNudgerHolds(t *testing.T) {
	t.Parallel()
	people := gathered()
	b := newBed(t)
	n := b.nudger(activities.NudgerOptions{Busy: people.here.Load, Defer: time.Hour})
	s := newStack(t, advance.ModeAPI, lose, never, b)
	sweeper := s.sweeper(n, activities.SweeperOptions{Age: 2 * patience, LongestWait: time.Hour})
	process := s.start(t)
	s.age(t)
	n.Nudge(t.Context(), process, known(1)) // without the mark in Postgres, which stays
	require.Zero(t, sweep(t, sweeper))
	inBackground(t, n.Run)
	people.here.Store(false)
	eventually(t, func() bool { return !n.Holds(process) }, "it is on its way")
	require.Equal(t, activities.Tally{Nudged: 1}, sweep(t, sweeper))
}

// TestAFullQueueStopsNoDecision: Temporal is slow, and nobody takes nudges any more; people are answered all the same.
func TestAFullQueueStopsNoDecision(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	n := b.nudger(activities.NudgerOptions{Queue: 1})
	s := newStack(t, advance.ModeWorkflow, n.Nudge, never, b)
	s.start(t) // takes the only place
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	res, err := s.service.Start(ctx, advance.Start{Definition: "visit", Input: map[string]any{}, Actor: "ann", Key: "start"})
	require.NoError(t, err)
	require.Equal(t, "applied", res.Receipt.Status)
	res, err = s.service.Submit(ctx, advance.Command{Process: res.Process, Type: engine.EventCancel, Actor: "ann", Key: "cancel", Payload: engine.CancelData{Reason: "test"}})
	require.NoError(t, err)
	require.Equal(t, "applied", res.Receipt.Status)
}

// TestSweeperFindsDeadlinesThatNobodyFired: whatever became of the timer, a minute later somebody looks.
func TestSweeperFindsDeadlinesThatNobodyFired(t *testing.T) {
	t.Parallel()
	s := newStack(t, advance.ModeAPI, lose, never, newBed(t))
	sweeper := s.sweeper(s.nudger(activities.NudgerOptions{}), activities.SweeperOptions{})
	overdue, soon, ended, closed := s.start(t), s.start(t), s.start(t), s.start(t)
	set := func(process uuid.UUID, status, ago string) {
		_, err := s.store.Pool().Exec(t.Context(), `UPDATE processes SET unsettled_since = NULL, status = $2, next_at = now() - $3::text::interval WHERE id = $1`, process, status, ago)
		require.NoError(t, err)
	}
	set(overdue, "running", "2 minutes")
	set(soon, "running", "30 seconds")
	set(ended, "ended", "2 minutes")
	set(closed, "running", "2 minutes")
	_, err := s.store.ReportIncident(t.Context(), store.NewIncident{ProcessID: closed, EventID: "workflow/x", Kind: store.IncidentWorkflowClosed, Message: "x"})
	require.NoError(t, err)
	require.Equal(t, activities.Tally{Nudged: 1}, sweep(t, sweeper))
	require.NotEmpty(t, s.history(t, overdue))
	require.Zero(t, sweep(t, sweeper), "and gives it time")
}

func TestSweeperKeepsAPace(t *testing.T) {
	t.Parallel()
	b, sweeper, _ := offline(t, activities.SweeperOptions{PerSecond: 50, InFlight: 1})
	for range 11 {
		b.command(t, uuid.New(), nil)
	}
	b.age(t)
	begun := time.Now()
	require.Equal(t, activities.Tally{Decided: 11}, sweep(t, sweeper))
	require.GreaterOrEqual(t, time.Since(begun), 190*time.Millisecond, "ten of them wait 20 ms each")
}

// backends answers the Postgres processes that hold the lock of a service.
func backends(t *testing.T, st *store.Store, name string) []int {
	t.Helper()
	return scan[[]int](t, st, `SELECT coalesce(array_agg(l.pid ORDER BY l.pid), '{}') FROM pg_locks l JOIN pg_stat_activity a USING (pid)
		WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = $1 AND a.datname = current_database()`, name)
}

func TestOneSweeperLeadsAndAnotherTakesOver(t *testing.T) {
	t.Parallel()
	b := &bed{store: storetest.New(t), client: dial(t, "127.0.0.1:1"), log: quiet()}
	n := b.nudger(activities.NudgerOptions{})
	var rounds [2]atomic.Int64
	for i := range rounds {
		count := activities.Chore{Name: "count", Do: func(context.Context) error {
			rounds[i].Add(1)
			return errors.New("a chore that fails is tried again")
		}}
		s := activities.NewSweeper(b.store, n, &ledger{advanced: make(map[uuid.UUID]int)}, b.log,
			activities.SweeperOptions{Every: tick, ChoreEvery: time.Millisecond, Chores: []activities.Chore{count}})
		inBackground(t, s.Run)
	}
	eventually(t, func() bool { return rounds[0].Load()+rounds[1].Load() > 5 }, "one leads")
	leader := 0
	if rounds[1].Load() > 0 {
		leader = 1
	}
	require.Zero(t, rounds[1-leader].Load(), "only one")
	first := backends(t, b.store, "steward-sweeper")
	require.Len(t, first, 1)

	require.True(t, scan[bool](t, b.store, "SELECT pg_terminate_backend($1)", first[0]))
	eventually(t, func() bool {
		now := backends(t, b.store, "steward-sweeper")
		return len(now) == 1 && now[0] != first[0]
	}, "somebody leads again")
	before := rounds[0].Load() + rounds[1].Load()
	eventually(t, func() bool { return rounds[0].Load()+rounds[1].Load() > before+5 }, "and works")
}

func TestALeaderThatStopsHandsOver(t *testing.T) {
	t.Parallel()
	b := &bed{store: storetest.New(t), client: dial(t, "127.0.0.1:1"), log: quiet()}
	n := b.nudger(activities.NudgerOptions{})
	run := func(served *atomic.Int64) func() {
		chore := activities.Chore{Name: "count", Do: func(context.Context) error { served.Add(1); return nil }}
		s := activities.NewSweeper(b.store, n, &ledger{advanced: make(map[uuid.UUID]int)}, b.log, activities.SweeperOptions{Every: tick, Chores: []activities.Chore{chore}})
		return inBackground(t, s.Run)
	}
	var first, second atomic.Int64
	stop := run(&first)
	eventually(t, func() bool { return first.Load() == 1 }, "the first leads")
	run(&second)
	eventually(t, func() bool {
		return scan[int](t, b.store, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'steward-sweeper' AND datname = current_database()`) == 2
	}, "the second is there")
	require.Zero(t, second.Load())
	stop()
	eventually(t, func() bool { return second.Load() == 1 }, "the second takes over")
	require.EqualValues(t, 1, first.Load(), "a chore is done once an hour")
}
