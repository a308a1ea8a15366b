package definitions_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/definitions"
)

func TestKeyText(t *testing.T) {
	t.Parallel()
	for want, value := range map[string]any{
		"a/b": "a/b", "true": true, "7": 7, "8": int64(8), "9": uint64(9), "1000000": 1e6, "2.5": 2.5, "1h30m0s": 90 * time.Minute,
		"2026-03-02T01:00:00Z": time.Date(2026, 3, 2, 9, 0, 0, 0, time.FixedZone("", 8*3600)),
	} {
		text, ok := definitions.KeyText(value)
		require.True(t, ok, "%v", value)
		require.Equal(t, want, text)
	}
	for _, value := range []any{nil, "", []any{"a"}, map[string]any{"a": 1}} {
		_, ok := definitions.KeyText(value)
		require.False(t, ok, "%v", value)
	}
}

func TestKeyOfAnEntry(t *testing.T) {
	t.Parallel()
	none, one, two := &definitions.Register{Name: "r"}, &definitions.Register{Name: "r", Key: []string{"a"}}, &definitions.Register{Name: "r", Key: []string{"a", "b"}}
	for name, tc := range map[string]struct {
		register *definitions.Register
		entry    map[string]any
		want     string
	}{
		"no register":    {nil, map[string]any{"a": "x"}, ""},
		"no key":         {none, map[string]any{"a": "x"}, ""},
		"one field":      {one, map[string]any{"a": "x/~", "b": "y"}, "x/~"},
		"several fields": {two, map[string]any{"a": "x", "b": 12.0}, "x/12"},
		"a separator":    {two, map[string]any{"a": "x/y", "b": "~1"}, "x~1y/~01"},
	} {
		key, err := tc.register.KeyOf(tc.entry)
		require.NoError(t, err, name)
		require.Equal(t, tc.want, key, name)
	}
	for _, entry := range []map[string]any{{"a": "x"}, {"a": "x", "b": nil}, {"a": "x", "b": ""}, {"a": "x", "b": []any{}}} {
		_, err := two.KeyOf(entry)
		require.ErrorContains(t, err, "give entry.b a value", "%v", entry)
	}
}

// TestDifferentFieldsMakeDifferentKeys whatever they hold.
func TestDifferentFieldsMakeDifferentKeys(t *testing.T) {
	t.Parallel()
	register := &definitions.Register{Name: "r", Key: []string{"a", "b"}}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a~/01]{1,4}`)
		first := map[string]any{"a": text.Draw(t, "a"), "b": text.Draw(t, "b")}
		second := map[string]any{"a": text.Draw(t, "other a"), "b": text.Draw(t, "other b")}
		one, err := register.KeyOf(first)
		require.NoError(t, err)
		two, err := register.KeyOf(second)
		require.NoError(t, err)
		require.Equal(t, first["a"] == second["a"] && first["b"] == second["b"], one == two, "%v %v", first, second)
	})
}

// TestAKeyOfTheStepMayBeTaken also where the register has none: the outcome is then the author's to handle.
func TestAKeyOfTheStepMayBeTaken(t *testing.T) {
	t.Parallel()
	const register = "register: book\nname: Book\nschema: { properties: { n: { type: integer } } }\n"
	outcomes := func(key, with string) []string {
		def, problems := definitions.Compile(definitions.Bundle{
			Name:   "p.yaml",
			Source: "process: p\nname: P\nsteps:\n  - { id: a, uses: record, with: { register: book, entry: { n: 1 }" + with + " } }\n  - { id: b, uses: task, assign: starter, when: outputs.a.outcome == \"done\" }\n",
			Files:  map[string]string{"registers/book.yaml": register + key},
		}, registry())
		require.NotNil(t, def, "%v", problems)
		return def.Root.Children[0].Outcomes
	}
	require.Equal(t, []string{"done"}, outcomes("", ""))
	require.Equal(t, []string{"done", "exists"}, outcomes("key: [n]\n", ""))
	require.Equal(t, []string{"done", "exists"}, outcomes("", ", key: x"))
}
