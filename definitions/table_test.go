package definitions

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/definitions/expr"
)

func tableOf(t require.TestingT, rows ...string) *item {
	var out problems
	f := parseText("t.yaml", "inputs: { a: input.a, b: input.b }\nrows:\n  - { "+strings.Join(rows, " }\n  - { ")+" }\n", &out)
	require.Empty(t, out.list)
	return f.root
}

func TestWhetherATableLeavesSomethingOut(t *testing.T) {
	t.Parallel()
	c := &compiler{}
	for _, tc := range []struct {
		rows []string
		all  bool
	}{
		{[]string{"a: =value < 5", "a: =value >= 5"}, true},
		{[]string{"a: =value < 5", "a: =value > 5"}, false},
		{[]string{"a: =value < 5", "a: 5", "a: =value > 5"}, true},
		{[]string{"a: x", "a: y"}, false},
		{[]string{"a: x, b: =value < 1", "a: x, b: =value >= 1"}, false},
		{[]string{"b: =value < 1", "a: [x, y], b: =value >= 1", "b: =value >= 1"}, true},
		{[]string{"a: =value > 1 && value < 3", "a: =value <= 1", "a: =value >= 3"}, true},
		{[]string{"a: =len(value) > 1", "a: =len(value) <= 1"}, false}, // nothing is claimed
	} {
		require.Equal(t, tc.all, c.coversAll(tableOf(t, tc.rows...)), "%v", tc.rows)
	}
}

// TestTheTrialAgreesWithTheExpressions compares the lint's reading of a cell with the compiled condition.
func TestTheTrialAgreesWithTheExpressions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		op := rapid.SampledFrom([]string{"<", "<=", ">", ">=", "=="}).Draw(t, "op")
		bound, second := rapid.IntRange(-5, 5).Draw(t, "bound"), rapid.IntRange(-5, 5).Draw(t, "second")
		text := fmt.Sprintf("value %s %d && value <= %d", op, bound, second)
		matches, _, ok := comparisons(text)
		require.True(t, ok)
		value := rapid.IntRange(-7, 7).Draw(t, "value")
		p, found := expr.Compile(text, expr.NewScope(map[string]expr.Type{"value": expr.Int()}), expr.WantBool())
		require.Empty(t, found)
		want, err := p.Eval(expr.Env{Values: map[string]any{"value": value}})
		require.NoError(t, err)
		require.Equal(t, want, matches(sample{number: float64(value)}), text)
	})
}

func TestWhatATableCellMeans(t *testing.T) {
	t.Parallel()
	d, list := Compile(Bundle{Source: `process: p
name: P
input: { type: object, required: [n, s], properties: { n: { type: integer }, s: { type: string } } }
tables:
  t:
    inputs: { n: input.n, s: input.s }
    outputs: [outcome, days]
    rows:
      - { n: =value > 10 && input.s != "x", outcome: big, days: 1 }
      - { n: [1, 2], s: "it's", outcome: small, days: =input.n * 2 }
      - { outcome: other, days: 0 }
steps:
  - { id: c, uses: choose, with: { table: t }, on: { small: next, other: next } }
`}, NewRegistry(Builtin()...))
	require.NotNil(t, d, "%v", list)
	table := d.Tables["t"]
	require.Equal(t, []string{"big", "small", "other"}, d.Steps["c"].Outcomes)
	require.Equal(t, expr.Any(), fieldOf(t, table.Type, "days"), "one of its values is computed")
	require.Equal(t, expr.String(), fieldOf(t, table.Type, "outcome"))
	for _, tc := range []struct {
		row, col int
		input    map[string]any
		value    any
		want     bool
	}{
		{0, 0, map[string]any{"s": "y"}, 11, true},
		{0, 0, map[string]any{"s": "x"}, 11, false},
		{1, 0, nil, 2, true},
		{1, 0, nil, 3, false},
		{1, 1, nil, "it's", true},
	} {
		got, err := table.Rows[tc.row].When[tc.col].Eval(expr.Env{Values: map[string]any{"input": tc.input, "value": tc.value}})
		require.NoError(t, err)
		require.Equal(t, tc.want, got)
	}
	require.Nil(t, table.Rows[2].When[0], "a missing cell matches anything")
}

func fieldOf(t *testing.T, typ expr.Type, name string) expr.Type {
	t.Helper()
	f, ok := typ.Field(name)
	require.True(t, ok)
	return f
}
