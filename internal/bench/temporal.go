package bench

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// trace is the size of a workflow's history.
type trace struct {
	Events int
	Bytes  int
}

// history reads a workflow's history event by event.
func history(ctx context.Context, c client.Client, workflow string) (trace, error) {
	var t trace
	events := c.GetWorkflowHistory(ctx, workflow, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return t, fmt.Errorf("history of %s: %w", workflow, err)
		}
		t.Events++
		t.Bytes += e.Size()
	}
	return t, nil
}

// running counts the open workflows of the house, as visibility has them.
func (h *House) running(ctx context.Context) (int64, error) {
	res, err := h.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: fmt.Sprintf("TaskQueue = '%s' AND ExecutionStatus = 'Running'", h.Queue),
	})
	if err != nil {
		return 0, fmt.Errorf("count workflows: %w", err)
	}
	return res.GetCount(), nil
}

// startsEagerly tells how the product starts its workflows, so that the baseline can do the same: whether Temporal hands the
// first task to the program that starts.
func (h *House) startsEagerly(ctx context.Context) (bool, error) {
	process, _, err := h.walk(ctx, 0)
	if err != nil {
		return false, err
	}
	events := h.Temporal.GetWorkflowHistory(ctx, process.String(), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	first, err := events.Next()
	if err != nil {
		return false, fmt.Errorf("history of %s: %w", process, err)
	}
	return first.GetWorkflowExecutionStartedEventAttributes().GetEagerExecutionAccepted(), nil
}
