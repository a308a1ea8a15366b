package activities

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"steward/internal/advance"
	"steward/workflows"
)

// ErrWorkflowClosed says that the workflow of a process has closed: the process has ended, or somebody closed the workflow from
// outside.
var ErrWorkflowClosed = errors.New("the workflow of the process is closed")

// sender makes the calls to Temporal and remembers whether it answers.
type sender struct {
	client client.Client
	opts   NudgerOptions
	away   atomic.Int64 // until when, in Unix nanoseconds
	slow   atomic.Int64 // calls in a row that ran out of time
	heard  atomic.Int64 // when Temporal answered last, in Unix nanoseconds
}

// Temporal counts as away when so many calls in a row ran out of time, and nothing was heard of it for the time of so many calls: a
// few slow calls on a busy machine are not enough.
const (
	slowIsAway   = 3
	silentIsAway = 2
)

// Away reports whether Temporal failed to answer a moment ago: waiting for a workflow makes no sense then.
func (s *sender) Away() bool { return time.Now().UnixNano() < s.away.Load() }

// Send tells the workflow of a process what the process wants and answers once Temporal has stored it; it tries also while
// Temporal counts as away. Wants that ask for a start, start the workflow with what it has to know. A workflow that is missing is
// started to look for itself, unless the process has ended. The error is ErrWorkflowClosed when the workflow has closed although
// the wants do not say that the process has ended.
func (s *sender) Send(ctx context.Context, process uuid.UUID, wants advance.Effects) error {
	call, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	err := s.tell(call, process.String(), wants)
	switch {
	case err == nil || errors.Is(err, ErrWorkflowClosed):
		s.away.Store(0)
		s.slow.Store(0)
		s.heard.Store(time.Now().UnixNano())
	case ctx.Err() == nil && (unreachable(err) || late(err) && s.slow.Add(1) >= slowIsAway && s.silent()):
		s.away.Store(time.Now().Add(s.opts.AwayFor).UnixNano())
	}
	return err
}

func (s *sender) silent() bool {
	return time.Since(time.Unix(0, s.heard.Load())) >= silentIsAway*s.opts.Timeout
}

func (s *sender) tell(ctx context.Context, id string, wants advance.Effects) error {
	known := carried(wants)
	if wants.Start {
		input := workflows.Input{Process: id, Known: known, Events: workflows.EventsPerRun}
		if _, err := s.client.ExecuteWorkflow(ctx, s.options(id), workflows.ProcessWorkflow, input); !alreadyStarted(err) {
			return err
		}
	}
	var missing *serviceerror.NotFound
	err := s.client.SignalWorkflow(ctx, id, "", workflows.NudgeSignal, known)
	if !errors.As(err, &missing) {
		return err
	}
	if wants.Ended && !wants.Again {
		return nil
	}
	input := workflows.Input{Process: id, Events: workflows.EventsPerRun}
	_, err = s.client.SignalWithStartWorkflow(ctx, id, workflows.NudgeSignal, nil, s.options(id), workflows.ProcessWorkflow, input)
	if alreadyStarted(err) {
		return ErrWorkflowClosed
	}
	return err
}

// carried is what a workflow may take over without a look at Postgres; nil when it has to look.
func carried(wants advance.Effects) *workflows.Effects {
	if wants.Again {
		return nil
	}
	return &workflows.Effects{Seq: wants.Seq, Head: wants.Head, Next: wants.Next, Ended: wants.Ended, Waits: wants.Waits}
}

func (s *sender) options(id string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: id, TaskQueue: s.opts.TaskQueue, EnableEagerStart: s.opts.EagerStart,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}
}

func alreadyStarted(err error) bool {
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	return errors.As(err, &started)
}

// unreachable tells a Temporal that does not answer from one that refuses a request.
func unreachable(err error) bool {
	var unavailable *serviceerror.Unavailable
	return errors.As(err, &unavailable)
}

// late tells a call that ran out of time, or that Temporal put off.
func late(err error) bool {
	var deadline *serviceerror.DeadlineExceeded
	var exhausted *serviceerror.ResourceExhausted
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &deadline) || errors.As(err, &exhausted)
}
