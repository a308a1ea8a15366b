package devmode

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/devserver/process"
)

// sleeper is a real child that serves nothing.
type sleeper struct{ *process.Child }

func (s sleeper) Stop(ctx context.Context) error {
	return s.Child.Stop(ctx, process.Step{Signal: syscall.SIGTERM, Patience: 5 * time.Second})
}

func newSleeper() (sleeper, error) {
	child, err := process.Start(exec.Command("sleep", "600"), process.Options{DeathSignal: syscall.SIGKILL})
	return sleeper{child}, err
}

func TestADeadServerIsStartedAgain(t *testing.T) {
	t.Parallel()
	var starts atomic.Int32
	started := make(chan sleeper, 10)
	sentences := make(chan string, 20)
	s := supervisor{
		name: "Sleep",
		say:  func(format string, args ...any) { sentences <- fmt.Sprintf(format, args...) },
		start: func(context.Context) (server, error) {
			if starts.Add(1) == 2 {
				return nil, errors.New("still busy")
			}
			child, err := newSleeper()
			if err == nil {
				started <- child
			}
			return child, err
		},
	}
	require.NoError(t, s.begin(t.Context()))
	first := <-started
	require.NoError(t, syscall.Kill(first.PID(), syscall.SIGKILL))
	second := <-started
	require.NotEqual(t, first.PID(), second.PID())
	require.Equal(t, "Sleep has ended unexpectedly; starting it again.", <-sentences)
	require.Equal(t, "Sleep does not start: still busy", <-sentences)
	require.Equal(t, "Sleep runs again.", <-sentences)
	require.NoError(t, s.stop())
	require.False(t, process.Alive(second.PID()))
	require.EqualValues(t, 3, starts.Load())
}

func TestStoppingEndsTheAttempts(t *testing.T) {
	t.Parallel()
	tried := make(chan struct{}, 100)
	var once atomic.Bool
	s := supervisor{name: "Sleep", say: func(string, ...any) {}, start: func(context.Context) (server, error) {
		if once.CompareAndSwap(false, true) {
			return newSleeper()
		}
		tried <- struct{}{}
		return nil, errors.New("never again")
	}}
	require.NoError(t, s.begin(t.Context()))
	first, ok := s.current.(sleeper)
	require.True(t, ok)
	require.NoError(t, first.Signal(syscall.SIGKILL))
	<-tried
	require.NoError(t, s.stop(), "what is dead already is no error")
}

func TestAServerThatDoesNotStartIsAnError(t *testing.T) {
	t.Parallel()
	s := supervisor{name: "Sleep", start: func(context.Context) (server, error) { return nil, errors.New("no") }}
	require.EqualError(t, s.begin(t.Context()), "no")
	require.NoError(t, s.stop(), "nothing to stop")
}
