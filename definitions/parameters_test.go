package definitions_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"steward/definitions"
)

// TestHouseValuesAreWhatTheExpressionsNeed: a value that would stop processes is refused when it is set.
func TestHouseValuesAreWhatTheExpressionsNeed(t *testing.T) {
	t.Parallel()
	d, problems := definitions.Compile(definitions.Bundle{Source: `process: p
name: P
parameters:
  tea_every: { type: duration, default: 30m }
  slot:      { type: duration, default: 15m }
  pause:     { type: string, default: 1wd }
  wait:      { type: duration, default: 0m }
  per_flask: { type: number, default: 3.5 }
  per_table: { type: integer, default: 8 }
  spare:     { type: number, default: 0 }
  close:     { type: boolean, default: false }
  answer:    { type: time, default: +4wh }
vars:
  flasks: ceil(7 / parameters.per_flask * (1 + parameters.spare))
steps:
  - { id: tea, repeat: { every: =parameters.tea_every, overlap: skip, max: 3 }, uses: task, assign: starter, due: =parameters.answer,
      remind: [{ from: -1d, every: =parameters.pause }],
      with: { tables: =7 % parameters.per_table, slots: "{{parameters.wait / parameters.slot}}" } }
`}, registry())
	require.NotNil(t, d, "%v", problems)
	needs := map[string][2]bool{}
	for _, p := range d.Parameters {
		needs[p.Name] = [2]bool{p.NotZero, p.Interval}
	}
	require.Empty(t, cmp.Diff(map[string][2]bool{
		"tea_every": {false, true}, "slot": {true, false}, "pause": {false, true}, "wait": {}, "per_flask": {true, false}, "per_table": {true, false},
		"spare": {}, "close": {}, "answer": {},
	}, needs))
	for _, tc := range []struct {
		name  string
		value any
		code  string
	}{
		{"tea_every", "1s", ""},
		{"tea_every", "0h", "minimum"},
		{"tea_every", "-5m", "type"},
		{"tea_every", "1wd", "type"},
		{"tea_every", 30, "type"},
		{"pause", "2wh", ""},
		{"pause", "0wd", "minimum"},
		{"pause", "soon", "minimum"},
		{"slot", "0m", "minimum"},
		{"slot", "1m", ""},
		{"wait", "0m", ""},
		{"per_flask", 0.5, ""},
		{"per_flask", 0.0, "minimum"},
		{"per_flask", 0, "minimum"},
		{"per_flask", "4", "type"},
		{"per_table", uint64(4), ""},
		{"per_table", float64(4), ""},
		{"per_table", uint64(0), "minimum"},
		{"per_table", int64(0), "minimum"},
		{"per_table", 4.5, "type"},
		{"spare", 0, ""},
		{"close", true, ""},
		{"close", "yes", "type"},
		{"answer", "+1wd", ""},
		{"answer", "soonish+", "type"},
		{"tee_every", "30m", "unknown"},
	} {
		wrong := d.CheckParameters(map[string]any{tc.name: tc.value})
		if tc.code == "" {
			require.Empty(t, wrong, "%s: %v", tc.name, tc.value)
			continue
		}
		require.Len(t, wrong, 1, "%s: %v", tc.name, tc.value)
		require.Equal(t, [2]string{tc.name, tc.code}, [2]string{wrong[0].Field, wrong[0].Code}, "%v", tc.value)
		require.NotEmpty(t, wrong[0].Zh)
		require.NotEmpty(t, wrong[0].En)
	}
	require.Len(t, d.CheckParameters(map[string]any{"zzz": 1, "slot": "0s", "answer": "+1wd", "close": 2}), 3, "every problem at once")
	require.Empty(t, (&definitions.Definition{}).CheckParameters(nil))
}
