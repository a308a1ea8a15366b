package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"steward/internal/devserver/process"
)

const (
	dataName    = "data"
	versionFile = "PG_VERSION"
	superuser   = "postgres"
)

// cluster is one data directory and what lies beside it, in <base>/<major>/.
type cluster struct {
	home string
	bin  Binaries
	acct account
}

func (c cluster) data() string     { return filepath.Join(c.home, dataName) }
func (c cluster) password() string { return filepath.Join(c.home, "password") }
func (c cluster) port() string     { return filepath.Join(c.home, "port") }
func (c cluster) log() string      { return filepath.Join(c.home, "postgres.log") }

// dataMajors lists the major versions that have data below base.
func dataMajors(base string) ([]int, error) {
	files, err := filepath.Glob(filepath.Join(base, "*", dataName, versionFile))
	if err != nil {
		return nil, fmt.Errorf("look for data in %s: %w", base, err)
	}
	var majors []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, folderError(filepath.Dir(file), err)
		}
		major, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return nil, notData(filepath.Dir(file), err)
		}
		majors = append(majors, major)
	}
	return majors, nil
}

func notData(dir string, cause error) error {
	return &Error{
		Kind: ErrNotData, Cause: cause, Problem: dir + " is not a Postgres data directory",
		Remedy: "move it away, or choose another folder; nothing in it was touched",
	}
}

// openCluster returns the data directory for bin, initialized when it is new.
func openCluster(ctx context.Context, base string, bin Binaries, acct account, progress func(string)) (cluster, error) {
	c := cluster{home: filepath.Join(base, strconv.Itoa(bin.Major)), bin: bin, acct: acct}
	if err := os.MkdirAll(c.home, 0o700); err != nil {
		return c, folderError(c.home, err)
	}
	if err := acct.own(c.home); err != nil {
		return c, err
	}
	text, err := os.ReadFile(filepath.Join(c.data(), versionFile))
	if errors.Is(err, fs.ErrNotExist) {
		return c, c.initialize(ctx, progress)
	}
	if err != nil {
		return c, folderError(c.data(), err)
	}
	if found := strings.TrimSpace(string(text)); found != strconv.Itoa(bin.Major) {
		return c, notData(c.data(), fmt.Errorf("it is in the folder of version %d and says %q", bin.Major, found))
	}
	if _, err := os.Stat(c.password()); err != nil {
		return c, fmt.Errorf("the password of the database in %s is lost (%w): put the file back, or start with --fresh", c.home, err)
	}
	return c, nil
}

// initialize makes the data directory under another name and renames it, so that
// one that exists is complete whatever interrupted us.
func (c cluster) initialize(ctx context.Context, progress func(string)) error {
	if entries, err := os.ReadDir(c.data()); err == nil && len(entries) > 0 {
		return notData(c.data(), nil)
	}
	fresh := c.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return folderError(fresh, err)
	}
	if err := c.writePrivate(c.password(), rand.Text()); err != nil {
		return err
	}
	progress("Preparing a new database (PostgreSQL " + c.bin.Version + ") in " + c.home + ".")
	if err := c.runInitdb(ctx, fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, c.data()); err != nil {
		return fmt.Errorf("move the new data directory into place: %w", err)
	}
	return syncFolder(c.home)
}

func (c cluster) runInitdb(ctx context.Context, dir string) error {
	args := []string{
		"--pgdata=" + dir, "--username=" + superuser, "--pwfile=" + c.password(),
		"--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--no-instructions",
	}
	args = append(args, c.localeArgs(runtime.GOOS)...)
	var out strings.Builder
	cmd := exec.CommandContext(ctx, c.bin.program("initdb"), args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.home, serverEnv(), &out, &out
	child, err := process.Start(cmd, process.Options{Credential: c.acct.credential(), DeathSignal: deathSignal})
	if err != nil {
		return c.startError(err, "")
	}
	<-child.Done()
	if err := child.Err(); err != nil {
		return c.startError(fmt.Errorf("initdb: %w", err), out.String())
	}
	return nil
}

// localeArgs asks for an order by code point that no library upgrade changes.
// The product sorts names with an explicit collation where people see them.
func (c cluster) localeArgs(goos string) []string {
	switch {
	case c.bin.Major >= 17:
		return []string{"--locale-provider=builtin", "--locale=C.UTF-8"}
	case goos == "darwin":
		return []string{"--locale=C"}
	default:
		return []string{"--locale=C.UTF-8"}
	}
}

// writePrivate writes a file only the account can read, whole or not at all.
func (c cluster) writePrivate(path, text string) error {
	temp := path + ".new"
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return folderError(c.home, err)
	}
	_, err = file.WriteString(text + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := c.acct.own(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return syncFolder(c.home)
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync %s: %w", path, err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", path, err)
	}
	return nil
}

// serverEnv leaves out what would steer Postgres away from its arguments (PGDATA,
// PGPORT, LD_PRELOAD and the rest) and pins its language and clock.
func serverEnv() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "LANG=C", "TZ=UTC"}
}

// removeData deletes the data of every major version below base. Only folders
// whose name is a number are touched.
func removeData(base string) error {
	entries, err := os.ReadDir(base)
	if err != nil {
		return folderError(base, err)
	}
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil || !entry.IsDir() {
			continue
		}
		if err := os.RemoveAll(filepath.Join(base, entry.Name())); err != nil {
			return fmt.Errorf("remove old data: %w", err)
		}
	}
	return nil
}
