package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/apptest"
	"steward/workflows"
	"steward/workflows/engine"
)

// answered is the answer to a request that a test goes on beside.
type answered struct {
	apptest.Answer
	err error
}

// decideBeside completes a task while the test goes on.
func decideBeside(c *apptest.Client, task any, outcome string) <-chan answered {
	answer := make(chan answered, 1)
	go func() {
		a, err := c.Try("POST", fmt.Sprintf("/api/v1/tasks/%s/complete", task), uuid.NewString(), map[string]any{"outcome": outcome})
		answer <- answered{a, err}
	}()
	return answer
}

// buffered is a house in which only the workflow decides, so that a test can hold its workflow tasks up.
func buffered(t *testing.T) (*apptest.House, *gates) {
	t.Helper()
	g := newGates()
	h := apptest.Start(t, func(c *app.Config) { c.Hook, c.Patience = g.hook, 20*time.Second })
	h.Publish(leave)
	return h, g
}

// undecided waits until so many completions of a process are stored and not decided.
func undecided(t *testing.T, h *apptest.House, process string, n int) {
	t.Helper()
	apptest.Until(t, "the commands are stored", func() bool {
		return h.Count(`SELECT count(*) FROM commands WHERE process_id = $1 AND type = $2 AND settled_at IS NULL`, process, engine.EventComplete) == n
	})
}

// buffer has Temporal take a nudge, about commands that are stored by then, while a workflow task of the process is under way.
func buffer(t *testing.T, h *apptest.House, process string, commands int) {
	t.Helper()
	undecided(t, h, process, commands)
	require.NoError(t, h.App.Temporal.SignalWorkflow(t.Context(), process, "", workflows.NudgeSignal, nil))
}

// turnedBack counts the workflow tasks of a run that Temporal did not let end the run, since signals had come meanwhile.
func turnedBack(h *apptest.House, process, run string) int {
	h.T.Helper()
	n := 0
	for _, e := range h.History(process, run).GetEvents() {
		if e.GetWorkflowTaskFailedEventAttributes().GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND {
			n++
		}
	}
	return n
}

// quiet waits until nothing of a process is owed to anybody.
func quiet(t *testing.T, h *apptest.House, process string) {
	t.Helper()
	require.Eventually(t, func() bool {
		return h.Count(`SELECT (SELECT count(*) FROM processes WHERE id = $1 AND unsettled_since IS NOT NULL) +
(SELECT count(*) FROM commands WHERE process_id = $1 AND settled_at IS NULL)`, process) == 0
	}, time.Minute, 50*time.Millisecond, "process %s is not settled within a minute", process)
}

// TestANudgeWhileTheWorkflowCompletes: the task that decides the end of a process is under way when a rival's command comes. The
// workflow may not complete before it has seen to that, and what was decided before is not decided again.
func TestANudgeWhileTheWorkflowCompletes(t *testing.T) {
	t.Parallel()
	h, g := buffered(t)
	asker, one, two := h.SignIn("ahua"), h.SignIn("ali"), h.SignIn("afang")
	id := asker.Start("leave", map[string]any{"days": 1})
	asker.Complete(id, "plan", "done", nil)
	task := one.Task(id, "approve")["id"]

	gate := g.close(t, advance.PointBeforeCommit, id)
	first := decideBeside(one, task, "approved")
	gate.await(t)
	second := decideBeside(two, task, "rejected")
	buffer(t, h, id, 2)
	gate.open()

	won, lost := <-first, <-second
	require.NoError(t, won.err)
	require.Equal(t, http.StatusOK, won.Status, won.Body)
	require.NoError(t, lost.err)
	require.Equal(t, http.StatusConflict, lost.Status, lost.Body)
	require.Contains(t, lost.Body, `"ali"`, "the loser is told who won")
	require.Equal(t, "granted", asker.Ended(id))
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, h.Closed(id))
	quiet(t, h, id)
	require.Positive(t, turnedBack(h, id, ""), "the nudge came while the task that completes was under way")
	require.Len(t, h.Log(id), 3, "start, plan, approval: each once")
	require.Positive(t, agree(t, h, []string{id}))
	apptest.Replay(t, h.History(id, ""))
}

// TestANudgeWhileTheWorkflowContinuesAsNew: the task that ends a run is under way when a command comes. It is decided before the next
// run begins, and the process goes on there.
func TestANudgeWhileTheWorkflowContinuesAsNew(t *testing.T) {
	t.Parallel()
	h, g := buffered(t)
	asker, office := h.SignIn("ahua"), h.SignIn("ali")
	id := asker.Start("leave", map[string]any{"days": 1})
	asker.Complete(id, "plan", "done", nil)
	task := office.Task(id, "approve")["id"]
	first, err := h.App.Temporal.DescribeWorkflow(t.Context(), id, "")
	require.NoError(t, err)
	run := first.WorkflowExecution.RunID

	h.Down()
	fill(t, h, id)
	gate := g.close(t, advance.PointBeforeCommit, id)
	h.Up()
	gate.await(t)
	returned := decideBeside(office, task, "returned")
	buffer(t, h, id, 1)
	gate.open()

	answer := <-returned
	require.NoError(t, answer.err)
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	asker.Complete(id, "plan", "done", nil)
	office.Complete(id, "approve", "approved", nil)
	require.Equal(t, "granted", asker.Ended(id))
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, h.Closed(id))
	quiet(t, h, id)
	require.Positive(t, turnedBack(h, id, run), "the nudge came while the task that continues as new was under way")
	events := h.History(id, run).GetEvents()
	require.Equal(t, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW, events[len(events)-1].GetEventType())
	require.Len(t, h.Log(id), 5, "start, plan, return, plan, approval: each once")
	require.Positive(t, agree(t, h, []string{id}))
	apptest.Replay(t, h.History(id, run))
	apptest.Replay(t, h.History(id, ""))
}

// fill makes the run of a workflow as long as a run gets, by signals that it does not know, and nudges it, while no worker runs.
func fill(t *testing.T, h *apptest.House, process string) {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: h.Config.TemporalAddress})
	require.NoError(t, err)
	defer c.Close()
	many(t, workflows.EventsPerRun, func(int) error { return c.SignalWorkflow(t.Context(), process, "", "ballast", nil) })
	require.NoError(t, c.SignalWorkflow(t.Context(), process, "", workflows.NudgeSignal, nil))
}
