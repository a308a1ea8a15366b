package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/apptest"
	"steward/internal/people"
)

// rounds is how often a program is killed: 20 in `make test`, 200 in `make chaos`.
func rounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("STEWARD_CHAOS_ROUNDS")
	if text == "" {
		return 20
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

func signInOf(user string) people.Credentials {
	return people.Credentials{UserID: user, Password: people.DemoPassword}
}

// openWorkflows counts the workflows of a house that Temporal still holds open.
func openWorkflows(ctx context.Context, h *apptest.House) (int64, error) {
	return countWorkflows(ctx, h, "ExecutionStatus = 'Running'")
}

// countWorkflows counts the workflows of a house of which something is true.
func countWorkflows(ctx context.Context, h *apptest.House, what string) (int64, error) {
	res, err := h.App.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: fmt.Sprintf("TaskQueue = '%s' AND %s", h.Config.TaskQueue, what),
	})
	if err != nil {
		return 0, err
	}
	return res.GetCount(), nil
}

// TestWorkerKilledUnderLoad: the worker dies at random points while people work.
func TestWorkerKilledUnderLoad(t *testing.T) {
	for _, mode := range []advance.Mode{advance.ModeWorkflow, advance.ModeAPI} {
		t.Run(string(mode), func(t *testing.T) {
			f := newFleet(t, role{Decide: mode}, nil)
			server := f.launch(func(r *role) { r.Listen = freeAddress(t) })
			worker := f.launch(func(r *role) { r.Worker = true })
			c := f.crowd("http://"+server.role.Listen, 8, 0)
			for range rounds(t) {
				time.Sleep(time.Duration(100+rand.IntN(300)) * time.Millisecond)
				worker.kill()
				worker.again()
			}
			c.finish()
			c.check()
		})
	}
}

// TestServerKilledUnderLoad: the API dies at random points; clients repeat under the same key.
func TestServerKilledUnderLoad(t *testing.T) {
	for _, mode := range []advance.Mode{advance.ModeWorkflow, advance.ModeAPI} {
		t.Run(string(mode), func(t *testing.T) {
			f := newFleet(t, role{Decide: mode}, nil)
			f.launch(func(r *role) { r.Worker = true })
			server := f.launch(func(r *role) { r.Listen = freeAddress(t) })
			c := f.crowd("http://"+server.role.Listen, 8, 0)
			for range rounds(t) {
				time.Sleep(time.Duration(100+rand.IntN(300)) * time.Millisecond)
				server.kill()
				server.again()
			}
			c.finish()
			c.check()
		})
	}
}

// TestWorkerAndServerKilledTogether, with the pauses of production: what they leave is settled within a minute all the same.
func TestWorkerAndServerKilledTogether(t *testing.T) {
	for _, mode := range []advance.Mode{advance.ModeWorkflow, advance.ModeAPI} {
		t.Run(string(mode), func(t *testing.T) {
			f := newFleet(t, role{Decide: mode, Unhurried: true}, func(c *app.Config) { c.Intervals = app.Intervals{} })
			programs := []*program{f.launch(func(r *role) { r.Worker = true }), f.launch(func(r *role) { r.Listen = freeAddress(t) })}
			c := f.crowd("http://"+programs[1].role.Listen, 8, 0)
			for range 3 {
				time.Sleep(time.Duration(300+rand.IntN(500)) * time.Millisecond)
				for _, p := range programs {
					p.kill()
				}
				for _, p := range programs {
					p.again()
				}
			}
			c.finish()
			c.check()
		})
	}
}

// TestFailPoints: a program comes to harm exactly where a decision is half made.
func TestFailPoints(t *testing.T) { //nolint:tparallel // fleets share the machine with each other, but with no other test
	for _, mode := range []advance.Mode{advance.ModeWorkflow, advance.ModeAPI} {
		for _, point := range []advance.FailPoint{advance.PointLocked, advance.PointBeforeCommit, advance.PointAfterCommit, advance.PointAnswer} {
			t.Run(fmt.Sprint(mode, "/kill/", point), func(t *testing.T) {
				t.Parallel()
				f := newFleet(t, role{Decide: mode}, nil)
				inServer := mode == advance.ModeAPI || point == advance.PointAnswer
				harm := func(r *role) { r.Point, r.Nth, r.Harm = point, 9, "kill" }
				server := f.launch(func(r *role) {
					r.Listen = freeAddress(t)
					if inServer {
						harm(r)
					}
				})
				worker := f.launch(func(r *role) {
					r.Worker = true
					if !inServer {
						harm(r)
					}
				})
				c := f.crowd("http://"+server.role.Listen, 4, 0)
				victim := worker
				if inServer {
					victim = server
				}
				victim.died()
				victim.again()
				waitFor(t, c, 20)
				c.finish()
				c.check()
			})
		}
	}
}

// TestAnAttemptThatCommitsAfterItsTimeout has its effect once, although a second attempt was made meanwhile.
func TestAnAttemptThatCommitsAfterItsTimeout(t *testing.T) {
	f := newFleet(t, role{Decide: advance.ModeWorkflow}, nil)
	server := f.launch(func(r *role) { r.Listen = freeAddress(t) })
	f.launch(func(r *role) { r.Worker, r.Point, r.Nth, r.Harm = true, advance.PointBeforeCommit, 5, "stall" })
	c := f.crowd("http://"+server.role.Listen, 4, 0)
	waitFor(t, c, 40)
	c.finish()
	c.check()
}

// TestABlackholedWorker holds a row lock and says nothing more: within five seconds another acts.
func TestABlackholedWorker(t *testing.T) {
	f := newFleet(t, role{Decide: advance.ModeWorkflow}, nil)
	server := f.launch(func(r *role) { r.Listen = freeAddress(t) })
	hole := f.launch(func(r *role) { r.Worker, r.Point, r.Nth, r.Harm = true, advance.PointLocked, 6, "stop" })
	c := f.crowd("http://"+server.role.Listen, 4, 0)
	require.Eventually(t, func() bool { return stopped(hole.cmd.Process.Pid) }, 30*time.Second, 10*time.Millisecond, "it was never stopped")
	f.launch(func(r *role) { r.Worker = true })
	var stuck uuid.UUID
	require.Never(t, func() bool {
		err := f.house.App.Store.Lists().QueryRow(t.Context(), `SELECT process_id FROM commands WHERE settled_at IS NULL AND received_at < clock_timestamp() - interval '5 seconds' LIMIT 1`).Scan(&stuck)
		return !errors.Is(err, pgx.ErrNoRows)
	}, 8*time.Second, 100*time.Millisecond, "a command of process %v has waited for more than 5 s", &stuck)
	c.finish()
	_ = hole.cmd.Process.Signal(syscall.SIGCONT)
	c.check()
}

// stopped says whether a process was stopped by a signal.
func stopped(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	for i := len(text) - 1; i > 0; i-- {
		if text[i] == ')' {
			return text[i+2] == 'T'
		}
	}
	return false
}

// TestThousandRacesOnOneTask: two people decide at once; exactly one wins, the other gets 409 with the winner.
func TestThousandRacesOnOneTask(t *testing.T) {
	h := apptest.Start(t, nil)
	h.Publish(leave)
	asker, one, two := h.SignIn("ahua"), h.SignIn("ali"), h.SignIn("afang")
	const lanes, races = 8, 125
	failures := make(chan error, lanes)
	for range lanes {
		go func() {
			failures <- func() error {
				for range races {
					start, err := asker.Try("POST", "/api/v1/processes", uuid.NewString(), map[string]any{"definition": "leave", "input": map[string]any{"days": 1}})
					if err != nil {
						return err
					}
					id, _ := start.Get("process").(string)
					if err := raceOnce(h, asker, one, two, id); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	for range lanes {
		require.NoError(t, <-failures)
	}
}

// raceOnce lets two people decide the approval of a process at the same time.
func raceOnce(h *apptest.House, asker, one, two *apptest.Client, id string) error {
	task := func(step string) (string, error) {
		var task uuid.UUID
		err := h.App.Store.Lists().QueryRow(context.Background(), `SELECT id FROM tasks WHERE process_id = $1 AND step = $2 AND status = 'open'`, id, step).Scan(&task)
		return task.String(), err
	}
	plan, err := task("plan")
	if err != nil {
		return fmt.Errorf("process %s: plan: %w", id, err)
	}
	if a, err := asker.Try("POST", "/api/v1/tasks/"+plan+"/complete", uuid.NewString(), map[string]any{}); err != nil || a.Status != 200 {
		return fmt.Errorf("complete plan: %d %s %w", a.Status, a.Body, err)
	}
	approve, err := task("approve")
	if err != nil {
		return fmt.Errorf("process %s: approve: %w", id, err)
	}
	type reply struct {
		a   apptest.Answer
		who string
		err error
	}
	replies := make(chan reply, 2)
	for who, c := range map[string]*apptest.Client{"ali": one, "afang": two} {
		go func() {
			a, err := c.Try("POST", "/api/v1/tasks/"+approve+"/complete", uuid.NewString(), map[string]any{"outcome": "approved"})
			replies <- reply{a, who, err}
		}()
	}
	first, second := <-replies, <-replies
	if second.a.Status == 200 {
		first, second = second, first
	}
	switch {
	case first.err != nil || second.err != nil:
		return fmt.Errorf("race: %w %w", first.err, second.err)
	case first.a.Status != 200 || second.a.Status != 409:
		return fmt.Errorf("process %s: %d and %d: %s / %s", id, first.a.Status, second.a.Status, first.a.Body, second.a.Body)
	case second.a.Get("winner", "by", "id") != first.who && second.a.Get("winner", "by") != first.who:
		return fmt.Errorf("the loser is not told that %s won: %s", first.who, second.a.Body)
	case second.a.Get("revision") == nil:
		return fmt.Errorf("the loser is not told the revision: %s", second.a.Body)
	}
	return nil
}
