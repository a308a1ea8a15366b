package temporalproc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"steward/internal/devserver/process"
)

// sourceFolder is where the program's module lies below the repository's root,
// and cacheFolder where built programs go.
const (
	sourceFolder = "internal/devserver/temporal"
	cacheFolder  = ".bin"
)

// heartbeat is how often a long build says that it is still at it.
const heartbeat = 15 * time.Second

// FindRoot returns the root of the repository that contains dir: the nearest
// folder upwards that holds the Temporal program's source. Development mode is
// run from a checkout; elsewhere the error is ErrNoSource.
func FindRoot(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolve %q: %w", dir, err)
	}
	for at := abs; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, sourceFolder, "go.mod")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", noSource(abs)
		}
	}
}

func noSource(dir string) error {
	return &Error{
		Kind: ErrNoSource, Problem: fmt.Sprintf("%s is not inside a checkout of Steward (there is no %s)", dir, sourceFolder),
		Remedy: "run development mode from the repository, or set TEMPORAL_ADDRESS to a Temporal server",
	}
}

// Build returns the path of the program, built from the source below root unless
// that was done before. progress is told about a build, which takes minutes the
// first time. Builds that run at once, also in other processes, wait for one
// another.
func Build(ctx context.Context, root string, progress func(string)) (string, error) {
	if progress == nil {
		progress = func(string) {}
	}
	source := filepath.Join(root, sourceFolder)
	digest, err := sourceDigest(source)
	if err != nil {
		return "", err
	}
	cache := filepath.Join(root, cacheFolder)
	program := filepath.Join(cache, "temporal-dev-"+digest)
	if isProgram(program) {
		return program, nil
	}
	unlock, err := lockCache(ctx, cache, progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	if isProgram(program) { // somebody else built it while we waited
		return program, nil
	}
	return program, compile(ctx, source, program, progress)
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// sourceDigest names a version of the program: its sources, the modules it is
// made of, and the toolchain and platform it is built for.
func sourceDigest(source string) (string, error) {
	entries, err := os.ReadDir(source)
	if err != nil {
		return "", &Error{
			Kind: ErrNoSource, Cause: err, Problem: "the source of the development Temporal cannot be read",
			Remedy: "run development mode from a complete checkout, or set TEMPORAL_ADDRESS to a Temporal server",
		}
	}
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, entry := range entries {
		if !isInput(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(source, entry.Name()))
		if err != nil {
			return "", fmt.Errorf("read the source of the development Temporal: %w", err)
		}
		fmt.Fprintln(hash, entry.Name(), len(text))
		hash.Write(text)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}

func isInput(name string) bool {
	if strings.HasSuffix(name, "_test.go") {
		return false
	}
	return strings.HasSuffix(name, ".go") || slices.Contains([]string{"go.mod", "go.sum"}, name)
}

// lockCache keeps two builds from doing the same work at once. The folder hides
// itself from git.
func lockCache(ctx context.Context, cache string, progress func(string)) (unlock func(), err error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for built programs: %w", err)
	}
	if err := os.WriteFile(filepath.Join(cache, ".gitignore"), []byte("*\n"), 0o644); err != nil {
		return nil, fmt.Errorf("hide the folder for built programs from git: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(cache, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the folder for built programs: %w", err)
	}
	said := false
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", file.Name(), err), file.Close())
		}
		if !said {
			said = true
			progress("Another run is building the development Temporal server; waiting for it.")
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-time.After(pollEvery):
		}
	}
}

// pollEvery is how often what cannot announce itself is looked at.
const pollEvery = 100 * time.Millisecond

// compile builds under another name and renames, so that a program that exists
// is whole.
func compile(ctx context.Context, source, program string, progress func(string)) error {
	progress("Building the development Temporal server from source. This happens once per version; " +
		"the first time it fetches about 300 MB and takes 5 to 8 minutes.")
	unfinished := program + ".new"
	var out strings.Builder
	// awaitBuild ends it when ctx ends, with a signal that lets it clean up.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "go", "build", "-ldflags=-s -w", "-o", unfinished, ".")
	cmd.Dir, cmd.Stdout, cmd.Stderr = source, &out, &out
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off")
	began := time.Now()
	child, err := process.Start(cmd, process.Options{DeathSignal: syscall.SIGTERM})
	if err != nil {
		return buildError(err, "")
	}
	if err := awaitBuild(ctx, child, heartbeat, progress); err != nil {
		return buildError(err, out.String())
	}
	if err := os.Rename(unfinished, program); err != nil {
		return fmt.Errorf("move the built program into place: %w", err)
	}
	progress(fmt.Sprintf("Built in %s.", time.Since(began).Round(time.Second)))
	return removeOthers(program)
}

// removeOthers deletes the programs of earlier versions, some 150 MB each. One
// that still runs is not disturbed.
func removeOthers(program string) error {
	others, err := filepath.Glob(filepath.Join(filepath.Dir(program), "temporal-dev-*"))
	if err != nil {
		return fmt.Errorf("look for earlier versions of the development Temporal: %w", err)
	}
	for _, other := range others {
		if other == program {
			continue
		}
		if err := os.Remove(other); err != nil {
			return fmt.Errorf("remove an earlier version of the development Temporal: %w", err)
		}
	}
	return nil
}

func awaitBuild(ctx context.Context, child *process.Child, every time.Duration, progress func(string)) error {
	began := time.Now()
	beat := time.NewTicker(every)
	defer beat.Stop()
	for {
		select {
		case <-child.Done():
			return child.Err()
		case <-beat.C:
			progress(fmt.Sprintf("Still building the development Temporal server (%s so far).", time.Since(began).Round(time.Second)))
		case <-ctx.Done():
			stopErr := child.Stop(context.WithoutCancel(ctx), process.Step{Signal: syscall.SIGINT, Patience: 10 * time.Second})
			return errors.Join(ctx.Err(), stopErr)
		}
	}
}

func buildError(cause error, said string) error {
	if said = strings.TrimSpace(said); said != "" {
		cause = fmt.Errorf("%w: %s", cause, lastLines(said, 8))
	}
	return &Error{
		Kind: ErrBuild, Cause: cause, Problem: "the development Temporal server could not be built",
		Remedy: "it needs the Go toolchain named in " + sourceFolder + "/go.mod and, the first time, a Go module proxy; " +
			"or set TEMPORAL_ADDRESS to a Temporal server",
	}
}

// lastLines returns the end of what a program said, without the stacks that follow a message.
func lastLines(text string, count int) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if strings.HasPrefix(line, "\t") && len(lines) > 0 { // the place of the function on the line before
			lines = lines[:len(lines)-1]
			continue
		}
		lines = append(lines, line)
	}
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
