package definitions

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func parsedRoot(t *testing.T, text string) *item {
	t.Helper()
	var out problems
	f := parseText("x.yaml", text, &out)
	require.Empty(t, out.list)
	return f.root
}

func TestEveryValueKnowsItsPlace(t *testing.T) {
	t.Parallel()
	root := parsedRoot(t, `name: { zh: 会议, en: "A: b" }
steps:
  - { id: a, 续: =input.x }
  - id: b
    text: |
      two
      lines
    when: >-
      folded
      text
    list: [1, 2.5, true, null, ~, "8", 0x10]
`)
	for path, want := range map[string]string{
		"name":           "1:7 a mapping",
		"name zh":        "1:13 a text 会议",
		"name en":        "1:21 a text A: b",
		"steps":          "3:3 a list",
		"steps 0":        "3:5 a mapping",
		"steps 0 续":      "3:17 a text =input.x",
		"steps 1":        "4:5 a mapping",
		"steps 1 text":   "5:11 a text two\nlines\n",
		"steps 1 when":   "8:11 a text folded text",
		"steps 1 list 1": "11:15 a number 2.5",
		"steps 1 list 2": "11:20 true or false true",
		"steps 1 list 3": "11:26 nothing ",
		"steps 1 list 4": "11:32 nothing ",
		"steps 1 list 5": "11:35 a text 8",
		"steps 1 list 6": "11:40 a number 0x10",
	} {
		it := root.find(strings.Fields(path))
		require.Equal(t, strings.TrimSpace(want), strings.TrimSpace(fmt.Sprintf("%d:%d %s %s", it.line, it.column, it.kind, it.text)), path)
	}
	require.Equal(t, "steps[1].list[5]", root.find([]string{"steps", "1", "list", "5"}).path)
	require.Equal(t, []any{1, 2.5, true, nil, nil, "8", 16}, root.find([]string{"steps", "1", "list"}).plain())
}

func TestPlacesInsideATextCountCharacters(t *testing.T) {
	t.Parallel()
	root := parsedRoot(t, "a: { b: \"会议 {{x}}\", c: 'it''s {{y}}', d: =会 + 1 }\n")
	require.Equal(t, 15, root.get("a").get("b").within(9).column, "behind a quote and three characters")
	require.Equal(t, root.get("a").get("c").column, root.get("a").get("c").within(7).column, "escapes: the start of the text")
	require.Equal(t, 47, root.get("a").get("d").within(7).column)
}

func TestTextsThatNobodyWritesAreRefusedEarly(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"flow lists":      "a: " + strings.Repeat("[", 100_000),
		"flow mappings":   "a: " + strings.Repeat("{a: ", 50_000),
		"block lists":     strings.Repeat("- ", 50_000) + "a",
		"complex keys":    strings.Repeat("? ", 50_000) + "a",
		"deep mappings":   deepMapping(400),
		"too many bytes":  "a: " + strings.Repeat("x", MaxBytes),
		"too many values": "a: [" + strings.Repeat("1, ", MaxNodes) + "1]",
		"too deep":        deepMapping(MaxDepth + 5),
	} {
		var out problems
		parseText("x.yaml", text, &out)
		require.Len(t, out.list, 1, name)
		require.Equal(t, codeSyntaxTooLarge, out.list[0].Code, name)
		require.Less(t, len(out.list[0].Excerpt), 4*longestExcerpt, name)
	}
	var out problems
	require.NotNil(t, parseText("x.yaml", deepMapping(MaxDepth-1), &out).root)
	require.Empty(t, out.list)
}

func deepMapping(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return strings.TrimSuffix(b.String(), "\n") + " 1\n"
}

func TestNumbersThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a: 9223372036854775808", "a: 99999999999999999999", "a: .inf", "a: .nan"} {
		var out problems
		f := parseText("x.yaml", text, &out)
		if v, ok := f.root.get("a").value.(int); ok {
			t.Fatalf("%s was read as %d", text, v)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"notBefore", "outcomes", "assign", "due", "with"}
	for written, want := range map[string]string{
		"not_before": "notBefore", "outcome": "outcomes", "asign": "assign", "assgin": "assign", "deu": "due", "wiht": "with",
		"completely_else": "", "": "", strings.Repeat("x", 100): "",
	} {
		require.Equal(t, want, nearest(written, words), written)
	}
}

func TestSnakeAnswersAnIDThatIsAccepted(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"av-check": "av_check", "meetingRoom": "meeting_room", "parallel2": "my_step", "会议": "my_step", "9lives": "lives",
		"Room": "room", strings.Repeat("a", 99): "my_step", "a--": "a",
	} {
		require.Equal(t, want, snake(written))
		require.True(t, idPattern.MatchString(snake(written)) && !slotPattern.MatchString(snake(written)))
	}
}

func TestRenderPutsTheCaretUnderWideCharacters(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, Render(&out, []Problem{{
		Code: "x", Severity: Error, File: "f.yaml", Line: 3, Column: 8, Excerpt: "\tzh: 会议, b", Message: Text{En: "wrong", Zh: "错"}, Hint: Text{En: "mend"},
	}}, "en"))
	require.Equal(t, "f.yaml:3:8: error [x] wrong\n     3 | \tzh: 会议, b\n       | \t        ^\n         mend\n", out.String())
	out.Reset()
	require.NoError(t, Render(&out, []Problem{{Code: "x", Severity: Hint, File: "f.yaml", Line: 1, Column: 1, Message: Text{En: "wrong", Zh: "错"}}}, "zh"))
	require.Equal(t, "f.yaml:1:1: hint [x] 错\n", out.String())
	require.Error(t, Render(failing{}, []Problem{{}}, "en"))
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestTooManyProblemsAreCutShort(t *testing.T) {
	t.Parallel()
	_, list := Compile(Bundle{Source: "process: p\nname: P\nsteps:\n" + strings.Repeat("  - { x: 1 }\n", 300)}, NewRegistry(Builtin()...))
	require.Len(t, list, maxProblems)
}

// seeds are the texts of all test data: good definitions and bad ones.
func seeds(f *testing.F) {
	f.Helper()
	for _, pattern := range []string{"testdata/problems/*.yaml", "testdata/example/*/*.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, name := range files {
			text, err := os.ReadFile(name)
			require.NoError(f, err)
			f.Add(string(text))
		}
	}
}

// FuzzParse: whatever the text, the parser answers a tree or a problem, and never panics.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		var out problems
		file := parseText("x.yaml", text, &out)
		if file.root == nil && len(out.list) == 0 {
			t.Fatal("neither a tree nor a problem")
		}
		for _, p := range out.list {
			if p.Line < 1 || p.Column < 1 {
				t.Fatalf("no place: %+v", p)
			}
		}
	})
}

// FuzzCompile: whatever the text, the compiler answers a definition or an error, and never panics.
func FuzzCompile(f *testing.F) {
	seeds(f)
	registry := NewRegistry(Builtin()...)
	files := map[string]string{}
	for _, name := range []string{"tasks/clear-room.yaml", "tasks/supplies.yaml", "forms/av-check.yaml"} {
		text, err := os.ReadFile("testdata/example/" + name)
		require.NoError(f, err)
		files[name] = string(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, list := Compile(Bundle{Name: "x.yaml", Source: text, Files: files}, registry)
		if (d == nil) != HasErrors(list) {
			t.Fatalf("definition %v with problems %v", d != nil, list)
		}
	})
}

func TestEveryCodeOfTheCompilerHasWordsInBothLanguages(t *testing.T) {
	t.Parallel()
	known := map[Code]bool{}
	for _, code := range Codes() {
		known[code] = true
	}
	for code, w := range wordings() {
		require.True(t, known[code], "%s has words, and is no code", code)
		for _, text := range []string{w.Message.Zh, w.Message.En, w.Hint.Zh, w.Hint.En} {
			require.NotEmpty(t, text, code)
		}
		require.Contains(t, []Severity{Error, Hint}, w.Severity)
	}
	for _, code := range Codes() {
		if _, has := wordings()[code]; !has {
			require.Regexp(t, "^(expr|time)_", string(code), "only expressions and times bring their own words")
		}
	}
}
