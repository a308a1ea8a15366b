package postgres

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// entry is one file of an archive written for a test.
type entry struct {
	name, text string
	mode       int64
	kind       byte
}

const linkList = "package/native/pg-symlinks.json"

func archive(t *testing.T, entries ...entry) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "package.tgz")
	file, err := os.Create(path)
	require.NoError(t, err)
	zipped := gzip.NewWriter(file)
	writer := tar.NewWriter(zipped)
	for _, e := range entries {
		if e.kind == 0 {
			e.kind = tar.TypeReg
		}
		require.NoError(t, writer.WriteHeader(&tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.text)), Typeflag: e.kind}))
		_, err := writer.Write([]byte(e.text))
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())
	require.NoError(t, zipped.Close())
	require.NoError(t, file.Close())
	return path
}

func TestUnpackKeepsModesAndMakesLinks(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out")
	require.NoError(t, unpack(archive(t,
		entry{name: "package/native/bin/postgres", text: "program", mode: 0o755},
		entry{name: "package/native/lib/libx.so.1.2", text: "library", mode: 0o644},
		entry{name: linkList, text: `[{"source":"native/lib/libx.so.1.2","target":"native/lib/libx.so"}]`, mode: 0o644},
	), dir))
	info, err := os.Stat(filepath.Join(dir, "package", "native", "bin", "postgres"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o755), info.Mode().Perm())
	text, err := os.ReadFile(filepath.Join(dir, "package", "native", "lib", "libx.so"))
	require.NoError(t, err)
	require.Equal(t, "library", string(text))
	target, err := os.Readlink(filepath.Join(dir, "package", "native", "lib", "libx.so"))
	require.NoError(t, err)
	require.Equal(t, "libx.so.1.2", target, "relative, so that the folder can be moved")
	for _, folder := range []string{".", "package", "package/native", "package/native/lib"} {
		info, err := os.Stat(filepath.Join(dir, folder))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o755), info.Mode().Perm(), "%s is open to the account Postgres runs as", folder)
	}
}

func TestUnpackRefusesWhatLeadsOutside(t *testing.T) {
	t.Parallel()
	good := entry{name: linkList, text: "[]", mode: 0o644}
	tests := []struct {
		name    string
		entries []entry
	}{
		{"a path with dots", []entry{good, {name: "../evil", text: "x"}}},
		{"an absolute path", []entry{good, {name: "/tmp/steward-evil", text: "x"}}},
		{"a link made outside", []entry{{name: linkList, text: `[{"source":"native/pg-symlinks.json","target":"../../evil"}]`}}},
		{"a link to the outside", []entry{{name: linkList, text: `[{"source":"../../../../etc/passwd","target":"native/evil"}]`}}},
		{"a link to nothing", []entry{{name: linkList, text: `[{"source":"native/missing","target":"native/evil"}]`}}},
		{"a file twice", []entry{good, good}},
		{"a broken list", []entry{{name: linkList, text: `{`}}},
		{"no list", []entry{{name: "package/other", text: "x"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			require.Error(t, unpack(archive(t, test.entries...), filepath.Join(parent, "out")))
			entries, err := os.ReadDir(parent)
			require.NoError(t, err)
			require.Len(t, entries, 1, "nothing was written beside the folder")
			require.NoFileExists(t, "/tmp/steward-evil")
		})
	}
}

func TestUnpackRefusesWhatIsNoArchive(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.tgz")
	require.NoError(t, os.WriteFile(path, []byte("<html>proxy error</html>"), 0o600))
	require.ErrorContains(t, unpack(path, filepath.Join(t.TempDir(), "out")), "read archive")
	require.ErrorIs(t, unpack(path+".missing", filepath.Join(t.TempDir(), "out")), os.ErrNotExist)
}

func integrityOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	sum := sha512.Sum512(text)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

func TestVerifyFindsOneChangedByte(t *testing.T) {
	t.Parallel()
	path := archive(t, entry{name: linkList, text: "[]"})
	pkg := pinnedPackage{name: "@x/y", version: "1", integrity: integrityOf(t, path)}
	require.NoError(t, verify(path, pkg))

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	text[len(text)/2] ^= 1
	require.NoError(t, os.WriteFile(path, text, 0o600))
	err = verify(path, pkg)
	require.ErrorIs(t, err, ErrDigest)
	require.ErrorContains(t, err, "check which registry or mirror npm uses")
}
