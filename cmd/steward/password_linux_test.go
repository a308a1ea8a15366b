package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"steward/internal/storetest"
)

// terminal opens a pseudoterminal: what a person types, and what the program reads.
func terminal(t *testing.T) (keyboard, screen *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = keyboard.Close() })
	fd := int(keyboard.Fd())
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = screen.Close() })
	return keyboard, screen
}

// echoes says whether the terminal shows what is typed.
func echoes(t *testing.T, f *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	require.NoError(t, err)
	return state.Lflag&unix.ECHO != 0
}

// setPassword runs set-password at a terminal at which somebody types a line whenever a question has been asked.
func setPassword(t *testing.T, ctx context.Context, url string, lines ...string) (code func() int, out *written, screen *os.File) { //nolint:revive // a test's t comes first
	t.Helper()
	keyboard, screen := terminal(t)
	out = &written{}
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"people", "set-password", "lihua", "--database-url", url}, streams{in: screen, out: out, err: out})
	}()
	for i, line := range lines {
		require.Eventually(t, func() bool { return strings.Count(out.String(), ": ") == i+1 && !echoes(t, screen) }, 20*time.Second, 5*time.Millisecond, "%v", out)
		_, err := keyboard.WriteString(line + "\n")
		require.NoError(t, err)
	}
	return func() int { return <-done }, out, screen
}

// TestAPasswordIsAskedForAtATerminal, twice and unseen.
func TestAPasswordIsAskedForAtATerminal(t *testing.T) {
	t.Parallel()
	url := storetest.NewURL(t)
	require.Zero(t, steward(t, "", "people", "put", "lihua", "--name", "李华", "--database-url", url).code)
	for name, c := range map[string]struct {
		lines []string
		code  int
		want  string
	}{
		"the same twice": {[]string{"long enough to be good", "long enough to be good"}, 0, "password set"},
		"two":            {[]string{"long enough to be good", "long enough to be bad"}, exitFailed, "the two passwords differ"},
		"none":           {[]string{"", ""}, exitFailed, "no password was typed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, screen := setPassword(t, t.Context(), url, c.lines...)
			require.Equal(t, c.code, code(), out.String())
			require.Contains(t, out.String(), "New password of lihua: \nOnce more: \n")
			require.Contains(t, out.String(), c.want)
			require.NotContains(t, out.String(), "long enough")
			require.True(t, echoes(t, screen))
		})
	}
}

// TestAnInterruptedQuestionLeavesTheTerminalAsItWas: it shows again what is typed.
func TestAnInterruptedQuestionLeavesTheTerminalAsItWas(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	code, out, screen := setPassword(t, ctx, "postgres://u@127.0.0.1:1/d", "long enough to be good")
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "Once more: ") && !echoes(t, screen) }, 20*time.Second, 5*time.Millisecond)
	interrupt()
	require.Equal(t, exitFailed, code())
	require.True(t, echoes(t, screen))
}
