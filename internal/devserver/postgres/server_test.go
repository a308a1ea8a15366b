package postgres

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/internal/devserver/process"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func queryText(t *testing.T, url, query string) string {
	t.Helper()
	var text string
	require.NoError(t, connect(t, url).QueryRow(t.Context(), query).Scan(&text))
	return text
}

func TestServerLife(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openFolder(t), "pg")
	server := startServer(t, Options{Dir: dir})

	for setting, want := range map[string]string{
		"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "on", "synchronous_commit": "on",
		"full_page_writes": "on", "data_checksums": "on", "max_connections": "200", "shared_buffers": "128MB",
		"timezone": "UTC", "server_encoding": "UTF8",
	} {
		require.Equal(t, want, queryText(t, server.URL("postgres"), "SELECT current_setting('"+setting+"')"), setting)
	}
	info, err := os.Stat(server.cluster.password())
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	wrong := strings.Replace(server.URL("postgres"), server.secret, "guess", 1)
	_, err = pgx.Connect(t.Context(), wrong)
	require.ErrorContains(t, err, "password authentication failed")

	_, err = Start(t.Context(), Options{Dir: dir})
	require.ErrorIs(t, err, ErrLocked, "a second run on the same folder")
	require.ErrorContains(t, err, "stop it first, or choose another folder")

	require.NoError(t, server.CreateDatabase(t.Context(), "steward"))
	require.NoError(t, server.CreateDatabase(t.Context(), "steward"), "creating it again is no error")
	_, err = connect(t, server.URL("steward")).Exec(t.Context(), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)")
	require.NoError(t, err)

	open := connect(t, server.URL("steward")) // a connection does not hold the stop up
	began := time.Now()
	require.NoError(t, server.Stop(t.Context()))
	require.Less(t, time.Since(began), server.patience)
	require.Error(t, open.Ping(t.Context()))
	require.NoError(t, server.Err(), "a clean stop is no error")
	require.NoFileExists(t, filepath.Join(server.DataDir(), "postmaster.pid"))

	var said []string
	again := startServer(t, Options{Dir: dir, Progress: func(text string) { said = append(said, text) }})
	require.Equal(t, server.URL("steward"), again.URL("steward"), "who was connected finds it again")
	require.Equal(t, "42", queryText(t, again.URL("steward"), "SELECT n::text FROM kept"))
	require.NotContains(t, strings.Join(said, " "), "new database")
}

func TestServerDropsRoot(t *testing.T) {
	t.Parallel()
	server := startServer(t, Options{Dir: filepath.Join(openFolder(t), "pg")})
	info, err := os.Stat(server.DataDir())
	require.NoError(t, err)
	owner := info.Sys().(*syscall.Stat_t).Uid
	require.NotZero(t, owner)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	if os.Geteuid() != 0 {
		require.Equal(t, uint32(os.Geteuid()), owner)
	}
	acct, err := accountFor(filepath.Dir(filepath.Dir(server.DataDir())))
	require.NoError(t, err)
	require.True(t, os.Geteuid() != 0 || acct.uid == owner, "the next run is the owner of the data, whoever else exists")
}

func TestServerInAFolderTheAccountCannotEnter(t *testing.T) {
	t.Parallel()
	var said []string
	closed := t.TempDir() // 0700, and root's when we are root
	server := startServer(t, Options{
		Dir: filepath.Join(closed, "pg"), Fresh: true, Progress: func(text string) { said = append(said, text) },
	})
	t.Cleanup(func() {
		base := filepath.Dir(filepath.Dir(server.DataDir()))
		require.NoError(t, server.Stop(context.Background()))
		require.NoError(t, os.RemoveAll(base))
	})
	require.Equal(t, "1", queryText(t, server.URL("postgres"), "SELECT '1'"))
	if os.Geteuid() == 0 {
		require.Contains(t, strings.Join(said, " "), "the data is kept in /var/tmp/steward-pg-")
	} else {
		require.True(t, strings.HasPrefix(server.DataDir(), closed))
	}
}

func TestFreshStartsEmpty(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openFolder(t), "pg")
	server := startServer(t, Options{Dir: dir})
	require.NoError(t, server.CreateDatabase(t.Context(), "gone"))
	require.NoError(t, server.Stop(t.Context()))
	again := startServer(t, Options{Dir: dir, Fresh: true})
	require.Equal(t, "0", queryText(t, again.URL("postgres"), "SELECT count(*)::text FROM pg_database WHERE datname = 'gone'"))
	require.NotEqual(t, server.secret, again.secret)
}

func TestOtherMajorIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	base := filepath.Join(openFolder(t), "pg")
	putData(t, base, "14")
	_, err := Start(t.Context(), Options{Dir: base})
	require.ErrorIs(t, err, ErrOtherMajor)
	require.ErrorContains(t, err, "pg_dumpall")
	require.FileExists(t, filepath.Join(base, "14", dataName, versionFile))

	found := installed().find(t.Context())
	require.NotEmpty(t, found, "this test needs an installed Postgres")
	major := fmt.Sprint(found[0].Major)
	mixed := filepath.Join(openFolder(t), "pg")
	putData(t, mixed, major)
	require.NoError(t, os.WriteFile(filepath.Join(mixed, major, dataName, versionFile), []byte("14\n"), 0o600))
	_, err = start(t.Context(), Options{Dir: mixed, PgBin: found[0].Dir}, defaultSource())
	require.ErrorIs(t, err, ErrOtherMajor)
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	base := filepath.Join(openFolder(t), "pg")
	found := installed().find(t.Context())
	require.NotEmpty(t, found, "this test needs an installed Postgres")
	data := filepath.Join(base, fmt.Sprint(found[0].Major), dataName)
	require.NoError(t, os.MkdirAll(data, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(data, "thesis.txt"), nil, 0o600))
	_, err := Start(t.Context(), Options{Dir: base, PgBin: found[0].Dir})
	require.ErrorIs(t, err, ErrNotData)
	require.FileExists(t, filepath.Join(data, "thesis.txt"))
}

// TestDataOfAnotherVersionInAFolderIsLeftAlone: a server must not be started on data that only its folder's name claims.
func TestDataOfAnotherVersionInAFolderIsLeftAlone(t *testing.T) {
	t.Parallel()
	base := openFolder(t)
	data := filepath.Join(base, "16", dataName)
	require.NoError(t, os.MkdirAll(data, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, versionFile), []byte("14\n"), 0o600))
	_, err := openCluster(t.Context(), base, Binaries{Major: 16}, account{}, func(string) {})
	require.ErrorIs(t, err, ErrNotData)
	require.ErrorContains(t, err, `in the folder of version 16 and says "14"`)
	require.ErrorContains(t, err, "nothing in it was touched")
}

func TestInterruptedInitIsDoneAgain(t *testing.T) {
	t.Parallel()
	base := filepath.Join(openFolder(t), "pg")
	found := installed().find(t.Context())
	require.NotEmpty(t, found, "this test needs an installed Postgres")
	half := filepath.Join(base, fmt.Sprint(found[0].Major), dataName+".new")
	require.NoError(t, os.MkdirAll(filepath.Join(half, "base"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(half, versionFile), []byte("15\n"), 0o600))
	server := startServer(t, Options{Dir: base, PgBin: found[0].Dir})
	require.NoDirExists(t, half)
	require.Equal(t, "1", queryText(t, server.URL("postgres"), "SELECT '1'"))
}

func TestPorts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openFolder(t), "pg")
	server := startServer(t, Options{Dir: dir})
	var inUse *process.PortInUseError
	_, err := Start(t.Context(), Options{Dir: filepath.Join(openFolder(t), "pg"), Port: server.Port()})
	require.ErrorAs(t, err, &inUse, "a fixed port that is taken")
	require.ErrorContains(t, err, "stop that program or choose another port")

	taken := server.Port()
	require.NoError(t, server.Stop(t.Context()))
	squatter := startServer(t, Options{Dir: filepath.Join(openFolder(t), "pg"), Port: taken})
	require.Equal(t, taken, squatter.Port())
	moved := startServer(t, Options{Dir: dir})
	require.NotEqual(t, taken, moved.Port(), "the last port has gone to somebody else: take another")
}

func TestDatabaseNamesAreChecked(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Steward", "a b", `a"; DROP`, "1st", strings.Repeat("a", 64), "数据"} {
		require.ErrorIs(t, (&Server{}).CreateDatabase(t.Context(), name), ErrName, name)
	}
	require.NoError(t, checkName("steward_test_1"))
}

func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := filepath.Join(openFolder(t), "pg")
	_, err := Start(ctx, Options{Dir: dir})
	require.Error(t, err)
	startServer(t, Options{Dir: dir}) // nothing was left behind that would disturb
}

// writer commits one row after another and counts what was acknowledged.
func writer(ctx context.Context, url string, acknowledged *atomic.Int64) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for n := acknowledged.Load() + 1; ctx.Err() == nil; n++ {
		if _, err := conn.Exec(ctx, "INSERT INTO kept VALUES ($1)", n); err != nil {
			return
		}
		acknowledged.Store(n)
	}
}

// crash is one way to lose server, supervisor, or both.
func crashes() map[string]func(*testing.T, *supervisor) {
	killServer := func(t *testing.T, s *supervisor) {
		t.Helper()
		require.NoError(t, syscall.Kill(s.PID, syscall.SIGKILL))
	}
	return map[string]func(*testing.T, *supervisor){
		"the server": func(t *testing.T, s *supervisor) {
			t.Helper()
			killServer(t, s)
			require.ErrorContains(t, s.cmd.Wait(), "exit status 3", "the supervisor notices")
		},
		"the supervisor": func(t *testing.T, s *supervisor) { t.Helper(); s.kill(t) },
		"both":           func(t *testing.T, s *supervisor) { t.Helper(); killServer(t, s); s.kill(t) },
	}
}

func TestNothingCommittedIsLostByAKill(t *testing.T) {
	t.Parallel()
	for name, crash := range crashes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(openFolder(t), "pg")
			first := startSupervisor(t, dir)
			_, err := connect(t, first.URL).Exec(t.Context(), "CREATE TABLE kept (n bigint PRIMARY KEY)")
			require.NoError(t, err)

			var acknowledged atomic.Int64
			done := make(chan struct{})
			go func() {
				defer close(done)
				writer(t.Context(), first.URL, &acknowledged)
			}()
			require.Eventually(t, func() bool { return acknowledged.Load() > 50 }, 30*time.Second, time.Millisecond)
			crash(t, first)
			<-done

			server := startServer(t, Options{Dir: dir})
			var rows, last int64
			require.NoError(t, connect(t, server.URL("postgres")).QueryRow(t.Context(),
				"SELECT count(*), max(n) FROM kept").Scan(&rows, &last))
			require.GreaterOrEqual(t, rows, acknowledged.Load())
			require.LessOrEqual(t, rows, acknowledged.Load()+1, "at most the one whose answer was lost")
			require.Equal(t, rows, last)
			require.False(t, process.Alive(first.PID), "the old server is gone")
		})
	}
}

func TestStaleProcessIDIsNotMistakenForAServer(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openFolder(t), "pg")
	server := startServer(t, Options{Dir: dir})
	require.NoError(t, server.Stop(t.Context()))
	// The number of the crashed server has gone to another process: to us.
	pidFile := filepath.Join(server.DataDir(), "postmaster.pid")
	require.NoError(t, os.WriteFile(pidFile, []byte(fmt.Sprint(os.Getpid())+"\n"+server.DataDir()+"\n"), 0o600))
	startServer(t, Options{Dir: dir})

	pid, err := readPID(filepath.Join(t.TempDir(), "none"))
	require.NoError(t, err)
	require.Zero(t, pid)
}

func TestLostPasswordIsExplained(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openFolder(t), "pg")
	server := startServer(t, Options{Dir: dir})
	require.NoError(t, server.Stop(t.Context()))
	require.NoError(t, os.Remove(server.cluster.password()))
	_, err := Start(t.Context(), Options{Dir: dir})
	require.ErrorContains(t, err, "put the file back, or start with --fresh")
}

func TestFailureQuotesTheServersOwnWords(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openFolder(t), "pg")
	_, err := Start(t.Context(), Options{Dir: dir, SharedBuffers: "lots"})
	require.ErrorIs(t, err, ErrStart)
	require.ErrorContains(t, err, `invalid value for parameter "shared_buffers": "lots"`)
	startServer(t, Options{Dir: dir})
}

func TestProgramsTheAccountCannotReach(t *testing.T) {
	t.Parallel()
	closed := fakeBinaries(t, filepath.Join(t.TempDir(), "bin"), "15.1")
	_, err := Start(t.Context(), Options{Dir: filepath.Join(openFolder(t), "pg"), PgBin: closed})
	if os.Geteuid() == 0 {
		require.ErrorIs(t, err, ErrUnreachable)
		require.ErrorContains(t, err, "install Postgres in a public folder, or run as an ordinary user")
	} else {
		require.ErrorIs(t, err, ErrStart, "we can reach them, but they are no real server")
	}
}

func TestFailedInitIsQuotedAndDoneAgain(t *testing.T) {
	t.Parallel()
	dir := openFolder(t)
	bin := fakeBinaries(t, filepath.Join(dir, "bin"), "15.1")
	script := "#!/bin/sh\necho 'initdb: no space left on device' >&2\nexit 1\n"
	require.NoError(t, os.WriteFile(filepath.Join(bin, "initdb"), []byte(script), 0o755))
	_, err := Start(t.Context(), Options{Dir: filepath.Join(dir, "pg"), PgBin: bin})
	require.ErrorIs(t, err, ErrStart)
	require.ErrorContains(t, err, "no space left on device")
	majors, err := dataMajors(filepath.Join(dir, "pg"))
	require.NoError(t, err)
	require.Empty(t, majors, "no half-made data is left")
}

func TestLogOfEarlierRunsIsSetAside(t *testing.T) {
	t.Parallel()
	c := cluster{home: t.TempDir()}
	require.NoError(t, os.WriteFile(c.log(), []byte("old\n"), 0o600))
	file, from, err := c.openLog()
	require.NoError(t, err)
	require.EqualValues(t, 4, from)
	_, err = file.WriteString("new\n")
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.Equal(t, "new\n", readFrom(c.log(), from))

	require.NoError(t, os.Truncate(c.log(), logLimit+1))
	file, from, err = c.openLog()
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.Zero(t, from)
	require.FileExists(t, c.log()+".1")
	require.Empty(t, readFrom(c.log(), 99), "a log that was cut is not quoted")
}

func TestLocaleDependsOnVersionAndSystem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		major int
		goos  string
		want  string
	}{
		{15, "linux", "--locale=C.UTF-8"},
		{16, "darwin", "--locale=C"},
		{17, "linux", "--locale-provider=builtin --locale=C.UTF-8"},
		{18, "darwin", "--locale-provider=builtin --locale=C.UTF-8"},
	} {
		c := cluster{bin: Binaries{Major: test.major}}
		require.Equal(t, test.want, strings.Join(c.localeArgs(test.goos), " "))
	}
}
