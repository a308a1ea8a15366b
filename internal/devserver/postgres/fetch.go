package postgres

import (
	"context"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// fetchPatience bounds the download of some 25 to 55 MB.
const fetchPatience = 15 * time.Minute

// fetch returns the pinned package's binaries below cache, downloading them the
// first time. A folder that exists there is complete: it was renamed into place.
func (s source) fetch(ctx context.Context, opts Options, cache string) (Binaries, error) {
	if s.pinned.name == "" {
		return Binaries{}, noBinaries("there is no ready-made package for this kind of machine", nil)
	}
	home := filepath.Join(cache, strings.ReplaceAll(strings.TrimPrefix(s.pinned.spec(), "@"), "/", "-"))
	bin := filepath.Join(home, "native", "bin")
	if _, err := os.Stat(home); err != nil {
		if err := s.install(ctx, opts.Progress, cache, home); err != nil {
			return Binaries{}, err
		}
	}
	found, err := inspect(ctx, bin)
	if err != nil {
		return Binaries{}, &Error{
			Kind: ErrPackage, Cause: err, Problem: "the fetched Postgres does not run on this system (it needs glibc, so not Alpine)",
			Remedy: fmt.Sprintf("install Postgres %d or newer with the system's package manager, or set DATABASE_URL", MinimumMajor),
		}
	}
	opts.Progress("Using " + found.String() + ".")
	return found, nil
}

func noBinaries(why string, cause error) error {
	return &Error{
		Kind: ErrNoBinaries, Cause: cause,
		Problem: fmt.Sprintf("no Postgres %d or newer was found on this machine, and %s", MinimumMajor, why),
		Remedy:  "install Postgres, name its folder with --pg-bin, or set DATABASE_URL",
	}
}

func (s source) install(ctx context.Context, progress func(string), cache, home string) error {
	npm, err := exec.LookPath(s.npm)
	if err != nil {
		return &Error{
			Kind: ErrNoNpm, Cause: err,
			Problem: fmt.Sprintf("no Postgres %d or newer was found on this machine, and npm, which would fetch one, is not installed", MinimumMajor),
			Remedy:  "install Postgres or Node.js, name a folder with --pg-bin, or set DATABASE_URL",
		}
	}
	if err := errors.Join(os.MkdirAll(cache, 0o755), os.Chmod(cache, 0o755)); err != nil {
		return folderError(cache, err)
	}
	temp, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return folderError(cache, err)
	}
	defer os.RemoveAll(temp)
	progress(fmt.Sprintf("Fetching PostgreSQL with npm (%s, about 25 to 55 MB; this happens once).", s.pinned.spec()))
	tarball, err := download(ctx, npm, s.pinned, temp)
	if err != nil {
		return err
	}
	if err := verify(tarball, s.pinned); err != nil {
		return err
	}
	return unpackInto(tarball, temp, home, s.pinned)
}

func unpackInto(tarball, temp, home string, pkg pinnedPackage) error {
	unpacked := filepath.Join(temp, "unpacked")
	if err := unpack(tarball, unpacked); err != nil {
		return &Error{
			Kind: ErrPackage, Cause: err, Problem: "the package " + pkg.spec() + " cannot be unpacked",
			Remedy: "look at free disk space, or install Postgres with the system's package manager",
		}
	}
	if err := os.Rename(filepath.Join(unpacked, "package"), home); err != nil {
		return fmt.Errorf("move the unpacked Postgres into place: %w", err)
	}
	return nil
}

// download runs "npm pack": the user's own npm, so that mirrors and proxies in
// .npmrc apply. No script of the package runs.
func download(ctx context.Context, npm string, pkg pinnedPackage, dir string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "pack", pkg.spec(), "--pack-destination", dir, "--ignore-scripts", "--loglevel=error")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fetchError(pkg, fmt.Errorf("npm pack: %w: %s", err, lastLines(strings.TrimSpace(string(out)), 6)))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(files) != 1 {
		return "", fetchError(pkg, fmt.Errorf("npm pack left %d archives instead of one", len(files)))
	}
	return files[0], nil
}

func fetchError(pkg pinnedPackage, cause error) error {
	return &Error{
		Kind: ErrFetch, Cause: cause, Problem: "npm could not fetch " + pkg.spec(),
		Remedy: "check the network and npm's registry setting, install Postgres, or set DATABASE_URL",
	}
}

func verify(tarball string, pkg pinnedPackage) error {
	file, err := os.Open(tarball)
	if err != nil {
		return fmt.Errorf("open the fetched package: %w", err)
	}
	defer file.Close()
	hash := sha512.New()
	if _, err := io.Copy(hash, file); err != nil {
		return fmt.Errorf("read the fetched package: %w", err)
	}
	got := "sha512-" + base64.StdEncoding.EncodeToString(hash.Sum(nil))
	if subtle.ConstantTimeCompare([]byte(got), []byte(pkg.integrity)) == 1 {
		return nil
	}
	return &Error{
		Kind:    ErrDigest,
		Problem: fmt.Sprintf("the package %s that npm delivered is not the one this program was made for, and was not used", pkg.spec()),
		Remedy:  "check which registry or mirror npm uses, or install Postgres with the system's package manager",
		Cause:   fmt.Errorf("want %s, got %s", pkg.integrity, got),
	}
}
