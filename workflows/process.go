package workflows

import (
	"cmp"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Limits of one run of the workflow, architecture.md 1, rule 8.
const (
	advanceTimeout  = 2 * time.Second
	advancePatience = 10 * 365 * 24 * time.Hour // unset, the SDK makes it as short as the timeout
	unsaidEvents    = 2000                      // length of a run whose input does not say it
	behindRetry     = time.Minute
	// The clocks of two servers differ: a timer may fire before Postgres thinks that the deadline has come. Look again, but less and
	// less often.
	earliestTimer = 5 * time.Millisecond
	longestPause  = 5 * time.Second
)

// NewerFormat is the type of the activity's error for a process that a newer build has written.
const NewerFormat = "newer-format"

// Process drives one process: it advances it whenever a nudge or its timer says so, until the process has ended.
func Process(ctx workflow.Context, in Input) error {
	detached, _ := workflow.NewDisconnectedContext(ctx)
	s := &shell{ctx: detached, outer: ctx, in: in, nudges: workflow.GetSignalChannel(detached, NudgeSignal)}
	if in.Known != nil {
		s.seen = mark(in.Known)
		s.take(*in.Known)
	} else {
		s.dirty = true
	}
	if in.Seen != nil {
		s.seen, s.told = *in.Seen, s.seen
	}
	s.watchCancel(ctx)
	return s.run()
}

func mark(e *Effects) Mark { return Mark{Seq: e.Seq, Head: e.Head} }

// shell is the state of one run.
type shell struct {
	ctx     workflow.Context
	outer   workflow.Context // ends when somebody cancels the workflow
	in      Input
	nudges  workflow.ReceiveChannel
	effects Effects
	seen    Mark // what the last Advance answered: Postgres must hold it for ever
	told    Mark // newer than seen, but only told by a nudge
	dirty   bool // an Advance is owed
	cancel  bool // a cancellation has to become a command
	heard   bool // of the cancellation
	stop    workflow.CancelFunc
	armed   time.Time // zero: no timer
	fired   bool
	timed   bool          // the Advance that is owed is the timer's
	pause   time.Duration // the shortest timer, while Postgres does not find due what is due here
}

func (s *shell) run() error {
	for {
		s.drain()
		for s.dirty || s.cancel || s.effects.Again {
			s.advance()
			s.drain()
			// A cancellation is known to this run alone: it becomes a command before the next run begins.
			if s.full() && !s.cancel {
				break
			}
		}
		if s.effects.Ended {
			return nil
		}
		switch {
		case !s.full():
			s.wait()
		case s.outer.Err() != nil && !s.heard: // the watcher runs later, which would be too late for this run
			s.cancelled()
		default:
			return s.continueAsNew()
		}
	}
}

// full says that this run's history has grown long enough.
func (s *shell) full() bool {
	info := workflow.GetInfo(s.ctx)
	return info.GetContinueAsNewSuggested() || info.GetCurrentHistoryLength() > cmp.Or(s.in.Events, unsaidEvents)
}

// continueAsNew hands over what is known, and what is still owed.
func (s *shell) continueAsNew() error {
	next := Input{Process: s.in.Process, Known: new(Effects), Events: EventsPerRun}
	*next.Known = s.effects
	next.Known.Again = s.effects.Again || s.dirty
	if s.told.Seq > s.seen.Seq {
		next.Seen = &s.seen
	}
	return workflow.NewContinueAsNewError(s.ctx, ProcessWorkflow, next)
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

func (s *shell) cancelled() {
	s.cancel = s.cancel || !s.heard
	s.heard = true
}

// learn takes a nudge: one that carries effects saves the Advance, since who sent it has decided already.
func (s *shell) learn(e *Effects) {
	if e == nil || e.Again {
		s.dirty = true
		return
	}
	switch {
	case e.Seq > s.seen.Seq && e.Seq >= s.told.Seq:
		s.told = mark(e)
	case e.Seq == s.seen.Seq && e.Head != "" && s.seen.Head != "" && e.Head != s.seen.Head:
		s.dirty = true // another history: Postgres is to be asked with what was seen
	}
	if e.Seq >= s.effects.Seq {
		s.take(*e)
	}
}

// take makes e what the process wants, and shows it in Temporal's UI.
func (s *shell) take(e Effects) {
	s.effects = e
	workflow.SetCurrentDetails(s.ctx, s.describe())
}

// advance has the process advanced in Postgres. The local activity is retried for as long as it takes.
func (s *shell) advance() {
	args := Advance{Process: s.in.Process, Seen: s.seen.Seq, Head: s.seen.Head, Cancel: s.cancel}
	if told := s.told; told.Seq > s.seen.Seq {
		args.Told = &told
	}
	timed, before := s.timed, s.effects.Seq
	s.dirty, s.cancel, s.timed = false, false, false
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
	} else {
		s.seen, s.told = mark(&e), Mark{}
	}
	s.slow(timed, e.Seq != before, e.Next)
	s.take(e)
}

// slow lengthens the pause before the next timer when one brought nothing although its time had come, and forgets the pause once
// things go on.
func (s *shell) slow(timed, moved bool, next *time.Time) {
	switch {
	case moved || next == nil || next.After(workflow.Now(s.ctx)):
		s.pause = 0
	case timed:
		s.pause = min(max(2*s.pause, earliestTimer), longestPause)
	}
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
			s.dirty, s.timed = true, true
		}
	}
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
	timer := workflow.NewTimerWithOptions(ctx, max(next.Sub(workflow.Now(s.ctx)), earliestTimer, s.pause), workflow.TimerOptions{Summary: s.effects.Waits})
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
			s.cancelled()
		}
	})
}
