//go:build unix && !linux

package process

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// CommandLine returns program and arguments of a running process, separated by
// spaces.
func CommandLine(ctx context.Context, pid int) (string, error) {
	out, err := exec.CommandContext(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", fmt.Errorf("command line of pid %d: %w", pid, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// unreaped is not looked at here: init reaps what has lost its parent.
func unreaped(int) bool { return false }
