package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/definitions/library"
	"steward/internal/app"
	"steward/internal/apptest"
	"steward/workflows/simulate"
)

// TestAFirstProcessInFiveMinutes pastes the lines of the README into a shell, against a Steward with demo people and the
// shipped processes.
func TestAFirstProcessInFiveMinutes(t *testing.T) {
	t.Parallel()
	script := "set -uo pipefail\n"
	for _, b := range read(t, "README.md")[0].section(t, "A first process in five minutes").blocks {
		if b.lang == "bash" {
			script += b.text
		}
	}
	const address = "S=http://127.0.0.1:8080\n"
	require.Contains(t, script, address)
	house := apptest.Start(t, nil)
	house.PublishLibrary()
	out := paste(t, strings.Replace(script, address, "S=http://"+house.App.Addr+"\n", 1))
	require.Equal(t, 4, strings.Count(out, `"status":"applied"`), "a start, two completed tasks, a cancellation:\n%s", out)
	require.Regexp(t, `(?s)"outcome":"cancelled".*"state":"(ending|ended)"`, lastLine(out))
}

// paste runs lines in a folder of their own, in which the development mode has kept its data.
func paste(t *testing.T, script string) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, ".steward"), 0o700))
	shell := exec.CommandContext(t.Context(), "bash", "-c", script)
	shell.Dir = folder
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

var exampleFile = regexp.MustCompile(`^# file: (\S+)\n`)

// exampleFiles answers the files that a document tells its reader to write, below a library.
func exampleFiles(d document) map[string]string {
	files := map[string]string{}
	for _, b := range d.blocks {
		if m := exampleFile.FindStringSubmatch(b.text); m != nil && b.lang == "yaml" {
			files[m[1]] = b.text
		}
	}
	return files
}

// TestTheExampleOfANewProcessIsGood does with the README's example what the README says: lint, rehearsal, scenarios.
func TestTheExampleOfANewProcessIsGood(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	files := exampleFiles(read(t, "README.md")[0].section(t, "Add a process"))
	require.Len(t, files, 2, "a process and its scenarios")
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	shelf := definitions.Overlay(os.DirFS(folder), library.FS())
	report, err := definitions.Lint(shelf, app.Kinds(), "desk")
	require.NoError(t, err)
	require.Len(t, report.Files, 1)
	require.Empty(t, report.Problems)
	results, err := simulate.NewLibrary(shelf, app.Kinds()).Test(t.Context(), "desk/key_loan.test.yaml", nil)
	require.NoError(t, err)
	require.Len(t, results, 1)
	require.Empty(t, results[0].Failures)
}

// TestEveryDocumentIsInTheReadme: a document that nothing leads to is not read.
func TestEveryDocumentIsInTheReadme(t *testing.T) {
	t.Parallel()
	readme := read(t, "README.md")[0]
	for _, d := range read(t, "docs/*.md") {
		require.Contains(t, readme.text, "]("+d.path+")", "the table of documents lacks %s", d.path)
	}
}

// TestEveryFolderIsInTheReadme: the table of folders is complete.
func TestEveryFolderIsInTheReadme(t *testing.T) {
	t.Parallel()
	table := read(t, "README.md")[0].section(t, "Folders").text
	for _, pattern := range []string{"*", "internal/*"} {
		found, err := filepath.Glob(filepath.Join(root, pattern, "doc.go"))
		require.NoError(t, err)
		for _, name := range found {
			folder, err := filepath.Rel(root, filepath.Dir(name))
			require.NoError(t, err)
			require.Contains(t, table, "`"+filepath.ToSlash(folder)+"/`")
		}
	}
}
