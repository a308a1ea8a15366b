package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

func TestParseVersion(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text, version string
		major         int
		wantErr       bool
	}{
		{text: "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n", version: "15.13", major: 15},
		{text: "postgres (PostgreSQL) 18.4\n", version: "18.4", major: 18},
		{text: "postgres (PostgreSQL) 19beta1", version: "19beta1", major: 19},
		{text: "postgres (PostgreSQL) 9.6.24", version: "9.6.24", major: 9},
		{text: "command not found", wantErr: true},
		{text: "postgres (PostgreSQL) 99999999999999999999", wantErr: true},
		{text: "", wantErr: true},
	}
	for _, test := range tests {
		version, major, err := parseVersion(test.text)
		require.Equal(t, test.wantErr, err != nil, "%q: %v", test.text, err)
		require.Equal(t, test.version, version)
		require.Equal(t, test.major, major)
	}
}

func TestCompareVersions(t *testing.T) {
	t.Parallel()
	ascending := []string{"9.6.24", "15.9", "15.13", "18beta1", "18.0", "18.4"}
	for i, a := range ascending {
		for j, b := range ascending {
			require.Equal(t, cmpInt(i, j), compareVersions(a, b), "%s and %s", a, b)
		}
	}
}

func cmpInt(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// fakeBinaries writes programs that only know their version.
func fakeBinaries(t *testing.T, dir, version string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
	for _, name := range []string{"postgres", "initdb"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755))
	}
	return dir
}

func TestSearchFindsTheNewestUsable(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, version := range []string{"13.2", "15.9", "15.13", "17.1"} {
		fakeBinaries(t, filepath.Join(root, "lib", version, "bin"), version)
	}
	require.NoError(t, os.Remove(filepath.Join(root, "lib", "17.1", "bin", "initdb"))) // a client package
	broken := fakeBinaries(t, filepath.Join(root, "lib", "16.1", "bin"), "16.1")
	require.NoError(t, os.WriteFile(filepath.Join(broken, "postgres"), []byte("#!/bin/sh\nexit 127\n"), 0o755))
	linked := filepath.Join(root, "local")
	require.NoError(t, os.Mkdir(linked, 0o755))
	require.NoError(t, os.Symlink(filepath.Join(root, "lib", "15.9", "bin", "postgres"), filepath.Join(linked, "postgres")))

	var versions []string
	s := search{path: linked + ":/nonexistent", patterns: []string{filepath.Join(root, "lib", "*", "bin")}}
	for _, bin := range s.find(t.Context()) {
		versions = append(versions, bin.Version)
	}
	require.Empty(t, cmp.Diff([]string{"15.13", "15.9"}, versions),
		"newest first, each once, none that is too old, broken or without initdb")
}

func TestGivenFolderIsChecked(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	notText := filepath.Join(root, "talks")
	fakeBinaries(t, notText, "15")
	require.NoError(t, os.WriteFile(filepath.Join(notText, "postgres"), []byte("#!/bin/sh\necho hello\n"), 0o755))
	tests := []struct{ name, dir, want string }{
		{"empty", root, "name the folder that contains the programs postgres and initdb"},
		{"missing", filepath.Join(root, "nowhere"), "is missing or not executable"},
		{"too old", fakeBinaries(t, filepath.Join(root, "old"), "14.9"), "use version 15 or newer"},
		{"something else", notText, "no PostgreSQL version"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := given(t.Context(), test.dir)
			require.ErrorIs(t, err, ErrNoBinaries)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// putData makes base look as if PostgreSQL of that major version had used it.
func putData(t *testing.T, base, major string) {
	t.Helper()
	data := filepath.Join(base, major, dataName)
	require.NoError(t, os.MkdirAll(data, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, versionFile), []byte(major+"\n"), 0o600))
}

func TestChooseLetsTheDataDecide(t *testing.T) {
	t.Parallel()
	installs := t.TempDir()
	for _, version := range []string{"14.1", "15.2", "17.3"} {
		fakeBinaries(t, filepath.Join(installs, version), version)
	}
	local := search{patterns: []string{filepath.Join(installs, "*")}}
	tests := []struct {
		name    string
		search  search
		data    []string
		pgBin   string
		want    string // a version, or
		wantErr error
	}{
		{name: "no data: the newest", search: local, want: "17.3"},
		{name: "data of an older version that is installed", search: local, data: []string{"15"}, want: "15.2"},
		{name: "data of two versions: the newer", search: local, data: []string{"15", "17"}, want: "17.3"},
		{name: "data nobody can read", search: local, data: []string{"16"}, wantErr: ErrOtherMajor},
		{name: "data too old for us", search: local, data: []string{"14"}, wantErr: ErrOtherMajor},
		{name: "data of the package's version, nothing installed, no npm", data: []string{"18"}, wantErr: ErrNoNpm},
		{name: "data of the package's version, others installed", search: local, data: []string{"18"}, wantErr: ErrNoNpm},
		{name: "other data, nothing installed", data: []string{"16"}, wantErr: ErrOtherMajor},
		{name: "a given folder wins", search: local, pgBin: "15.2", want: "15.2"},
		{name: "a given folder that cannot read the data", search: local, pgBin: "15.2", data: []string{"17"}, wantErr: ErrOtherMajor},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			base := t.TempDir()
			for _, major := range test.data {
				putData(t, base, major)
			}
			opts := Options{}.withDefaults()
			if test.pgBin != "" {
				opts.PgBin = filepath.Join(installs, test.pgBin)
			}
			src := source{search: test.search, pinned: pinned("linux", "amd64"), npm: "no-such-npm"}
			bin, err := src.choose(t.Context(), opts, base)
			require.ErrorIs(t, err, test.wantErr)
			require.Equal(t, test.want, bin.Version)
		})
	}
}

func TestOtherMajorSaysHowToMove(t *testing.T) {
	t.Parallel()
	err := fits(15, []int{13, 14}, "/srv/pg")
	for _, part := range []string{"/srv/pg", "PostgreSQL 13 and 14", "version 15", "--pg-bin", "pg_dumpall", "--fresh"} {
		require.ErrorContains(t, err, part)
	}
}

func TestTornVersionFileIsNotTakenForData(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	putData(t, base, "15")
	require.NoError(t, os.WriteFile(filepath.Join(base, "15", dataName, versionFile), []byte("?"), 0o600))
	_, err := dataMajors(base)
	require.ErrorIs(t, err, ErrNotData)
}

func TestEveryPlatformHasItsOwnPackage(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"} {
		goos, goarch, _ := strings.Cut(platform, "/")
		pkg := pinned(goos, goarch)
		require.True(t, strings.HasPrefix(pkg.integrity, "sha512-"), platform)
		require.Len(t, pkg.integrity, len("sha512-")+88, "a sha512 in base64")
		require.False(t, seen[pkg.name] || seen[pkg.integrity], platform)
		seen[pkg.name], seen[pkg.integrity] = true, true
	}
	_, err := source{pinned: pinned("plan9", "amd64")}.fetch(t.Context(), Options{}.withDefaults(), t.TempDir())
	require.ErrorIs(t, err, ErrNoBinaries)
	require.ErrorContains(t, err, "no ready-made package for this kind of machine")
}
