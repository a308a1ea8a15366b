package temporalproc

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/devserver/process"
)

const hello = "package main\n\nfunc main() { println(\"hello\") }\n"

// checkout makes a folder that looks like the repository, with a Temporal
// program that builds in no time.
func checkout(t *testing.T, program string) string {
	t.Helper()
	root := t.TempDir()
	write(t, root, "go.mod", "module steward/devtemporal\n\ngo 1.26.0\n")
	write(t, root, "main.go", program)
	return root
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, sourceFolder, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// notes collects progress sentences.
type notes struct {
	mu   sync.Mutex
	said []string
}

func (n *notes) add(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = append(n.said, text)
}

func (n *notes) count(part string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Count(strings.Join(n.said, "\n"), part)
}

func TestFindRoot(t *testing.T) {
	t.Parallel()
	root := checkout(t, hello)
	deep := filepath.Join(root, "a", "b")
	require.NoError(t, os.MkdirAll(deep, 0o755))
	for _, dir := range []string{root, deep} {
		found, err := FindRoot(dir)
		require.NoError(t, err)
		require.Equal(t, root, found)
	}
	_, err := FindRoot(t.TempDir())
	require.ErrorIs(t, err, ErrNoSource)
	require.ErrorContains(t, err, "run development mode from the repository, or set TEMPORAL_ADDRESS")
	_, err = Build(t.Context(), t.TempDir(), nil)
	require.ErrorIs(t, err, ErrNoSource)
}

func TestBuildOncePerVersion(t *testing.T) {
	t.Parallel()
	root := checkout(t, hello)
	var progress notes
	first, err := Build(t.Context(), root, progress.add)
	require.NoError(t, err)
	out, err := exec.Command(first).CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, "hello\n", string(out))
	require.Equal(t, 1, progress.count("This happens once per version"))
	ignore, err := os.ReadFile(filepath.Join(root, cacheFolder, ".gitignore"))
	require.NoError(t, err)
	require.Equal(t, "*\n", string(ignore))

	write(t, root, "main_test.go", "package main\n")
	again, err := Build(t.Context(), root, progress.add)
	require.NoError(t, err)
	require.Equal(t, first, again, "a test is no part of the program")
	require.Equal(t, 1, progress.count("This happens once"), "nothing was built")

	write(t, root, "main.go", strings.ReplaceAll(hello, "hello", "good bye"))
	changed, err := Build(t.Context(), root, progress.add)
	require.NoError(t, err)
	require.NotEqual(t, first, changed)
	require.NoFileExists(t, first, "earlier versions are not kept")
	require.Equal(t, 2, progress.count("This happens once"))
}

func TestBuildsAtOnceWaitForOneAnother(t *testing.T) {
	t.Parallel()
	root := checkout(t, hello)
	var progress notes
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			if _, err := Build(t.Context(), root, progress.add); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	require.Equal(t, 1, progress.count("Building"))
}

func TestBuildGivesUpWaitingWithItsContext(t *testing.T) {
	t.Parallel()
	root := checkout(t, hello)
	cache := filepath.Join(root, cacheFolder)
	unlock, err := lockCache(t.Context(), cache, nil)
	require.NoError(t, err)
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = Build(ctx, root, func(text string) {
		if strings.Contains(text, "waiting for it") {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
}

func TestBuildFailureShowsTheCompiler(t *testing.T) {
	t.Parallel()
	root := checkout(t, "package main\n\nfunc main() { undefinedThing() }\n")
	_, err := Build(t.Context(), root, nil)
	require.ErrorIs(t, err, ErrBuild)
	require.ErrorContains(t, err, "undefined: undefinedThing")
	programs, err := filepath.Glob(filepath.Join(root, cacheFolder, "temporal-dev-*"))
	require.NoError(t, err)
	require.Empty(t, programs)
}

func TestBuildStopsWithItsContext(t *testing.T) {
	t.Parallel()
	root := checkout(t, hello)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Build(ctx, root, func(string) { cancel() })
	require.ErrorIs(t, err, ErrBuild)
	require.ErrorIs(t, err, context.Canceled)
}

func TestLongBuildSaysThatItIsAlive(t *testing.T) {
	t.Parallel()
	child, err := process.Start(exec.Command("sleep", "600"), process.Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	beats := 0
	err = awaitBuild(ctx, child, time.Millisecond, func(text string) {
		require.Contains(t, text, "Still building the development Temporal server (")
		if beats++; beats == 3 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.GreaterOrEqual(t, beats, 3)
	require.False(t, process.Alive(child.PID()), "the build does not go on alone")
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	last := tail{next: &all}
	for range 3 {
		_, err := last.Write([]byte(strings.Repeat("x", tailLimit-1)))
		require.NoError(t, err)
	}
	_, err := last.Write([]byte("end\n"))
	require.NoError(t, err)
	require.Len(t, last.String(), tailLimit-1, "the limit, without the line's end")
	require.True(t, strings.HasSuffix(last.String(), "xend"))
	require.Equal(t, 3*(tailLimit-1)+4, all.Len(), "everything is passed on")
}

// program builds source as the Temporal program and returns its path.
func program(t *testing.T, source string) string {
	t.Helper()
	path, err := Build(t.Context(), checkout(t, source), nil)
	require.NoError(t, err)
	return path
}

func TestStartExplainsAProgramThatEnds(t *testing.T) {
	t.Parallel()
	path := program(t, "package main\n\nimport \"os\"\n\nfunc main() { println(\"the reason\"); os.Exit(1) }\n")
	_, err := Start(t.Context(), Options{Program: path, PostgresURL: "postgres://x/", NoUI: true})
	require.ErrorIs(t, err, ErrStart)
	require.ErrorContains(t, err, "it said: the reason")
}

func TestStartGivesUpOnAPortThatIsTakenAgainAndAgain(t *testing.T) {
	t.Parallel()
	path := program(t, `package main

import "os"

func main() { println("fatal\tlisten tcp: bind: address already in use\nmain.serve\n\t/serve.go:36\nmain.main\n\t/main.go:18"); os.Exit(1) }
`)
	var log strings.Builder
	_, err := Start(t.Context(), Options{Program: path, PostgresURL: "postgres://x/", NoUI: true, Log: &log})
	require.ErrorIs(t, err, ErrStart)
	require.ErrorContains(t, err, "it said: fatal\tlisten tcp: bind: address already in use", "without the stack")
	require.NotContains(t, err.Error(), "serve.go")
	require.Equal(t, startAttempts, strings.Count(log.String(), "fatal"))
}

func TestStartDoesNotBelieveAnOpenPort(t *testing.T) {
	t.Parallel()
	path := program(t, `package main

import ("fmt"; "io"; "os")

func main() { fmt.Println("READY grpc=nowhere"); io.Copy(io.Discard, os.Stdin) }
`)
	_, err := Start(t.Context(), Options{Program: path, PostgresURL: "postgres://x/", StartTimeout: 300 * time.Millisecond})
	require.ErrorIs(t, err, ErrStart)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestProgramEndsWhenItsStarterIsGone(t *testing.T) {
	t.Parallel()
	server, err := launch(t.Context(), program(t, `package main

import ("io"; "os")

func main() { io.Copy(io.Discard, os.Stdin) }
`), Options{}.withDefaults())
	require.NoError(t, err)
	require.NoError(t, server.child.Signal(syscall.Signal(0)))
	require.NoError(t, server.stdin.Close()) // as the kernel does when we are killed
	<-server.Done()
	require.NoError(t, server.Stop(t.Context()))
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), Options{Program: "x"})
	require.ErrorContains(t, err, "PostgresURL is empty")
	_, err = Start(t.Context(), Options{Program: "x", PostgresURL: "x", Port: 70000})
	require.ErrorContains(t, err, "choose one from 1 to 65535")
}
