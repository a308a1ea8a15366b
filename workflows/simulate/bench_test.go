package simulate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/internal/calendar"
	"steward/workflows/engine"
	"steward/workflows/simulate"
)

// thirtySteps is a process of 30 steps that takes 40 days: tasks and approvals with due dates on the working calendar,
// reminders, ladders, forms, formulas, parallel tracks and a wait.
func thirtySteps(t testing.TB) *definitions.Definition {
	t.Helper()
	var b strings.Builder
	b.WriteString(`process: thirty
name: { zh: 三十步, en: Thirty steps }
outcomes: [done, refused]
input:
  type: object
  required: [amount, begin]
  properties:
    amount: { type: integer, minimum: 1 }
    begin: { type: string, format: date-time }
    note: { type: string }
anchors: { begin: input.begin }
parameters: { answer: { type: time, default: +1wd } }
vars: { double: input.amount * 2, large: input.amount > 1000 }
roles: { clerks: { group: clerks }, boss: { leader-of: starter } }
steps:
`)
	for i := range 24 {
		switch i % 4 {
		case 1:
			fmt.Fprintf(&b, "  - { id: s%d, uses: approval, assign: boss, due: =parameters.answer, remind: [-2wh], escalate: [{ at: +0, notify: clerks }, { at: +1wd, to: { leader-of: assignee } }], on: { rejected: { end: refused }, returned: { goto: s%d } } }\n", i, i-1)
		default:
			fmt.Fprintf(&b, "  - { id: s%d, uses: task, assign: clerks, when: vars.double > 0, due: +1wd, remind: [-2wh], escalate: [{ at: +4wh, notify: boss }], with: { amount: =vars.double }, form: { type: object, required: [n], properties: { n: { type: integer, minimum: 1 } } } }\n", i)
		}
	}
	b.WriteString(`  - parallel:
      - { id: p1, uses: task, assign: clerks, due: begin+30d }
      - { id: p2, uses: task, assign: clerks, due: begin+31d, with: { was: =outputs.s0?.data.n ?? 0 } }
      - { id: p3, uses: task, assign: boss, due: begin+32d }
  - { id: w, uses: wait, with: { until: begin+38d } }
  - { id: tell, uses: notify, with: { to: starter, text: { zh: "好 {{input.amount}}", en: "Done {{input.amount}}" } } }
  - { id: last, uses: task, assign: boss, due: +1wd }
  - { end: done }
`)
	return define(t, b.String())
}

func thirtyOptions(t testing.TB) simulate.Options {
	t.Helper()
	cal, err := calendar.Bundled("cn")
	require.NoError(t, err)
	return simulate.Options{
		Definition: thirtySteps(t), Start: clock(t, "2026-03-02 09:00"), Calendars: map[string]*calendar.Calendar{"cn": cal},
		Input:  map[string]any{"amount": 7, "begin": "2026-03-02T09:00:00+08:00"},
		People: simulate.Profiles{Default: simulate.Slow},
	}
}

func TestTheBenchmarkedProcessTakesFortyDays(t *testing.T) {
	t.Parallel()
	tl := run(t, thirtyOptions(t))
	require.Equal(t, "done", tl.Summary.Outcome)
	require.InDelta(t, 40, tl.Summary.Ended.Sub(tl.Summary.Started).Hours()/24, 3)
	require.Empty(t, tl.Summary.Open)
}

// BenchmarkSimulate rehearses a process of 30 steps over 40 days; at most 10 ms are wanted (quality.md).
func BenchmarkSimulate(b *testing.B) {
	o := thirtyOptions(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := simulate.Run(context.Background(), o); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecide completes one task of the 30-step process in mid-course; at most 50 µs and 200 allocations are wanted
// for a decision with its fold (quality.md).
func BenchmarkDecide(b *testing.B) {
	for _, step := range []string{"s10", "s13"} {
		b.Run(step, func(b *testing.B) { benchmarkDecide(b, step) })
	}
}

func benchmarkDecide(b *testing.B, step string) {
	b.Helper()
	def := thirtySteps(b)
	eng := engine.New(engine.DefaultLimits, nil)
	w := simulate.NewWorld()
	w.People = map[string]simulate.Person{"ann": {Leader: "max"}, "max": {Leader: "top"}, "top": {}}
	w.Groups = map[string][]string{"clerks": {"ann", "bob"}}
	st, now := midCourse(b, eng, def, w, step)
	task := st.Tasks[0]
	data, err := json.Marshal(engine.TaskData{Task: task.ID, Outcome: task.Outcomes[0], Form: formFor(task)})
	require.NoError(b, err)
	ev := engine.Event{ID: "cmd/x", Type: engine.EventComplete, At: now.Add(time.Minute), Actor: engine.Actor{User: actorFor(task)}, Data: data}
	env := w.For("p", ev.At)
	b.ReportAllocs()
	for b.Loop() {
		d, err := eng.Decide(context.Background(), def, st, ev, env)
		if err != nil {
			b.Fatal(err)
		}
		if engine.Fold(st, d.Changes...).NextItem <= st.NextItem {
			b.Fatal("nothing was opened")
		}
	}
}

func actorFor(t engine.Task) string {
	if t.Assignee != "" {
		return t.Assignee
	}
	return "ann"
}

func formFor(t engine.Task) map[string]any {
	if t.Kind == "approval" {
		return nil
	}
	return map[string]any{"n": 3}
}

// midCourse walks the process to the task of a step.
func midCourse(b *testing.B, eng *engine.Engine, def *definitions.Definition, w *simulate.World, step string) (*engine.State, time.Time) {
	b.Helper()
	now := clock(b, "2026-03-02 09:00")
	decide := func(st *engine.State, kind, user string, data any) *engine.State {
		body, err := json.Marshal(data)
		require.NoError(b, err)
		d, err := eng.Decide(context.Background(), def, st, engine.Event{ID: "x", Type: kind, At: now, Actor: engine.Actor{User: user}, Data: body}, w.For("p", now))
		require.NoError(b, err)
		return d.State
	}
	st := decide(nil, engine.EventStart, "ann", engine.StartData{Process: "p", Input: map[string]any{"amount": 7, "begin": "2026-03-02T09:00:00+08:00"}})
	for st.Tasks[0].Step != step {
		now = now.Add(time.Hour)
		t := st.Tasks[0]
		st = decide(st, engine.EventComplete, actorFor(t), engine.TaskData{Task: t.ID, Outcome: t.Outcomes[0], Form: formFor(t)})
	}
	return st, now
}
