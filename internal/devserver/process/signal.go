package process

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// Alive reports whether a process with this id runs, whoever owns it. One that
// has ended and that nobody has reaped does not count: in a container without an
// init such a process stays for ever.
func Alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	err := syscall.Kill(pid, 0)
	exists := err == nil || errors.Is(err, syscall.EPERM)
	return exists && !unreaped(pid)
}

// pollEvery is how often a process that is not our child is looked at.
const pollEvery = 20 * time.Millisecond

// AwaitGone waits until the process with this id has ended, and reports whether that
// happened before ctx ended. It is for processes that are not our children;
// for those, Done tells.
func AwaitGone(ctx context.Context, pid int) bool {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for Alive(pid) {
		select {
		case <-ctx.Done():
			return !Alive(pid)
		case <-tick.C:
		}
	}
	return true
}

func ended(err error) bool {
	return errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH)
}
