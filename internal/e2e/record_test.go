package e2e

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"steward/internal/apptest"
	"steward/workflows"
)

// TestRecord brings processes to their end and proves that their logs and histories can be read again. With STEWARD_RECORD=1 they
// are also written where there is no recording yet, those of the long courses too.
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

		if os.Getenv(apptest.RecordVariable) != "" {
			h.Keep("meeting-"+mode, holdMeeting(t, h), "")
			h.Keep("complaint-late-"+mode, complainLate(t, h), "")
		}
	})
}

// cancelWorkflow cancels the workflow of a process in Temporal, as an operator may.
func cancelWorkflow(t *testing.T, h *apptest.House, process string) {
	t.Helper()
	apptest.Until(t, "Temporal knows the workflow", func() bool {
		return h.App.Temporal.CancelWorkflow(t.Context(), process, "") == nil
	})
}

// TestRecordContinueAsNew: when Temporal suggests it the workflow continues as new, with every nudge served that has come, and the
// next run goes on from what the first one knew.
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
	swell(t, h, id)
	h.Up()
	apptest.Until(t, "the workflow does not continue as new", func() bool {
		d, err := h.App.Temporal.DescribeWorkflow(t.Context(), id, "")
		return err == nil && d.WorkflowExecution.RunID != run
	})
	office.Complete(id, "approve", "approved", nil)
	require.Equal(t, "granted", asker.Ended(id))
	h.Closed(id)

	events := h.History(id, run).GetEvents()
	require.Equal(t, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW, events[len(events)-1].GetEventType())
	h.Keep("leave-continued", id, run)
	h.Keep("leave-continuing", id, "")
}

// swell makes a history so large that Temporal suggests to continue as new (4 MB), by signals that the workflow does not know, and
// nudges it a few times, while no worker runs.
func swell(t *testing.T, h *apptest.House, process string) {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: h.Config.TemporalAddress})
	require.NoError(t, err)
	defer c.Close()
	ballast := make([]byte, 240<<10)
	for range 20 {
		require.NoError(t, c.SignalWorkflow(t.Context(), process, "", "ballast", ballast))
	}
	for range 3 {
		require.NoError(t, c.SignalWorkflow(t.Context(), process, "", workflows.NudgeSignal, nil))
	}
}
