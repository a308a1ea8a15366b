package devmode

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// somewhere is an address that answers as long as the test lasts.
func somewhere(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	return listener.Addr().String()
}

func TestTheEnvironmentIsForTheShell(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Environment(t.Context(), dir)
	require.ErrorIs(t, err, ErrNotRunning, "an empty folder")

	postgres, temporal := somewhere(t), somewhere(t)
	s := &stack{opts: Options{Dir: dir}, databaseURL: "postgres://u:it's@" + postgres + "/steward", address: temporal}
	require.NoError(t, s.rememberEnvironment())
	commands, err := Environment(t.Context(), dir)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), "bash", "-c", commands+`printf '%s %s' "$DATABASE_URL" "$TEMPORAL_ADDRESS"`)
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Equal(t, s.databaseURL+" "+temporal, string(out))
	info, err := os.Stat(environmentFile(dir))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds a password")

	s.address = "127.0.0.1:1"
	require.NoError(t, s.rememberEnvironment())
	_, err = Environment(t.Context(), dir)
	require.ErrorIs(t, err, ErrNotRunning, "a run that was killed")
}

func TestSomebodyElsesDatabaseIsNotKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := &stack{opts: Options{Dir: dir, DatabaseURL: "postgres://u:hush@h/d"}, databaseURL: "postgres://u:hush@h/d", address: somewhere(t)}
	require.NoError(t, s.rememberEnvironment())
	text, err := os.ReadFile(environmentFile(dir))
	require.NoError(t, err)
	require.NotContains(t, string(text), "hush")
	commands, err := Environment(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, "export TEMPORAL_ADDRESS='"+s.address+"'\n", commands)
}

// TestATerminalWithOurAddressesCanStart: what --print-env set is not a database of somebody else.
func TestATerminalWithOurAddressesCanStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := &stack{opts: Options{Dir: dir}, databaseURL: "postgres://ours", address: "127.0.0.1:2"}
	require.NoError(t, s.rememberEnvironment())
	ours := Options{Dir: dir, DatabaseURL: "postgres://ours", TemporalAddress: "127.0.0.1:2", Fresh: true}.withoutOurs()
	require.Equal(t, Options{Dir: dir, Fresh: true}, ours)
	require.NoError(t, ours.check())
	other := Options{Dir: dir, DatabaseURL: "postgres://theirs", Fresh: true}.withoutOurs()
	require.ErrorIs(t, other.check(), ErrFresh)
}

// TestARefusedFreshStartHarmsNobody: neither with the address of the run that is at work nor with another one.
func TestARefusedFreshStartHarmsNobody(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := begin(t, dir)
	before := map[string]string{}
	for _, name := range []string{portsFile(dir), tokensFile(dir), environmentFile(dir)} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		before[name] = string(text)
	}
	for listen, want := range map[string]string{
		first.app.Addr: "the address " + first.app.Addr + " is in use",
		"127.0.0.1:0":  "another `steward dev` works in the folder " + dir,
	} {
		opts := options(dir, io.Discard)
		opts.Listen, opts.Fresh = listen, true
		err := Run(t.Context(), opts)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "--dir "+nextFolder(dir)+"`", "the remedy names the folder too")
		require.NotContains(t, err.Error(), "\n")
	}
	for name, text := range before {
		now, err := os.ReadFile(name)
		require.NoError(t, err, "%s is kept", filepath.Base(name))
		require.Equal(t, text, string(now))
	}
	require.Eventually(t, first.well, time.Minute, 50*time.Millisecond)
	require.Contains(t, first.out.String(), `eval "$(steward dev --print-env --dir '`+dir+`')"`)
	commands, err := Environment(t.Context(), dir)
	require.NoError(t, err)
	require.Contains(t, commands, "export DATABASE_URL='postgres://")
}

func TestTheNextFolderIsNewAndCounted(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(base, "house2"), 0o755))
	for dir, want := range map[string]string{
		".steward": ".steward2", ".steward2": ".steward3", ".steward9": ".steward10", "/tmp/001": "/tmp/001-2", "/tmp/7": "/tmp/7-2",
		base + "/house": base + "/house3", base + "/house1234": base + "/house1234-2",
	} {
		require.Equal(t, want, nextFolder(dir), dir)
	}
}

func TestBesideNamesAddressAndFolder(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		"127.0.0.1:8080":  "`make run ARGS=\"--listen 127.0.0.1:8081 --dir .steward2\"` (without make: `steward dev --listen 127.0.0.1:8081 --dir .steward2`)",
		"0.0.0.0:9000":    "--listen 0.0.0.0:9001 --dir .steward2",
		"[::1]:8080":      "--listen [::1]:8081 --dir .steward2",
		"localhost:http":  "--listen 127.0.0.1:8081 --dir .steward2",
		"127.0.0.1:65535": "--listen 127.0.0.1:8081 --dir .steward2",
	} {
		require.Contains(t, Options{Listen: listen, Dir: DefaultDir}.beside(), want)
	}
}
