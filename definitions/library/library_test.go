package library_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/definitions/library"
	"steward/definitions/timex"
)

func registry() *definitions.Registry { return definitions.NewRegistry(definitions.Builtin()...) }

// compileAll compiles every shipped process once for all tests; compiled definitions never change.
var compileAll = sync.OnceValues(func() (map[string]*definitions.Definition, error) {
	bundles, err := library.Bundles()
	defs := make(map[string]*definitions.Definition, len(bundles))
	for _, b := range bundles {
		d, problems := definitions.Compile(b, registry())
		if d == nil || defs[d.ID] != nil {
			return nil, fmt.Errorf("%s does not compile, or its id is taken: %v", b.Name, problems)
		}
		defs[d.ID] = d
	}
	return defs, err
})

// compiled answers every shipped process by its id.
func compiled(t testing.TB) map[string]*definitions.Definition {
	t.Helper()
	defs, err := compileAll()
	require.NoError(t, err)
	return defs
}

// TestTheLibraryEmbedsEveryYAMLFileAndNothingElse compares what programs carry with the folder.
func TestTheLibraryEmbedsEveryYAMLFileAndNothingElse(t *testing.T) {
	t.Parallel()
	require.Equal(t, filesOf(t, os.DirFS("."), ".yaml"), filesOf(t, library.FS(), ""))
}

// filesOf lists the files with an ending, in lexical order.
func filesOf(t *testing.T, fsys fs.FS, ending string) []string {
	t.Helper()
	var out []string
	require.NoError(t, fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.HasSuffix(name, ending) {
			out = append(out, name)
		}
		return err
	}))
	return out
}

// TestEveryShippedProcessCompiles holds for whatever files the folder has: they have no problem, not even a hint.
func TestEveryShippedProcessCompiles(t *testing.T) {
	t.Parallel()
	report, err := definitions.Lint(library.FS(), registry())
	require.NoError(t, err)
	require.Empty(t, report.Problems)
}

func TestBundlesAndBundleAgree(t *testing.T) {
	t.Parallel()
	all, err := library.Bundles()
	require.NoError(t, err)
	for _, b := range all {
		d, _ := definitions.Compile(b, registry())
		require.NotNil(t, d, b.Name)
		one, err := library.Bundle(d.ID)
		require.NoError(t, err)
		require.Equal(t, b.Digest(), one.Digest())
	}
	_, err = library.Bundle("no_such_process")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// TestTheShippedProcessesCoverTheCatalogue: an id that the catalogue does not have would count as covered for ever.
func TestTheShippedProcessesCoverTheCatalogue(t *testing.T) {
	t.Parallel()
	by := map[string]string{}
	for id, d := range compiled(t) {
		for _, covered := range d.Covers {
			require.Contains(t, catalogue(), covered, id)
			require.Empty(t, by[covered], "%s is covered by %s and %s", covered, by[covered], id)
			by[covered] = id
		}
	}
	for _, id := range []string{"room-booking", "meeting-service", "table-setup", "tea-service", "lost-found", "damage-report", "complaint"} {
		require.NotEmpty(t, by[id], "%s is not covered", id)
	}
}

// TestEveryScenarioFileTestsAProcess: and every process has one.
func TestEveryScenarioFileTestsAProcess(t *testing.T) {
	t.Parallel()
	for id, file := range processFiles(t) {
		_, err := fs.Stat(library.FS(), strings.TrimSuffix(file, ".yaml")+".test.yaml")
		require.NoError(t, err, "%s has no scenario tests", id)
	}
}

// processFiles answers the file of every shipped process by its id, which is the name of the file.
func processFiles(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range yamlFiles(t) {
		if !slices.Contains([]string{"tasks", "forms", "registers"}, path.Dir(name)) && !strings.HasSuffix(name, ".test.yaml") {
			files[strings.TrimSuffix(path.Base(name), ".yaml")] = name
		}
	}
	require.ElementsMatch(t, keys(compiled(t)), keys(files), "a process is found by the name of its file")
	return files
}

func keys[V any](m map[string]V) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	return list
}

func yamlFiles(t testing.TB) []string {
	t.Helper()
	names, err := fs.Glob(library.FS(), "*/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return names
}

// TestEverySharedFileIsUsed keeps the folders of tasks, forms and registers free of what nothing refers to.
func TestEverySharedFileIsUsed(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	bundles, err := library.Bundles()
	require.NoError(t, err)
	for _, b := range bundles {
		for name := range b.Files {
			used[name] = true
		}
	}
	for _, name := range yamlFiles(t) {
		if slices.Contains([]string{"tasks", "forms", "registers"}, path.Dir(name)) {
			require.True(t, used[name], "nothing uses %s", name)
		}
	}
}

// TestEveryTextIsInBothLanguages: names, titles, checks and messages of every file.
func TestEveryTextIsInBothLanguages(t *testing.T) {
	t.Parallel()
	for _, name := range yamlFiles(t) {
		if strings.HasSuffix(name, ".test.yaml") {
			continue
		}
		text, err := fs.ReadFile(library.FS(), name)
		require.NoError(t, err)
		var doc map[string]any
		require.NoError(t, yaml.Unmarshal(text, &doc), name)
		bilingual(t, name, doc)
	}
}

// bilingual walks a document: what has one language has both, and what people fill in or see has a title.
func bilingual(t *testing.T, at string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if v["zh"] != nil || v["en"] != nil {
			require.NotEmpty(t, v["zh"], "%s: zh", at)
			require.NotEmpty(t, v["en"], "%s: en", at)
		}
		titled(t, at, v)
		for key, inner := range v {
			bilingual(t, at+"."+key, inner)
		}
	case []any:
		for _, inner := range v {
			bilingual(t, at, inner)
		}
	}
}

// titled demands the names that people see: of human steps, of fields and of events.
func titled(t *testing.T, at string, v map[string]any) {
	t.Helper()
	uses, _ := v["uses"].(string)
	if uses == "task" || uses == "approval" || strings.HasPrefix(uses, "task/") {
		require.NotEmpty(t, v["name"], "%s: step %v has no name", at, v["id"])
	}
	fields, _ := v["properties"].(map[string]any)
	for name, field := range fields {
		require.NotEmpty(t, field.(map[string]any)["x-title"], "%s: field %s has no x-title", at, name)
	}
	events, _ := v["events"].(map[string]any)
	for name, event := range events {
		require.NotEmpty(t, event.(map[string]any)["title"], "%s: event %s has no title", at, name)
	}
}

// TestEveryTimeIsAHouseStandard: what a step waits for and when it is due can be changed, and shortened in a trial.
func TestEveryTimeIsAHouseStandard(t *testing.T) {
	t.Parallel()
	for id, d := range compiled(t) {
		for where, n := range d.Nodes {
			for _, v := range slices.Concat(n.Due, n.NotBefore) {
				byEvent := v.Time != nil && slices.ContainsFunc(d.Events, func(e *definitions.Event) bool { return e.Anchor && e.Name == v.Time.String() })
				require.True(t, v.Expr != nil || byEvent, "%s: %s has a fixed time: make it =parameters.…", id, where)
			}
		}
	}
}

// TestEveryStandardCountsFromAKnownMoment: the lint does not read the default of a parameter, so a misspelt anchor in it would
// leave a task without a due date.
func TestEveryStandardCountsFromAKnownMoment(t *testing.T) {
	t.Parallel()
	for id, d := range compiled(t) {
		known := []string{timex.DefaultAnchor, "now", "due"}
		for _, a := range d.Anchors {
			known = append(known, a.Name)
		}
		for step := range d.Steps {
			known = append(known, step+".opened", step+".claimed", step+".done")
		}
		for _, p := range d.Parameters {
			if p.Type != "time" {
				continue
			}
			e, err := timex.Parse(p.Default.(string))
			require.NoError(t, err, "%s: %s", id, p.Name)
			require.Subset(t, known, e.Anchors(), "%s: %s", id, p.Name)
		}
	}
}

// TestTheHouseHasThePeople: groups and posts of the demo house, where a misspelt one would leave a task to nobody.
func TestTheHouseHasThePeople(t *testing.T) {
	t.Parallel()
	groups := []string{"admins", "meeting-office", "attendants", "technicians", "complaint-desk", "visitors", "cash-desks", "finance", "sales"}
	posts := []string{
		"av-engineer", "seat-administrator", "information-administrator", "duty-manager", "meeting-supervisor", "office-specialist", "credit-manager",
	}
	for id, d := range compiled(t) {
		for name, r := range d.Roles {
			for ; r != nil; r = r.Empty {
				require.True(t, r.Group == "" || slices.Contains(groups, r.Group), "%s: role %s: group %s", id, name, r.Group)
				require.True(t, r.Post == "" || slices.Contains(posts, r.Post), "%s: role %s: post %s", id, name, r.Post)
			}
		}
	}
}
