package e2e

import (
	"context"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
)

// crowd is a number of clients that start processes and bring them to their end, whatever happens meanwhile. A request
// without an answer is repeated under the same key; one that was only stored never is, so that nothing lost comes back that way.
type crowd struct {
	f       *fleet
	wire    *wire
	hold    int           // seconds that every other course holds its first completion back; 0 for never
	held    chan struct{} // told of an answer that says stored, when somebody listens
	stop    atomic.Bool
	wg      sync.WaitGroup
	journal *journal
	begun   atomic.Int64
	done    atomic.Int64
}

// crowd sets clients to work; hold is the seconds that every other course holds its first completion back.
func (f *fleet) crowd(base string, clients, hold int) *crowd {
	f.t.Helper()
	c := &crowd{f: f, wire: newWire(f.t, f.house, base, "ahua", "ali"), hold: hold, held: make(chan struct{}), journal: newJournal(f.t)}
	for range clients {
		c.wg.Go(func() {
			for !c.stop.Load() {
				if !c.course() {
					return
				}
				c.done.Add(1)
			}
		})
	}
	return c
}

// finish lets the clients end what they are at.
func (c *crowd) finish() {
	c.stop.Store(true)
	c.wg.Wait()
}

// waitFor lets a crowd bring so many more processes to their end.
func waitFor(t *testing.T, c *crowd, more int64) {
	t.Helper()
	target := c.done.Load() + more
	require.Eventually(t, func() bool { return c.done.Load() >= target }, time.Minute, 20*time.Millisecond, "work does not go on")
}

// awaitStored waits until a client is told that a command of his is stored.
func (c *crowd) awaitStored(t *testing.T) {
	t.Helper()
	select {
	case <-c.held:
	case <-time.After(time.Minute):
		require.Fail(t, "nobody was told that a command is stored")
	}
}

// course brings one process from its start to its end.
func (c *crowd) course() bool {
	start, ok := c.send("ahua", "/api/v1/processes", map[string]any{"definition": "leave", "input": map[string]any{"days": 1}}, "start")
	if !ok {
		return false
	}
	plan := map[string]any{"outcome": "done"}
	if c.hold > 0 && c.begun.Add(1)%2 == 0 {
		plan["holdSeconds"] = c.hold
	}
	return c.act("ahua", start.Process, "plan", plan) && c.act("ali", start.Process, "approve", map[string]any{"outcome": "approved"})
}

func (c *crowd) act(user, id, step string, body map[string]any) bool {
	task, ok := c.task(id, step)
	if !ok {
		return false
	}
	_, ok = c.send(user, "/api/v1/tasks/"+task+"/complete", body, step)
	return ok
}

// task finds the open task of a step in the database: the clients' own list is not what is under test here.
func (c *crowd) task(processID, step string) (string, bool) {
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		var id uuid.UUID
		err := c.f.house.App.Store.Lists().QueryRow(c.f.t.Context(), `SELECT id FROM tasks WHERE process_id = $1 AND step = $2`, processID, step).Scan(&id)
		if err == nil {
			return id.String(), true
		}
	}
	c.f.t.Errorf("process %s has no task %s", processID, step)
	return "", false
}

// send repeats one request until it is acknowledged, journals the answer, and waits for the decision of what is only stored.
func (c *crowd) send(user, path string, body any, step string) (acknowledged, bool) {
	key := uuid.NewString()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		status, answer, err := c.wire.do(context.Background(), user, http.MethodPost, path, key, body)
		switch {
		case err != nil || status >= 500:
			continue
		case status >= 400:
			c.f.t.Errorf("%s %s: %d %v", step, path, status, answer)
			return acknowledged{}, false
		}
		ack := read(answer, step)
		ack.Stored = status == http.StatusAccepted
		c.journal.write(ack)
		if ack.Stored {
			return c.follow(user, ack)
		}
		return ack, true
	}
	c.f.t.Errorf("%s %s was never acknowledged", step, path)
	return acknowledged{}, false
}

// follow asks what became of a command that a client was told is stored, until it has been decided.
func (c *crowd) follow(user string, stored acknowledged) (acknowledged, bool) {
	select {
	case c.held <- struct{}{}:
	default:
	}
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		status, answer, err := c.wire.do(context.Background(), user, http.MethodGet, "/api/v1/commands/"+stored.Command, "", nil)
		switch {
		case err != nil || status >= 500 || answer["status"] == "pending":
			continue
		case status != http.StatusOK || answer["status"] != "applied":
			c.f.t.Errorf("stored, and not applied: %+v: %d %v", stored, status, answer)
			return acknowledged{}, false
		}
		ack := read(answer, stored.Step)
		c.journal.write(ack)
		return ack, true
	}
	c.f.t.Errorf("stored, and never decided: %+v", stored)
	return acknowledged{}, false
}

// check compares three accounts that know nothing of each other: the clients' journal, the decision log with its projections, and
// Temporal's histories. Nothing lost, nothing doubled, everything ended, nothing unsettled.
func (c *crowd) check() {
	t := c.f.t
	t.Helper()
	journal := c.journal.read()
	require.NotEmpty(t, journal)
	processes := map[string]bool{}
	var stored int
	for _, ack := range journal {
		processes[ack.Process] = true
		var seq int64
		err := c.f.house.App.Store.Lists().QueryRow(t.Context(), `SELECT seq FROM decision_log WHERE process_id = $1 AND event_id = $2`, ack.Process, "cmd/"+ack.Command).Scan(&seq)
		require.NoError(t, err, "acknowledged and lost: %+v", ack)
		if ack.Stored {
			stored++
			continue
		}
		require.Equal(t, ack.Seq, seq, "%+v", ack)
	}
	ids := make([]string, 0, len(processes))
	for id := range processes {
		ids = append(ids, id)
		c.checkProcess(id)
	}
	c.settled()
	heard := agree(t, c.f.house, ids)
	require.True(t, heard > 0 || c.f.role.Decide == advance.ModeAPI, "no workflow has heard of any decision")
	t.Logf("%d answers of %d processes, %d of them before the decision, %d decisions told in histories: 0 lost, 0 doubled", len(journal), len(ids), stored, heard)
}

// checkProcess finds in the database that a process has come to its end in as many steps as it has.
func (c *crowd) checkProcess(id string) {
	t := c.f.t
	t.Helper()
	var ended bool
	var tasks, log int
	err := c.f.house.App.Store.Lists().QueryRow(t.Context(), `SELECT status = 'ended' AND outcome = 'granted', (SELECT count(*) FROM tasks WHERE process_id = p.id),
(SELECT count(*) FROM decision_log WHERE process_id = p.id) FROM processes p WHERE id = $1`, id).Scan(&ended, &tasks, &log)
	require.NoError(t, err)
	require.True(t, ended, "process %s has not ended", id)
	require.Equal(t, 2, tasks, "process %s", id)
	require.Equal(t, 3, log, "process %s", id)
	require.NoError(t, c.f.house.App.Advancer.Verify(t.Context(), uuid.MustParse(id)))
}

// settled waits until nothing is wanted from Temporal any more and every workflow of an ended process is closed.
func (c *crowd) settled() {
	t, st := c.f.t, c.f.house.App.Store
	t.Helper()
	require.Eventually(t, func() bool {
		var open, commands int
		err := st.Lists().QueryRow(t.Context(), `SELECT (SELECT count(*) FROM processes WHERE unsettled_since IS NOT NULL), (SELECT count(*) FROM commands WHERE settled_at IS NULL)`).Scan(&open, &commands)
		return err == nil && open == 0 && commands == 0
	}, time.Minute, 100*time.Millisecond, "something is still unsettled after a minute")
	// What Temporal was told, workers act on at their own pace: after 200 kills thousands wait for them.
	left, moved := int64(math.MaxInt64), time.Now()
	require.Eventually(t, func() bool {
		n, err := openWorkflows(t.Context(), c.f.house)
		if err == nil && n < left {
			left, moved = n, time.Now()
		}
		return left == 0 || time.Since(moved) > time.Minute
	}, 10*time.Minute, 200*time.Millisecond)
	require.Zero(t, left, "workflows of ended processes are open, and no fewer for a minute")
	n, err := countWorkflows(t.Context(), c.f.house, "ExecutionStatus != 'Completed' AND ExecutionStatus != 'ContinuedAsNew'")
	require.NoError(t, err)
	require.Zero(t, n, "workflows of ended processes closed, but not as completed")
}
