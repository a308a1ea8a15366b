package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Binaries are the programs of one Postgres version.
type Binaries struct {
	// Dir is the folder that holds postgres and initdb.
	Dir string
	// Version is what the program says, for example "15.13".
	Version string
	// Major is the first number of Version.
	Major int
}

// String returns version and folder, as in "PostgreSQL 15.13 in /usr/lib/postgresql/15/bin".
func (b Binaries) String() string {
	return fmt.Sprintf("PostgreSQL %s in %s", b.Version, b.Dir)
}

func (b Binaries) program(name string) string { return filepath.Join(b.Dir, name) }

// search says where installed binaries may be.
type search struct {
	path     string   // in the form of $PATH
	patterns []string // folders, as for filepath.Glob
}

func installed() search {
	return search{
		path: os.Getenv("PATH"),
		patterns: []string{
			"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
			"/usr/pgsql-*/bin",          // the PostgreSQL project's RPMs
			"/usr/libexec/postgresql*",  // Alpine
			"/opt/homebrew/opt/postgresql*/bin",
			"/usr/local/opt/postgresql*/bin",
			"/Applications/Postgres.app/Contents/Versions/*/bin",
		},
	}
}

// find returns the usable binaries it meets, newest first.
func (s search) find(ctx context.Context) []Binaries {
	var found []Binaries
	for _, dir := range s.folders() {
		if bin, err := inspect(ctx, dir); err == nil && bin.Major >= MinimumMajor {
			found = append(found, bin)
		}
	}
	slices.SortStableFunc(found, func(a, b Binaries) int { return compareVersions(b.Version, a.Version) })
	return found
}

// folders lists the folders worth looking at, each once. Links are followed, so
// that a link in /usr/local/bin and the folder it points to count as one.
func (s search) folders() []string {
	dirs := filepath.SplitList(s.path)
	for _, pattern := range s.patterns {
		matches, _ := filepath.Glob(pattern) // only a malformed pattern fails
		dirs = append(dirs, matches...)
	}
	var folders []string
	for _, dir := range dirs {
		if dir = programFolder(dir); dir != "" && !slices.Contains(folders, dir) {
			folders = append(folders, dir)
		}
	}
	return folders
}

// programFolder returns the folder where postgres and initdb are side by side,
// or "" when dir does not lead to one.
func programFolder(dir string) string {
	if program, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err == nil {
		if isExecutable(filepath.Join(filepath.Dir(program), "initdb")) {
			return filepath.Dir(program)
		}
		if isExecutable(filepath.Join(dir, "initdb")) {
			return dir
		}
	}
	return ""
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// given checks a folder somebody named, for example by --pg-bin.
func given(ctx context.Context, dir string) (Binaries, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Binaries{}, fmt.Errorf("resolve %q: %w", dir, err)
	}
	bin, err := inspect(ctx, abs)
	if err != nil {
		return Binaries{}, &Error{
			Kind: ErrNoBinaries, Cause: err, Problem: fmt.Sprintf("the folder %s holds no usable Postgres", abs),
			Remedy: "name the folder that contains the programs postgres and initdb",
		}
	}
	if bin.Major < MinimumMajor {
		return Binaries{}, &Error{
			Kind: ErrNoBinaries, Problem: fmt.Sprintf("%s is too old", bin),
			Remedy: fmt.Sprintf("use version %d or newer", MinimumMajor),
		}
	}
	return bin, nil
}

// versionPatience bounds "postgres --version", which answers in milliseconds
// unless the file is on a disk that does not.
const versionPatience = 15 * time.Second

func inspect(ctx context.Context, dir string) (Binaries, error) {
	for _, name := range []string{"postgres", "initdb"} {
		if !isExecutable(filepath.Join(dir, name)) {
			return Binaries{}, fmt.Errorf("%s is missing or not executable", filepath.Join(dir, name))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, versionPatience)
	defer cancel()
	program := filepath.Join(dir, "postgres")
	out, err := exec.CommandContext(ctx, program, "--version").CombinedOutput()
	if err != nil {
		return Binaries{}, fmt.Errorf("%s --version: %w: %s", program, err, strings.TrimSpace(string(out)))
	}
	version, major, err := parseVersion(string(out))
	if err != nil {
		return Binaries{}, fmt.Errorf("%s --version: %w", program, err)
	}
	return Binaries{Dir: dir, Version: version, Major: major}, nil
}

// parseVersion reads what "postgres --version" prints, such as
// "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)".
func parseVersion(text string) (string, int, error) {
	match := regexp.MustCompile(`\(PostgreSQL\) ((\d+)[.\w]*)`).FindStringSubmatch(text)
	if match == nil {
		return "", 0, fmt.Errorf("no PostgreSQL version in %q", strings.TrimSpace(text))
	}
	major, err := strconv.Atoi(match[2])
	if err != nil {
		return "", 0, fmt.Errorf("major version in %q: %w", match[1], err)
	}
	return match[1], major, nil
}

// compareVersions orders "15.9" before "15.13", and "18beta1" before "18.0".
func compareVersions(a, b string) int {
	as, bs := versionNumbers(a), versionNumbers(b)
	return slices.Compare(as, bs)
}

func versionNumbers(version string) []int {
	numbers := []int{0, -1} // a beta has no second number and is older than .0
	for i, part := range strings.SplitN(version, ".", 2) {
		digits := part
		if end := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
			digits = part[:end]
		}
		if n, err := strconv.Atoi(digits); err == nil {
			numbers[i] = n
		}
	}
	return numbers
}
