package simulate_test

import (
	"context"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/workflows/simulate"
)

var example = os.DirFS("../../definitions/testdata/example")

func registry() *definitions.Registry { return definitions.NewRegistry(definitions.Builtin()...) }

func compileFile(t testing.TB, fsys fs.FS, name string) *definitions.Definition {
	t.Helper()
	b, err := definitions.LoadBundle(fsys, name)
	require.NoError(t, err)
	return compile(t, b)
}

func compile(t testing.TB, b definitions.Bundle) *definitions.Definition {
	t.Helper()
	def, problems := definitions.Compile(b, registry())
	if def == nil {
		require.NoError(t, definitions.Render(os.Stderr, problems, "en"))
		t.Fatal("the definition does not compile")
	}
	return def
}

func define(t testing.TB, source string) *definitions.Definition {
	t.Helper()
	return compile(t, definitions.Bundle{Name: "test.yaml", Source: source, Files: map[string]string{}})
}

func clock(t testing.TB, text string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	at, err := simulate.ParseClock(text, loc)
	require.NoError(t, err)
	return at
}

func run(t testing.TB, o simulate.Options) simulate.Timeline {
	t.Helper()
	tl, err := simulate.Run(context.Background(), o)
	require.NoError(t, err)
	return tl
}

func TestTry(t *testing.T) {
	tl := run(t, simulate.Options{
		Definition: compileFile(t, example, "meeting/meeting_service.yaml"),
		Child: func(id string) (*definitions.Definition, error) {
			return compileFile(t, example, "meeting/"+id+".yaml"), nil
		},
		Start:  clock(t, "2026-02-12 16:00"),
		Input:  map[string]any{"title": "Board", "room": "r1", "attendees": 10, "start": "2026-02-25T14:00:00+08:00", "end": "2026-02-25T16:00:00+08:00"},
		People: simulate.Profiles{Default: simulate.Slow},
		Script: simulate.Script{Steps: map[string]simulate.Acts{"clear": {Always: true, List: []simulate.Act{{Form: map[string]any{"found": []any{"umbrella", "hat"}}}}}},
			Events: []simulate.ScriptEvent{{At: simulate.When{Text: "end+20m"}, Event: "meeting_ended"}}},
	})
	require.NoError(t, tl.Render(os.Stdout, "zh"))
	require.NoError(t, tl.Render(os.Stdout, "en"))
}
