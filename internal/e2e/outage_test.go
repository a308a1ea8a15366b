package e2e

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/apptest"
)

// cut is a decision that Postgres has and Temporal has not heard of, by a client who got no answer.
type cut struct {
	t      *testing.T
	h      *apptest.House
	wire   *wire
	actor  string
	key    string
	id     string
	path   string
	hangUp func()
	gate   *gate
	asked  time.Time
}

// newCut brings a process to its approval.
func newCut(t *testing.T, h *apptest.House, w *wire, actor string) *cut {
	t.Helper()
	id, err := begin(h, "leave", map[string]any{"days": 1})
	require.NoError(t, err)
	receipt, err := complete(h, id, "ahua", "done")
	require.NoError(t, err)
	require.Equal(t, "applied", receipt.Status)
	var task uuid.UUID
	require.NoError(t, h.App.Store.Lists().QueryRow(t.Context(), `SELECT id FROM tasks WHERE process_id = $1 AND step = 'approve'`, id).Scan(&task))
	quiet(t, h, id.String())
	return &cut{t: t, h: h, wire: w, actor: actor, key: uuid.NewString(), id: id.String(), path: "/api/v1/tasks/" + task.String() + "/complete"}
}

// ask sends the approval, whose decision is held up at a fail-point; the client hears nothing of it.
func (c *cut) ask(g *gates, point advance.FailPoint) {
	c.gate = g.close(c.t, point, c.id)
	ctx, cancel := context.WithCancel(c.t.Context())
	gone := make(chan struct{})
	c.asked = time.Now()
	c.hangUp = func() {
		cancel()
		<-gone
	}
	c.t.Cleanup(c.hangUp)
	go func() {
		defer close(gone)
		_, _, _ = c.try(ctx, c.actor, c.key)
	}()
}

func (c *cut) try(ctx context.Context, actor, key string) (int, map[string]any, error) {
	return c.wire.do(ctx, actor, http.MethodPost, c.path, key, map[string]any{"outcome": "approved"})
}

// unheard makes sure that Temporal waits for the answer of the workflow's task.
func (c *cut) unheard() {
	c.t.Helper()
	require.Less(c.t, time.Since(c.asked), 2*time.Second, "the machine is too slow for this test: the Advance was given up before Temporal was killed")
	events := c.h.History(c.id, "").GetEvents()
	require.Equal(c.t, enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED, events[len(events)-1].GetEventType())
}

// counted makes sure that the approval was decided once, by whom it was asked first.
func (c *cut) counted() {
	c.t.Helper()
	require.Equal(c.t, 1, c.h.Count(`SELECT count(*) FROM processes WHERE id = $1 AND status = 'ended' AND outcome = 'granted'`, c.id))
	require.Equal(c.t, 3, c.h.Count(`SELECT count(*) FROM decision_log WHERE process_id = $1`, c.id))
	require.Equal(c.t, 1, c.h.Count(`SELECT count(*) FROM decision_log l JOIN commands m ON l.event_id = 'cmd/' || m.id
WHERE l.process_id = $1 AND m.actor = $2 AND m.key = $3 AND l.seq = 3`, c.id, c.actor, c.key))
}

// repeat has the client ask again under the same key.
func (c *cut) repeat() {
	c.t.Helper()
	status, answer, err := c.try(c.t.Context(), c.actor, c.key)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, status, "%v", answer)
	require.EqualValues(c.t, 3, answer["seq"])
	require.Equal(c.t, true, answer["replay"], "it is the first answer")
}

// lose has somebody else decide the same task, who comes too late: the error says what else he was told than that.
func (c *cut) lose(actor string) <-chan error {
	told := make(chan error, 1)
	go func() {
		status, answer, err := c.try(c.t.Context(), actor, uuid.NewString())
		winner, _ := answer["winner"].(map[string]any)
		by, _ := winner["by"].(map[string]any)
		if err == nil && (status != http.StatusConflict || by["id"] != c.actor || answer["revision"] == nil) {
			err = fmt.Errorf("%s was told: %d %v", actor, status, answer)
		}
		told <- err
	}()
	return told
}

// TestTemporalKilledAfterACommit: decisions are in Postgres when Temporal is killed, before it hears of them and before their clients
// hear. A client who comes back gets the same answer, a rival loses to whoever was first, and what nobody asks about again is settled
// all the same.
func TestTemporalKilledAfterACommit(t *testing.T) {
	o := newTemporal(t)
	for _, mode := range []advance.Mode{advance.ModeWorkflow, advance.ModeAPI} {
		t.Run(string(mode), func(t *testing.T) {
			g := newGates()
			h := apptest.Start(t, func(c *app.Config) { c.TemporalAddress, c.Decide, c.Hook = o.server.Address(), mode, g.hook })
			h.Publish(leave)
			w := newWire(t, h, "http://"+h.App.Addr, "ali", "afang")
			retried, left, contested := newCut(t, h, w, "ali"), newCut(t, h, w, "ali"), newCut(t, h, w, "afang")

			retried.ask(g, advance.PointAfterCommit)
			left.ask(g, advance.PointAfterCommit)
			first := advance.PointAfterCommit // the API stores and decides at once: what it has not committed nobody was first with
			if mode == advance.ModeWorkflow {
				first = advance.PointBeforeCommit
			}
			contested.ask(g, first)
			cuts := []*cut{retried, left, contested}
			for _, c := range cuts {
				c.gate.await(t)
			}
			if mode == advance.ModeWorkflow {
				retried.unheard()
				left.unheard()
			}
			o.down()
			for _, c := range cuts {
				c.hangUp()
			}
			loser := contested.lose("ali") // where the workflow decides, both are stored and neither is decided
			if mode == advance.ModeWorkflow {
				undecided(t, h, contested.id, 2)
			}
			for _, c := range cuts {
				c.gate.open()
			}
			require.NoError(t, <-loser)
			retried.repeat()
			require.NoError(t, <-retried.lose("afang"), "with Temporal still away")
			contested.repeat()

			o.up()
			for _, c := range cuts {
				quiet(t, h, c.id)
				require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, h.Closed(c.id))
				c.counted()
			}
			require.Positive(t, agree(t, h, []string{retried.id, left.id, contested.id}))
			retried.repeat()
		})
	}
}
