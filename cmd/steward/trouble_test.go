package main

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/apptest"
	"steward/internal/storetest"
)

// oneSentence requires what a person can act on: one line, without the password.
func oneSentence(t *testing.T, said said, parts ...string) {
	t.Helper()
	require.Equal(t, exitFailed, said.code, said.err)
	line := strings.TrimSuffix(said.err, "\n")
	require.True(t, strings.HasPrefix(line, "steward: "), line)
	require.NotContains(t, line, "\n")
	require.NotContains(t, said.out+said.err, "hush-hush")
	for _, part := range parts {
		require.Contains(t, line, part)
	}
}

// TestAWrongDatabaseURLIsOneSentence for every command that needs the database.
func TestAWrongDatabaseURLIsOneSentence(t *testing.T) {
	t.Parallel()
	working, err := url.Parse(storetest.NewEmptyURL(t))
	require.NoError(t, err)
	wrongPassword, wrongName := *working, *working
	wrongPassword.User = url.UserPassword(working.User.Username(), "hush-hush")
	wrongName.Path = "/not_here"
	commands := map[string][]string{
		"migrate": {"migrate"}, "serve": {"serve", "--listen", "127.0.0.1:0"}, "worker": {"worker"}, "people": {"people", "list"},
		"token": {"token", "create", "x", "--name", "x"}, "publish": {"publish"}, "verify": {"verify"}, "incidents": {"incidents", "list"},
		"retry": {"incidents", "retry", "3f1a9a52-3f0e-4f3a-8a0e-0d5d3f6f1c11"}, "recover": {"recover", "--temporal-lost"},
		"dev": {"dev", "--listen", "127.0.0.1:0", "--dir", filepath.Join(t.TempDir(), "dev"), "--log-level", "error"},
	}
	for name, c := range map[string]struct{ url, remedy string }{
		"unreachable":      {"postgres://u:hush-hush@127.0.0.1:1/d", "Postgres at 127.0.0.1:1 does not answer: start it, or correct host and port in DATABASE_URL"},
		"wrong password":   {wrongPassword.String(), "correct user and password in DATABASE_URL"},
		"no such database": {wrongName.String(), `has no database "not_here": create it (createdb not_here), or correct the name at the end of DATABASE_URL`},
		"not a URL":        {"hush-hush", "DATABASE_URL is not the address of a Postgres database: set it to postgres://user:password@host:port/database"},
	} {
		for command, args := range commands {
			t.Run(name+" "+command, func(t *testing.T) {
				t.Parallel()
				oneSentence(t, steward(t, "", append(args, "--database-url", c.url)...), c.remedy)
			})
		}
	}
}

func TestAPortInUseIsOneSentence(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	at := taken.Addr().String()
	oneSentence(t, steward(t, "", "serve", "--listen", at, "--database-url", storetest.NewURL(t), "--temporal-address", "127.0.0.1:1", "--log-level", "error"),
		at, "another program", "choose another one with --listen")
	dir := filepath.Join(t.TempDir(), "dev2")
	oneSentence(t, steward(t, "", "dev", "--listen", at, "--dir", dir), at, "make run ARGS=", "--listen", "--dir "+strings.TrimSuffix(dir, "2")+"3")
	require.NoDirExists(t, dir, "a refused start leaves nothing behind")
}

// written is output that is read while it is written.
type written struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// runUntilItSays runs the program until it has said every part, stops it, expects it to end well, and answers all it said.
func runUntilItSays(t *testing.T, args []string, parts ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, code := &written{}, make(chan int, 1)
	go func() { code <- run(ctx, args, streams{in: strings.NewReader(""), out: out, err: out}) }()
	require.Eventually(t, func() bool {
		said := out.String()
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(said, part) })
	}, 20*time.Second, 20*time.Millisecond, "%v", out)
	stop()
	require.Zero(t, <-code, out.String())
	return out.String()
}

// TestWithoutTemporalTheProgramsGoOn and say so: people can work without it.
func TestWithoutTemporalTheProgramsGoOn(t *testing.T) {
	t.Parallel()
	database := storetest.NewURL(t)
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"worker"}} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			runUntilItSays(t, append(args, "--database-url", database, "--temporal-address", "127.0.0.1:1"),
				"Temporal at 127.0.0.1:1 does not answer", "correct TEMPORAL_ADDRESS")
		})
	}
}

// TestAMissingNamespaceIsNamed once, with flag and remedy, though Temporal itself answers.
func TestAMissingNamespaceIsNamed(t *testing.T) {
	t.Parallel()
	database, temporal := storetest.NewURL(t), apptest.Temporal(t).Address()
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"worker"}} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			const sentence = "create it (temporal operator namespace create -n nope --retention 720h), or correct TEMPORAL_NAMESPACE (--temporal-namespace)"
			said := runUntilItSays(t, append(args, "--database-url", database, "--temporal-address", temporal, "--temporal-namespace", "nope"), sentence)
			require.Equal(t, 1, strings.Count(said, sentence), said)
		})
	}
}

// TestTheBrowserTestWithoutNodeSaysSo: nothing else of the project needs Node where Postgres is installed.
func TestTheBrowserTestWithoutNodeSaysSo(t *testing.T) {
	t.Parallel()
	path := t.TempDir() // everything that the script uses before, and no npm
	for _, name := range []string{"bash", "env", "dirname"} {
		program, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(program, filepath.Join(path, name)))
	}
	cmd := exec.CommandContext(t.Context(), "../../.ci/browser-test")
	cmd.Env = []string{"PATH=" + path}
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, "browser test: Node is not installed: install Node 20 or later with npm\n", string(out))
}

func TestNothingToConnectToIsOneSentence(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "none")
	oneSentence(t, steward(t, "", "dev", "--print-env", "--dir", dir), "no `steward dev` runs in this folder", "make run", "--dir")
	require.NoDirExists(t, dir, "asking starts nothing")
}

func TestAnErrorIsPrintedOnOneLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "it broke (exit status 1: # pkg; x.go:1: undefined)", oneLine("it broke (exit status 1: # pkg\n\n\tx.go:1: undefined)\n"))
	require.Empty(t, oneLine("\n"))
}
