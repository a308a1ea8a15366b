package definitions_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"steward/definitions"
)

func TestABundleHoldsAllThatItRefersTo(t *testing.T) {
	t.Parallel()
	b := loadExample(t)
	require.Equal(t, []string{
		"forms/av-check.yaml", "interfaces/lost_found.json", "tasks/clear-room.yaml", "tasks/refill-tea.yaml",
		"tasks/room-layout.yaml", "tasks/supplies.yaml",
	}, slices.Sorted(maps.Keys(b.Files)))
	var i definitions.Interface
	require.NoError(t, json.Unmarshal([]byte(b.Files["interfaces/lost_found.json"]), &i))
	require.Equal(t, []string{"returned", "kept"}, i.Outcomes)

	text, err := json.Marshal(b)
	require.NoError(t, err)
	var stored definitions.Bundle
	require.NoError(t, json.Unmarshal(text, &stored))
	d, _ := definitions.Compile(stored, registry())
	require.NotNil(t, d)
	require.Equal(t, b.Digest(), d.Digest)
}

func TestReferencesAreFollowedThroughFiles(t *testing.T) {
	t.Parallel()
	lib := fstest.MapFS{
		"a/p.yaml":             {Data: []byte("process: p\nname: P\nsteps:\n  - { id: a, uses: task/x, assign: starter, when: 'exists(\"book\", {})' }\n  - { id: b, uses: process, with: { process: q } }\n")},
		"b/q.yaml":             {Data: []byte("process: q\nname: Q\nsteps:\n  - { id: a, uses: task, assign: starter }\n")},
		"tasks/x.yaml":         {Data: []byte("task: x\nname: X\nform: { $ref: forms/y }\n")},
		"forms/y.yaml":         {Data: []byte("properties: { n: { type: integer } }\n")},
		"registers/book.yaml":  {Data: []byte("register: book\nname: B\nschema: { properties: { n: { type: integer } } }\n")},
		"registers/other.yaml": {Data: []byte("register: other\nname: B\nschema: {}\n")},
	}
	b, err := definitions.LoadBundle(lib, "a/p.yaml")
	require.NoError(t, err)
	require.Equal(t, []string{"forms/y.yaml", "interfaces/q.json", "registers/book.yaml", "tasks/x.yaml"}, slices.Sorted(maps.Keys(b.Files)))
	d, problems := definitions.Compile(b, registry())
	require.NotNil(t, d, "%v", problems)
	require.Equal(t, []string{"book"}, d.Registers)
	require.Equal(t, "B", d.Books["book"].Title.In("en"))
}

// TestProcessesThatStartOneAnotherAreRefused: the whole way is named, whichever of them is looked at.
func TestProcessesThatStartOneAnotherAreRefused(t *testing.T) {
	t.Parallel()
	starting := func(id string, children ...string) *fstest.MapFile {
		text := "process: " + id + "\nname: P\nsteps:\n  - { id: t, uses: task, assign: starter }\n"
		for i, child := range children {
			text += fmt.Sprintf("  - { id: s%d, uses: process, with: { process: %s } }\n", i, child)
		}
		return &fstest.MapFile{Data: []byte(text)}
	}
	lib := fstest.MapFS{
		"x/alone.yaml": starting("alone", "alone"), "x/a.yaml": starting("a", "leaf", "b"), "y/b.yaml": starting("b", "c", "leaf"),
		"y/c.yaml": starting("c", "a", "gone"), "x/outside.yaml": starting("outside", "a", "leaf"), "x/leaf.yaml": starting("leaf"),
	}
	for file, want := range map[string]string{
		"x/alone.yaml": "alone → alone", "x/a.yaml": "a → b → c → a", "y/b.yaml": "b → c → a → b", "y/c.yaml": "c → a → b → c",
		"x/outside.yaml": "", "x/leaf.yaml": "",
	} {
		b, err := definitions.LoadBundle(lib, file)
		require.NoError(t, err)
		_, problems := definitions.Compile(b, registry())
		got := ""
		for _, p := range problems {
			if p.Code == "reference_process_circle" {
				_, got, _ = strings.Cut(p.Message.En, ": ")
			}
		}
		require.Equal(t, want, got, "%s: %v", file, problems)
	}
}

func TestTheDigestIsOfTheContent(t *testing.T) {
	t.Parallel()
	b := loadExample(t)
	same := b
	same.Name, same.Source = "elsewhere.yaml", strings.ReplaceAll(b.Source, "\n", "\r\n")
	require.Equal(t, b.Digest(), same.Digest(), "name and line ends do not count")

	changed := b
	changed.Source += "# \n"
	require.NotEqual(t, b.Digest(), changed.Digest())
	changed = b
	changed.Files = maps.Clone(b.Files)
	changed.Files["tasks/supplies.yaml"] += " "
	require.NotEqual(t, b.Digest(), changed.Digest())
	moved := definitions.Bundle{Source: "ab", Files: map[string]string{"c": ""}}
	require.NotEqual(t, moved.Digest(), definitions.Bundle{Source: "a", Files: map[string]string{"bc": ""}}.Digest())
}

func TestLoadingFailsOnlyWhenTheFileIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := definitions.LoadBundle(os.DirFS("testdata/example"), "meeting/no.yaml")
	require.ErrorIs(t, err, fs.ErrNotExist)
	b, err := definitions.LoadBundle(fstest.MapFS{"p.yaml": {Data: []byte("{{{")}}, "p.yaml")
	require.NoError(t, err, "what is wrong inside is for Compile to say")
	_, problems := definitions.Compile(b, registry())
	require.True(t, definitions.HasErrors(problems))
}

func TestLintReportsEachProblemOnce(t *testing.T) {
	t.Parallel()
	lib := fstest.MapFS{
		"a/p.yaml":         {Data: []byte("process: p\nname: P\nsteps:\n  - { id: a, uses: task/x, assign: starter }\n")},
		"a/q.yaml":         {Data: []byte("process: qq\nname: Q\nsteps:\n  - { id: a, uses: task, assign: starter }\n")},
		"a/r.yaml":         {Data: []byte("process: r\nname: P\nsteps:\n  - { id: a, uses: task/x, assign: starter }\n")},
		"a/p.test.yaml":    {Data: []byte("not: a definition\n")},
		"tasks/x.yaml":     {Data: []byte("task: x\nname: X\ndeu: +1d\n")},
		"registers/b.yaml": {Data: []byte("register: b\n")},
	}
	report, err := definitions.Lint(lib, registry())
	require.NoError(t, err)
	require.Equal(t, []string{"a/p.yaml", "a/q.yaml", "a/r.yaml"}, report.Files)
	var found []string
	for _, p := range report.Problems {
		found = append(found, p.File+" "+string(p.Code))
	}
	require.Equal(t, []string{"tasks/x.yaml schema_unknown_key", "a/q.yaml schema_file_name"}, found)
	require.False(t, report.OK())

	report, err = definitions.Lint(os.DirFS("testdata/example"), registry(), "meeting/lost_found.yaml", "meeting")
	require.NoError(t, err)
	require.True(t, report.OK(), "%v", report.Problems)
	_, err = definitions.Lint(lib, registry(), "nowhere")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestAnOverlayLooksIntoTheFirstLayerFirst(t *testing.T) {
	t.Parallel()
	own := fstest.MapFS{"tasks/x.yaml": {Data: []byte("own")}, "a/p.yaml": {Data: []byte("p")}}
	shipped := fstest.MapFS{"tasks/x.yaml": {Data: []byte("shipped")}, "b/q.yaml": {Data: []byte("q")}}
	both := definitions.Overlay(own, shipped)
	text, err := fs.ReadFile(both, "tasks/x.yaml")
	require.NoError(t, err)
	require.Equal(t, "own", string(text))
	found, err := fs.Glob(both, "*/*.yaml")
	require.NoError(t, err)
	slices.Sort(found)
	require.Equal(t, []string{"a/p.yaml", "b/q.yaml", "tasks/x.yaml"}, found)
	_, err = both.Open("c")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestParseRegister(t *testing.T) {
	t.Parallel()
	r, problems := definitions.ParseRegister("registers/b.yaml", "register: b\nname: { en: Book }\nkey: [n]\nschema: { required: [n], properties: { n: { type: integer } } }\n")
	require.Empty(t, problems)
	require.Equal(t, []string{"n"}, r.Key)
	require.Equal(t, "n required", codes(r.Schema.Validate(nil)))
	r, problems = definitions.ParseRegister("registers/b.yaml", "register: b\nname: B\nkey: [m]\nschema: { properties: { n: { type: integer } } }\n")
	require.Nil(t, r)
	require.Equal(t, definitions.Code("reference_unknown_field"), problems[0].Code)
}

func TestParametersCheckTheirOverrides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typ   string
		value any
		ok    bool
	}{
		{"string", "x", true},
		{"string", 1, false},
		{"integer", 2, true},
		{"integer", 2.0, true},
		{"integer", 2.5, false},
		{"number", 2.5, true},
		{"number", "2", false},
		{"boolean", true, true},
		{"boolean", "true", false},
		{"duration", "1h30m", true},
		{"duration", "1wd", false},
		{"duration", "1mo", false},
		{"duration", 30, false},
		{"time", "start-1d", true},
		{"time", "=x", false},
		{"other", "x", false},
	} {
		d := &definitions.Definition{Parameters: []definitions.Parameter{{Name: "p", Type: c.typ}}}
		wrong := d.CheckParameters(map[string]any{"p": c.value})
		require.Equal(t, c.ok, len(wrong) == 0, "%s %v", c.typ, c.value)
		for _, f := range wrong {
			require.NotEqual(t, [2]string{}, [2]string{f.Zh, f.En}, "a refusal says why")
		}
	}
}
