package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"steward/workflows"
)

// stage runs the shell against a scripted Advance on Temporal's skipped time.
type stage struct {
	t     *testing.T
	env   *testsuite.TestWorkflowEnvironment
	start time.Time
	calls []workflows.Advance
	at    []time.Duration
	play  func(n int, a workflows.Advance) (workflows.Effects, error)
}

func newStage(t *testing.T, play func(n int, a workflows.Advance) (workflows.Effects, error)) *stage {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	s := &stage{t: t, env: suite.NewTestWorkflowEnvironment(), start: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), play: play}
	s.env.SetStartTime(s.start)
	s.env.SetTestTimeout(20 * time.Second)
	s.env.RegisterWorkflowWithOptions(workflows.Process, workflow.RegisterOptions{Name: workflows.ProcessWorkflow})
	s.env.RegisterActivityWithOptions(func(_ context.Context, a workflows.Advance) (workflows.Effects, error) {
		s.calls = append(s.calls, a)
		s.at = append(s.at, s.env.Now().Sub(s.start).Round(time.Second))
		return s.play(len(s.calls), a)
	}, activity.RegisterOptions{Name: workflows.AdvanceActivity})
	return s
}

func (s *stage) in(d time.Duration) *time.Time {
	at := s.start.Add(d)
	return &at
}

func (s *stage) run(known *workflows.Effects) error {
	s.t.Helper()
	s.env.ExecuteWorkflow(workflows.ProcessWorkflow, workflows.Input{Process: "p", Known: known})
	require.True(s.t, s.env.IsWorkflowCompleted())
	return s.env.GetWorkflowError()
}

func TestShellSleepsUntilTheDeadlineAndEnds(t *testing.T) {
	t.Parallel()
	var s *stage
	s = newStage(t, func(n int, _ workflows.Advance) (workflows.Effects, error) {
		if n == 1 {
			return workflows.Effects{Seq: 1, Next: s.in(3 * time.Hour)}, nil
		}
		return workflows.Effects{Seq: 2, Ended: true}, nil
	})
	require.NoError(t, s.run(nil))
	require.Equal(t, []time.Duration{0, 3 * time.Hour}, s.at)
	require.EqualValues(t, 1, s.calls[1].Seen, "what was seen is told, so that a restored database is noticed")
}

func TestShellArmsATimerOnlyForAnEarlierDeadline(t *testing.T) {
	t.Parallel()
	var s *stage
	s = newStage(t, func(n int, _ workflows.Advance) (workflows.Effects, error) {
		switch n {
		case 1:
			return workflows.Effects{Seq: 1, Next: s.in(3 * time.Hour)}, nil
		case 2: // nudged after an hour: the next deadline is later now
			return workflows.Effects{Seq: 2, Next: s.in(5 * time.Hour)}, nil
		case 3: // nudged again: earlier than the timer that is armed
			return workflows.Effects{Seq: 3, Next: s.in(150 * time.Minute)}, nil
		}
		return workflows.Effects{Seq: 4, Ended: true}, nil
	})
	s.env.RegisterDelayedCallback(func() { s.env.SignalWorkflow(workflows.NudgeSignal, nil) }, time.Hour)
	s.env.RegisterDelayedCallback(func() { s.env.SignalWorkflow(workflows.NudgeSignal, nil) }, 2*time.Hour)
	require.NoError(t, s.run(nil))
	require.Equal(t, []time.Duration{0, time.Hour, 2 * time.Hour, 150 * time.Minute}, s.at)
}

// TestShellTimerThatFiresEarlyJustLooksAgain: the deadline moved away after the timer was armed.
func TestShellTimerThatFiresEarlyJustLooksAgain(t *testing.T) {
	t.Parallel()
	var s *stage
	s = newStage(t, func(n int, _ workflows.Advance) (workflows.Effects, error) {
		switch n {
		case 1:
			return workflows.Effects{Seq: 1, Next: s.in(time.Hour)}, nil
		case 2:
			return workflows.Effects{Seq: 2, Next: s.in(4 * time.Hour)}, nil
		}
		return workflows.Effects{Seq: 3, Ended: true}, nil
	})
	s.env.RegisterDelayedCallback(func() { s.env.SignalWorkflow(workflows.NudgeSignal, nil) }, time.Minute)
	require.NoError(t, s.run(nil))
	require.Equal(t, []time.Duration{0, time.Minute, 4 * time.Hour}, s.at, "no Advance at the old time")
}

func TestShellLearnsWhatTheAPIDecided(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(int, workflows.Advance) (workflows.Effects, error) {
		return workflows.Effects{}, errors.New("no Advance is needed")
	})
	s.env.RegisterDelayedCallback(func() {
		s.env.SignalWorkflow(workflows.NudgeSignal, &workflows.Effects{Seq: 4, Ended: true})
	}, time.Hour)
	require.NoError(t, s.run(&workflows.Effects{Seq: 1}))
	require.Empty(t, s.calls)
}

// TestShellIgnoresOldNews: nudges may arrive in any order.
func TestShellIgnoresOldNews(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(int, workflows.Advance) (workflows.Effects, error) {
		return workflows.Effects{Seq: 9, Ended: true}, nil
	})
	s.env.RegisterDelayedCallback(func() {
		s.env.SignalWorkflow(workflows.NudgeSignal, &workflows.Effects{Seq: 3, Next: s.in(9 * time.Hour)})
	}, time.Minute)
	require.NoError(t, s.run(&workflows.Effects{Seq: 5, Next: s.in(time.Hour)}))
	require.Equal(t, []time.Duration{time.Hour}, s.at)
}

func TestShellTurnsCancellationIntoACommand(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(_ int, a workflows.Advance) (workflows.Effects, error) {
		return workflows.Effects{Seq: 2, Ended: a.Cancel}, nil
	})
	s.env.RegisterDelayedCallback(s.env.CancelWorkflow, time.Hour)
	require.NoError(t, s.run(nil))
	require.False(t, s.calls[0].Cancel)
	require.True(t, s.calls[1].Cancel)
}

func TestShellGoesOnUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(n int, _ workflows.Advance) (workflows.Effects, error) {
		return workflows.Effects{Seq: int64(n), Again: n < 4, Ended: n == 4}, nil
	})
	require.NoError(t, s.run(nil))
	require.Len(t, s.calls, 4)
}

// TestShellCarriesWhatItKnowsIntoTheNextRun, and a nudge that came meanwhile is served before.
func TestShellCarriesWhatItKnowsIntoTheNextRun(t *testing.T) {
	t.Parallel()
	var s *stage
	s = newStage(t, func(n int, _ workflows.Advance) (workflows.Effects, error) {
		return workflows.Effects{Seq: int64(n), Next: s.in(48 * time.Hour)}, nil
	})
	s.env.SetContinueAsNewSuggested(true)
	in := s.next(nil)
	require.Equal(t, "p", in.Process)
	require.NotNil(t, in.Known)
	require.EqualValues(t, 1, in.Known.Seq)
	require.True(t, in.Known.Next.Equal(*s.in(48 * time.Hour)))
}

// TestShellParksWhileTheDatabaseIsBehind and looks again later instead of deciding on old ground.
func TestShellParksWhileTheDatabaseIsBehind(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(n int, _ workflows.Advance) (workflows.Effects, error) {
		switch n {
		case 1:
			return workflows.Effects{Behind: true}, nil
		case 2:
			return workflows.Effects{Behind: true}, nil
		}
		return workflows.Effects{Seq: 7, Ended: true}, nil
	})
	s.env.RegisterDelayedCallback(func() { s.env.SignalWorkflow(workflows.NudgeSignal, nil) }, time.Second)
	require.NoError(t, s.run(&workflows.Effects{Seq: 7}))
	require.Equal(t, []time.Duration{time.Second, 61 * time.Second, 121 * time.Second}, s.at)
	for _, c := range s.calls {
		require.EqualValues(t, 7, c.Seen)
	}
}

// TestShellRetriesTheDatabaseForAsLongAsItTakes: an error is never an outcome.
func TestShellRetriesTheDatabaseForAsLongAsItTakes(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(n int, _ workflows.Advance) (workflows.Effects, error) {
		if n < 30 {
			return workflows.Effects{}, errors.New("the database is away")
		}
		return workflows.Effects{Seq: 1, Ended: true}, nil
	})
	require.NoError(t, s.run(nil))
	require.Len(t, s.calls, 30)
}

// TestShellLeavesANewerFormatToANewerWorker by failing the workflow task.
func TestShellLeavesANewerFormatToANewerWorker(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(int, workflows.Advance) (workflows.Effects, error) {
		return workflows.Effects{}, temporal.NewNonRetryableApplicationError("format 2", workflows.NewerFormat, nil)
	})
	err := s.run(nil)
	require.ErrorContains(t, err, "format 2")
}

// TestShellLooksLessAndLessOftenWhileTheDatabaseIsNotThereYet: its clock is ten seconds behind Temporal's.
func TestShellLooksLessAndLessOftenWhileTheDatabaseIsNotThereYet(t *testing.T) {
	t.Parallel()
	var s *stage
	s = newStage(t, func(n int, _ workflows.Advance) (workflows.Effects, error) {
		switch {
		case n < 100 && s.env.Now().Sub(s.start) < 10*time.Second:
			return workflows.Effects{Seq: 1, Next: s.in(0)}, nil
		case s.calls[n-1].Seen == 1: // its time has come: the next deadline, a day later, meets the same clocks
			return workflows.Effects{Seq: 2, Next: s.in(24 * time.Hour)}, nil
		case s.env.Now().Sub(s.start) < 24*time.Hour+8*time.Millisecond:
			return workflows.Effects{Seq: 2, Next: s.in(24 * time.Hour)}, nil
		}
		return workflows.Effects{Seq: 3, Ended: true}, nil
	})
	require.NoError(t, s.run(nil))
	require.Less(t, len(s.calls), 20, "5 ms doubled twelve times are ten seconds")
	require.Less(t, s.env.Now().Sub(s.start), 24*time.Hour+time.Second, "a new deadline begins with a short pause")
}

// TestShellKeepsACancellationForItself: the next run is not cancelled, so this one turns it into a command.
func TestShellKeepsACancellationForItself(t *testing.T) {
	t.Parallel()
	var s *stage
	s = newStage(t, func(n int, a workflows.Advance) (workflows.Effects, error) {
		if n == 1 {
			s.env.CancelWorkflow()
		}
		return workflows.Effects{Seq: int64(n), Next: s.in(48 * time.Hour), Ended: a.Cancel}, nil
	})
	s.env.SetContinueAsNewSuggested(true)
	require.NoError(t, s.run(nil), "it ends, it does not continue as new")
	require.Len(t, s.calls, 2)
}

// TestShellHandsOverWhatIsStillOwed: a process that always has more to do must not grow one history without end.
func TestShellHandsOverWhatIsStillOwed(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(n int, _ workflows.Advance) (workflows.Effects, error) {
		return workflows.Effects{Seq: int64(n), Again: true}, nil
	})
	s.env.SetContinueAsNewSuggested(true)
	in := s.next(nil)
	require.Len(t, s.calls, 1)
	require.True(t, in.Known.Again, "the next run goes on at once")
}

// next runs until the shell continues as new and answers what the next run gets.
func (s *stage) next(known *workflows.Effects) workflows.Input {
	s.t.Helper()
	var next *workflow.ContinueAsNewError
	require.ErrorAs(s.t, s.run(known), &next)
	var in workflows.Input
	require.NoError(s.t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	return in
}

// TestShellRemembersWhatItSawItself, whatever nudges tell: after a restore the API may decide other events under the same
// sequences.
func TestShellRemembersWhatItSawItself(t *testing.T) {
	t.Parallel()
	var s *stage
	s = newStage(t, func(n int, _ workflows.Advance) (workflows.Effects, error) {
		return workflows.Effects{Seq: 7, Head: "seen", Next: s.in(time.Hour), Ended: n > 1}, nil
	})
	tell := func(after time.Duration, seq int64, head string) {
		s.env.RegisterDelayedCallback(func() {
			s.env.SignalWorkflow(workflows.NudgeSignal, &workflows.Effects{Seq: seq, Head: head, Next: s.in(time.Hour)})
		}, after)
	}
	tell(time.Minute, 6, "lost")
	tell(2*time.Minute, 8, "other")
	require.NoError(t, s.run(nil))
	last := s.calls[len(s.calls)-1]
	require.EqualValues(t, 7, last.Seen)
	require.Equal(t, "seen", last.Head)
	require.Equal(t, &workflows.Mark{Seq: 8, Head: "other"}, last.Told)
	require.Equal(t, []time.Duration{0, time.Hour}, s.at)
}

// TestShellAsksWhenItIsToldAnotherHistory under a sequence that it has seen.
func TestShellAsksWhenItIsToldAnotherHistory(t *testing.T) {
	t.Parallel()
	var s *stage
	s = newStage(t, func(n int, _ workflows.Advance) (workflows.Effects, error) {
		return workflows.Effects{Seq: 7, Head: "seen", Next: s.in(time.Hour), Ended: n > 1}, nil
	})
	s.env.RegisterDelayedCallback(func() {
		s.env.SignalWorkflow(workflows.NudgeSignal, &workflows.Effects{Seq: 7, Head: "other"})
	}, time.Minute)
	require.NoError(t, s.run(nil))
	require.Equal(t, []time.Duration{0, time.Minute}, s.at)
}

// TestShellCarriesWhatItSawPastWhatItWasTold into the next run.
func TestShellCarriesWhatItSawPastWhatItWasTold(t *testing.T) {
	t.Parallel()
	var s *stage
	s = newStage(t, func(n int, _ workflows.Advance) (workflows.Effects, error) {
		s.env.SignalWorkflow(workflows.NudgeSignal, &workflows.Effects{Seq: 9, Head: "told"})
		return workflows.Effects{Seq: 7, Head: "seen"}, nil
	})
	s.env.SetContinueAsNewSuggested(true)
	in := s.next(nil)
	require.Equal(t, &workflows.Mark{Seq: 7, Head: "seen"}, in.Seen)
	require.EqualValues(t, 9, in.Known.Seq)
}
