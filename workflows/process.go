package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Limits of one run of the workflow, architecture.md 1, rule 8.
const (
	advanceTimeout  = 2 * time.Second
	advancePatience = 10 * 365 * 24 * time.Hour // unset, the SDK makes it as short as the timeout
	eventsPerRun    = 2000
	behindRetry     = time.Minute
	earliestTimer   = 5 * time.Millisecond // the clocks of two servers differ: look again, but not at once
)

// NewerFormat is the type of the activity's error for a process that a newer build has written.
const NewerFormat = "newer-format"

// Process drives one process: it advances it whenever a nudge or its timer says so, until the process has ended.
func Process(ctx workflow.Context, in Input) error {
	detached, _ := workflow.NewDisconnectedContext(ctx)
	s := &shell{ctx: detached, in: in, nudges: workflow.GetSignalChannel(detached, NudgeSignal)}
	if in.Known != nil {
		s.effects = *in.Known
	} else {
		s.dirty = true
	}
	s.watchCancel(ctx)
	return s.run()
}

// shell is the state of one run.
type shell struct {
	ctx     workflow.Context
	in      Input
	nudges  workflow.ReceiveChannel
	effects Effects
	dirty   bool // an Advance is owed
	cancel  bool // a cancellation has to become a command
	stop    workflow.CancelFunc
	armed   time.Time // zero: no timer
	fired   bool
}

func (s *shell) run() error {
	for {
		s.drain()
		for s.dirty || s.effects.Again {
			s.advance()
			s.drain()
		}
		if s.effects.Ended {
			return nil
		}
		if info := workflow.GetInfo(s.ctx); info.GetContinueAsNewSuggested() || info.GetCurrentHistoryLength() > eventsPerRun {
			known := s.effects
			return workflow.NewContinueAsNewError(s.ctx, ProcessWorkflow, Input{Process: s.in.Process, Known: &known})
		}
		s.wait()
	}
}

// drain takes every nudge that has come: one Advance serves them all.
func (s *shell) drain() {
	for {
		var effects *Effects
		if !s.nudges.ReceiveAsync(&effects) {
			return
		}
		s.learn(effects)
	}
}

// learn takes a nudge: one that carries effects saves the Advance, since who sent it has decided already.
func (s *shell) learn(e *Effects) {
	if e == nil || e.Again {
		s.dirty = true
		return
	}
	if e.Seq >= s.effects.Seq {
		s.effects = *e
	}
}

// advance has the process advanced in Postgres. The local activity is retried for as long as it takes.
func (s *shell) advance() {
	args := Advance{Process: s.in.Process, Seen: s.effects.Seq, Cancel: s.cancel}
	s.dirty, s.cancel = false, false
	ctx := workflow.WithLocalActivityOptions(s.ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    advanceTimeout,
		ScheduleToCloseTimeout: advancePatience,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second},
	})
	var e Effects
	if err := workflow.ExecuteLocalActivity(ctx, AdvanceActivity, args).Get(ctx, &e); err != nil {
		var app *temporal.ApplicationError
		if errors.As(err, &app) && app.Type() == NewerFormat {
			panic(err) // fails the workflow task: a newer worker takes it
		}
		workflow.GetLogger(s.ctx).Error("advance failed", "process", s.in.Process, "error", err)
		s.dirty = true
		_ = workflow.Sleep(s.ctx, time.Second)
		return
	}
	if e.Behind {
		e = s.effects
		e.Again = false
		next := workflow.Now(s.ctx).Add(behindRetry)
		e.Next = &next
	}
	s.effects = e
	workflow.SetCurrentDetails(s.ctx, s.describe())
}

// describe says in Temporal's UI what the process waits for.
func (s *shell) describe() string {
	text := "waits: " + s.effects.Waits
	if s.effects.Waits == "" {
		text = "waits: nothing"
	}
	if s.effects.Next != nil {
		text += "; next deadline " + s.effects.Next.Format(time.RFC3339)
	}
	return text
}

// wait sleeps until a nudge, the timer or a cancellation. A new timer is armed only when the next deadline is earlier than
// the one armed: a timer that fires too early just looks again.
func (s *shell) wait() {
	s.arm()
	sel := workflow.NewSelector(s.ctx)
	sel.AddReceive(s.nudges, func(c workflow.ReceiveChannel, _ bool) {
		var e *Effects
		c.Receive(s.ctx, &e)
		s.learn(e)
	})
	if err := workflow.Await(s.ctx, func() bool { return s.fired || s.cancel || s.dirty || sel.HasPending() }); err != nil {
		return
	}
	for sel.HasPending() {
		sel.Select(s.ctx)
	}
	if s.fired {
		s.fired, s.armed = false, time.Time{}
		if next := s.effects.Next; next != nil && !next.After(workflow.Now(s.ctx)) {
			s.dirty = true
		}
	}
	s.dirty = s.dirty || s.cancel
}

func (s *shell) arm() {
	next := s.effects.Next
	if next == nil || (!s.armed.IsZero() && !next.Before(s.armed)) {
		return
	}
	if s.stop != nil {
		s.stop()
	}
	ctx, stop := workflow.WithCancel(s.ctx)
	s.stop, s.armed = stop, *next
	at := *next
	timer := workflow.NewTimerWithOptions(ctx, max(next.Sub(workflow.Now(s.ctx)), earliestTimer), workflow.TimerOptions{Summary: s.effects.Waits})
	workflow.Go(ctx, func(ctx workflow.Context) {
		err := timer.Get(ctx, nil)
		var cancelled *temporal.CanceledError
		if !errors.As(err, &cancelled) && s.armed.Equal(at) {
			s.fired = true
		}
	})
}

// watchCancel turns a cancellation of the workflow into a command; nothing else listens to it.
func (s *shell) watchCancel(ctx workflow.Context) {
	workflow.Go(s.ctx, func(own workflow.Context) {
		if done := ctx.Done(); done != nil {
			done.Receive(own, nil)
			s.cancel = true
		}
	})
}
