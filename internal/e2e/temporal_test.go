package e2e

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/apptest"
	"steward/internal/devserver/temporalproc"
	"steward/workflows/engine"
)

// ownTemporal is a Temporal on a Postgres of its own, which a test may stop, kill and rob of its databases.
type ownTemporal struct {
	t      *testing.T
	pg     *ownPostgres
	server *temporalproc.Server
	port   int
}

func newTemporal(t *testing.T) *ownTemporal {
	t.Helper()
	o := &ownTemporal{t: t, pg: newPostgres(t)}
	o.up()
	t.Cleanup(func() { _ = o.server.Kill() })
	return o
}

func (o *ownTemporal) up() {
	o.t.Helper()
	server, err := apptest.StartTemporal(o.pg.URL("postgres"), o.port)
	require.NoError(o.t, err)
	o.server, o.port = server, server.Port()
}

func (o *ownTemporal) down() {
	o.t.Helper()
	require.NoError(o.t, o.server.Kill())
	<-o.server.Done()
}

// lose drops everything that Temporal knew.
func (o *ownTemporal) lose() {
	o.t.Helper()
	conn, err := pgx.Connect(o.t.Context(), o.pg.URL("postgres"))
	require.NoError(o.t, err)
	defer func() { _ = conn.Close(o.t.Context()) }()
	for _, name := range []string{"temporal", "temporal_visibility"} {
		_, err = conn.Exec(o.t.Context(), "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(o.t, err)
	}
}

// many runs n jobs, at most 16 at once, and fails on the first error.
func many(t *testing.T, n int, job func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	var next atomic.Int64
	errs := make(chan error, 16)
	for range 16 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := job(i); err != nil {
					errs <- fmt.Errorf("%d: %w", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
}

// installation is a house on a Temporal of its own.
func installation(t *testing.T, o *ownTemporal, mode advance.Mode) *apptest.House {
	t.Helper()
	return apptest.Start(t, func(c *app.Config) {
		c.TemporalAddress, c.Decide = o.server.Address(), mode
	})
}

func begin(h *apptest.House, definition string, input map[string]any) (uuid.UUID, error) {
	res, err := h.App.Service.Start(context.Background(), advance.Start{Definition: definition, Input: input, Actor: "ahua", Key: uuid.NewString()})
	if err == nil && res.Receipt.Status != "applied" {
		err = fmt.Errorf("start: %+v", res.Receipt)
	}
	return res.Process, err
}

// complete completes the only open task of a process and answers the receipt.
func complete(h *apptest.House, process uuid.UUID, actor, outcome string) (engine.Receipt, error) {
	var task uuid.UUID
	err := h.App.Store.Lists().QueryRow(context.Background(), `SELECT id FROM tasks WHERE process_id = $1 ORDER BY opened_at DESC, id LIMIT 1`, process).Scan(&task)
	if err != nil {
		return engine.Receipt{}, err
	}
	res, err := h.App.Service.Submit(context.Background(), advance.Command{
		Process: process, Type: engine.EventComplete, Actor: actor, Key: uuid.NewString(), Payload: engine.TaskData{Task: task.String(), Outcome: outcome},
	})
	return res.Receipt, err
}

// TestTemporalLost: Temporal's databases are dropped under a thousand open processes; all resume from Postgres.
func TestTemporalLost(t *testing.T) {
	const n = 1000
	o := newTemporal(t)
	h := installation(t, o, advance.ModeWorkflow)
	h.Publish(leave)
	processes := make([]uuid.UUID, n)
	many(t, n, func(i int) (err error) {
		if processes[i], err = begin(h, "leave", map[string]any{"days": 1}); err != nil {
			return err
		}
		receipt, err := complete(h, processes[i], "ahua", "done")
		if err == nil && receipt.Status != "applied" {
			err = fmt.Errorf("%+v", receipt)
		}
		return err
	})
	o.down()
	o.lose()
	o.up()
	marked, err := h.App.Advancer.TemporalLost(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, n, marked)
	began := time.Now()
	require.Eventually(t, func() bool {
		open, err := openWorkflows(t.Context(), h)
		return err == nil && open == n
	}, 2*time.Minute, 500*time.Millisecond, "not every process has a workflow again")
	t.Logf("%d processes driven again after %s", n, time.Since(began).Round(time.Second))
	many(t, n, func(i int) error {
		receipt, err := complete(h, processes[i], "ali", "approved")
		if err == nil && receipt.Status != "applied" {
			err = fmt.Errorf("%+v", receipt)
		}
		return err
	})
	var ended, rows int
	err = h.App.Store.Lists().QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE status = 'ended' AND outcome = 'granted'), (SELECT count(*) FROM decision_log) FROM processes`).Scan(&ended, &rows)
	require.NoError(t, err)
	require.Equal(t, n, ended)
	require.Equal(t, 3*n, rows, "0 lost, 0 doubled")
	require.Eventually(t, func() bool {
		open, err := openWorkflows(t.Context(), h)
		return err == nil && open == 0
	}, time.Minute, 200*time.Millisecond)
}

const offer = `process: offer
name: { zh: 报价, en: Offer }
domain: office
outcomes: [taken, expired]
input: { type: object, required: [by], properties: { by: { type: string, format: date-time } } }
roles: { asker: { starter: true } }
anchors: { by: input.by }
steps:
  - { id: answer, uses: task, assign: asker, due: by, escalate: [{ at: by, outcome: late }], on: { late: { end: expired } } }
  - { end: taken }
`

// TestTemporalStoppedAcrossDeadlines: a thousand deadlines fall due while Temporal is away. Every command received before its
// deadline counts; every later one meets what the deadline did.
func TestTemporalStoppedAcrossDeadlines(t *testing.T) {
	const n = 1000
	o := newTemporal(t)
	h := installation(t, o, advance.ModeWorkflow)
	h.Publish(offer)
	by := time.Now().Add(75 * time.Second).Truncate(time.Second)
	processes := make([]uuid.UUID, n)
	many(t, n, func(i int) (err error) {
		processes[i], err = begin(h, "offer", map[string]any{"by": by.Format(time.RFC3339)})
		return err
	})
	o.down()
	inTime := func(i int) bool { return i%3 == 0 }
	tooLate := func(i int) bool { return i%3 == 1 }
	slowest := new(atomic.Int64)
	many(t, n, func(i int) error {
		if !inTime(i) {
			return nil
		}
		began := time.Now()
		receipt, err := complete(h, processes[i], "ahua", "done")
		slowest.Store(max(slowest.Load(), int64(time.Since(began))))
		if err == nil && receipt.Status != "applied" {
			err = fmt.Errorf("received before its deadline: %+v", receipt)
		}
		return err
	})
	require.True(t, time.Now().Before(by), "the machine is too slow for this test: the deadlines fell due before the commands in time were sent")
	t.Logf("slowest decision without Temporal: %s", time.Duration(slowest.Load()).Round(time.Millisecond))
	time.Sleep(time.Until(by)) // the moment itself is what is awaited
	many(t, n, func(i int) error {
		if !tooLate(i) {
			return nil
		}
		receipt, err := complete(h, processes[i], "ahua", "done")
		if err == nil && receipt.Code != "closed" {
			err = fmt.Errorf("received after its deadline: %+v", receipt)
		}
		return err
	})
	o.up()
	require.Eventually(t, func() bool {
		var open int
		err := h.App.Store.Lists().QueryRow(t.Context(), `SELECT count(*) FROM processes WHERE status <> 'ended'`).Scan(&open)
		return err == nil && open == 0
	}, 2*time.Minute, 200*time.Millisecond, "deadlines were lost")
	for i, p := range processes {
		want := "expired"
		if inTime(i) {
			want = "taken"
		}
		var outcome string
		var rows int
		err := h.App.Store.Lists().QueryRow(t.Context(), `SELECT outcome, (SELECT count(*) FROM decision_log WHERE process_id = p.id) FROM processes p WHERE id = $1`, p).Scan(&outcome, &rows)
		require.NoError(t, err)
		require.Equal(t, want, outcome, "process %s", p)
		require.LessOrEqual(t, rows, 3)
	}
}

// TestTemporalKilledUnderLoad: people go on working; nothing is lost, and everything settles once Temporal is back.
func TestTemporalKilledUnderLoad(t *testing.T) {
	o := newTemporal(t)
	f := newFleet(t, role{Decide: advance.ModeWorkflow}, func(c *app.Config) { c.TemporalAddress = o.server.Address() })
	server := f.launch(func(r *role) { r.Listen = freeAddress(t) })
	f.launch(func(r *role) { r.Worker = true })
	c := f.crowd("http://"+server.role.Listen, 4, 0)
	for range max(rounds(t)/7, 1) {
		waitFor(t, c, 10)
		o.down()
		waitFor(t, c, 10) // with Temporal away
		o.up()
	}
	waitFor(t, c, 10)
	c.finish()
	c.check()
}
