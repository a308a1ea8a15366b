package definitions_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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

const parameterHead = `process: p
name: P
input: { type: object, required: [n], properties: { n: { type: integer } } }
parameters:
  x: { type: number, default: 2 }
  y: { type: duration, default: 30m }
  z: { type: duration, default: 20m }
`

// TestADivisorBehindAFormulaIsNoPromise: a house may set the parameter to 0, and nothing keeps the formula from being 0.
func TestADivisorBehindAFormulaIsNoPromise(t *testing.T) {
	t.Parallel()
	compile := func(vars, when string) (*definitions.Definition, []definitions.Problem) {
		return definitions.Compile(definitions.Bundle{Source: parameterHead + "vars: { v: '" + vars + "' }\nsteps:\n" +
			"  - { id: a, when: '" + when + " > 1', uses: task, assign: starter }\n"}, registry())
	}
	for vars, quotient := range map[string]string{
		`parameters.x`: `10 / vars.v`, `{ a: parameters.x }`: `10 / vars.v.a`, `input.n > 1 ? parameters.y : hours(0)`: `hours(2) / vars.v`,
	} {
		d, problems := compile(vars, quotient)
		require.Nil(t, d, vars)
		require.Equal(t, definitions.Code("expr_nullable"), problems[0].Code)
		d, problems = compile(vars, "(("+quotient+") ?? 0)")
		require.NotNil(t, d, "%s: %v", vars, problems)
		require.Empty(t, d.CheckParameters(map[string]any{"x": 0, "y": "0s"}), vars)
	}
}

// TestDistancesMadeOfParametersAreTriedOut: whatever a house sets, a repetition comes at a distance of a second at least.
func TestDistancesMadeOfParametersAreTriedOut(t *testing.T) {
	t.Parallel()
	compile := func(vars, every string) (*definitions.Definition, []definitions.Problem) {
		return definitions.Compile(definitions.Bundle{Source: parameterHead + "vars: { " + vars + " }\nsteps:\n" +
			"  - { id: r, repeat: { every: '" + every + "', overlap: skip, max: 3 }, uses: task, assign: starter }\n"}, registry())
	}
	for _, tc := range []struct {
		vars, every string
		good, bad   map[string]any
		field       string
	}{
		{"", "=parameters.y", map[string]any{"y": "1s"}, map[string]any{"y": "0s"}, "y"},
		{"v: parameters.y", "=vars.v", map[string]any{"y": "1s"}, map[string]any{"y": "0s"}, "y"},
		{"v: parameters.y, w: vars.v", "=input.n > 1 ? vars.w : hours(1)", map[string]any{"y": "1s"}, map[string]any{"y": "0s"}, "y"},
		{"", "=parameters.y * parameters.x", map[string]any{"x": 0.5}, map[string]any{"x": 0}, "x"},
		{"", "=parameters.y * parameters.x", map[string]any{"y": "1s"}, map[string]any{"y": "0s"}, "y"},
		{"v: parameters.y - parameters.z", "=vars.v", map[string]any{"z": "29m"}, map[string]any{"z": "30m"}, "z"},
		{"v: parameters.x * 10", "=hours(vars.v)", map[string]any{"x": 0.001}, map[string]any{"x": 1e300}, "x"},
		{"", "=parameters.x > 3 ? duration(\"0s\") : hours(1)", map[string]any{"x": 3}, map[string]any{"x": 4}, "x"},
	} {
		d, problems := compile(tc.vars, tc.every)
		require.NotNil(t, d, "%s %s: %v", tc.vars, tc.every, problems)
		require.Empty(t, d.CheckParameters(tc.good), "%s %s", tc.vars, tc.every)
		wrong := d.CheckParameters(tc.bad)
		require.Len(t, wrong, 1, "%s %s", tc.vars, tc.every)
		require.Equal(t, [2]string{tc.field, "minimum"}, [2]string{wrong[0].Field, wrong[0].Code})
	}
	d, _ := compile("", "=parameters.y * input.n")
	require.NotNil(t, d)
	require.Empty(t, d.CheckParameters(map[string]any{"y": "0s"}), "what the input decides shows only when it is known")
	_, problems := compile("", "=parameters.y - parameters.z - minutes(10)")
	require.Equal(t, definitions.Code("time_interval"), problems[0].Code, "the defaults are tried as well")
}

// TestValuesThatAreWrongTogetherAreAllNamed: each by itself would do, and it is told which others it does not go with.
func TestValuesThatAreWrongTogetherAreAllNamed(t *testing.T) {
	t.Parallel()
	d, problems := definitions.Compile(definitions.Bundle{Source: `process: p
name: P
parameters:
  b: { type: integer, default: 5 }
  a: { type: integer, default: 10 }
  c: { type: string, default: 0m }
vars: { left: parameters.a - parameters.b }
steps:
  - { id: tea, repeat: { every: '=minutes(vars.left) + duration(parameters.c)', overlap: skip, max: 3 }, uses: task, assign: starter }
`}, registry())
	require.NotNil(t, d, "%v", problems)
	const every = "it must leave at least one second between repetitions, which come every minutes(vars.left) + duration(parameters.c)"
	for _, tc := range []struct {
		values map[string]any
		want   map[string]string
	}{
		{map[string]any{"a": 6}, nil},
		{map[string]any{"b": float64(8)}, nil},
		{map[string]any{"a": float64(6), "b": 8, "c": "3m"}, nil},
		{map[string]any{"a": float64(6), "b": 8}, map[string]string{
			"a": "together with b 8 and c 0m (the default) " + every, "b": "together with a 6 and c 0m (the default) " + every,
		}},
		{map[string]any{"a": 6, "b": 7, "c": "1m"}, map[string]string{
			"a": "together with b 7 and c 1m " + every, "b": "together with a 6 and c 1m " + every, "c": "together with b 7 and a 6 " + every,
		}},
		{map[string]any{"b": 1000000.0}, map[string]string{"b": "together with a 10 (the default) and c 0m (the default) " + every}},
		{map[string]any{"a": 6, "b": "8"}, map[string]string{"b": "it must be of type integer"}},
		{map[string]any{"b": 10, "c": strings.Repeat("长", 100)}, map[string]string{
			"b": "together with a 10 (the default) and c " + strings.Repeat("长", 60) + "… " + every,
			"c": "together with b 10 and a 10 (the default) " + every,
		}},
	} {
		got := map[string]string{}
		for _, f := range d.CheckParameters(tc.values) {
			require.Contains(t, []string{"minimum", "type"}, f.Code)
			require.NotEmpty(t, f.Zh)
			got[f.Field] = f.En
		}
		require.Empty(t, cmp.Diff(tc.want, got, cmpopts.EquateEmpty()), "%v", tc.values)
	}
}

// TestALetHidesNoParameter: what it stands for gives a time or a distance all the same.
func TestALetHidesNoParameter(t *testing.T) {
	t.Parallel()
	for _, due := range []string{
		`parameters.answer`, `let d = parameters.answer; d`, `let p = parameters; p.answer`, `let d = parameters.answer; let e = d; input.fast ? "+1d" : e`,
		`(let d = parameters.answer; d) ?? "+1d"`, `vars.soon`,
	} {
		d, problems := definitions.Compile(definitions.Bundle{Source: `process: p
name: P
input: { type: object, required: [fast], properties: { fast: { type: boolean } } }
parameters:
  answer: { type: time, default: +4wh }
  pause:  { type: string, default: 30m }
vars: { soon: let s = parameters.answer; s }
steps:
  - { id: tea, uses: task, assign: starter, due: '=` + due + `', remind: [{ from: -1h, every: =let e = parameters.pause; e }], with: { soon: =vars.soon } }
`}, registry())
		require.NotNil(t, d, "%s: %v", due, problems)
		require.Empty(t, d.CheckParameters(map[string]any{"answer": "now+1h", "pause": "1wd"}), due)
		for name, value := range map[string]string{"answer": "nowhere+1h", "pause": "0wd"} {
			require.NotEmpty(t, d.CheckParameters(map[string]any{name: value}), "%s: %s %s", due, name, value)
		}
	}
}

// TestTimesOfAHouseCountFromWhatThereIs: a misspelled anchor would never be known, and what counts from it would wait for ever.
func TestTimesOfAHouseCountFromWhatThereIs(t *testing.T) {
	t.Parallel()
	source := `process: p
name: P
input: { type: object, required: [at], properties: { at: { type: string, format: date-time } } }
anchors: { start: input.at }
parameters:
  answer:  { type: time, default: +4wh }
  window:  { type: time, default: +1d..2d }
  before:  { type: time, default: -1h }
  after:   { type: time, default: a.done+1h }
  either:  { type: string, default: start-1h }
  spare:   { type: time, default: nothing+1d }
vars: { soon: parameters.either }
steps:
  - { id: a, uses: task, assign: starter, due: [=parameters.answer, =vars.soon], remind: [=parameters.before] }
  - { id: b, uses: task, assign: starter, due: '=input.at > now ? parameters.window : "+1d"', remind: [=parameters.answer] }
  - { id: c, uses: task, assign: starter, notBefore: =parameters.after, with: { note: =parameters.spare } }
`
	d, problems := definitions.Compile(definitions.Bundle{Source: source}, registry())
	require.NotNil(t, d, "%v", problems)
	for _, tc := range []struct{ name, value, code string }{
		{"answer", "start-1h", ""},
		{"answer", "now+2h", ""},
		{"answer", "strat-1h", "anchor"},
		{"answer", "next(calls, strat)", "anchor"},
		{"answer", "a.done+1h", "anchor"}, // the default names no step: nothing would be planned again when it is done
		{"answer", "due-1h", "anchor"},    // not where a due date is just computed
		{"answer", "+1d..2d", "window"},   // a reminder is one moment
		{"window", "+1d..3d", ""},
		{"before", "due-2h", ""},
		{"after", "b.opened+2h", ""},
		{"after", "d.opened+2h", "anchor"},
		{"either", "start-2h", ""},
		{"either", "before noon", "type"},
		{"either", "sart", "anchor"},
		{"spare", "elsewhere+1d", ""},
	} {
		wrong := d.CheckParameters(map[string]any{tc.name: tc.value})
		if tc.code == "" {
			require.Empty(t, wrong, "%s: %s", tc.name, tc.value)
			continue
		}
		require.Len(t, wrong, 1, "%s: %s", tc.name, tc.value)
		require.Equal(t, [2]string{tc.name, tc.code}, [2]string{wrong[0].Field, wrong[0].Code}, "%s", tc.value)
	}
	require.Contains(t, d.CheckParameters(map[string]any{"answer": "strat-1h"})[0].En, "did you mean start?")
	require.True(t, d.Steps["c"].WaitsForSteps, "its default counts from a step")
	require.False(t, d.Steps["a"].WaitsForSteps)
	_, problems = definitions.Compile(definitions.Bundle{Source: strings.Replace(source, "start-1h", "strat-1h", 1)}, registry())
	require.Equal(t, definitions.Code("schema_default"), problems[0].Code)
}
