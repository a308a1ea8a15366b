package definitions_test

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"steward/definitions"
)

// problemCase is one file of testdata/problems: a definition, further files after lines `=== <name>`, and what the
// compiler must find: `# want: code, code` at the end of a line, or lines `file:line code` after `=== want`.
type problemCase struct {
	bundle definitions.Bundle
	want   []string
}

var wanted = regexp.MustCompile(`# want: ([a-z_, ]+)$`)

func readCase(t *testing.T, path string) problemCase {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	pc := problemCase{bundle: definitions.Bundle{Name: "case.yaml", Files: map[string]string{}}}
	name, body := "case.yaml", []string{}
	flush := func() {
		pc.add(name, body)
		body = nil
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
		if next, ok := strings.CutPrefix(line, "=== "); ok {
			flush()
			name = next
			continue
		}
		body = append(body, line)
	}
	flush()
	slices.Sort(pc.want)
	return pc
}

func (pc *problemCase) add(name string, lines []string) {
	if name == "want" {
		pc.want = append(pc.want, lines...)
		return
	}
	text := strings.Join(lines, "\n") + "\n"
	if name == "case.yaml" {
		pc.bundle.Source = text
	} else {
		pc.bundle.Files[name] = text
	}
	for i, line := range lines {
		if m := wanted.FindStringSubmatch(line); m != nil {
			for code := range strings.SplitSeq(m[1], ", ") {
				pc.want = append(pc.want, fmt.Sprintf("%s:%d %s", name, i+1, strings.TrimSpace(code)))
			}
		}
	}
}

func caseFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/problems/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func TestEveryCaseHasExactlyItsProblems(t *testing.T) {
	t.Parallel()
	for _, path := range caseFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			t.Parallel()
			pc := readCase(t, path)
			d, problems := definitions.Compile(pc.bundle, registry())
			got := make([]string, len(problems))
			for i, p := range problems {
				got[i] = fmt.Sprintf("%s:%d %s", p.File, p.Line, p.Code)
			}
			slices.Sort(got)
			require.Empty(t, gocmp.Diff(pc.want, got), "%v", problems)
			require.Equal(t, definitions.HasErrors(problems), d == nil, "a definition is compiled exactly when there is no error")
		})
	}
}

// TestWordingOfProblems pins messages, places and hints in both languages as people read them.
func TestWordingOfProblems(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	for _, path := range caseFiles(t) {
		_, problems := definitions.Compile(readCase(t, path).bundle, registry())
		fmt.Fprintf(&out, "## %s\n", filepath.Base(path))
		for i := range problems {
			problems[i].Excerpt = firstRunes(problems[i].Excerpt, 200)
		}
		require.NoError(t, definitions.Render(&out, problems, "en"))
		for _, p := range problems {
			fmt.Fprintf(&out, "         %s ｜ %s\n", p.Message.In("zh"), p.Hint.In("zh"))
		}
	}
	requireGolden(t, "testdata/problems.golden", out.String())
}

func firstRunes(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

func TestEveryCodeHasACase(t *testing.T) {
	t.Parallel()
	seen := map[definitions.Code]bool{}
	for _, path := range caseFiles(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		code, _, _ := strings.Cut(name, "-")
		for _, w := range readCase(t, path).want {
			if _, found, _ := strings.Cut(w, " "); found == code {
				seen[definitions.Code(code)] = true
			}
		}
	}
	var missing []definitions.Code
	for _, code := range definitions.Codes() {
		if !seen[code] {
			missing = append(missing, code)
		}
	}
	require.Empty(t, missing, "each needs testdata/problems/<code>.yaml")
}

func TestProblemsAreSortedByPlace(t *testing.T) {
	t.Parallel()
	for _, path := range caseFiles(t) {
		_, problems := definitions.Compile(readCase(t, path).bundle, registry())
		require.True(t, slices.IsSortedFunc(problems, func(a, b definitions.Problem) int {
			return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		}), path)
	}
}

// TestChineseMessagesAreChinese: none of them is left in English alone.
func TestChineseMessagesAreChinese(t *testing.T) {
	t.Parallel()
	chinese := func(text string) bool {
		return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	}
	for _, path := range caseFiles(t) {
		_, problems := definitions.Compile(readCase(t, path).bundle, registry())
		for _, p := range problems {
			require.True(t, chinese(p.Message.In("zh")), "%s: %s", path, p.Message.In("zh"))
			require.True(t, p.Hint.In("zh") == "" || chinese(p.Hint.In("zh")), "%s: %s", path, p.Hint.In("zh"))
		}
	}
}
