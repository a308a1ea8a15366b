package devmode

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/app"
	"steward/internal/devserver/process"
)

// dirVariable makes this test binary run development mode in the named folder, so that it can be killed.
const dirVariable = "STEWARD_TEST_DEV_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(dirVariable); dir != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		err := Run(ctx, options(dir, os.Stdout))
		stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func options(dir string, out io.Writer) Options {
	return Options{
		Dir: dir, Here: ".", Listen: "127.0.0.1:0", Decide: "workflow", NoUI: true, Out: out,
		Log: slog.New(slog.DiscardHandler),
	}
}

// folder is one that the account of Postgres can reach, also when the test runs as root.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "steward-dev-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "dev")
}

// output can be read while it is written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// mode is development mode, running within this test.
type mode struct {
	t    *testing.T
	out  *output
	app  *app.App
	stop func() error
}

func begin(t *testing.T, dir string) *mode {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	m := &mode{t: t, out: new(output)}
	opts := options(dir, m.out)
	ready := make(chan *app.App, 1)
	opts.Ready = func(a *app.App) { ready <- a }
	done := make(chan error, 1)
	go func() { done <- Run(ctx, opts) }()
	m.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	select {
	case m.app = <-ready:
	case err := <-done:
		done <- err
		require.FailNow(t, "did not start", "%v\n%s", err, m.out)
	}
	t.Cleanup(func() { require.NoError(t, m.stop()) })
	return m
}

// curl answers the lines that were printed for pasting.
func (m *mode) curl() []string {
	var lines []string
	for line := range strings.Lines(m.out.String()) {
		if strings.HasPrefix(line, "curl ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	require.Len(m.t, lines, 3, m.out)
	return lines
}

// paste runs a line as a shell does and answers the JSON that comes back.
func paste(t *testing.T, line string) map[string]any {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), "bash", "-c", line).Output()
	require.NoError(t, err, line)
	answer := map[string]any{}
	require.NoError(t, json.Unmarshal(text, &answer), "%s", text)
	return answer
}

func (m *mode) count(what string) int {
	m.t.Helper()
	var n int
	require.NoError(m.t, m.app.Store.Pool().QueryRow(m.t.Context(), "SELECT count(*) FROM "+what).Scan(&n))
	return n
}

func (m *mode) well() bool {
	request, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, "http://"+m.app.Addr+"/readyz", http.NoBody)
	require.NoError(m.t, err)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return err == nil && answer.StatusCode == http.StatusOK && !strings.Contains(string(body), `"ok":false`)
}

// TestARunFromNothing goes the way of a newcomer: first start, the three lines, a second start that continues.
func TestARunFromNothing(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := begin(t, dir)
	require.Contains(t, first.out.String(), "steward-demo")
	require.Contains(t, first.out.String(), "http://"+first.app.Addr+"/api/docs")
	require.NotContains(t, first.out.String(), "refused")

	lines := first.curl()
	started := paste(t, lines[0])
	require.Equal(t, "applied", started["status"], started)
	require.Equal(t, started["process"], paste(t, lines[0])["process"], "pasted twice, it starts one meeting")
	listed, ok := paste(t, lines[1])["items"].([]any)
	require.True(t, ok)
	require.GreaterOrEqual(t, len(listed), 2)
	done := paste(t, lines[2])
	require.Equal(t, "applied", done["status"], done)

	processes, people := first.count("processes"), first.count("users")
	require.GreaterOrEqual(t, processes, 4, "three samples and the one that was started")
	require.Zero(t, first.count("tasks WHERE status = 'open' AND due_at < now()"), "nothing begins late, on whatever day")
	require.NoError(t, first.stop())
	require.Contains(t, first.out.String(), "Stopped.")

	second := begin(t, dir)
	require.Equal(t, people, second.count("users"))
	require.Equal(t, processes, second.count("processes"), "the application that was just pasted waits, so nothing is added")
	require.Equal(t, "applied", paste(t, second.curl()[0])["status"], "another room is free at that time")
	again := paste(t, second.curl()[2])
	require.Equal(t, "applied", again["status"], "there is something to decide after every start")
}

// TestWhatDiesIsStartedAgain kills both servers, one after the other.
func TestWhatDiesIsStartedAgain(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	m := begin(t, dir)
	for name, mark := range map[string]string{"Postgres": filepath.Join(dir, "pg"), "Temporal": "temporal-dev"} {
		pid := childOf(t, mark, m.temporalPort(dir))
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		require.Eventually(t, func() bool { return strings.Contains(m.out.String(), name+" runs again.") }, time.Minute, 20*time.Millisecond, m.out)
		require.Eventually(t, m.well, time.Minute, 50*time.Millisecond)
	}
	require.Equal(t, "applied", paste(t, m.curl()[0])["status"])
	require.Equal(t, "applied", paste(t, m.curl()[2])["status"])
}

func (m *mode) temporalPort(dir string) string {
	return fmt.Sprintf("--port %d", recall[ports](portsFile(dir)).Temporal)
}

// childOf finds the server of this test among all processes: Postgres by its folder, Temporal by its port.
func childOf(t *testing.T, mark, port string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	require.NoError(t, err)
	for _, e := range entries {
		var pid int
		if _, err := fmt.Sscanf(e.Name(), "%d", &pid); err != nil {
			continue
		}
		line, err := process.CommandLine(t.Context(), pid)
		if err != nil || !strings.Contains(line, mark) {
			continue
		}
		if strings.Contains(line, " -D ") || strings.Contains(line, port) {
			return pid
		}
	}
	require.FailNow(t, "no such process", mark)
	return 0
}

// TestAKilledRunIsContinued kills the whole program, as the out-of-memory killer would.
func TestAKilledRunIsContinued(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), dirVariable+"="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var line string
	for scan := bufio.NewScanner(out); scan.Scan(); {
		if line = scan.Text(); strings.HasPrefix(line, "curl ") {
			break
		}
	}
	started := paste(t, line)
	require.Equal(t, "applied", started["status"], started)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	m := begin(t, dir)
	require.Equal(t, 1, m.count(fmt.Sprintf("processes WHERE id = '%s' AND status = 'running'", started["process"])))
	require.Equal(t, "applied", paste(t, m.curl()[2])["status"])
}

func TestTroubleIsOneSentence(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	const nowhere = "postgres://x:hush-hush@127.0.0.1:1/x"
	for name, c := range map[string]struct {
		change func(*Options)
		want   []string
	}{
		"port in use":     {func(o *Options) { o.Listen = taken.Addr().String() }, []string{taken.Addr().String() + " is in use", "make run ARGS=", "--listen", "--dir"}},
		"no such host":    {func(o *Options) { o.Listen = "192.0.2.1:80" }, []string{"192.0.2.1:80 cannot be used", "choose another one with --listen"}},
		"not ours":        {func(o *Options) { o.Fresh, o.DatabaseURL = true, nowhere }, []string{"--fresh", "DATABASE_URL"}},
		"no folder":       {func(o *Options) { o.Dir = "/dev/null/x" }, []string{"/dev/null/x", "--dir"}},
		"no Postgres":     {func(o *Options) { o.PgBin = t.TempDir() }, []string{"holds no usable Postgres", "the programs postgres and initdb"}},
		"no such folder":  {func(o *Options) { o.PgBin = "/nowhere" }, []string{"/nowhere", "the programs postgres and initdb"}},
		"no database":     {func(o *Options) { o.DatabaseURL, o.TemporalAddress = nowhere, "127.0.0.1:1" }, []string{"127.0.0.1:1 does not answer", "correct host and port in DATABASE_URL"}},
		"before Temporal": {func(o *Options) { o.DatabaseURL, o.Here = nowhere, "/" }, []string{"127.0.0.1:1 does not answer", "DATABASE_URL"}},
		"not a checkout":  {func(o *Options) { o.Here = "/" }, []string{"not inside a checkout", "set TEMPORAL_ADDRESS"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := options(folder(t), io.Discard)
			c.change(&opts)
			err := Run(t.Context(), opts)
			require.Error(t, err)
			for _, part := range c.want {
				require.Contains(t, err.Error(), part)
			}
			require.NotContains(t, err.Error(), "\n")
			require.NotContains(t, err.Error(), "hush-hush")
		})
	}
}

func TestPortsAreKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	require.NoError(t, prepare(dir))
	require.Equal(t, ports{}, recall[ports](portsFile(dir)))
	require.NoError(t, remember(portsFile(dir), ports{Temporal: 7, UI: 8}))
	require.Equal(t, ports{Temporal: 7, UI: 8}, recall[ports](portsFile(dir)))
	require.NoError(t, forget(dir))
	require.Equal(t, ports{}, recall[ports](portsFile(dir)))
	require.NoError(t, os.WriteFile(portsFile(dir), []byte("{"), 0o600))
	require.Equal(t, ports{}, recall[ports](portsFile(dir)), "a broken file is as good as none")
}
