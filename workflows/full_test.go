package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/sdk/converter"

	"steward/workflows"
)

// course is a history under construction.
type course struct {
	t *testing.T
	historypb.History
}

var queue = &taskqueuepb.TaskQueue{Name: "q"}

func begun(t *testing.T, in workflows.Input) *course {
	t.Helper()
	c := &course{t: t}
	c.add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
		WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{
			WorkflowType: &commonpb.WorkflowType{Name: workflows.ProcessWorkflow}, TaskQueue: queue, OriginalExecutionRunId: "r", FirstExecutionRunId: "r", Input: c.payload(in),
		},
	}})
	return c.task(false)
}

func (c *course) add(e *historypb.HistoryEvent) {
	e.EventId = int64(len(c.Events) + 1)
	c.Events = append(c.Events, e)
}

func (c *course) payload(v any) *commonpb.Payloads {
	c.t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayloads(v)
	require.NoError(c.t, err)
	return p
}

// task adds a workflow task, in which the server may say that the run has grown long enough.
func (c *course) task(full bool) *course {
	n := int64(len(c.Events))
	c.add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, Attributes: &historypb.HistoryEvent_WorkflowTaskScheduledEventAttributes{
		WorkflowTaskScheduledEventAttributes: &historypb.WorkflowTaskScheduledEventAttributes{TaskQueue: queue},
	}})
	c.add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED, Attributes: &historypb.HistoryEvent_WorkflowTaskStartedEventAttributes{
		WorkflowTaskStartedEventAttributes: &historypb.WorkflowTaskStartedEventAttributes{ScheduledEventId: n + 1, SuggestContinueAsNew: full},
	}})
	c.add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, Attributes: &historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes{
		WorkflowTaskCompletedEventAttributes: &historypb.WorkflowTaskCompletedEventAttributes{ScheduledEventId: n + 1, StartedEventId: n + 2},
	}})
	return c
}

func (c *course) nudge(e *workflows.Effects) *course {
	c.add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, Attributes: &historypb.HistoryEvent_WorkflowExecutionSignaledEventAttributes{
		WorkflowExecutionSignaledEventAttributes: &historypb.WorkflowExecutionSignaledEventAttributes{SignalName: workflows.NudgeSignal, Input: c.payload(e)},
	}})
	return c
}

func (c *course) cancel() *course {
	c.add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED, Attributes: &historypb.HistoryEvent_WorkflowExecutionCancelRequestedEventAttributes{
		WorkflowExecutionCancelRequestedEventAttributes: &historypb.WorkflowExecutionCancelRequestedEventAttributes{},
	}})
	return c
}

func (c *course) continued(in workflows.Input) *historypb.History {
	c.add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW, Attributes: &historypb.HistoryEvent_WorkflowExecutionContinuedAsNewEventAttributes{
		WorkflowExecutionContinuedAsNewEventAttributes: &historypb.WorkflowExecutionContinuedAsNewEventAttributes{
			NewExecutionRunId: "n", WorkflowType: &commonpb.WorkflowType{Name: workflows.ProcessWorkflow}, TaskQueue: queue, Input: c.payload(in), WorkflowTaskCompletedEventId: int64(len(c.Events)),
		},
	}})
	return &c.History
}

// TestACancellationIsHeardByARunThatIsFull: it comes in the very task in which the run would continue as new.
func TestACancellationIsHeardByARunThatIsFull(t *testing.T) {
	t.Parallel()
	next := workflows.Input{Process: "p", Known: &workflows.Effects{Seq: 2}, Seen: &workflows.Mark{Seq: 1}, Events: workflows.EventsPerRun}
	first := func() *course {
		return begun(t, workflows.Input{Process: "p", Known: &workflows.Effects{Seq: 1}}).nudge(&workflows.Effects{Seq: 2})
	}
	require.NoError(t, replay(first().task(true).continued(next)), "a full run without a cancellation")
	require.Error(t, replay(first().cancel().task(true).continued(next)), "it must become an Advance first")
}

// TestALimitHoldsForTheRunThatWasStartedWithIt: one that began before there was a limit in its input goes on to 2,000 events.
func TestALimitHoldsForTheRunThatWasStartedWithIt(t *testing.T) {
	t.Parallel()
	for limit, ends := range map[int]bool{0: false, workflows.EventsPerRun: true} {
		c := begun(t, workflows.Input{Process: "p", Known: &workflows.Effects{Seq: 1}, Events: limit})
		for seq := int64(2); len(c.Events) <= workflows.EventsPerRun; seq++ {
			c.nudge(&workflows.Effects{Seq: seq}).task(false)
		}
		last := int64(len(c.Events)-4)/4 + 1
		next := workflows.Input{Process: "p", Known: &workflows.Effects{Seq: last}, Seen: &workflows.Mark{Seq: 1}, Events: workflows.EventsPerRun}
		err := replay(c.continued(next))
		require.Equal(t, ends, err == nil, "limit %d: %v", limit, err)
	}
}
