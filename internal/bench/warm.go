package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"steward/internal/devserver/process"
)

// WarmStart measures how long `steward dev` needs from its start to the first answer to a person, when it has run before: its
// database is made, its library published, everything built.
func (s *Site) WarmStart(ctx context.Context) error {
	if err := s.quiet(ctx); err != nil {
		return err
	}
	program := filepath.Join(s.Stack.Dir, "steward")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/steward")
	build.Dir = s.Stack.Root
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build steward: %w: %s", err, text)
	}
	kept := filepath.Join(s.Stack.Dir, "dev")
	if err := os.RemoveAll(kept); err != nil {
		return fmt.Errorf("empty the folder of steward dev: %w", err)
	}
	if _, err := s.start(ctx, program, kept); err != nil {
		return fmt.Errorf("first start: %w", err)
	}
	var times []float64
	for range s.Plan.Warmups {
		took, err := s.start(ctx, program, kept)
		if err != nil {
			return fmt.Errorf("warm start: %w", err)
		}
		times = append(times, took.Seconds())
	}
	return s.Report.Add(Figure{Name: "steward dev, warm start to first answer", Value: median(times), Unit: "s", Bound: AtMost, Target: 3, Runs: times})
}

const (
	startPatience = 3 * time.Minute
	stopPatience  = time.Minute
)

// start runs `steward dev` until a person's first request is answered, and stops it.
func (s *Site) start(ctx context.Context, program, kept string) (took time.Duration, err error) {
	address, err := process.FreeAddress(ctx)
	if err != nil {
		return 0, err
	}
	// The context would kill it; it is stopped below, so that its servers stop with it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, "dev", "--dir", kept, "--listen", address)
	cmd.Dir, cmd.Env = s.Stack.Root, withoutServers(os.Environ())
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { err = errors.Join(err, stop(cmd, ended)) }()
	web := &Web{base: "http://" + address + "/api/v1", http: &http.Client{Timeout: 5 * time.Second}}
	err = until(ctx, startPatience, 10*time.Millisecond, func(ctx context.Context) (bool, error) {
		select {
		case err := <-ended:
			ended <- err
			return false, fmt.Errorf("steward dev ended by itself (its log is in %s): %w", kept, err)
		default:
			return web.answers(ctx), nil
		}
	})
	return time.Since(began), err
}

// answers signs a demo person in and reads their inbox.
func (w *Web) answers(ctx context.Context) bool {
	cookie, err := w.signIn(ctx, "ali")
	if err != nil {
		return false
	}
	_, err = w.send(ctx, http.MethodGet, "/tasks?scope=mine", cookie, nil, nil)
	return err == nil
}

// stop asks the program to end, as Ctrl-C does.
func stop(cmd *exec.Cmd, ended chan error) error {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	patience := time.NewTimer(stopPatience)
	defer patience.Stop()
	select {
	case err := <-ended:
		return err
	case <-patience.C:
		return errors.Join(fmt.Errorf("steward dev did not stop within %s", stopPatience), cmd.Process.Kill(), <-ended)
	}
}

// withoutServers leaves out the variables that name servers of somebody else.
func withoutServers(environ []string) []string {
	var own []string
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if name != "DATABASE_URL" && name != "TEMPORAL_ADDRESS" && !strings.HasPrefix(name, "STEWARD_") {
			own = append(own, variable)
		}
	}
	return own
}
