package definitions_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
)

const head = `process: p
name: P
input:
  type: object
  required: [room, n, start]
  properties:
    room:  { type: string }
    n:     { type: integer }
    start: { type: string, format: date-time }
    list:  { type: array, items: { type: string }, default: [] }
anchors: { start: input.start }
vars: { cups: input.n * 2, trays: vars.cups + 1 }
`

// compile compiles steps (and whatever top-level keys follow them) behind head and demands that there is no error.
func compile(t *testing.T, text string) *definitions.Definition {
	t.Helper()
	d, problems := definitions.Compile(definitions.Bundle{Name: "p.yaml", Source: head + text, Files: loadExample(t).Files}, registry())
	require.NotNil(t, d, "%v", problems)
	return d
}

func errorsOf(t *testing.T, text string) []string {
	t.Helper()
	_, problems := definitions.Compile(definitions.Bundle{Name: "p.yaml", Source: head + text, Files: loadExample(t).Files}, registry())
	var codes []string
	for _, p := range problems {
		if p.Severity == definitions.Error {
			codes = append(codes, string(p.Code))
		}
	}
	return codes
}

func TestPathsAreUniqueAndStable(t *testing.T) {
	t.Parallel()
	d := compile(t, `
steps:
  - { id: first, uses: task, assign: starter }
  - parallel:
      - steps:
          - { id: a, uses: task, assign: starter }
      - { id: loop, each: { in: input.list, as: x, mode: parallel }, uses: task, assign: starter }
  - { id: group, steps: [ { id: b, uses: task, assign: starter }, { goto: b, when: rounds.b < 2 } ] }
`)
	for path, n := range d.Nodes {
		require.Equal(t, path, n.Path)
	}
	for id, path := range map[string]string{
		"first": "steps/first", "a": "steps/parallel1/sequence0/a", "loop": "steps/parallel1/loop", "b": "steps/group/b",
	} {
		require.Equal(t, path, d.Steps[id].Path)
	}
	require.Equal(t, "steps/parallel1/loop/step0", d.Steps["loop"].Children[0].Path)
	require.Contains(t, d.Actions, "steps/group/goto1#target")

	inserted := compile(t, `
steps:
  - { id: zero, uses: task, assign: starter }
  - { id: first, uses: task, assign: starter }
  - { id: group, steps: [ { id: other, uses: task, assign: starter }, { id: b, uses: task, assign: starter } ] }
`)
	require.Equal(t, "steps/first", inserted.Steps["first"].Path)
	require.Equal(t, "steps/group/b", inserted.Steps["b"].Path)
}

func TestOutcomesOfKinds(t *testing.T) {
	t.Parallel()
	for step, want := range map[string]string{
		`uses: task, assign: starter`:                                                                               "done",
		`uses: task, assign: starter, outcomes: [yes, no], on: { no: next }`:                                        "yes no",
		`uses: approval, assign: starter, on: { rejected: next, returned: next }`:                                   "approved rejected returned",
		`uses: wait, with: { until: +1d }`:                                                                          "elapsed",
		`uses: wait, with: { event: paid }`:                                                                         "received",
		`uses: wait, with: { event: paid, until: +1d }, on: { elapsed: next }`:                                      "received elapsed",
		`uses: process, with: { process: lost_found, input: { item: x } }`:                                          "started",
		`uses: process, with: { process: lost_found, input: { item: x }, wait: true }, on: { kept: next }`:          "returned kept",
		`uses: reserve, with: { resource: r, from: =now, to: =now + hours(1) }, on: { conflict: next }`:             "done conflict",
		`uses: choose, with: { table: open }, on: { no_match: next }`:                                               "small no_match",
		`uses: choose, with: { table: full }, on: { large: next }`:                                                  "small large",
		`uses: set, with: { input: { n: =input.n + 1 } }`:                                                           "done",
		`uses: notify, with: { to: starter, text: "{{input.room}}" }`:                                               "done",
		`uses: task, assign: starter, due: +1d, escalate: [ { at: +1h, outcome: late } ], on: { late: next }`:       "done + late",
		`uses: task, assign: starter, outcomes: [late], due: +1d, escalate: { at: +1h, outcome: late }`:             "late",
		`uses: approval, assign: starter, outcomes: [ok, again], on: { again: next }, with: { mode: sequential }`:   "ok again",
		`uses: task/clear-room, assign: starter, outcomes: [clean, dirty], on: { dirty: next }, due: [start, +1wd]`: "clean dirty",
	} {
		d := compile(t, "steps:\n  - { id: s, "+step+` }
events: { paid: { by: starter } }
tables:
  open: { inputs: { n: input.n }, outputs: [outcome], rows: [ { n: 1, outcome: small } ] }
  full: { inputs: { n: input.n }, outputs: [outcome], rows: [ { n: =value < 5, outcome: small }, { n: =value >= 5, outcome: large } ] }
`)
		got := strings.Join(d.Steps["s"].Outcomes, " ")
		if l := d.Steps["s"].Ladder; len(l) > 0 {
			got += " + " + strings.Join(l, " ")
		}
		require.Equal(t, want, got, step)
	}
}

func TestWhatAStepReads(t *testing.T) {
	t.Parallel()
	for step, want := range map[string][]string{
		`uses: task, assign: starter`:                                                      nil,
		`uses: task, assign: starter, when: input.n > 1`:                                   {"input.n"},
		`uses: task, assign: starter, due: start-1h`:                                       {"input.start"},
		`uses: task, assign: starter, name: "{{vars.trays}}"`:                              {"input.n"},
		`uses: task, assign: starter, with: { room: =input.room, cups: =vars.cups }`:       {"input.n", "input.room"},
		`uses: task, assign: starter, form: { input: [room, start] }`:                      {"input.room", "input.start"},
		`uses: approval, assign: starter, on: { rejected: next, returned: next }`:          {"input"},
		`uses: task, assign: =input.room, remind: [ { at: opened+1h, to: "=input.room" }]`: {"input.room"},
		`uses: task, assign: starter, due: '=input.n > 1 ? "+1d" : "start"'`:               {"input.n", "input.start"},
		`uses: wait, with: { until: start }`:                                               {"input.start"},
		`uses: task, assign: starter, when: process.id != starter.id`:                      nil,
	} {
		d := compile(t, "steps:\n  - { id: s, "+step+" }\n")
		var got []string
		for _, p := range d.Steps["s"].Used {
			got = append(got, p.String())
		}
		require.Equal(t, want, got, step)
	}
}

func TestTimesThatOthersMove(t *testing.T) {
	t.Parallel()
	d := compile(t, `
steps:
  - { id: a, uses: task, assign: starter, due: start }
  - { id: b, uses: task, assign: starter, due: a.claimed+1h }
`)
	require.False(t, d.Steps["a"].WaitsForSteps)
	require.True(t, d.Steps["b"].WaitsForSteps)
	d = compile(t, "steps:\n  - { id: a, uses: task, assign: starter }\n  - { id: b, uses: task, assign: starter, due: =outputs.a.done_at + hours(1) }\n")
	require.True(t, d.Steps["b"].WaitsForSteps)
}

func TestFormulasThatReadOutputs(t *testing.T) {
	t.Parallel()
	const steps = "steps: [ { id: a, uses: task, assign: starter, form: { properties: { at: { type: string, format: date-time } } } } ]\n"
	d, problems := definitions.Compile(definitions.Bundle{Source: "process: p\nname: P\nanchors: { visit: outputs.a?.data.at }\n" + steps}, registry())
	require.NotNil(t, d, "%v", problems)
	require.True(t, d.VarsUseOutputs)
	d, _ = definitions.Compile(definitions.Bundle{Source: "process: p\nname: P\nanchors: { visit: process.started_at }\n" + steps}, registry())
	require.False(t, d.VarsUseOutputs)
}

func TestFramesOfOutputs(t *testing.T) {
	t.Parallel()
	d := compile(t, `
steps:
  - id: outer
    each: { in: input.list, as: x, mode: sequential }
    steps:
      - { id: a, uses: task, assign: starter }
      - { id: inner, repeat: { every: 1h, overlap: skip, max: 2 }, uses: task, assign: { actor-of: a }, name: "{{x}} {{outputs.a.round}}" }
`)
	body := d.Steps["outer"].Children[0]
	require.Nil(t, d.Steps["outer"].Enclose)
	require.Same(t, body, d.Steps["a"].Enclose)
	require.Same(t, body, d.Steps["inner"].Enclose)
	require.Same(t, d.Steps["inner"].Children[0], d.Steps["inner"].Children[0].Enclose)
	require.True(t, d.Steps["inner"].Repeat.Single)
	require.False(t, d.Steps["outer"].Each.Single)
}

func TestTaskDefinitionsAreDefaults(t *testing.T) {
	t.Parallel()
	d := compile(t, `
steps:
  - { id: a, uses: task/refill-tea, assign: starter }
  - { id: b, uses: task/refill-tea, assign: starter, due: +5m }
  - { id: c, uses: task/clear-room, assign: starter }
  - { id: d, uses: task/clear-room, assign: starter, form: { properties: { n: { type: integer } } }, checks: [ Lights ] }
`)
	require.Equal(t, "+10m", d.Steps["a"].Due[0].Time.String())
	require.Equal(t, "+5m", d.Steps["b"].Due[0].Time.String())
	require.Len(t, d.Steps["c"].Checks, 2)
	require.Equal(t, "found", d.Steps["c"].Form.Schema.Fields[0].Name)
	require.Len(t, d.Steps["d"].Checks, 1)
	require.Equal(t, "n", d.Steps["d"].Form.Schema.Fields[0].Name)
	require.Equal(t, "refill-tea", d.Steps["a"].Task.ID)
}
