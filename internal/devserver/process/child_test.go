package process

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shell starts a script and waits until it has printed "ready".
func shell(t *testing.T, script string) *Child {
	t.Helper()
	cmd := exec.Command("sh", "-c", script+"\necho ready\nwhile :; do sleep 0.05; done")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	child, err := Start(cmd, Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = child.Signal(syscall.SIGKILL) })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	return child
}

func TestStopClimbsTheLadder(t *testing.T) {
	t.Parallel()
	ladder := []Step{{syscall.SIGINT, 200 * time.Millisecond}, {syscall.SIGTERM, 200 * time.Millisecond}}
	tests := []struct {
		name, script, wantErr string
	}{
		{"ends at the first request", `trap 'exit 0' INT`, ""},
		{"ends at the second request", `trap '' INT`, ""},
		{"ends only by force", `trap '' INT TERM`, "was killed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			child := shell(t, test.script)
			err := child.Stop(t.Context(), ladder...)
			if test.wantErr == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.wantErr)
			}
			require.False(t, Alive(child.PID()))
			require.NoError(t, child.Stop(t.Context(), ladder...), "stopping what has ended is no error")
		})
	}
}

func TestStopDoesNotWaitForPatienceWhenTheContextHasEnded(t *testing.T) {
	t.Parallel()
	child := shell(t, `trap '' INT`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	require.ErrorContains(t, child.Stop(ctx, Step{syscall.SIGINT, time.Minute}), "was killed")
	require.Less(t, time.Since(began), 30*time.Second)
	require.False(t, Alive(child.PID()))
}

func TestChildReportsHowItEnded(t *testing.T) {
	t.Parallel()
	child, err := Start(exec.Command("sh", "-c", "exit 3"), Options{})
	require.NoError(t, err)
	<-child.Done()
	var exit *exec.ExitError
	require.ErrorAs(t, child.Err(), &exit)
	require.Equal(t, 3, exit.ExitCode())
	require.NoError(t, child.Signal(syscall.SIGTERM), "a signal to what has ended is no error")
}

func TestStartNamesTheProgramThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := Start(exec.Command("/nonexistent/program"), Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "/nonexistent/program")
}

func TestChildHasItsOwnProcessGroup(t *testing.T) {
	t.Parallel()
	child := shell(t, "")
	group, err := syscall.Getpgid(child.PID())
	require.NoError(t, err)
	require.Equal(t, child.PID(), group)
	require.NotEqual(t, syscall.Getpgrp(), group)
	require.NoError(t, child.Err(), "no end to report while it runs")
	line, err := CommandLine(t.Context(), child.PID())
	require.NoError(t, err)
	require.Contains(t, line, "echo ready")
}

func TestAwaitGoneGivesUpWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.False(t, AwaitGone(ctx, os.Getpid()))
	require.True(t, AwaitGone(ctx, 0))
}
