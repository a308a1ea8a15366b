package definitions_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	mayBeMissing = "expr_nullable"
	noSuchField  = "expr_unknown_field"
)

// TestFlow asks at one place whether another step is certainly done there: then its output is read with a plain dot.
func TestFlow(t *testing.T) {
	t.Parallel()
	const (
		task  = `uses: task, assign: starter`
		reads = `uses: task, assign: starter, when: outputs.a.round > 0`
	)
	for name, c := range map[string]struct{ text, code string }{
		"in order":                  {`steps: [ { id: a, ` + task + ` }, { id: b, ` + reads + ` } ]`, ""},
		"before it":                 {`steps: [ { id: b, ` + reads + ` }, { id: a, ` + task + ` } ]`, mayBeMissing},
		"skipped perhaps":           {`steps: [ { id: a, when: input.n > 1, ` + task + ` }, { id: b, ` + reads + ` } ]`, mayBeMissing},
		"closed perhaps":            {`steps: [ { id: a, until: start, ` + task + ` }, { id: b, ` + reads + ` } ]`, mayBeMissing},
		"nobody found, skipped":     {`steps: [ { id: a, uses: task, assign: { group: g, empty: skip } }, { id: b, ` + reads + ` } ]`, mayBeMissing},
		"in a closed group":         {`steps: [ { id: g, until: start, steps: [ { id: a, ` + task + ` }, { id: b, ` + reads + ` } ] } ]`, ""},
		"behind a closed group":     {`steps: [ { id: g, until: start, steps: [ { id: a, ` + task + ` } ] }, { id: b, ` + reads + ` } ]`, mayBeMissing},
		"in another branch":         {`steps: [ { parallel: [ { id: a, ` + task + ` }, { id: b, ` + reads + ` } ] } ]`, mayBeMissing},
		"behind the join":           {`steps: [ { parallel: [ { id: a, ` + task + ` }, { id: c, ` + task + ` } ] }, { id: b, ` + reads + ` } ]`, ""},
		"jumped over":               {`steps: [ { id: z, uses: task, assign: starter, outcomes: [yes, no], on: { no: { goto: b } } }, { id: a, ` + task + ` }, { id: b, ` + reads + ` } ]`, mayBeMissing},
		"jumped back over":          {`steps: [ { id: b, ` + reads + ` }, { id: a, ` + task + ` }, { goto: b, when: rounds.a < 3 } ]`, mayBeMissing},
		"kept when jumping back":    {`steps: [ { id: a, ` + task + ` }, { id: b, ` + reads + ` }, { goto: b, when: rounds.b < 3 } ]`, ""},
		"jumped over by an event":   {`steps: [ { id: a, ` + task + ` }, { id: b, ` + reads + ` } ]` + "\nevents: { hurry: { by: starter, then: { goto: b } } }", mayBeMissing},
		"in a block behind it":      {`steps: [ { id: a, uses: task, assign: starter, outcomes: [yes, no], on: { no: { do: x } } } ]` + "\nblocks: { x: [ { id: b, " + reads + " } ] }", ""},
		"in a block called before":  {`steps: [ { id: z, uses: task, assign: starter, outcomes: [yes, no], on: { no: { do: x } } }, { id: a, uses: task, assign: starter, outcomes: [yes, no], on: { no: { do: x } } } ]` + "\nblocks: { x: [ { id: b, " + reads + " } ] }", mayBeMissing},
		"done in a block":           {`steps: [ { id: z, uses: task, assign: starter, on: { done: { do: x } } }, { id: b, ` + reads + ` } ]` + "\nblocks: { x: [ { id: a, " + task + " } ] }", ""},
		"done in a block sometimes": {`steps: [ { id: z, uses: task, assign: starter, outcomes: [yes, no], on: { no: { do: x } } }, { id: b, ` + reads + ` } ]` + "\nblocks: { x: [ { id: a, " + task + " } ] }", mayBeMissing},
		"other outcomes end":        {`steps: [ { id: z, uses: task, assign: starter, outcomes: [yes, no], on: { yes: { goto: a }, no: { end: done } } }, { id: a, ` + task + ` }, { id: b, ` + reads + ` } ]`, ""},
		"in finally":                {`steps: [ { id: a, ` + task + ` } ]` + "\nfinally: [ { id: b, " + reads + " } ]", mayBeMissing},
		"out of a loop":             {`steps: [ { id: l, each: { in: input.list, as: x }, steps: [ { id: a, ` + task + ` } ] }, { id: b, ` + reads + ` } ]`, noSuchField},
		"within a loop":             {`steps: [ { id: l, each: { in: input.list, as: x }, steps: [ { id: a, ` + task + ` }, { id: b, ` + reads + ` } ] } ]`, ""},
		"into a loop":               {`steps: [ { id: a, ` + task + ` }, { id: l, each: { in: input.list, as: x }, steps: [ { id: b, ` + reads + ` } ] } ]`, ""},
	} {
		want := []string(nil)
		if c.code != "" {
			want = []string{c.code}
		}
		require.Equal(t, want, errorsOf(t, c.text+"\n"), name)
	}
}

// TestFormsAreFilledIn asks whether a required field of a form is certain.
func TestFormsAreFilledIn(t *testing.T) {
	t.Parallel()
	const form = `form: { required: [x], properties: { x: { type: integer } } }`
	const reads = `{ id: b, uses: task, assign: starter, when: outputs.a.data.x > 0 }`
	for name, c := range map[string]struct{ step, code string }{
		"a task":                  {`uses: task, assign: starter, ` + form, ""},
		"closed by an escalation": {`uses: task, assign: starter, ` + form + `, due: +1d, escalate: [ { at: +0, outcome: late } ], on: { late: next }`, mayBeMissing},
		"the escalation ends":     {`uses: task, assign: starter, ` + form + `, due: +1d, escalate: [ { at: +0, outcome: late } ], on: { late: { end: done } }`, ""},
		"rejected without":        {`uses: approval, assign: starter, ` + form + `, on: { rejected: next, returned: { end: done } }`, mayBeMissing},
		"rejection ends":          {`uses: approval, assign: starter, ` + form + `, on: { rejected: { end: done }, returned: { end: done } }`, ""},
		"not asked for":           {`uses: task, assign: starter, outcomes: [yes, no], form: { for: [yes], required: [x], properties: { x: { type: integer } } }, on: { no: next }`, mayBeMissing},
		"approved by itself":      {`uses: task, assign: { group: g, empty: auto-approve }, ` + form, mayBeMissing},
	} {
		want := []string(nil)
		if c.code != "" {
			want = []string{c.code}
		}
		require.Equal(t, want, errorsOf(t, "steps: [ { id: a, "+c.step+" }, "+reads+" ]\n"), name)
	}
}

func TestOutputsOfSteps(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string][]string{
		`outputs.a.outcome == "yes"`:                               nil,
		`outputs.a.outcome == "maybe"`:                             {"expr_unknown_value"},
		`outputs.a.by == starter.id`:                               nil,
		`outputs.a.claimed_at < now`:                               {mayBeMissing},
		`outputs.a.done_at < now`:                                  nil,
		`outputs.a.data.x > 1`:                                     nil,
		`outputs.a.x > 1`:                                          {noSuchField},
		`outputs.a.rounds[0].data.x > 1`:                           {mayBeMissing},
		`len(outputs.a.rounds) > 0 && rounds.a > 1`:                nil,
		`outputs.r.data.from < outputs.r.data.to`:                  nil,
		`outputs.r.data.holder == nil`:                             nil,
		`outputs.w?.data.sum == nil`:                               nil,
		`process.business_key == nil && process.started_at <= now`: nil,
		`anchors.start > now`:                                      nil,
		`anchors.ended > now`:                                      {mayBeMissing},
		`vars.trays > 1 && parameters.p == 1h`:                     {"expr_syntax"},
		`vars.trays > 1 && parameters.p > minutes(5)`:              nil,
		`before.n == 1`:                                            {"expr_unknown_name"},
	} {
		require.Equal(t, want, errorsOf(t, `
parameters: { p: { type: duration, default: 1h } }
steps:
  - { id: a, uses: task, assign: starter, outcomes: [yes, no], form: { required: [x], properties: { x: { type: integer } } } }
  - { id: r, uses: reserve, with: { resource: =input.room, from: =now, to: =input.start }, on: { conflict: next } }
  - { id: w, uses: wait, with: { event: paid } }
  - { id: b, uses: task, assign: starter, when: '`+expression+`' }
events:
  paid: { by: starter, form: { required: [sum], properties: { sum: { type: number } } } }
  ended: { by: starter, anchor: now }
`), expression)
	}
}

func TestOutputsOfLoopsAreLists(t *testing.T) {
	t.Parallel()
	d := compile(t, `
steps:
  - { id: one, each: { in: input.list, as: x, mode: parallel }, uses: task, assign: starter }
  - { id: many, repeat: { every: 1h, overlap: skip, max: 2 }, steps: [ { id: a, uses: task, assign: starter }, { id: b, uses: task, assign: starter } ] }
  - { id: c, uses: task, assign: starter, when: 'all(outputs.one, .outcome == "done") && last(outputs.many)?.b?.round == 1' }
`)
	one, many := d.Steps["one"].Type, d.Steps["many"].Type
	require.Equal(t, "list", one.Kind().String())
	_, has := one.Elem().Field("outcome")
	require.True(t, has)
	b, has := many.Elem().Field("b")
	require.True(t, has)
	require.True(t, b.IsNullable(), "a run may have been cut short")
}

func TestLoopNames(t *testing.T) {
	t.Parallel()
	require.Empty(t, errorsOf(t, `steps: [ { id: l, each: { in: input.list, as: x }, uses: task, assign: =x, name: "{{x}}", with: { x: =x } } ]`))
	require.Equal(t, []string{"expr_unknown_name"}, errorsOf(t, `steps: [ { id: l, each: { in: input.list, as: x }, uses: task, assign: starter }, { id: b, uses: task, assign: =x } ]`))
	require.Equal(t, []string{"expr_unknown_name"}, errorsOf(t, `steps: [ { id: l, each: { in: input.list, as: x }, when: x == "a", uses: task, assign: starter } ]`),
		"when belongs to the whole loop: filter the list instead")
	require.Equal(t, []string{"trap_shadow"}, errorsOf(t, `steps: [ { id: l, each: { in: input.list, as: x }, steps: [ { id: m, each: { in: input.list, as: x }, uses: task, assign: starter } ] } ]`))
	require.Equal(t, []string{"expr_result_type"}, errorsOf(t, `steps: [ { id: l, each: { in: input.n, as: x }, uses: task, assign: starter } ]`))
}
