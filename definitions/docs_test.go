package definitions_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
)

const languagePage = "../docs/definition-language.md"

// sample is one ```yaml block of the page.
type sample struct {
	line int
	mark string // the comment in its first line: "# definition", "# file: …" or ""
	text string
}

func samples(t *testing.T, page string) []sample {
	t.Helper()
	var out []sample
	var at *sample
	for i, line := range strings.Split(page, "\n") {
		switch {
		case at == nil && line == "```yaml":
			at = &sample{line: i + 2}
		case at != nil && line == "```":
			out, at = append(out, *at), nil
		case at != nil && at.text == "" && strings.HasPrefix(line, "# "):
			at.mark = line
		case at != nil:
			at.text += line + "\n"
		}
	}
	require.Nil(t, at, "a code block is not closed")
	return out
}

// sections cuts a YAML text into its top-level keys, in order.
func sections(text string) (names []string, body map[string]string) {
	body = map[string]string{}
	name := ""
	for _, line := range strings.SplitAfter(text, "\n") {
		if m := regexp.MustCompile(`^([a-zA-Z]+):`).FindStringSubmatch(line); m != nil {
			name = m[1]
			names = append(names, name)
		}
		body[name] += line
	}
	return names, body
}

// wrap puts a fragment into the whole definition of the page: its keys replace those of the definition, and a bare list
// stands for the steps.
func wrap(whole, fragment string) string {
	if strings.HasPrefix(fragment, "- ") {
		fragment = "steps:\n  " + strings.TrimRight(strings.ReplaceAll(fragment, "\n", "\n  "), " ")
	}
	names, body := sections(whole)
	own, replaced := sections(fragment)
	for _, n := range own {
		if _, has := body[n]; !has {
			names = append(names, n)
		}
		body[n] = replaced[n]
	}
	text := ""
	for _, n := range names {
		text += body[n]
	}
	return text
}

func TestExamplesOfTheLanguagePageCompile(t *testing.T) {
	t.Parallel()
	all := samples(t, readFile(t, languagePage))
	require.Greater(t, len(all), 20)
	files := loadExample(t).Files
	for _, s := range all {
		if name, ok := strings.CutPrefix(s.mark, "# file: "); ok {
			files[name] = s.text
		}
	}
	files["forms/av-check.yaml"] = readFile(t, "testdata/example/forms/av-check.yaml")
	require.Equal(t, "# definition", all[0].mark)
	for _, s := range all {
		source := s.text
		switch {
		case strings.HasPrefix(s.mark, "# file: "):
			continue
		case s.mark == "":
			source = wrap(all[0].text, s.text)
		}
		t.Run(fmt.Sprintf("line %d", s.line), func(t *testing.T) {
			t.Parallel()
			_, problems := definitions.Compile(definitions.Bundle{Name: "page", Source: source, Files: files}, registry())
			for _, p := range problems {
				onlyOfTheFrame := strings.HasPrefix(string(p.Code), "people_unused") || p.Code == "reach_unused_block" || p.Code == "reach_outcome_unused"
				require.True(t, onlyOfTheFrame && s.mark == "", "%s\n%s\n%s", p, p.Excerpt, p.Hint.En)
			}
		})
	}
}

func TestTheLanguagePageHasEveryKeyAndKind(t *testing.T) {
	t.Parallel()
	page := readFile(t, languagePage)
	for _, k := range definitions.Builtin() {
		require.Contains(t, page, "\n### "+k.Name+"\n", "the kind %s has no section", k.Name)
	}
	for _, key := range definitions.Keywords() {
		found := regexp.MustCompile("(?m)`" + regexp.QuoteMeta(key) + "[`:]|(^|[{, ])" + regexp.QuoteMeta(key) + ":").MatchString(page)
		require.True(t, found, "the key %s is not on the page", key)
	}
}

func TestTheLanguagePageAnswersEveryTrap(t *testing.T) {
	t.Parallel()
	page := readFile(t, languagePage)
	for _, marks := range []struct {
		of   int
		mark string
		n    int
	}{{1, "T", 14}, {2, "P", 9}, {3, "P", 7}, {4, "P", 3}, {5, "P", 9}, {6, "P", 6}, {7, "P", 5}, {8, "P", 5}} {
		for i := 1; i <= marks.n; i++ {
			mark := fmt.Sprintf("| %d-%s%d |", marks.of, marks.mark, i)
			require.Contains(t, page, mark, "no answer to %s", mark)
		}
	}
	for _, name := range regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(page, -1) {
		require.Contains(t, allTests(t), "func "+name[1]+"(", "the page names %s, which does not exist", name[1])
	}
}

func TestEveryCodeHasASectionInTheDocs(t *testing.T) {
	t.Parallel()
	page := readFile(t, "../docs/error-codes.md")
	for _, code := range definitions.Codes() {
		_, section, found := strings.Cut(page, "\n### "+string(code)+"\n")
		require.True(t, found, "docs/error-codes.md has no section %s", code)
		section, _, _ = strings.Cut(section, "\n### ")
		require.Contains(t, section, "**Mend it.**", code)
	}
	known := map[string]bool{}
	for _, code := range definitions.Codes() {
		known[string(code)] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^### ([a-z_]+)$`).FindAllStringSubmatch(page, -1) {
		require.True(t, known[m[1]], "docs/error-codes.md has a section for %s, which is no code", m[1])
	}
}

func allTests(t *testing.T) string {
	t.Helper()
	text := ""
	for _, pattern := range []string{"*_test.go", "../workflows/engine/*_test.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, f := range files {
			text += readFile(t, f)
		}
	}
	return text
}
