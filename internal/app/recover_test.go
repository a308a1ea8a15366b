package app_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"steward/internal/app"
	"steward/internal/apptest"
	"steward/internal/store"
	"steward/workflows"
)

// visit waits for one task, and ends with it.
const visit = `process: visit
name: { zh: 来访, en: Visit }
domain: meeting
outcomes: [seen]
input: { type: object, properties: {} }
roles: { host: { starter: true } }
calendar: cn
steps:
  - { id: receive, uses: task, assign: host, name: { zh: 接待, en: Receive }, due: +1d }
  - { end: seen }
`

// house has so many open visits, each with its workflow.
func house(t *testing.T, visits int) (*apptest.House, []string) {
	t.Helper()
	h := apptest.Start(t, nil)
	h.Publish(visit)
	person := h.SignIn("aming")
	var processes []string
	for range visits {
		processes = append(processes, person.Start("visit", map[string]any{}))
	}
	for _, p := range processes {
		apptest.Until(t, "a workflow", func() bool { return running(t, h, p) != "" })
	}
	return h, processes
}

// running answers the run that drives a process, "" when there is none.
func running(t *testing.T, h *apptest.House, process string) string {
	t.Helper()
	answer, err := h.App.Temporal.DescribeWorkflowExecution(t.Context(), process, "")
	if err != nil || answer.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return ""
	}
	return answer.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

func TestRecoverGivesEveryOpenProcessAWorkflow(t *testing.T) {
	t.Parallel()
	h, processes := house(t, 3)
	kept := running(t, h, processes[0])
	for _, p := range processes[1:] {
		require.NoError(t, h.App.Temporal.TerminateWorkflow(t.Context(), p, "", "lost"))
	}
	_, err := h.App.Store.ReportIncident(t.Context(), store.NewIncident{ProcessID: uuid.MustParse(processes[1]), EventID: "workflow/x", Kind: "workflow_closed", Message: "closed"})
	require.NoError(t, err)

	var told []app.Recovered
	done, err := h.App.Recover(t.Context(), app.Recovery{By: "test", Progress: func(r app.Recovered) { told = append(told, r) }})
	require.NoError(t, err)
	require.Equal(t, app.Recovered{Processes: 3, Started: 2, Incidents: 1}, done)
	require.Equal(t, []app.Recovered{done}, told)
	require.Equal(t, kept, running(t, h, processes[0]), "what runs is left alone")

	person := h.SignIn("aming")
	for _, p := range processes {
		apptest.Until(t, "a workflow again", func() bool { return running(t, h, p) != "" })
		person.Complete(p, "receive", "done", nil)
		require.Equal(t, "seen", person.Ended(p))
		apptest.Until(t, "the workflow to end with its process", func() bool { return running(t, h, p) == "" })
	}
	done, err = h.App.Recover(t.Context(), app.Recovery{By: "test"})
	require.NoError(t, err)
	require.Zero(t, done, "nothing is open, nothing is done")
}

func TestRecoverAfterARestoreReplacesEveryRun(t *testing.T) {
	t.Parallel()
	h, processes := house(t, 2)
	before := running(t, h, processes[0])
	stray := uuid.NewString() // of a process that the backup does not hold
	_, err := h.App.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: stray, TaskQueue: h.Config.TaskQueue},
		workflows.ProcessWorkflow, workflows.Input{Process: stray, Known: &workflows.Effects{Seq: 7}})
	require.NoError(t, err)

	apptest.Until(t, "visibility, and with it the end of the stray", func() bool {
		done, err := h.App.Recover(t.Context(), app.Recovery{PostgresRestored: true, By: "test"})
		require.NoError(t, err)
		require.EqualValues(t, 2, done.Processes)
		require.EqualValues(t, 2, done.Started)
		return running(t, h, stray) == ""
	})
	for _, p := range processes {
		apptest.Until(t, "a fresh workflow", func() bool { return running(t, h, p) != "" })
	}
	require.NotEqual(t, before, running(t, h, processes[0]))
	person := h.SignIn("aming")
	person.Complete(processes[0], "receive", "done", nil)
	require.Equal(t, "seen", person.Ended(processes[0]))
}

func TestRecoverNeedsTemporal(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, func(c *app.Config) { c.TemporalAddress, c.Worker = "127.0.0.1:1", false })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := h.App.Recover(ctx, app.Recovery{})
	require.ErrorContains(t, err, "127.0.0.1:1 does not answer")
}
