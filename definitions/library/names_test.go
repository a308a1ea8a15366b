package library_test

import (
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/definitions/library"
)

// TestEveryStepHasAName: automatic steps and groups are shown to people too, and an id is no word for them.
func TestEveryStepHasAName(t *testing.T) {
	t.Parallel()
	for id, d := range compiled(t) {
		for where, n := range d.Nodes {
			if n.ID == "" || d.Blocks[n.ID] == n {
				continue
			}
			zh, en := nameOf(n)
			require.NotEmpty(t, zh, "%s: %s has no Chinese name", id, where)
			require.NotEmpty(t, en, "%s: %s has no English name", id, where)
		}
	}
}

// nameOf answers the name of a node; a loop goes by that of what it repeats.
func nameOf(n *definitions.Node) (zh, en string) {
	if n.Name.Zh != nil && n.Name.En != nil {
		return n.Name.Zh.Source(), n.Name.En.Source()
	}
	if (n.Each != nil || n.Repeat != nil) && len(n.Children) == 1 {
		return nameOf(n.Children[0])
	}
	return "", ""
}

// TestEveryChoiceAndPatternHasWords: what people choose from, and what a field wants, is said in words and not in code.
func TestEveryChoiceAndPatternHasWords(t *testing.T) {
	t.Parallel()
	found := 0
	for _, name := range yamlFiles(t) {
		if strings.HasSuffix(name, ".test.yaml") || path.Dir(name) == "registers" {
			continue
		}
		text, err := fs.ReadFile(library.FS(), name)
		require.NoError(t, err)
		var doc any
		require.NoError(t, yaml.Unmarshal(text, &doc), name)
		found += worded(t, name, doc)
	}
	require.Positive(t, found)
}

// worded walks a document and counts the fields that need words and have them.
func worded(t *testing.T, at string, v any) (found int) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if options, ok := v["enum"].([]any); ok {
			found++
			titles, _ := v["x-enum-titles"].(map[string]any)
			require.Len(t, titles, len(options), "%s: x-enum-titles", at)
			for _, o := range options {
				require.Contains(t, titles, o, "%s: x-enum-titles", at)
			}
		}
		if v["pattern"] != nil {
			found++
			require.NotEmpty(t, v["x-pattern-title"], "%s: x-pattern-title", at)
		}
		for key, inner := range v {
			found += worded(t, at+"."+key, inner)
		}
	case []any:
		for _, inner := range v {
			found += worded(t, at, inner)
		}
	}
	return found
}
