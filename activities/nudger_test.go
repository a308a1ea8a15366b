package activities_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"steward/activities"
	"steward/internal/advance"
	"steward/internal/store"
	"steward/internal/storetest"
	"steward/workflows"
	"steward/workflows/engine"
)

func TestNudgesOfOneProcessBecomeOne(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	n := b.nudger(activities.NudgerOptions{})
	process := uuid.New()
	soon, later := time.Now().UTC().Add(time.Hour), time.Now().UTC().Add(2*time.Hour)
	n.Nudge(t.Context(), process, advance.Effects{Start: true, Seq: 1, Next: &later})
	n.Nudge(t.Context(), process, advance.Effects{Seq: 3, Next: &soon, Waits: "greet"})
	n.Nudge(t.Context(), process, advance.Effects{Seq: 2, Next: &later})
	inBackground(t, n.Run)

	eventually(t, func() bool { return b.status(t, process) == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING }, "the workflow is started")
	input, nudges := b.told(t, process)
	require.Empty(t, nudges, "what the later nudges said came with the start")
	require.Equal(t, process.String(), input.Process)
	require.Equal(t, &workflows.Effects{Seq: 3, Next: &soon, Waits: "greet"}, input.Known, "the newest effects")
}

func TestANudgeToLookAgainCarriesNothing(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	n := b.nudger(activities.NudgerOptions{})
	process := uuid.New()
	n.Nudge(t.Context(), process, advance.Effects{Seq: 4})
	n.Nudge(t.Context(), process, advance.Effects{Again: true, Start: true})
	inBackground(t, n.Run)
	eventually(t, func() bool { return len(b.history(t, process)) > 0 }, "the workflow is started")
	input, _ := b.told(t, process)
	require.Nil(t, input.Known, "it has to look for itself")

	n.Nudge(t.Context(), process, advance.Effects{Again: true})
	eventually(t, func() bool { _, nudges := b.told(t, process); return len(nudges) == 1 }, "the nudge arrives")
	_, nudges := b.told(t, process)
	require.Nil(t, nudges[0])
}

func TestAStartOfAWorkflowThatExistsIsANudge(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	n := b.nudger(activities.NudgerOptions{})
	process := uuid.New()
	require.NoError(t, n.Send(t.Context(), process, advance.Effects{Start: true, Seq: 1}))
	require.NoError(t, n.Send(t.Context(), process, advance.Effects{Start: true, Seq: 2}))
	input, nudges := b.told(t, process)
	require.EqualValues(t, 1, input.Known.Seq)
	require.Equal(t, []*workflows.Effects{{Seq: 2}}, nudges, "what the second start knew is not lost")
}

func TestANudgeStartsAMissingWorkflow(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	n := b.nudger(activities.NudgerOptions{})
	process := uuid.New()
	require.NoError(t, n.Send(t.Context(), process, advance.Effects{Seq: 5}))
	input, nudges := b.told(t, process)
	require.Equal(t, workflows.Input{Process: process.String(), Events: workflows.EventsPerRun}, input)
	require.Equal(t, []*workflows.Effects{nil}, nudges)
}

func TestAnEndedProcessNeedsNoWorkflow(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	n := b.nudger(activities.NudgerOptions{})
	process := uuid.New()
	require.NoError(t, n.Send(t.Context(), process, advance.Effects{Seq: 5, Ended: true}))
	require.Empty(t, b.history(t, process))
}

func TestAClosedWorkflowIsNeverStartedAgain(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	n := b.nudger(activities.NudgerOptions{})
	process := uuid.New()
	require.NoError(t, n.Send(t.Context(), process, advance.Effects{Start: true, Seq: 1}))
	require.NoError(t, b.client.TerminateWorkflow(t.Context(), process.String(), "", "test"))

	for name, wants := range map[string]advance.Effects{
		"effects": {Seq: 2}, "look again": {Again: true}, "start": {Start: true, Seq: 2}, "start and look": {Start: true, Again: true},
	} {
		require.ErrorIs(t, n.Send(t.Context(), process, wants), activities.ErrWorkflowClosed, name)
	}
	require.NoError(t, n.Send(t.Context(), process, advance.Effects{Seq: 2, Ended: true}), "of an ended process that is fine")
	require.False(t, n.Away(), "Temporal has answered")
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, b.status(t, process))
}

func TestAStartReachesTheWorkerAtOnce(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	n := b.nudger(activities.NudgerOptions{EagerStart: true})
	inBackground(t, n.Run)
	s := newStack(t, advance.ModeAPI, n.Nudge, n.Away, b)
	s.work(t)
	process := s.start(t)
	eventually(t, func() bool { return s.count(t, "processes WHERE unsettled_since IS NULL") == 1 }, "Temporal knows")
	eventually(t, func() bool { return len(s.history(t, process)) == 4 }, "started, its first task done, no Advance needed")
	require.True(t, s.history(t, process)[0].GetWorkflowExecutionStartedEventAttributes().GetEagerExecutionAccepted())

	_, err := s.service.Submit(t.Context(), advance.Command{Process: process, Type: engine.EventCancel, Actor: "ann", Key: "k", Payload: engine.CancelData{Reason: "test"}})
	require.NoError(t, err)
	eventually(t, func() bool { return s.status(t, process) == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED }, "the nudge told it of the end")
	eventually(t, func() bool { return s.count(t, "processes WHERE unsettled_since IS NULL") == 1 }, "which settles the process")
}

func TestMarksOfDeliveredNudgesAreCleared(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	since := func(offset time.Duration) *time.Time {
		at := time.Now().Add(offset).UTC().Truncate(time.Microsecond)
		return &at
	}
	row := func(mark *time.Time) uuid.UUID {
		return storetest.Process(t, b.store.Pool(), func(p *store.Process) { p.UnsettledSince = mark }).ID
	}
	old, newer := since(-time.Minute), since(0)
	delivered, coalesced, overtaken, looked := row(old), row(newer), row(newer), row(old)
	n := b.nudger(activities.NudgerOptions{SettleEvery: tick})
	n.Nudge(t.Context(), delivered, advance.Effects{Start: true, Seq: 1, Unsettled: old})
	n.Nudge(t.Context(), coalesced, advance.Effects{Start: true, Seq: 1, Unsettled: old})
	n.Nudge(t.Context(), coalesced, advance.Effects{Seq: 2, Unsettled: newer})
	n.Nudge(t.Context(), overtaken, advance.Effects{Start: true, Seq: 1, Unsettled: old})
	n.Nudge(t.Context(), looked, advance.Effects{Start: true, Again: true})
	stop := inBackground(t, n.Run)
	marked := func(p uuid.UUID) bool {
		return scan[bool](t, b.store, "SELECT unsettled_since IS NOT NULL FROM processes WHERE id = $1", p)
	}
	eventually(t, func() bool { return !marked(delivered) && !marked(coalesced) }, "Temporal knows")
	stop()
	require.True(t, marked(overtaken), "the process wants something newer")
	require.True(t, marked(looked), "the workflow itself clears it when it has looked")
}

func TestAMarkWaitsForARowThatIsLocked(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	mark := time.Now().UTC().Truncate(time.Microsecond)
	locked := storetest.Process(t, b.store.Pool(), func(p *store.Process) { p.UnsettledSince = &mark }).ID
	free := storetest.Process(t, b.store.Pool(), func(p *store.Process) { p.UnsettledSince = &mark }).ID
	tx, err := b.store.Pool().Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT FROM processes WHERE id = $1 FOR NO KEY UPDATE", locked)
	require.NoError(t, err)

	n := b.nudger(activities.NudgerOptions{SettleEvery: 300 * time.Millisecond})
	n.Nudge(t.Context(), locked, advance.Effects{Start: true, Seq: 1, Unsettled: &mark})
	n.Nudge(t.Context(), free, advance.Effects{Start: true, Seq: 1, Unsettled: &mark})
	inBackground(t, n.Run)
	eventually(t, func() bool { return b.count(t, "processes WHERE unsettled_since IS NULL") == 1 }, "the free one does not wait")
	require.NoError(t, tx.Rollback(t.Context()))
	eventually(t, func() bool { return b.count(t, "processes WHERE unsettled_since IS NULL") == 2 }, "the other one is tried again")
}

func TestNudgeBlocksWhileTheQueueIsFull(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	n := b.nudger(activities.NudgerOptions{Queue: 2})
	first := uuid.New()
	n.Nudge(t.Context(), first, advance.Effects{Start: true, Seq: 1})
	n.Nudge(t.Context(), uuid.New(), advance.Effects{Start: true, Seq: 1})
	n.Nudge(t.Context(), first, advance.Effects{Seq: 2}) // needs no place of its own

	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	dropped := uuid.New()
	n.Nudge(impatient, dropped, advance.Effects{Start: true, Seq: 1})
	require.ErrorIs(t, impatient.Err(), context.DeadlineExceeded, "it waited for its context")

	var third sync.WaitGroup
	patient := uuid.New()
	third.Go(func() { n.Nudge(t.Context(), patient, advance.Effects{Start: true, Seq: 1}) })
	inBackground(t, n.Run)
	third.Wait()
	eventually(t, func() bool { return len(b.history(t, patient)) > 0 }, "there is room again")
	require.Empty(t, b.history(t, dropped))
}

func TestRunSendsWhatWaitsBeforeItEnds(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	n := b.nudger(activities.NudgerOptions{Workers: 1})
	processes := make([]uuid.UUID, 20)
	for i := range processes {
		processes[i] = storetest.Process(t, b.store.Pool(), nil).ID
		mark := scan[time.Time](t, b.store, "UPDATE processes SET unsettled_since = clock_timestamp() WHERE id = $1 RETURNING unsettled_since", processes[i])
		n.Nudge(t.Context(), processes[i], advance.Effects{Start: true, Seq: 1, Unsettled: &mark})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	n.Run(ended)
	for _, p := range processes {
		require.NotEmpty(t, b.history(t, p))
	}
	require.Zero(t, b.count(t, "processes WHERE unsettled_since IS NOT NULL"))
	n.Nudge(t.Context(), uuid.New(), advance.Effects{Start: true}) // does not block
}

// gate is a way to Temporal that can be shut.
type gate struct {
	net.Listener
	target string

	mu    sync.Mutex
	shut  bool
	conns []net.Conn
	still sync.RWMutex // held: what was sent stays on the way
}

func newGate(t *testing.T, target string) *gate {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := &gate{Listener: listener, target: target}
	var serving sync.WaitGroup
	serving.Go(func() { g.serve(&serving) })
	t.Cleanup(func() {
		_ = g.Close()
		g.set(true)
		serving.Wait()
	})
	return g
}

func (g *gate) serve(serving *sync.WaitGroup) {
	for {
		in, err := g.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", g.target)
		g.mu.Lock()
		if err != nil || g.shut {
			_ = in.Close()
			g.mu.Unlock()
			continue
		}
		g.conns = append(g.conns, in, out)
		g.mu.Unlock()
		serving.Go(func() { g.pipe(in, out) })
		serving.Go(func() { g.pipe(out, in) })
	}
}

func (g *gate) pipe(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		g.wait()
		if err == nil {
			_, err = to.Write(buffer[:n])
		}
		if err != nil {
			_ = to.Close()
			_ = from.Close()
			return
		}
	}
}

// wait returns once nothing is held up.
func (g *gate) wait() {
	g.still.RLock()
	g.still.RUnlock() //nolint:staticcheck,gocritic // it only waits
}

func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
	if shut {
		for _, c := range g.conns {
			_ = c.Close()
		}
		g.conns = nil
	}
}

func TestTemporalAway(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	g := newGate(t, shared.address(t))
	b.client = dial(t, g.Addr().String())
	n := b.nudger(activities.NudgerOptions{Timeout: 500 * time.Millisecond, AwayFor: time.Minute, Queue: 1})
	inBackground(t, n.Run)
	before, lost, after := uuid.New(), uuid.New(), uuid.New()
	require.False(t, n.Away())
	require.NoError(t, n.Send(t.Context(), before, advance.Effects{Start: true, Seq: 1}))

	g.set(true)
	n.Nudge(t.Context(), lost, advance.Effects{Start: true, Seq: 1})
	eventually(t, n.Away, "a failure says that Temporal is away")
	for range 10 {
		n.Nudge(t.Context(), uuid.New(), advance.Effects{Start: true, Seq: 1}) // dropped at once: the queue has one place
	}

	g.set(false)
	eventually(t, func() bool { return n.Send(t.Context(), after, advance.Effects{Start: true, Seq: 1}) == nil }, "Temporal is back")
	require.False(t, n.Away(), "an answer ends the absence")
	require.Empty(t, b.history(t, lost), "the sweeper's business")
}

func TestAnAbsenceIsForgotten(t *testing.T) {
	t.Parallel()
	b := &bed{store: storetest.New(t), client: dial(t, "127.0.0.1:1"), log: quiet()}
	n := b.nudger(activities.NudgerOptions{Timeout: 50 * time.Millisecond, AwayFor: 100 * time.Millisecond})
	require.Error(t, n.Send(t.Context(), uuid.New(), advance.Effects{Seq: 1}))
	require.True(t, n.Away())
	eventually(t, func() bool { return !n.Away() }, "it is tried again")

	gaveUp, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, n.Send(gaveUp, uuid.New(), advance.Effects{Seq: 1}))
	require.False(t, n.Away(), "a caller who gives up says nothing about Temporal")
}

func TestSlowIsNotAway(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	g := newGate(t, shared.address(t))
	b.client = dial(t, g.Addr().String())
	n := b.nudger(activities.NudgerOptions{Timeout: time.Second, AwayFor: time.Minute})
	eventually(t, func() bool { return n.Send(t.Context(), uuid.New(), advance.Effects{Start: true, Seq: 1}) == nil }, "Temporal answers")

	g.still.Lock()
	defer g.still.Unlock()
	var slow sync.WaitGroup
	for range 3 {
		slow.Go(func() { _ = n.Send(t.Context(), uuid.New(), advance.Effects{Start: true, Seq: 1}) })
	}
	slow.Wait()
	require.False(t, n.Away(), "it answered a moment ago")
	require.Error(t, n.Send(t.Context(), uuid.New(), advance.Effects{Start: true, Seq: 1}))
	require.True(t, n.Away(), "nothing was heard of it for a while")
}
