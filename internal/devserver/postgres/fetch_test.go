package postgres

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeNpm writes a program that answers "npm pack" by running script in the
// folder for the archive.
func fakeNpm(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "npm")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	return path
}

func TestFetchExplainsItself(t *testing.T) {
	t.Parallel()
	tarball := archive(t, entry{name: linkList, text: "[]", mode: 0o644})
	good := pinnedPackage{name: "@x/y", version: "1", major: 18, integrity: integrityOf(t, tarball)}
	other := good
	other.integrity = pinned("linux", "amd64").integrity
	tests := []struct {
		name, npm string
		pkg       pinnedPackage
		kind      error
		want      string
	}{
		{"no npm", "no-such-npm", good, ErrNoNpm, "install Postgres or Node.js"},
		{"npm fails", fakeNpm(t, "echo 'E404 no such package' >&2; exit 1"), good, ErrFetch, "E404 no such package"},
		{"npm leaves nothing", fakeNpm(t, "exit 0"), good, ErrFetch, "0 archives"},
		{"another package", fakeNpm(t, "cp "+tarball+" ."), other, ErrDigest, "was not used"},
		{"a package without programs", fakeNpm(t, "cp "+tarball+" ."), good, ErrPackage, "does not run on this system"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cache := filepath.Join(t.TempDir(), "binaries")
			_, err := source{pinned: test.pkg, npm: test.npm}.fetch(t.Context(), Options{}.withDefaults(), cache)
			require.ErrorIs(t, err, test.kind)
			require.ErrorContains(t, err, test.want)
			left, err := filepath.Glob(filepath.Join(cache, "fetch-*"))
			require.NoError(t, err)
			require.Empty(t, left, "nothing half done stays")
		})
	}
}

// TestFetchedPostgres needs a package registry once; it fetches the pinned
// package with the real npm and runs what is in it.
func TestFetchedPostgres(t *testing.T) {
	t.Parallel()
	base := filepath.Join(openFolder(t), "pg")
	src := defaultSource()
	src.search = search{} // nothing is installed

	corrupted := src
	corrupted.pinned.integrity = integrityOf(t, os.Args[0])
	_, err := start(t.Context(), Options{Dir: base}, corrupted)
	require.ErrorIs(t, err, ErrDigest)

	var said []string
	server, err := start(t.Context(), Options{Dir: base, Progress: func(text string) { said = append(said, text) }}, src)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	require.Equal(t, "18.4", server.Binaries().Version)
	require.Contains(t, said[0], "this happens once")
	require.Equal(t, "18.4", queryText(t, server.URL("postgres"), "SELECT current_setting('server_version')"))
	require.Equal(t, "b|C.UTF-8", queryText(t, server.URL("postgres"),
		"SELECT datlocprovider::text || '|' || datlocale FROM pg_database WHERE datname = 'postgres'"))
	require.Equal(t, "李四,王五,张三", queryText(t, server.URL("postgres"),
		`SELECT string_agg(x, ',' ORDER BY x COLLATE "zh-x-icu") FROM unnest(ARRAY['王五','张三','李四']) x`))

	require.NoError(t, server.Stop(t.Context()))
	src.npm = "no-such-npm"
	again, err := start(t.Context(), Options{Dir: base}, src)
	require.NoError(t, err, "the second time nothing is fetched")
	require.NoError(t, again.Stop(t.Context()))
}
