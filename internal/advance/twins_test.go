package advance_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/workflows/engine"
)

type answered struct {
	result advance.Result
	err    error
}

// atOnce sends requests together and answers what became of each.
func atOnce(requests ...func() (advance.Result, error)) []answered {
	all := make([]answered, len(requests))
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i, send := range requests {
		wg.Go(func() {
			<-begin
			all[i].result, all[i].err = send()
		})
	}
	close(begin)
	wg.Wait()
	return all
}

func repeated(n int, send func() (advance.Result, error)) []func() (advance.Result, error) {
	all := make([]func() (advance.Result, error), n)
	for i := range all {
		all[i] = send
	}
	return all
}

// sameAnswer requires that all got the one answer, and one of them first.
func sameAnswer(t *testing.T, all []answered) advance.Result {
	t.Helper()
	firsts := 0
	for _, a := range all {
		require.NoError(t, a.err)
		require.Equal(t, "applied", a.result.Receipt.Status)
		require.Equal(t, all[0].result.Process, a.result.Process)
		require.Equal(t, all[0].result.Receipt, a.result.Receipt)
		if !a.result.Replay {
			firsts++
		}
	}
	require.Equal(t, 1, firsts, "the others are repetitions")
	return all[0].result
}

// TestTwinsOfOneRequest: what an impatient client or a proxy sends many times at once is decided once.
func TestTwinsOfOneRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	for range 20 {
		start := advance.Start{Definition: "leave", Input: map[string]any{"days": 2}, Actor: "ahua", Key: uuid.NewString()}
		process := sameAnswer(t, atOnce(repeated(8, func() (advance.Result, error) { return h.service.Start(t.Context(), start) })...)).Process
		plan := advance.Command{
			Process: process, Type: engine.EventComplete, Actor: "ahua", Key: uuid.NewString(), Payload: engine.TaskData{Task: h.task(process, "plan"), Outcome: "done"},
		}
		sameAnswer(t, atOnce(repeated(8, func() (advance.Result, error) { return h.service.Submit(t.Context(), plan) })...))
		require.Equal(t, 2, scan[int](h, `SELECT count(*) FROM decision_log WHERE process_id = $1`, process))
	}
	require.Equal(t, 20, scan[int](h, `SELECT count(*) FROM processes`))
	require.Equal(t, 20, scan[int](h, `SELECT count(*) FROM processes p JOIN decision_log l ON l.process_id = p.id AND l.seq = 1 WHERE p.started_at = l.at AND p.updated_at >= l.at`))
	require.Equal(t, 40, scan[int](h, `SELECT count(*) FROM commands c JOIN decision_log l ON l.process_id = c.process_id AND l.event_id = 'cmd/' || c.id
WHERE c.settled_at >= c.received_at AND c.received_at = l.at AND c.payload = '{}' AND c.receipt = l.receipt`), "each is stored as it was decided")
}

// TestOneKeyOfSeveralRequestsAtOnce serves the first of them; the others learn that it was used.
func TestOneKeyOfSeveralRequestsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	for range 30 {
		key := uuid.NewString()
		requests := []func() (advance.Result, error){func() (advance.Result, error) {
			return h.service.Start(t.Context(), advance.Start{Definition: "leave", Input: map[string]any{"days": 3}, Actor: "ahua", Key: key})
		}}
		for range 3 {
			process := h.start("leave", "ahua", map[string]any{"days": 2})
			plan := engine.TaskData{Task: h.task(process, "plan"), Outcome: "done"}
			requests = append(requests, func() (advance.Result, error) {
				return h.service.Submit(t.Context(), advance.Command{Process: process, Type: engine.EventComplete, Actor: "ahua", Key: key, Payload: plan})
			})
		}
		served := 0
		for _, a := range atOnce(requests...) {
			if a.err == nil {
				require.Equal(t, "applied", a.result.Receipt.Status)
				served++
				continue
			}
			require.ErrorIs(t, a.err, advance.ErrKeyReused)
		}
		require.Equal(t, 1, served)
		require.Equal(t, 1, scan[int](h, `SELECT count(*) FROM commands WHERE key = $1`, key))
	}
	require.Zero(t, scan[int](h, `SELECT count(*) FROM processes WHERE seq = 0`), "no process is stored without its start")
	require.Zero(t, scan[int](h, `SELECT count(*) FROM incidents`))
}

// TestOneBusinessKeyOfSeveralStartsAtOnce opens one process; the others are told which.
func TestOneBusinessKeyOfSeveralStartsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, kid)
	for range 10 {
		opened, taken := []uuid.UUID{}, []uuid.UUID{}
		for _, a := range atOnce(repeated(6, func() (advance.Result, error) {
			return h.service.Start(t.Context(), advance.Start{Definition: "kid", Input: map[string]any{}, Actor: "ahua", Key: uuid.NewString()})
		})...) {
			if a.err == nil {
				opened = append(opened, a.result.Process)
				continue
			}
			var rival *advance.BusinessKeyError
			require.ErrorAs(t, a.err, &rival)
			taken = append(taken, rival.Process)
		}
		require.Len(t, opened, 1)
		for _, of := range taken {
			require.Equal(t, opened[0], of)
		}
		require.Equal(t, 1, scan[int](h, `SELECT count(*) FROM commands WHERE process_id IN (SELECT id FROM processes WHERE status <> 'ended')`), "what was refused has left nothing")
		h.complete(opened[0], "n", "ahua", "done")
	}
	require.Zero(t, scan[int](h, `SELECT count(*) FROM incidents`))
}

// TestAKeyThatWaitsIsNotAnotherRequests: what is decided while the second request looks is what the first one asked for.
func TestAKeyThatWaitsIsNotAnotherRequests(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	process := h.start("leave", "ahua", map[string]any{"days": 2})
	plan := advance.Command{Process: process, Type: engine.EventComplete, Actor: "ahua", Key: "k", Payload: engine.TaskData{Task: h.task(process, "plan"), Outcome: "done"}}
	far := time.Now().Add(time.Hour)
	plan.HoldUntil = &far
	held, err := h.service.Submit(t.Context(), plan)
	require.ErrorIs(t, err, advance.ErrNotDecidedYet)
	h.exec(`UPDATE commands SET hold_until = clock_timestamp() WHERE id = $1`, held.Command)
	other := advance.Command{Process: process, Type: engine.EventCancel, Actor: "ahua", Key: "k", Payload: engine.CancelData{Reason: "changed"}}
	_, err = h.service.Submit(t.Context(), other)
	require.ErrorIs(t, err, advance.ErrKeyReused)
	require.Equal(t, "applied", h.settledAs(held.Command), "the first request was decided meanwhile")
	plan.HoldUntil = nil
	again, err := h.service.Submit(t.Context(), plan)
	require.NoError(t, err)
	require.True(t, again.Replay)
}
