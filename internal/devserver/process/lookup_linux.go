package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
)

// CommandLine returns program and arguments of a running process, separated by
// spaces.
func CommandLine(_ context.Context, pid int) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return "", fmt.Errorf("command line of pid %d: %w", pid, err)
	}
	return string(bytes.TrimSpace(bytes.ReplaceAll(text, []byte{0}, []byte{' '}))), nil
}

// unreaped reports whether pid is a zombie. In /proc/<pid>/stat the state is the
// first letter after the program's name, which stands in parentheses and may
// itself contain some.
func unreaped(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	end := bytes.LastIndexByte(text, ')')
	return end >= 0 && bytes.HasPrefix(bytes.TrimSpace(text[end+1:]), []byte("Z"))
}
