package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"steward/internal/apptest"
	"steward/workflows"
)

// TestRecord brings processes to their end and proves that their logs and histories can be read again. With STEWARD_RECORD=1
// they are also written where there is no recording yet. Courses that have tests of their own are kept by those.
func TestRecord(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, h *apptest.House) {
		h.Publish(leave)
		mode := string(h.Config.Decide)
		asker, office := h.SignIn("ahua"), h.SignIn("ali")

		granted := asker.Start("leave", map[string]any{"days": 2})
		asker.Complete(granted, "plan", "done", nil)
		office.Complete(granted, "approve", "returned", nil)
		asker.Complete(granted, "plan", "done", nil)
		office.Complete(granted, "approve", "approved", nil)
		require.Equal(t, "granted", asker.Ended(granted))
		require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, h.Closed(granted))
		h.Keep("leave-"+mode, granted, "")

		cancelled := asker.Start("leave", map[string]any{"days": 3})
		asker.Complete(cancelled, "plan", "done", nil)
		cancelWorkflow(t, h, cancelled)
		asker.Ended(cancelled)
		require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, h.Closed(cancelled), "the process ended, so its workflow did")
		h.Keep("leave-cancelled-"+mode, cancelled, "")
	})
}

// cancelWorkflow cancels the workflow of a process in Temporal, as an operator may.
func cancelWorkflow(t *testing.T, h *apptest.House, process string) {
	t.Helper()
	apptest.Until(t, "Temporal knows the workflow", func() bool {
		return h.App.Temporal.CancelWorkflow(t.Context(), process, "") == nil
	})
}

// TestRecordContinueAsNew: more nudges than one run may hold are served at once, and the next run goes on from what the first
// one knew.
func TestRecordContinueAsNew(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, nil)
	h.Publish(leave)
	asker, office := h.SignIn("ahua"), h.SignIn("ali")
	id := asker.Start("leave", map[string]any{"days": 2})
	asker.Complete(id, "plan", "done", nil)
	first, err := h.App.Temporal.DescribeWorkflow(t.Context(), id, "")
	require.NoError(t, err)
	run := first.WorkflowExecution.RunID

	h.Down()
	nudgeOften(t, h, id, 2000)
	h.Up()
	apptest.Until(t, "the workflow does not continue as new", func() bool {
		d, err := h.App.Temporal.DescribeWorkflow(t.Context(), id, "")
		return err == nil && d.WorkflowExecution.RunID != run
	})
	office.Complete(id, "approve", "approved", nil)
	require.Equal(t, "granted", asker.Ended(id))
	h.Closed(id)

	history := h.History(id, run)
	require.Equal(t, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW, history.Events[len(history.Events)-1].EventType)
	h.Keep("leave-continued", id, run)
	h.Keep("leave-continuing", id, "")
}

// nudgeOften sends a workflow so many nudges that tell it nothing new, while no worker runs.
func nudgeOften(t *testing.T, h *apptest.House, process string, n int) {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: h.Config.TemporalAddress})
	require.NoError(t, err)
	defer c.Close()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(32)
	for range n {
		group.Go(func() error {
			return c.SignalWorkflow(ctx, process, "", workflows.NudgeSignal, &workflows.Effects{})
		})
	}
	require.NoError(t, group.Wait())
}
