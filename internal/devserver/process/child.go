package process

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Options says how a child is tied to this process.
type Options struct {
	// Credential is the account the child runs as; nil keeps ours.
	Credential *syscall.Credential
	// DeathSignal is what the kernel sends the child when this process dies
	// without saying goodbye. Linux only; elsewhere it is ignored and the child
	// has to notice by itself (a closed standard input, a check at next start).
	DeathSignal syscall.Signal
}

// Child is a running or ended child process. Its methods are safe for
// concurrent use.
type Child struct {
	name string
	proc *os.Process
	done chan struct{}
	err  error // written before done is closed
}

// Start runs cmd in a process group of its own and watches it until it ends.
// The error is that of the operating system, wrapped with the program's path.
func Start(cmd *exec.Cmd, opts Options) (*Child, error) {
	cmd.SysProcAttr = attributes(opts)
	child := &Child{name: cmd.Path, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel sends the death signal when the thread that forked ends, not
		// when the process does: that thread has to live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			child.proc = cmd.Process
		}
		started <- err
		if err != nil {
			return
		}
		child.err = cmd.Wait()
		close(child.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return child, nil
}

// PID returns the process id, also after the child has ended.
func (c *Child) PID() int { return c.proc.Pid }

// Done is closed when the child has ended and has been reaped.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err returns how the child ended (nil for exit code 0), or nil while it runs.
func (c *Child) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// Signal sends sig to the child alone. A child that has ended is no error.
func (c *Child) Signal(sig syscall.Signal) error {
	select {
	case <-c.done:
		return nil
	default:
	}
	if err := c.proc.Signal(sig); err != nil && !ended(err) {
		return fmt.Errorf("signal %s (pid %d): %w", c.name, c.PID(), err)
	}
	return nil
}

// Step is one rung of the ladder that stops a child: a signal, and how long to
// wait for the end before the next rung.
type Step struct {
	Signal   syscall.Signal
	Patience time.Duration
}

// Stop climbs the ladder until the child has ended. When ctx ends first, the
// rest of the ladder is skipped and the child is killed: after Stop the child
// is gone. The error says that a kill was needed, or that even that failed.
func (c *Child) Stop(ctx context.Context, ladder ...Step) error {
	for _, step := range ladder {
		if err := c.Signal(step.Signal); err != nil {
			return err
		}
		if c.wait(ctx, step.Patience) {
			return nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return c.kill(ctx)
}

// killPatience bounds the wait for the kernel to end a killed process; only a
// process stuck inside the kernel takes longer.
const killPatience = 10 * time.Second

// kill also waits when ctx has ended: that is why it is called.
func (c *Child) kill(ctx context.Context) error {
	if err := c.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	if !c.wait(context.WithoutCancel(ctx), killPatience) {
		return fmt.Errorf("%s (pid %d) did not end after SIGKILL", c.name, c.PID())
	}
	return fmt.Errorf("%s (pid %d) did not stop when asked and was killed", c.name, c.PID())
}

func (c *Child) wait(ctx context.Context, patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}
