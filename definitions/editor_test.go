package definitions_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"steward/definitions"
)

func editorSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(definitions.JSONSchema(registry()))
	require.NoError(t, err)
	var doc any
	require.NoError(t, json.Unmarshal(text, &doc))
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("steward:///definition", doc))
	s, err := c.Compile("steward:///definition")
	require.NoError(t, err)
	return s
}

func TestThePublishedSchemaIsTheCompilers(t *testing.T) {
	t.Parallel()
	text, err := json.MarshalIndent(definitions.JSONSchema(registry()), "", "  ")
	require.NoError(t, err)
	requireGolden(t, "../docs/definition.schema.json", string(text)+"\n")
}

func TestTheEditorSchemaAcceptsWhatCompiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/example/meeting/*.yaml")
	require.NoError(t, err)
	library, err := filepath.Glob("library/*/*.yaml")
	require.NoError(t, err)
	for _, f := range append(files, library...) {
		if d, _ := definitions.Compile(bundleOf(t, f), registry()); d == nil {
			continue // a task, a form, a register
		}
		require.NoError(t, editorSchema(t).Validate(decode(t, readFile(t, f))), f)
	}
}

func TestTheEditorSchemaRefusesMisspelledKeys(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"root":  "process: p\nname: P\nstep: []\nsteps: []\n",
		"step":  "process: p\nname: P\nsteps: [ { id: a, uses: task, asign: starter } ]\n",
		"kind":  "process: p\nname: P\nsteps: [ { id: a, uses: aproval, assign: starter } ]\n",
		"role":  "process: p\nname: P\nroles: { a: { gruop: x } }\nsteps: []\n",
		"event": "process: p\nname: P\nsteps: []\nevents: { a: { by: starter, ends: x } }\n",
	} {
		require.Error(t, editorSchema(t).Validate(decode(t, text)), name)
	}
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	require.NoError(t, yaml.Unmarshal([]byte(text), &v))
	text2, err := json.Marshal(v)
	require.NoError(t, err)
	var out any
	require.NoError(t, json.Unmarshal(text2, &out))
	return out
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func bundleOf(t testing.TB, path string) definitions.Bundle {
	t.Helper()
	domain := filepath.Dir(path)
	b, err := definitions.LoadBundle(os.DirFS(filepath.Dir(domain)), filepath.Base(domain)+"/"+filepath.Base(path))
	require.NoError(t, err)
	return b
}
