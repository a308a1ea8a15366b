package postgres

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is who Postgres runs as. Its zero value means: as we do.
type account struct {
	name string
	uid  uint32
	gid  uint32
	drop bool // we are root and have to become this account
}

func (a account) credential() *syscall.Credential {
	if !a.drop {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// own gives path to the account; nothing happens when we run as it already.
func (a account) own(path string) error {
	if !a.drop {
		return nil
	}
	if err := os.Lchown(path, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("give %s to %s: %w", path, a.name, err)
	}
	return nil
}

// accountFor returns the account for the data in dir. Postgres refuses to run as
// root, so root becomes the owner of existing data, else postgres, else nobody.
func accountFor(dir string) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	if owner, ok := ownerOfData(dir); ok {
		return owner, nil
	}
	return firstAccount("postgres", "nobody")
}

func firstAccount(names ...string) (account, error) {
	for _, name := range names {
		if entry, err := user.Lookup(name); err == nil {
			if acct, ok := toAccount(entry); ok {
				return acct, nil
			}
		}
	}
	return account{}, &Error{
		Kind:    ErrNoAccount,
		Problem: "Postgres refuses to run as root, and this machine has no ordinary account named postgres or nobody",
		Remedy:  "run as an ordinary user, or create the account with: useradd --system postgres",
	}
}

func ownerOfData(dir string) (account, bool) {
	majors, _ := filepath.Glob(filepath.Join(dir, "*", dataName, versionFile))
	for _, path := range majors {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			continue
		}
		// initdb fails for a number that has no name ("could not look up effective user ID").
		entry, err := user.LookupId(strconv.FormatUint(uint64(stat.Uid), 10))
		if err != nil {
			continue
		}
		if acct, ok := toAccount(entry); ok {
			return acct, true
		}
	}
	return account{}, false
}

func toAccount(entry *user.User) (account, bool) {
	uid, uidErr := strconv.ParseUint(entry.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(entry.Gid, 10, 32)
	if uidErr != nil || gidErr != nil || uid == 0 {
		return account{}, false
	}
	return account{name: entry.Username, uid: uint32(uid), gid: uint32(gid), drop: true}, true
}

// closedFolder returns the first folder on the way to path, path included, that
// the account may not enter, or "" when it can reach path. It reads mode bits,
// as the kernel does without access lists.
func (a account) closedFolder(path string) (string, error) {
	if !a.drop {
		return "", nil
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("follow %s: %w", path, err)
	}
	var closed string
	for dir := resolved; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return "", fmt.Errorf("look at %s: %w", dir, err)
		}
		if info.IsDir() && !a.mayEnter(info) {
			closed = dir
		}
		if dir == filepath.Dir(dir) {
			return closed, nil
		}
	}
}

func (a account) mayEnter(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	switch {
	case stat.Uid == a.uid:
		return info.Mode().Perm()&0o100 != 0
	case stat.Gid == a.gid:
		return info.Mode().Perm()&0o010 != 0
	default:
		return info.Mode().Perm()&0o001 != 0
	}
}
