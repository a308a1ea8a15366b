package advance_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/workflows/engine"
)

const timed = `process: timed
name: { zh: 限时, en: Timed }
domain: office
outcomes: [done, late]
input: { type: object, properties: {} }
roles: { asker: { starter: true } }
steps:
  - { id: a, uses: task, assign: asker, due: +1s, escalate: [{ at: +0, outcome: expired }], on: { expired: { end: late } } }
  - { end: done }
`

// TestAKeyOfAnotherRequestStartsNothing: not even a process that could never go on.
func TestAKeyOfAnotherRequestStartsNothing(t *testing.T) {
	t.Parallel()
	for _, mode := range []advance.Mode{advance.ModeAPI, advance.ModeWorkflow} {
		h := newHouse(t, mode, leave)
		process := h.start("leave", "ahua", map[string]any{"days": 2})
		_, err := h.service.Submit(t.Context(), advance.Command{
			Process: process, Type: engine.EventComplete, Actor: "ahua", Key: "k", Payload: engine.TaskData{Task: h.task(process, "plan"), Outcome: "done"},
		})
		require.NoError(t, err)
		_, err = h.service.Start(t.Context(), advance.Start{Definition: "leave", Input: map[string]any{"days": 3}, Actor: "ahua", Key: "k"})
		require.ErrorIs(t, err, advance.ErrKeyReused)
		require.Equal(t, 1, scan[int](h, `SELECT count(*) FROM processes`))
	}
}

// TestACommandThatWaitsForTheLockIsNotEarlierThanWhatWasDecidedBefore: an Advance that is ahead of it in line fires a deadline that has
// passed meanwhile; the command then says that it came later.
func TestACommandThatWaitsForTheLockIsNotEarlierThanWhatWasDecidedBefore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, timed)
	process := h.start("timed", "ahua", map[string]any{})
	task := h.task(process, "a")
	lock, err := h.store.Pool().Begin(t.Context())
	require.NoError(t, err)
	_, err = lock.Exec(t.Context(), `SELECT FROM processes WHERE id = $1 FOR NO KEY UPDATE`, process)
	require.NoError(t, err)
	waiting := func(n int) func() bool {
		return func() bool {
			return scan[int](h, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == n
		}
	}
	var all sync.WaitGroup
	all.Go(func() {
		_, _ = h.advancer.Advance(context.WithoutCancel(t.Context()), process, advance.Wake{Workflow: true})
	})
	require.Eventually(t, waiting(1), 5*time.Second, 5*time.Millisecond, "an Advance waits for the process")
	all.Go(func() {
		_, _ = h.service.Submit(context.WithoutCancel(t.Context()), advance.Command{
			Process: process, Type: engine.EventComplete, Actor: "ahua", Key: "x", Payload: engine.TaskData{Task: task, Outcome: "done"},
		})
	})
	require.Eventually(t, waiting(2), 5*time.Second, 5*time.Millisecond, "and a command behind it")
	require.Eventually(t, func() bool {
		return scan[bool](h, `SELECT clock_timestamp() > due_at FROM tasks WHERE process_id = $1`, process)
	}, 5*time.Second, 5*time.Millisecond)
	require.NoError(t, lock.Rollback(t.Context()))
	all.Wait()
	require.True(t, scan[bool](h, `SELECT (c.receipt::jsonb ->> 'status' = 'applied') = (c.received_at <= t.due_at)
FROM commands c JOIN tasks t ON t.process_id = c.process_id WHERE c.key = 'x' AND c.process_id = $1`, process), "before its deadline it counts, after it not")
}
