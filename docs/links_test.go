package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
)

// TestLinksLeadSomewhere: every relative link names a file that exists and, when it has an anchor, a heading in it.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	links := 0
	for _, d := range all(t) {
		for _, m := range link.FindAllStringSubmatch(d.prose, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			checkLink(t, d, m[1])
		}
	}
	require.Greater(t, links, 50, "links are not found any more")
}

func checkLink(t *testing.T, d document, target string) {
	t.Helper()
	name, anchor, _ := strings.Cut(target, "#")
	full := d.path
	if name != "" {
		full = path.Join(path.Dir(d.path), name)
	}
	require.FileExists(t, filepath.Join(root, full), "%s links to %s", d.path, target)
	if anchor == "" {
		return
	}
	text, err := os.ReadFile(filepath.Join(root, full))
	require.NoError(t, err)
	var slugs []string
	for _, h := range heading.FindAllStringSubmatch(fence.ReplaceAllString(string(text), ""), -1) {
		slugs = append(slugs, slug(h[1]))
	}
	require.Contains(t, slugs, anchor, "%s links to %s", d.path, target)
}

// slug is the anchor that readers of Markdown give a heading.
func slug(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"A first process in five minutes": "a-first-process-in-five-minutes",
		"`make run` (twice)":              "make-run-twice",
		"not_supported":                   "not_supported",
	} {
		require.Equal(t, want, slug(title))
	}
}

// file recognizes inline code that names something in the tree: a path below one of its folders.
var file = regexp.MustCompile(`^(activities|api|cmd|definitions|docs|internal|web|workflows|\.ci|\.golangci\.yaml|Makefile|Dockerfile|docker-compose\.yml)(/[\w./*-]*)?$`)

// TestFilesExist: every file and folder that is named exists. One with a slash at its end is a folder.
func TestFilesExist(t *testing.T) {
	t.Parallel()
	named := 0
	for _, d := range written(t) {
		examples := filesOfExamples(d)
		for _, s := range d.spans {
			name := strings.TrimSuffix(s, "/")
			if !file.MatchString(s) || !strings.Contains(s, "/") || examples[name] {
				continue
			}
			named++
			info, err := os.Stat(filepath.Join(root, name))
			require.NoError(t, err, "%s names %s", d.path, s)
			require.Equal(t, strings.HasSuffix(s, "/"), info.IsDir(), "%s names %s: a slash ends folders and only them", d.path, s)
		}
	}
	require.Greater(t, named, 60, "files are not found any more")
}

// filesOfExamples answers what the reader is told to make, with its folder.
func filesOfExamples(d document) map[string]bool {
	made := map[string]bool{}
	for name := range exampleFiles(d) {
		full := path.Join("definitions/library", name)
		made[full], made[path.Dir(full)] = true, true
	}
	return made
}

var (
	testName = regexp.MustCompile(`^Test[A-Z]\w+$`)
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// TestTestsExist: every test that is named as proof exists.
func TestTestsExist(t *testing.T) {
	t.Parallel()
	exist := testsOfTheTree(t)
	named := 0
	for _, d := range written(t) {
		for _, s := range d.spans {
			if !testName.MatchString(s) {
				continue
			}
			named++
			require.True(t, exist[s], "%s names the test %s, which does not exist", d.path, s)
		}
	}
	require.Greater(t, named, 25, "names of tests are not found any more")
}

func testsOfTheTree(t *testing.T) map[string]bool {
	t.Helper()
	exist := map[string]bool{}
	err := filepath.WalkDir(root, func(name string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || (strings.HasPrefix(entry.Name(), ".") && name != root)):
			return filepath.SkipDir
		case !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(name)
		for _, m := range testFunc.FindAllSubmatch(text, -1) {
			exist[string(m[1])] = true
		}
		return err
	})
	require.NoError(t, err)
	return exist
}

// TestEveryDecisionIsListed: the list of decisions is complete, and each one has its parts in ten lines or so.
func TestEveryDecisionIsListed(t *testing.T) {
	t.Parallel()
	list := read(t, "docs/decisions/README.md")[0]
	for i, d := range read(t, "docs/decisions/[0-9]*.md") {
		name := path.Base(d.path)
		require.Regexp(t, `^\d{3}-[a-z0-9-]+\.md$`, name)
		require.Equal(t, i+1, number(t, name[:3]), "%s: decisions are counted without a gap", name)
		require.Contains(t, list.text, "| ["+name[:3]+"]("+name+") |")
		for _, part := range []string{"# " + name[:3] + " ", "**Situation.**", "**Decision.**", "**Consequences.**"} {
			require.Contains(t, d.text, part, name)
		}
		require.LessOrEqual(t, strings.Count(d.text, "\n"), 24, "%s: a decision is told in few lines", name)
	}
}
