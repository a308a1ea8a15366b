package advance_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/internal/store"
	"steward/workflows/engine"
)

// TestADatabaseThatIsBehindIsAnIncident until it has caught up, also when others have decided under the same sequences meanwhile.
func TestADatabaseThatIsBehindIsAnIncident(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	first := h.advance(p)
	h.complete(p, "plan", "ahua", "done")
	second := h.advance(p)
	for name, seen := range map[string][]advance.Mark{
		"more than there is":         {{Seq: 3}},
		"more, told by the API":      {{Seq: 1}, {Seq: 3}},
		"another history":            {{Seq: 2, Head: "0123456789abcdef"}},
		"another history, long past": {{Seq: 1, Head: second.Head}, {Seq: 2, Head: second.Head}},
	} {
		_, err := h.advancer.Advance(t.Context(), p, advance.Wake{Workflow: true, Seen: seen})
		require.ErrorIs(t, err, advance.ErrBehind, name)
		require.Len(t, h.open(p), 1, "one, however often it is met")
		require.Equal(t, store.IncidentBehind, h.open(p)[0].Kind)
	}
	h.complete(p, "approve", "ali", "returned")
	require.Len(t, h.open(p), 1, "people go on, but that proves nothing")
	seen := []advance.Mark{{Seq: 1, Head: first.Head}, {Seq: 2, Head: second.Head}}
	_, err := h.advancer.Advance(t.Context(), p, advance.Wake{Workflow: true, Seen: seen})
	require.NoError(t, err)
	require.Empty(t, h.open(p), "all that was seen is there")
}

// TestANewerBuildIsLeftToItself: an older one would lose what it does not know.
func TestANewerBuildIsLeftToItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	for name, newer := range map[string]string{
		"a field":            `UPDATE processes SET state = '{"invented": 1,' || substr(state, 2) WHERE id = $1`,
		"a field further in": `UPDATE processes SET state = jsonb_set(state::jsonb, '{tasks,0,invented}', '1')::text WHERE id = $1`,
		"a higher format":    `UPDATE processes SET state_format = state_format + 1 WHERE id = $1`,
	} {
		p := h.start("leave", "ahua", map[string]any{"days": 2})
		h.exec(newer, p)
		before := h.row(p)
		_, err := h.advancer.Advance(t.Context(), p, advance.Wake{Workflow: true})
		require.ErrorIs(t, err, engine.ErrNewerFormat, name)
		require.Equal(t, before, h.row(p), name)
	}
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	h.exec(`UPDATE processes SET state_format = 0 WHERE id = $1`, p) // as if an older build had started it
	h.complete(p, "plan", "ahua", "done")
	require.Equal(t, engine.StateFormat, scan[int](h, `SELECT state_format FROM processes WHERE id = $1`, p))
}

const booker = `process: booker
name: { zh: 订, en: Book }
domain: office
outcomes: [done, no]
input: { type: object, required: [room, start, end], properties: { room: { type: string, x-resource: room }, start: { type: string, format: date-time }, end: { type: string, format: date-time } } }
roles: { asker: { starter: true } }
steps:
  - { id: r, uses: reserve, with: { resource: =input.room, from: =input.start, to: =input.end }, on: { conflict: { end: no } } }
  - { id: hold, uses: task, assign: asker }
  - { end: done }
finally:
  - { id: give, uses: release, with: { resource: =input.room } }
`

// TestRebuildAfterARoomWasGivenBack and somebody else has taken it: only what is left of the booking is written.
func TestRebuildAfterARoomWasGivenBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, booker)
	_, err := h.store.PutResource(t.Context(), store.Resource{ID: "r1", Kind: "room", Name: store.Text{Zh: "一", En: "One"}, Active: true})
	require.NoError(t, err)
	book := func(from, to time.Time) uuid.UUID {
		return h.start("booker", "ahua", map[string]any{"room": "r1", "start": from.Format(time.RFC3339), "end": to.Format(time.RFC3339)})
	}
	now := time.Now().UTC()
	begun, ahead := book(now.Add(-time.Hour), now.Add(time.Hour)), book(now.Add(2*time.Hour), now.Add(3*time.Hour))
	for _, p := range []uuid.UUID{begun, ahead} {
		h.complete(p, "hold", "ahua", "done")
	}
	other := book(now.Add(time.Minute), now.Add(4*time.Hour))
	for _, p := range []uuid.UUID{begun, ahead, other} {
		live := normalize(t, h.row(p))
		require.NoError(t, h.advancer.Rebuild(t.Context(), p))
		require.Equal(t, live, normalize(t, h.row(p)))
	}
	require.Equal(t, 2, scan[int](h, `SELECT count(*) FROM reservations`))
}

const ladder = `process: ladder
name: { zh: 梯, en: Ladder }
domain: office
outcomes: [done]
input: { type: object, properties: {} }
roles: { asker: { starter: true }, office: { group: meeting-office } }
steps:
  - { id: a, uses: task, assign: office, due: +1s, escalate: [{ at: +0, to: asker }] }
  - { end: done }
`

// TestEscalationToOnePersonLeavesNoCandidates behind.
func TestEscalationToOnePersonLeavesNoCandidates(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, ladder)
	p := h.start("ladder", "ahua", map[string]any{})
	require.Equal(t, 1, scan[int](h, `SELECT count(*) FROM task_candidates WHERE process_id = $1`, p))
	h.until(p, func(advance.Effects) bool {
		return scan[string](h, `SELECT coalesce(assignee, '') FROM tasks WHERE process_id = $1`, p) == "ahua"
	}, "it is escalated")
	require.Zero(t, scan[int](h, `SELECT count(*) FROM task_candidates WHERE process_id = $1`, p))
}

// TestAfterTemporalWasLost the rows are readable, and found by the sweeper.
func TestAfterTemporalWasLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	n, err := h.advancer.TemporalLost(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	row, err := h.store.Process(t.Context(), store.Viewer{All: true}, p)
	require.NoError(t, err)
	require.Less(t, *row.UnsettledSince, time.Now().Add(-time.Hour))
}

// TestACommandIsWithdrawnOrDecided, never both.
func TestACommandIsWithdrawnOrDecided(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	complete := engine.TaskData{Task: h.task(p, "plan"), Outcome: "done"}

	going := h.leaves(p, engine.EventComplete, "ahua", complete)
	tx, err := h.store.Pool().Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `DELETE FROM commands WHERE id = $1`, going)
	require.NoError(t, err)
	require.EqualValues(t, 1, h.advance(p).Seq, "it is being withdrawn: nobody waits for that, nobody decides it")
	require.NoError(t, tx.Commit(t.Context()))

	decided := h.leaves(p, engine.EventComplete, "ahua", complete)
	h.exec(`UPDATE commands SET hold_until = clock_timestamp() WHERE id = $1`, decided)
	withdrawn := make(chan int64, 1)
	var once atomic.Bool
	h.advancer.SetHook(func(point advance.FailPoint, _ uuid.UUID) {
		if point != advance.PointLocked || !once.CompareAndSwap(false, true) {
			return
		}
		go func() { // as an API whose clock is behind
			tag, err := h.store.Pool().Exec(context.WithoutCancel(t.Context()), `DELETE FROM commands WHERE id = $1 AND settled_at IS NULL`, decided)
			if err != nil {
				withdrawn <- -1
				return
			}
			withdrawn <- tag.RowsAffected()
		}()
	})
	require.EqualValues(t, 2, h.advance(p).Seq)
	require.Zero(t, <-withdrawn, "too late")
	require.Equal(t, "applied", h.receipt(decided).Status)
}

// TestWhatComesWhileATransactionBeginsIsLeftToTheNext: a deadline may lie between the clock that was read and the command.
func TestWhatComesWhileATransactionBeginsIsLeftToTheNext(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	command := h.leaves(p, engine.EventComplete, "ahua", engine.TaskData{Task: h.task(p, "plan"), Outcome: "done"})
	h.exec(`UPDATE commands SET received_at = clock_timestamp() + interval '600 ms' WHERE id = $1`, command)
	e := h.advance(p)
	require.EqualValues(t, 1, e.Seq)
	require.True(t, e.Again, "but not forgotten")
	h.until(p, func(e advance.Effects) bool { return e.Seq == 2 && !e.Again }, "its time comes")

	stamped := h.leaves(p, engine.EventComplete, "ali", engine.TaskData{Task: h.task(p, "approve"), Outcome: "approved"})
	h.exec(`UPDATE commands SET received_at = clock_timestamp() + interval '1 hour' WHERE id = $1`, stamped)
	h.advance(p)
	require.Equal(t, "applied", h.receipt(stamped).Status, "the clock was set back: nobody waits an hour")
}

// TestAHeldCommandIsDecidedByPostgresClock, which may be behind that of the API.
func TestAHeldCommandIsDecidedByPostgresClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	until := time.Now().Add(100 * time.Millisecond)
	res, err := h.service.Submit(t.Context(), advance.Command{
		Process: p, Type: engine.EventComplete, Actor: "ahua", Key: "k", HoldUntil: &until, Payload: engine.TaskData{Task: h.task(p, "plan")},
	})
	require.ErrorIs(t, err, advance.ErrNotDecidedYet)
	h.exec(`UPDATE commands SET hold_until = hold_until + interval '500 ms' WHERE id = $1 AND settled_at IS NULL`, res.Command)
	require.Eventually(t, func() bool { return h.settledAs(res.Command) == "applied" }, 10*time.Second, 20*time.Millisecond, "nobody else asks for it")
}

// TestAHeldCommandNeedsNoWorker: Temporal takes the nudge, and nobody is there to act on it.
func TestAHeldCommandNeedsNoWorker(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeWorkflow, leave)
	service := advance.NewService(h.advancer, store.NewReceipts(h.store), advance.ModeWorkflow, func() bool { return false }, 100*time.Millisecond)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	until := time.Now().Add(50 * time.Millisecond)
	res, err := service.Submit(t.Context(), advance.Command{
		Process: p, Type: engine.EventComplete, Actor: "ahua", Key: "k", HoldUntil: &until, Payload: engine.TaskData{Task: h.task(p, "plan")},
	})
	require.ErrorIs(t, err, advance.ErrNotDecidedYet)
	require.Eventually(t, func() bool { return h.settledAs(res.Command) == "applied" }, 10*time.Second, 20*time.Millisecond)
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Contains(t, h.nudged, advance.Effects{Again: true}, "the workflow had its chance")
}

// settledAs answers the status of a receipt, "" while there is none.
func (h *house) settledAs(command uuid.UUID) string {
	return scan[string](h, `SELECT coalesce(receipt::jsonb->>'status', '') FROM commands WHERE id = $1`, command)
}

const parent = `process: parent
name: { zh: 父, en: Parent }
domain: office
outcomes: [done]
input: { type: object, properties: {} }
roles: { asker: { starter: true } }
steps:
  - { id: c, uses: process, with: { process: kid, input: {}, wait: true } }
  - { id: stay, uses: task, assign: asker }
  - { end: done }
`

const kid = `process: kid
name: { zh: 子, en: Kid }
domain: office
outcomes: [done]
businessKey: only-one
input: { type: object, properties: {} }
roles: { asker: { starter: true } }
steps:
  - { id: n, uses: task, assign: asker }
  - { end: done }
`

// TestABusinessKeyIsUniqueAmongChildrenToo: the second child is refused, its parent is told and nudged at once.
func TestABusinessKeyIsUniqueAmongChildrenToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, kid)
	h.publishWith(parent, map[string]string{"interfaces/kid.json": `{"process":"kid","outcomes":["done"],"input":{"type":"object","properties":{}}}`})
	child := func(of uuid.UUID) uuid.UUID {
		return scan[uuid.UUID](h, `SELECT id FROM processes WHERE parent_id = $1`, of)
	}
	first, second := h.start("parent", "ahua", map[string]any{}), h.start("parent", "ahua", map[string]any{})
	h.advance(child(first))
	require.Equal(t, "only-one", scan[string](h, `SELECT business_key FROM processes WHERE id = $1`, child(first)))

	told := len(h.nudged)
	h.queue = func(ctx context.Context) { <-ctx.Done() } // it is full, and the Advance of a workflow has no time to wait
	require.True(t, h.advance(child(second)).Ended)
	require.Equal(t, []advance.Effects{{Again: true}}, h.nudged[told:], "the parent has something to do")
	require.Equal(t, "ended refused", scan[string](h, `SELECT status || ' ' || outcome FROM processes WHERE id = $1`, child(second)))
	require.Equal(t, "business_key_taken", scan[string](h, `SELECT receipt::jsonb->>'code' FROM commands WHERE process_id = $1 AND type = 'start'`, child(second)))
	h.queue = nil
	h.advance(second)
	require.Equal(t, "child_refused", h.open(second)[0].Kind, "and cannot go on as planned")

	h.complete(child(first), "n", "ahua", "done")
	h.advance(first)
	require.NotEmpty(t, h.task(first, "stay"))
}
