package simulate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/workflows/simulate"
)

// oneTask is a process of one task that opens when the process starts.
func oneTask(keys string) string {
	return `process: one
name: { zh: 一, en: One }
outcomes: [done]
input: { type: object, properties: { n: { type: integer } } }
parameters: { beat: { type: duration, default: 1h } }
steps:
  - { id: a, uses: task, assign: starter` + keys + ` }
  - { end: done }
`
}

// TestWhenPeopleAct pins the profiles against the working calendar: 9:00 to 12:00 and 13:30 to 18:00 on working days.
func TestWhenPeopleAct(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys, start string
		profile     simulate.Profile
		want        string
	}{
		"fast at work":                         {"", "2026-03-02 09:00", simulate.Fast, "2026-03-02 09:10"},
		"fast before lunch":                    {"", "2026-03-02 11:55", simulate.Fast, "2026-03-02 13:35"},
		"fast in the evening":                  {"", "2026-03-02 20:00", simulate.Fast, "2026-03-03 09:10"},
		"fast on Friday evening":               {", due: +1wd", "2026-03-06 19:00", simulate.Fast, "2026-03-09 09:10"},
		"fast before the Spring Festival":      {"", "2026-02-14 19:00", simulate.Fast, "2026-02-24 09:10"},
		"fast on the make-up Saturday":         {"", "2026-02-14 09:00", simulate.Fast, "2026-02-14 09:10"},
		"fast on the spot":                     {", due: +2h", "2026-03-07 14:00", simulate.Fast, "2026-03-07 14:10"},
		"fast when it is late already":         {", due: opened-1h", "2026-03-07 14:00", simulate.Fast, "2026-03-09 09:10"},
		"slow without a due date":              {"", "2026-03-02 10:00", simulate.Slow, "2026-03-04 10:00"},
		"slow, 80 % of the working time":       {", due: +1wd", "2026-03-02 09:00", simulate.Slow, "2026-03-02 16:30"},
		"slow on the spot":                     {", due: +100m", "2026-03-07 14:00", simulate.Slow, "2026-03-07 15:20"},
		"slow when it is late already":         {", due: opened-1h", "2026-03-02 14:00", simulate.Slow, "2026-03-02 18:00"},
		"rejecting does what is no approval":   {"", "2026-03-02 09:00", simulate.Rejecting, "2026-03-02 09:10"},
		"the body of a repeat is on the spot":  {", repeat: { every: 1h, overlap: skip, max: 1 }", "2026-03-07 14:00", simulate.Fast, "2026-03-07 14:10"},
		"slow in the body of a repeat as well": {", repeat: { every: 1h, overlap: skip, max: 1 }", "2026-03-07 14:00", simulate.Slow, "2026-03-07 14:10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tl := run(t, simulate.Options{
				Definition: define(t, oneTask(c.keys)), Start: clock(t, c.start), People: simulate.Profiles{Default: c.profile},
			})
			for _, l := range tl.Lines {
				if l.Kind == simulate.Completed && l.Step == "a" {
					require.Equal(t, clock(t, c.want), l.At.UTC(), l.At.String())
				}
			}
			require.Equal(t, map[string]int{"starter": 1}, tl.Summary.Done)
		})
	}
}

func TestRejectingTakesTheSecondOutcomeOfApprovals(t *testing.T) {
	t.Parallel()
	def := define(t, `process: two
name: { zh: 二, en: Two }
outcomes: [done, refused]
input: { type: object, properties: { n: { type: integer } } }
steps:
  - { id: a, uses: task, assign: starter, outcomes: [yes, no], on: { no: { end: refused } } }
  - { id: b, uses: approval, assign: starter, on: { rejected: { end: refused }, returned: next }, form: { type: object, required: [m], properties: { m: { type: string } } } }
  - { end: done }
`)
	tl := run(t, simulate.Options{Definition: def, Start: clock(t, "2026-03-02 09:00"), People: simulate.Profiles{Default: simulate.Rejecting}})
	require.Equal(t, "refused", tl.Summary.Outcome)
	require.Equal(t, map[string]int{"starter": 2}, tl.Summary.Done)
}

// TestFormsAreFilledInForEverySchema completes a task whose form has every type and limit: the product's own check refuses
// what does not fit, and the task would stay open.
func TestFormsAreFilledInForEverySchema(t *testing.T) {
	t.Parallel()
	for name, field := range map[string]string{
		"text":              `{ type: string }`,
		"least length":      `{ type: string, minLength: 7 }`,
		"enum":              `{ type: string, enum: [b, a] }`,
		"const":             `{ type: string, const: yes }`,
		"default":           `{ type: string, default: abc, minLength: 3 }`,
		"date":              `{ type: string, format: date }`,
		"date-time":         `{ type: string, format: date-time }`,
		"email":             `{ type: string, format: email }`,
		"uri":               `{ type: string, format: uri }`,
		"uuid":              `{ type: string, format: uuid }`,
		"pattern":           `{ type: string, pattern: "^1[3-9]\\d{9}$" }`,
		"pattern of words":  `{ type: string, pattern: "^(ab|cd)+-[^x]?.\\w*$" }`,
		"pattern, length":   `{ type: string, pattern: "^[a-z]+$", minLength: 4 }`,
		"whole number":      `{ type: integer }`,
		"minimum":           `{ type: integer, minimum: 4 }`,
		"broken minimum":    `{ type: integer, minimum: 0.5 }`,
		"above":             `{ type: integer, exclusiveMinimum: 4 }`,
		"multiple":          `{ type: integer, minimum: 4, multipleOf: 3 }`,
		"below":             `{ type: integer, maximum: -4 }`,
		"number":            `{ type: number, exclusiveMinimum: 0, maximum: 0.5 }`,
		"negative number":   `{ type: number, exclusiveMaximum: -1 }`,
		"yes or no":         `{ type: boolean }`,
		"list":              `{ type: array, items: { type: string } }`,
		"list of some":      `{ type: array, minItems: 2, items: { type: integer, minimum: 1 } }`,
		"list of different": `{ type: array, minItems: 3, uniqueItems: true, items: { type: integer } }`,
		"different texts":   `{ type: array, minItems: 2, uniqueItems: true, items: { type: string, enum: [a, b] } }`,
		"object":            `{ type: object, required: [x], properties: { x: { type: integer, minimum: 2 }, y: { type: string } } }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			def := define(t, oneTask(", form: { type: object, required: [f], properties: { f: "+field+", other: { type: string } } }"))
			tl := run(t, simulate.Options{Definition: def, Start: clock(t, "2026-03-02 09:00")})
			require.Equal(t, "done", tl.Summary.Outcome, "%v", tl.Summary.Open)
		})
	}
}

// TestInventedPeople gives every rule that finds people somebody to find.
func TestInventedPeople(t *testing.T) {
	t.Parallel()
	for rule, who := range map[string]string{
		"{ group: g }": "g-1", "{ post: p }": "p", "{ user: u }": "u", "{ leader-of: starter }": simulate.Leader,
		"{ leader-of: starter, level: 2 }": simulate.Director, "{ leader-of: { post: p } }": simulate.Leader, "starter": simulate.Starter,
		"{ leader-of: starter, level: 3, empty: { group: last } }": "last-1",
		`{ expr: '["group:made-up"]' }`:                            "made-up-1",
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			def := define(t, `process: one
name: { zh: 一, en: One }
outcomes: [done]
input: { type: object, properties: { n: { type: integer } } }
steps: [ { id: a, uses: task, assign: `+rule+` }, { end: done } ]
`)
			tl := run(t, simulate.Options{Definition: def, Start: clock(t, "2026-03-02 09:00")})
			require.Equal(t, map[string]int{who: 1}, tl.Summary.Done)
		})
	}
}

// TestWorkIsShared gives each task of a group to the least busy member, or all of a process to one.
func TestWorkIsShared(t *testing.T) {
	t.Parallel()
	def := define(t, `process: shared
name: { zh: 分, en: Shared }
outcomes: [done]
input: { type: object, properties: { n: { type: integer } } }
roles: { crew: { group: crew, pick: least-loaded, per: task }, one: { group: crew, pick: least-loaded }, pool: { group: pool } }
steps:
  - parallel:
      - { id: a, uses: task, assign: crew }
      - { id: b, uses: task, assign: crew }
      - { id: c, uses: task, assign: pool }
      - { id: d, uses: task, assign: pool, exclude: { user: pool-1 } }
  - { id: e, uses: task, assign: pool }
  - parallel:
      - { id: f, uses: task, assign: one }
      - { id: g, uses: task, assign: one }
  - { end: done }
`)
	tl := run(t, simulate.Options{Definition: def, Start: clock(t, "2026-03-02 09:00")})
	require.Equal(t, map[string]int{"crew-1": 3, "crew-2": 1, "pool-1": 2, "pool-2": 1}, tl.Summary.Done)
}
