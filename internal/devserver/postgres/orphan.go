package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"steward/internal/devserver/process"
)

// orphanPatience is how long a server without a supervisor gets to shut down:
// politely first, then at once.
const orphanPatience = 20 * time.Second

// stopOrphans ends the servers a killed run left behind in any data directory
// below base. We hold the lock of base, so nobody else can be using them.
func stopOrphans(ctx context.Context, base string, progress func(string)) error {
	files, err := filepath.Glob(filepath.Join(base, "*", dataName, "postmaster.pid"))
	if err != nil {
		return fmt.Errorf("look for servers in %s: %w", base, err)
	}
	for _, file := range files {
		if err := stopOrphan(ctx, file, progress); err != nil {
			return err
		}
	}
	return nil
}

func stopOrphan(ctx context.Context, pidFile string, progress func(string)) error {
	pid, err := readPID(pidFile)
	if err != nil {
		return err
	}
	if !servesFolder(ctx, pid, filepath.Dir(pidFile)) {
		// Left by a crash. When the number has meanwhile gone to another process of
		// the same account, Postgres would take that one for its predecessor.
		if err := os.Remove(pidFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove stale %s: %w", pidFile, err)
		}
		return nil
	}
	progress("Waiting for the Postgres of an interrupted run to stop.")
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the Postgres of an interrupted run (pid %d): %w", pid, err)
		}
		if awaitGone(ctx, pid) {
			return nil
		}
	}
	return &Error{
		Kind: ErrLocked, Problem: fmt.Sprintf("the Postgres of an interrupted run (pid %d) does not stop", pid),
		Remedy: fmt.Sprintf("end it with kill -9 %d; committed data is safe", pid),
	}
}

func awaitGone(ctx context.Context, pid int) bool {
	ctx, cancel := context.WithTimeout(ctx, orphanPatience)
	defer cancel()
	return process.AwaitGone(ctx, pid)
}

// readPID returns the first line of a postmaster.pid, or 0 when it is torn.
func readPID(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("read %s: %w", path, err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if pid, err := strconv.Atoi(strings.TrimSpace(first)); err == nil && pid > 0 {
		return pid, nil
	}
	return 0, nil
}

// servesFolder reports whether pid is a server on that data directory; a process
// id alone may since have gone to anybody.
func servesFolder(ctx context.Context, pid int, data string) bool {
	if !process.Alive(pid) {
		return false
	}
	line, err := process.CommandLine(ctx, pid)
	return err == nil && strings.Contains(line, "postgres") && strings.Contains(line, data)
}
