package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// openBase creates the folder everything lives in and returns its real path:
// dir itself or, when the account cannot reach dir, a folder below fallback.
func openBase(dir, fallback string, acct account, progress func(string)) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolve %q: %w", dir, err)
	}
	if err := os.MkdirAll(filepath.Dir(abs), 0o755); err != nil {
		return "", folderError(filepath.Dir(abs), err)
	}
	closed, err := acct.closedFolder(filepath.Dir(abs))
	if err != nil {
		return "", err
	}
	if closed == "" {
		return ensureBase(abs, acct)
	}
	other := filepath.Join(fallback, "steward-pg-"+shortDigest(abs))
	if blocked, err := acct.closedFolder(fallback); err != nil || blocked != "" {
		return "", unreachable(closed, acct, err)
	}
	base, err := ensureBase(other, acct)
	if err != nil {
		return "", unreachable(closed, acct, err)
	}
	progress(fmt.Sprintf("Postgres runs as %s, which cannot enter %s: the data is kept in %s.", acct.name, closed, base))
	return base, nil
}

func unreachable(closed string, acct account, cause error) error {
	return &Error{
		Kind: ErrUnreachable, Cause: cause,
		Problem: fmt.Sprintf("Postgres runs as the account %s, which cannot enter %s, and no other folder will do", acct.name, closed),
		Remedy:  fmt.Sprintf("open it with chmod o+x %s, choose a folder outside it, or run as an ordinary user", closed),
	}
}

// ensureBase makes the folder ours or the account's alone, and refuses one that
// somebody else put there: below /var/tmp anybody may create folders.
func ensureBase(path string, acct account) (string, error) {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", folderError(path, err)
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", folderError(path, err)
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return "", folderError(path, err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	trusted := ok && info.IsDir() && (stat.Uid == uint32(os.Geteuid()) || acct.drop && stat.Uid == acct.uid)
	if !trusted {
		return "", &Error{
			Kind: ErrUnreachable, Problem: path + " is not a folder that belongs to this account",
			Remedy: "run as the account that owns it, move it away, or choose another folder",
		}
	}
	return resolved, acct.own(resolved)
}

func folderError(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return &Error{
			Kind: ErrUnreachable, Cause: err, Problem: fmt.Sprintf("the folder %s cannot be used by this account", path),
			Remedy: "run as the account that owns it (an earlier run as root gave it to another one), or choose another folder",
		}
	}
	return fmt.Errorf("prepare folder %s: %w", path, err)
}

func shortDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:12]
}
