package expr_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/definitions/expr"
)

func TestBind(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 1, 2, 3, 4, time.UTC)
	for _, tc := range []struct {
		name      string
		typ       expr.Type
		raw, want any
	}{
		{"time", expr.Time(), "2026-03-01T09:02:03.000000004+08:00", at},
		{"time in UTC", expr.Time(), at.In(time.FixedZone("", 3600)), at},
		{"no time", expr.Time(), "tomorrow", "tomorrow"},
		{"duration", expr.Duration(), "1d2h", 26 * time.Hour},
		{"no duration", expr.Duration(), "2wd", "2wd"},
		{"integer", expr.Int(), 3.0, 3},
		{"json number", expr.Int(), json.Number("9007199254740993"), 9007199254740993},
		{"json number with exponent", expr.Int(), json.Number("1e3"), 1000},
		{"integer of another size", expr.Int(), int64(7), 7},
		{"fraction", expr.Int(), 3.5, 3.5},
		{"too large", expr.Int(), 1e19, 1e19},
		{"number", expr.Number(), 3, 3.0},
		{"json fraction", expr.Number(), json.Number("2.5"), 2.5},
		{"no json number", expr.Number(), json.Number("x"), json.Number("x")},
		{"nil", expr.Time().Nullable(), nil, nil},
		{"list", expr.List(expr.Int()), []any{1.0, nil, "x"}, []any{1, nil, "x"}},
		{"no list", expr.List(expr.Int()), "x", "x"},
		{"map", expr.Map(expr.Duration()), map[string]any{"a": "30m"}, map[string]any{"a": 30 * time.Minute}},
		{"no map", expr.Map(expr.Duration()), 3, 3},
		{"no object", expr.Object(map[string]expr.Type{"a": expr.Int()}), []any{}, []any{}},
		{"any", expr.Any(), "2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z"},
		{
			"object", expr.Object(map[string]expr.Type{"start": expr.Time(), "room": expr.String(), "end": expr.Time().Nullable()}),
			map[string]any{"start": "2026-03-01T09:00:00Z", "room": "A", "extra": 1.0},
			map[string]any{"start": nine, "room": "A", "extra": 1.0},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := expr.Bind(tc.typ, tc.raw)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// Binding runs for every decision: what needs no conversion must be shared and cost nothing.
//
//nolint:paralleltest // allocations are counted
func TestBindSharesWhatNeedsNoChange(t *testing.T) {
	require.Nil(t, expr.NewBinder(expr.Object(map[string]expr.Type{"a": expr.String(), "b": expr.List(expr.Bool())})))

	typ := expr.Object(map[string]expr.Type{
		"n": expr.Int(), "at": expr.Time(), "list": expr.List(expr.Number()), "map": expr.Map(expr.Duration()),
	})
	binder := expr.NewBinder(typ)
	raw := map[string]any{"n": 3.0, "at": "2026-03-01T09:00:00Z", "list": []any{1.5}, "map": map[string]any{"a": "1h"}}
	bound := binder.Bind(raw)
	require.Equal(t, "2026-03-01T09:00:00Z", raw["at"], "the argument is only read")
	allocations := testing.AllocsPerRun(100, func() { binder.Bind(bound) })
	require.Zero(t, allocations)

	plain := any(map[string]any{"a": "x", "b": []any{1.0, true, map[string]any{}}})
	require.Zero(t, testing.AllocsPerRun(100, func() { expr.Unbind(plain) }))
}

// typedValue draws a type and one of its values.
func typedValue(t *rapid.T, depth int) (expr.Type, any) {
	kinds := 6
	if depth > 0 {
		kinds = 9
	}
	typ, value := drawKind(t, rapid.IntRange(0, kinds).Draw(t, "kind"), depth)
	if rapid.IntRange(0, 5).Draw(t, "missing") == 0 {
		return typ.Nullable(), nil
	}
	return typ, value
}

func drawKind(t *rapid.T, kind, depth int) (expr.Type, any) {
	switch kind {
	case 0:
		return expr.Bool(), rapid.Bool().Draw(t, "bool")
	case 1:
		return expr.Int(), rapid.IntRange(-1<<53, 1<<53).Draw(t, "int")
	case 2:
		return expr.Number(), rapid.Float64Range(-1e15, 1e15).Draw(t, "number")
	case 3:
		return expr.String(), rapid.String().Draw(t, "text")
	case 4:
		nanos := rapid.Int64Range(0, 4e18).Draw(t, "time")
		return expr.Time(), time.Unix(0, nanos).UTC()
	case 5:
		return expr.Duration(), time.Duration(rapid.Int64Range(math.MinInt64+1, math.MaxInt64).Draw(t, "duration"))
	case 6:
		return expr.Enum("a", "b"), rapid.SampledFrom([]string{"a", "b"}).Draw(t, "enum")
	case 7:
		elem, value := typedValue(t, depth-1)
		return expr.List(elem.Nullable()), []any{value, nil, value}[:rapid.IntRange(0, 3).Draw(t, "length")]
	case 8:
		elem, value := typedValue(t, depth-1)
		return expr.Map(elem), map[string]any{rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "key"): value}
	}
	fields, values := map[string]expr.Type{}, map[string]any{}
	for _, name := range []string{"a", "b", "c"}[:rapid.IntRange(0, 3).Draw(t, "fields")] {
		fields[name], values[name] = typedValue(t, depth-1)
	}
	return expr.Object(fields), values
}

func TestBindUndoesUnbindThroughJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		typ, value := typedValue(t, 3)
		text, err := json.Marshal(expr.Unbind(value))
		require.NoError(t, err)
		var raw any
		require.NoError(t, json.Unmarshal(text, &raw))
		binder := expr.NewBinder(typ)
		bound := binder.Bind(raw)
		if diff := cmp.Diff(value, bound); diff != "" {
			t.Fatalf("%s: %s", typ, diff)
		}
		require.Equal(t, bound, binder.Bind(bound), "binding twice is binding once")
		require.True(t, expr.TypeOf(bound).AssignableTo(typ), "%s is %s", text, typ)
	})
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"30m": 30 * time.Minute, "1h30m": 90 * time.Minute, "90s": 90 * time.Second, "2d": 48 * time.Hour, "1w": 168 * time.Hour,
		"1w2d3h4m5s": 219*time.Hour + 4*time.Minute + 5*time.Second, "-2d": -48 * time.Hour, "0": 0, "1.5h": 90 * time.Minute,
		"250ms": 250 * time.Millisecond,
	} {
		got, ok := expr.ParseDuration(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "-", "d", "1", "2wd", "3wh", "1d1w", "1.5d", "1d-2h", "--1h", "1d+2h", "999999w", "106751d48h", "1mo", "9999999999d",
	} {
		_, ok := expr.ParseDuration(text)
		require.False(t, ok, text)
	}
	for want, d := range map[string]time.Duration{
		"0s": 0, "30m": 30 * time.Minute, "2h": 2 * time.Hour, "1h30m": 90 * time.Minute, "1m30s": 90 * time.Second,
		"1h0m5s": time.Hour + 5*time.Second, "10s": 10 * time.Second, "-1h": -time.Hour,
	} {
		require.Equal(t, want, expr.FormatDuration(d))
	}
}
