package postgres

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// folderLock keeps a second run out of a folder. The kernel lets go of it when
// the process ends, however it ends, so nothing stale ever needs removing.
type folderLock struct{ file *os.File }

func lockFolder(base string) (*folderLock, error) {
	path := filepath.Join(base, "lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, folderError(base, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, lockedError(base, file)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	lock := &folderLock{file: file}
	if err := lock.sign(); err != nil {
		lock.release()
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return lock, nil
}

// sign leaves our process id for the message a second run will print.
func (l *folderLock) sign() error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(fmt.Sprintln(os.Getpid())), 0)
	return err
}

func (l *folderLock) release() { _ = l.file.Close() } // closing is what unlocks

func lockedError(base string, file *os.File) error {
	holder := "another run"
	if text, err := io.ReadAll(io.LimitReader(file, 32)); err == nil {
		if pid := strings.TrimSpace(string(text)); pid != "" {
			holder += " (pid " + pid + ")"
		}
	}
	return &Error{
		Kind: ErrLocked, Problem: fmt.Sprintf("%s already uses %s", holder, base),
		Remedy: "stop it first, or choose another folder",
	}
}
