package simulate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/workflows/engine"
	"steward/workflows/simulate"
)

var example = os.DirFS("../../definitions/testdata/example")

func registry() *definitions.Registry { return definitions.NewRegistry(definitions.Builtin()...) }

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

func meeting(t testing.TB) simulate.Options {
	t.Helper()
	l := simulate.NewLibrary(example, registry())
	def, err := l.Process("meeting_service")
	require.NoError(t, err)
	return simulate.Options{
		Definition: def, Child: l.Process, Start: clock(t, "2026-02-12 16:00"), People: simulate.Profiles{Default: simulate.Slow},
		Input: map[string]any{"title": "Board", "room": "r1", "attendees": 10, "start": "2026-02-25T14:00:00+08:00", "end": "2026-02-25T16:00:00+08:00"},
		Script: simulate.Script{
			Steps:  map[string]simulate.Acts{"clear": {Always: true, List: []simulate.Act{{Form: map[string]any{"found": []any{"umbrella", "hat"}}}}}},
			Events: []simulate.ScriptEvent{{At: simulate.When{Text: "end+20m"}, Event: "meeting_ended"}},
		},
	}
}

// TestTheMeetingAsPeopleReadIt pins the whole page of a rehearsal: columns, working days, holidays, children, summary.
func TestTheMeetingAsPeopleReadIt(t *testing.T) {
	t.Parallel()
	tl := run(t, meeting(t))
	for _, lang := range []string{"zh", "en"} {
		var b bytes.Buffer
		require.NoError(t, tl.Render(&b, lang))
		name := "testdata/meeting." + lang + ".golden"
		if os.Getenv("UPDATE_GOLDEN") != "" {
			require.NoError(t, os.WriteFile(name, b.Bytes(), 0o600))
		}
		want, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, string(want), b.String())
	}
}

func TestARehearsalIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	one, err := json.Marshal(run(t, meeting(t)))
	require.NoError(t, err)
	two, err := json.Marshal(run(t, meeting(t)))
	require.NoError(t, err)
	require.Equal(t, string(one), string(two))
	require.Contains(t, string(one), `"at":"2026-02-12T16:00:00+08:00"`, "times are on the clock of the house")
}

func TestRehearsalsRunAtTheSameTime(t *testing.T) {
	t.Parallel()
	o := meeting(t)
	var g sync.WaitGroup
	for range 4 {
		g.Go(func() {
			tl, err := simulate.Run(context.Background(), o)
			if err != nil || tl.Summary.Outcome != "held" {
				t.Errorf("%v %s", err, tl.Summary.Outcome)
			}
		})
	}
	g.Wait()
}

const loopSource = `process: loop
name: { zh: 循环, en: Loop }
outcomes: [done]
input: { type: object, properties: { n: { type: integer } } }
steps:
  - { id: ask, uses: approval, assign: { group: office }, due: +1wd, on: { rejected: { goto: ask }, returned: { goto: ask } } }
  - { end: done }
`

func TestBoundsEndARehearsalWithASentence(t *testing.T) {
	t.Parallel()
	o := simulate.Options{Definition: define(t, loopSource), Start: clock(t, "2026-03-02 09:00"), People: simulate.Profiles{Default: simulate.Rejecting}}
	o.Bounds.Events = 50
	tl := run(t, o)
	require.Equal(t, 50, tl.Summary.Events)
	require.Contains(t, tl.Summary.Stopped.En, "stopped after 50 decisions")
	require.Len(t, tl.Summary.Open, 1)

	o.Bounds = simulate.Bounds{Span: 24 * time.Hour}
	tl = run(t, o)
	require.Contains(t, tl.Summary.Stopped.En, "more than 1 days after the start")

	o.People.Default = simulate.Absent
	tl = run(t, o)
	require.Equal(t, "running", tl.Summary.Status)
	require.Equal(t, "office-1 is absent", tl.Summary.Open[0].Why.En)
	require.Equal(t, []string{"group:office"}, tl.Summary.Open[0].Who)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := simulate.Run(ctx, o)
	require.ErrorIs(t, err, context.Canceled)
}

func TestAStartThatIsRefusedIsAnError(t *testing.T) {
	t.Parallel()
	o := meeting(t)
	o.Input = map[string]any{"title": "Board"}
	_, err := simulate.Run(context.Background(), o)
	var refusal *engine.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "invalid", refusal.Code)
}

func TestOptionsThatCannotBeRehearsed(t *testing.T) {
	t.Parallel()
	_, err := simulate.Run(context.Background(), simulate.Options{})
	require.ErrorContains(t, err, "no definition")
	_, err = simulate.Run(context.Background(), simulate.Options{Definition: define(t, loopSource)})
	require.ErrorContains(t, err, "start is missing")
}

// TestADecisionThatFailsIsAFault shows a fault at the start and one of a deadline, which is parked and does not stop the rest.
func TestADecisionThatFailsIsAFault(t *testing.T) {
	t.Parallel()
	def := define(t, `process: faulty
name: { zh: 故障, en: Faulty }
outcomes: [done]
input: { type: object, properties: { n: { type: integer } } }
steps:
  - parallel:
      - { id: side, uses: task, assign: starter, due: +3h }
      - id: main
        steps:
          - { id: pause, uses: wait, with: { until: +1h } }
          - { id: room, uses: reserve, with: { resource: r, from: =now, to: =now }, on: { conflict: next } }
  - { end: done }
`)
	tl := run(t, simulate.Options{Definition: def, Start: clock(t, "2026-03-02 09:00"), People: simulate.Profiles{Default: simulate.Slow}})
	require.Len(t, tl.Summary.Faults, 1)
	require.Equal(t, "booking", tl.Summary.Faults[0].Code)
	require.Equal(t, clock(t, "2026-03-02 10:00"), tl.Summary.Faults[0].At.UTC())
	require.Equal(t, map[string]int{"starter": 1}, tl.Summary.Done, "the other branch goes on")
	require.Equal(t, "running", tl.Summary.Status)

	nobody := define(t, `process: lonely
name: { zh: 无人, en: Lonely }
outcomes: [done]
input: { type: object, properties: { who: { type: string } } }
steps: [ { id: a, uses: task, assign: { field: input.who } }, { end: done } ]
`)
	tl = run(t, simulate.Options{Definition: nobody, Start: clock(t, "2026-03-02 09:00")})
	require.Equal(t, "nobody", tl.Summary.Faults[0].Code)
	require.Empty(t, tl.Summary.Status)
	var b bytes.Buffer
	require.NoError(t, tl.Render(&b, "en"))
	require.Contains(t, b.String(), "It could not be started")
}

// TestAChildThatIsRefusedTellsItsParent follows the rule of the transaction: the parent hears of it, which is an incident.
func TestAChildThatIsRefusedTellsItsParent(t *testing.T) {
	t.Parallel()
	kid := define(t, `process: kid
name: { zh: 子, en: Kid }
outcomes: [good]
input: { type: object, required: [n], properties: { n: { type: integer } } }
rules: [ { field: n, must: input.n > 5 } ]
steps: [ { id: a, uses: task, assign: starter }, { end: good } ]
`)
	parent := compile(t, definitions.Bundle{Name: "parent.yaml", Files: map[string]string{
		"interfaces/kid.json": `{"process":"kid","outcomes":["good"],"input":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}`,
	}, Source: `process: parent
name: { zh: 父, en: Parent }
outcomes: [done]
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps: [ { id: k, uses: process, with: { process: kid, input: { n: =input.n }, wait: true } }, { id: b, uses: task, assign: starter }, { end: done } ]
`})
	child := func(string) (*definitions.Definition, error) { return kid, nil }
	for n, refused := range map[int]bool{3: true, 7: false} {
		tl := run(t, simulate.Options{Definition: parent, Child: child, Start: clock(t, "2026-03-02 09:00"), Input: map[string]any{"n": n}})
		require.Equal(t, refused, tl.Summary.Refusals == 1, "n = %d", n)
		if refused {
			require.Equal(t, "child_refused", tl.Summary.Faults[0].Code)
		} else {
			require.Equal(t, "done", tl.Summary.Outcome)
		}
		require.Equal(t, 1, tl.Summary.Children)
	}
}

// TestAChildNobodyWaitsForIsCancelled closes the step that waits for a child.
func TestAChildNobodyWaitsForIsCancelled(t *testing.T) {
	t.Parallel()
	l := simulate.NewLibrary(os.DirFS("testdata/library"), registry())
	def, err := l.Process("leave_request")
	require.NoError(t, err)
	tl := run(t, simulate.Options{
		Definition: def, Child: l.Process, Start: clock(t, "2026-03-02 09:00"), Input: map[string]any{"days": 1, "first_day": "2026-03-20T09:00:00+08:00"},
		People: simulate.Profiles{Named: map[string]simulate.Profile{"take": simulate.Absent}},
		Script: simulate.Script{Events: []simulate.ScriptEvent{{At: simulate.When{Text: "+1d"}, Event: "withdraw"}}},
	})
	last := tl.Lines[len(tl.Lines)-1]
	require.Equal(t, "key_return", last.Process)
	require.Equal(t, simulate.Ended, last.Kind)
	require.Equal(t, "cancelled", last.Outcome)
	require.Empty(t, tl.Summary.Open)
}

// TestACommandGoesBeforeADeadlineOfTheSameMoment is rule 4 of the architecture.
func TestACommandGoesBeforeADeadlineOfTheSameMoment(t *testing.T) {
	t.Parallel()
	o := simulate.Options{Definition: define(t, loopSource), Start: clock(t, "2026-03-02 09:00")}
	o.Script.Steps = map[string]simulate.Acts{"ask": {Always: true, List: []simulate.Act{{At: simulate.When{Text: "+1wd"}}}}}
	tl := run(t, o)
	require.Equal(t, clock(t, "2026-03-03 09:00"), tl.Summary.Ended.UTC())
	require.Zero(t, tl.Summary.Overdue)
	require.Equal(t, "1d", tl.Summary.Lead)
}

func TestARefusedFormLeavesTheTaskOpenWithItsReason(t *testing.T) {
	t.Parallel()
	def := define(t, `process: picky
name: { zh: 挑剔, en: Picky }
outcomes: [done]
input: { type: object, required: [n], properties: { n: { type: integer } } }
rules: [ { field: n, must: input.n < 5, message: { zh: 太大, en: too large } } ]
steps: [ { id: a, uses: task, assign: starter, form: { input: [n] } }, { end: done } ]
`)
	o := simulate.Options{Definition: def, Start: clock(t, "2026-03-02 09:00"), Input: map[string]any{"n": 1}}
	o.Script.Steps = map[string]simulate.Acts{"a": {Always: true, List: []simulate.Act{{Form: map[string]any{"n": 7}}}}}
	tl := run(t, o)
	require.Equal(t, 1, tl.Summary.Refusals)
	require.Contains(t, tl.Summary.Open[0].Why.En, "too large")

	o.Script.Steps = nil
	require.Equal(t, "done", run(t, o).Summary.Outcome, "what is filled in already stays")
}

func TestWhatAnOpenProcessWaitsFor(t *testing.T) {
	t.Parallel()
	def := define(t, `process: waits
name: { zh: 等, en: Waits }
outcomes: [done]
input: { type: object, properties: { n: { type: integer } } }
steps:
  - parallel:
      - { id: told, uses: wait, with: { event: come } }
      - { id: later, uses: task, assign: starter, notBefore: arrived+1h }
  - { end: done }
events:
  come: { by: [starter] }
  arrived: { by: [starter], anchor: now }
`)
	tl := run(t, simulate.Options{Definition: def, Start: clock(t, "2026-03-02 09:00")})
	why := map[string]string{}
	for _, o := range tl.Summary.Open {
		why[o.Step] = o.Why.En
	}
	require.Contains(t, why["told"], "waits for the event come")
	require.Contains(t, why["later"], "arrived+1h")
}
