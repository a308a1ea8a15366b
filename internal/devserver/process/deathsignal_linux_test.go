package process

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// parentRole makes this test binary a supervisor that can be killed.
const parentRole = "STEWARD_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentRole) != "" {
		superviseUntilKilled()
		return
	}
	os.Exit(m.Run())
}

// superviseUntilKilled starts a child, prints its pid, and busies other threads
// until somebody kills it.
func superviseUntilKilled() {
	child, err := Start(exec.Command("sleep", "600"), Options{DeathSignal: syscall.SIGTERM})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(child.PID())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestChildDiesWithAKilledParent(t *testing.T) {
	t.Parallel()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentRole+"=1")
	stdin, err := parent.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err, line)
	require.True(t, Alive(pid))

	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.True(t, AwaitGone(ctx, pid), "the child outlived its parent")
}

func TestZombieIsNotAlive(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("true")
	require.NoError(t, cmd.Start())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.True(t, AwaitGone(ctx, cmd.Process.Pid), "ended, though nobody has reaped it")
	require.NoError(t, cmd.Wait())
}
