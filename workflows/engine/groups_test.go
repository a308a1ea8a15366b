package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/workflows/engine"
)

// ends answers how often the process was said to be ending and ended.
func (b *bench) ends() (ending, ended int) {
	for _, c := range b.log {
		switch c.(type) {
		case *engine.ProcessEnding:
			ending++
		case *engine.ProcessEnded:
			ended++
		}
	}
	return ending, ended
}

// course plays a list of moves: `step` or `step=outcome` completes a task, `!event` tells one, `@time` moves the clock; after
// `>` stand the tasks that are then open.
func (b *bench) course(moves ...string) {
	b.t.Helper()
	for _, m := range moves {
		move, open, _ := strings.Cut(m, ">")
		move = strings.TrimSpace(move)
		switch {
		case strings.HasPrefix(move, "@"):
			b.until(move[1:])
		case strings.HasPrefix(move, "!"):
			require.NoError(b.t, b.tell(move[1:], "ann", nil), m)
		case move == "cancel":
			require.NoError(b.t, b.try(engine.EventCancel, "ann", engine.CancelData{}), m)
		default:
			step, outcome, said := strings.Cut(move, "=")
			if !said {
				outcome = "done"
			}
			require.NoError(b.t, b.tryComplete(step, "ann", outcome, nil), m)
		}
		want := strings.Fields(open)
		slices.Sort(want)
		require.Equal(b.t, want, append([]string{}, b.open()...), "after %s", m)
	}
}

// TestGroupsFollowTheirOutcomes: a group that ran out, one that its until closed, and one that its ladder closed lead on as
// `on` says; without a word they go on.
func TestGroupsFollowTheirOutcomes(t *testing.T) {
	t.Parallel()
	const body = `anchors: { w: input.when }
steps:
  - id: g
    until: w
    due: +2h
    escalate: [{ at: +1h, outcome: expired }]
    KIND:
      - { id: a, uses: task, assign: me }
      - { id: b, uses: task, assign: me }
    on: { done: { do: praise }, until: { goto: z }, expired: { end: bad } }
  - { id: y, uses: task, assign: me }
  - { id: z, uses: task, assign: me }
  - { end: good }
blocks:
  praise: [ { id: p, uses: task, assign: me } ]
`
	for name, tc := range map[string]struct {
		when    string
		moves   []string
		outcome string
	}{
		"it ran out":         {"2026-03-02T20:00:00+08:00", []string{"a > b", "b > p", "p > y", "y > z", "z"}, "good"},
		"until came":         {"2026-03-02T10:00:00+08:00", []string{"@2026-03-02 10:00 > z", "z"}, "good"},
		"the ladder ended":   {"2026-03-02T20:00:00+08:00", []string{"a > b", "@2026-03-02 12:00"}, "bad"},
		"until was past":     {"2026-03-02T08:00:00+08:00", []string{"z"}, "good"},
		"a date was lowered": {"2026-03-02T11:30:00+08:00", []string{"a > b", "@2026-03-02 11:30 > z", "z"}, "good"},
	} {
		for _, tidy := range []string{"", "    finally: [ { id: t, when: input.amount > 5, uses: task, assign: me } ]\n  - { id: y,"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				text := strings.Replace(body, "KIND", "steps", 1)
				if tidy != "" { // a finally that has nothing to do changes nothing
					text = strings.Replace(text, "  - { id: y,", tidy, 1)
				}
				b := run(t, text)
				b.start("ann", map[string]any{"when": tc.when})
				b.course(tc.moves...)
				require.Equal(t, tc.outcome, b.st.Outcome)
				require.Equal(t, engine.StatusEnded, b.st.Status)
			})
		}
	}
	b := run(t, strings.Replace(body, "KIND", "parallel", 1))
	b.start("ann", map[string]any{"when": "2026-03-02T20:00:00+08:00"})
	b.course("b > a", "a > p", "p > y")
}

// TestTheDueDateOfAGroup: tasks in it that say none have it, its reminders and rungs go to every open task in it, and all
// moves with the date.
func TestTheDueDateOfAGroup(t *testing.T) {
	t.Parallel()
	b := run(t, `anchors: { w: input.when }
steps:
  - id: g
    due: w-1h
    remind: [-1h]
    escalate: [{ at: +0, notify: boss }, { at: +30m, to: office }]
    parallel:
      - { id: a, uses: task, assign: me }
      - { id: b, uses: task, assign: me, due: w+5h }
      - steps: [ { id: c, uses: task, assign: me, remind: [-30m] } ]
  - { id: z, uses: task, assign: me }
  - { end: good }
events:
  move: { by: me, set: [when] }
`)
	b.start("ann", map[string]any{"when": "2026-03-02T15:00:00+08:00"})
	require.Equal(t, moment(t, "2026-03-02 14:00"), *b.task("a").Due)
	require.Equal(t, moment(t, "2026-03-02 14:00"), *b.task("c").Due)
	require.Equal(t, moment(t, "2026-03-02 20:00"), *b.task("b").Due)
	b.messages()
	b.until("2026-03-02 13:00")
	require.Len(t, b.messages(), 3, "each open task is reminded of")
	b.complete("a", "ann", "done", nil)
	b.messages()
	require.NoError(t, b.tell("move", "ann", map[string]any{"when": "2026-03-02T17:00:00+08:00"}))
	require.Equal(t, moment(t, "2026-03-02 16:00"), *b.task("c").Due)
	require.Contains(t, strings.Join(b.messages(), " "), "process.rescheduled")
	b.until("2026-03-02 15:30")
	require.Equal(t, []string{"task.reminder [user:ann]", "task.reminder [user:ann]", "task.reminder [user:ann]"}, b.messages(), "two of the group at 15:00, one of the step at 15:30")
	b.until("2026-03-02 16:00")
	require.True(t, b.task("c").Overdue)
	require.False(t, b.task("b").Overdue)
	require.Equal(t, []string{"task.escalated [user:max]", "task.escalated [user:max]"}, b.messages())
	b.until("2026-03-02 16:30")
	require.Equal(t, []string{"group:attendants"}, b.task("c").Candidates)
	require.Equal(t, []string{"group:attendants"}, b.task("b").Candidates)
}

const tidied = `anchors: { w: input.when }
steps:
  - id: outer
    steps:
      - id: g
        until: w
        steps:
          - { id: a, uses: task, assign: me, outcomes: [done, away, stop], on: { away: { goto: z }, stop: { end: bad } } }
          - parallel: [ { id: b, uses: task, assign: me }, { id: c, uses: task, assign: me, outcomes: [done, stop], on: { stop: { end: bad } } } ]
        on: { until: { goto: z } }
        finally:
          - { id: t1, uses: task, assign: me, outcomes: [done, again], on: { again: { goto: t1 } } }
          - { id: t2, when: "outputs.a?.outcome != \"done\"", uses: task, assign: me }
      - { id: x, uses: task, assign: me, outcomes: [done, back], on: { back: { goto: g } } }
    finally:
      - { id: last, uses: task, assign: me }
  - { id: y, uses: task, assign: me }
  - { id: z, uses: task, assign: me }
  - { end: good }
events:
  hurry: { by: me, then: { goto: z } }
  quit: { by: me, end: bad }
finally:
  - { id: f, uses: task, assign: me }
`

// TestFinallyRunsHoweverAGroupEnds: first that of the innermost group, then the process goes where it was to go.
func TestFinallyRunsHoweverAGroupEnds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		moves   []string
		outcome string
	}{
		"done":                   {[]string{"a > b c", "b > c", "c > t1", "t1 > x", "x > last", "last > y", "y > z", "z > f", "f"}, "good"},
		"until":                  {[]string{"@2026-03-02 12:00 > t1", "t1 > t2", "t2 > last", "last > z", "z > f", "f"}, "good"},
		"until with steps done":  {[]string{"a > b c", "b > c", "@2026-03-02 12:00 > t1", "t1 > last", "last > z", "z > f", "f"}, "good"},
		"a goto out of it":       {[]string{"a=away > t1", "t1 > t2", "t2 > last", "last > z", "z > f", "f"}, "good"},
		"a goto of an event":     {[]string{"a > b c", "!hurry > t1", "t1 > last", "last > z", "z > f", "f"}, "good"},
		"again while it waits":   {[]string{"a > b c", "!hurry > t1", "!hurry > t1", "t1 > last", "last > z", "z > f", "f"}, "good"},
		"behind the inner one":   {[]string{"a > b c", "b > c", "c > t1", "t1 > x", "!hurry > last", "last > z", "z > f", "f"}, "good"},
		"in its finally":         {[]string{"a > b c", "b > c", "c > t1", "!hurry > t1", "t1 > last", "last > z", "z > f", "f"}, "good"},
		"a round of its finally": {[]string{"a=away > t1", "t1=again > t1", "t1 > t2", "t2 > last", "last > z", "z > f", "f"}, "good"},
		"the end":                {[]string{"a=stop > t1", "t1 > t2", "t2 > last", "last > f", "f"}, "bad"},
		"the end, from a branch": {[]string{"a > b c", "c=stop > t1", "t1 > last", "last > f", "f"}, "bad"},
		"an event that ends":     {[]string{"a > b c", "!quit > t1", "t1 > last", "last > f", "f"}, "bad"},
		"cancelled":              {[]string{"cancel > t1", "t1 > t2", "t2 > last", "last > f", "f"}, "cancelled"},
		"nothing to tidy any more": {
			[]string{"a > b c", "b > c", "c > t1", "t1 > x", "x > last", "last > y", "!quit > f", "f"}, "bad",
		},
		"a second round, in which nothing changed": {
			[]string{"a > b c", "b > c", "c > t1", "t1 > x", "x=back > t1", "t1 > x", "x > last", "last > y"}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := run(t, tidied)
			b.start("ann", map[string]any{"when": "2026-03-02T12:00:00+08:00"})
			b.course(tc.moves...)
			if tc.outcome == "" {
				require.Equal(t, engine.StatusRunning, b.st.Status)
				return
			}
			require.Equal(t, tc.outcome, b.st.Outcome)
			require.Equal(t, engine.StatusEnded, b.st.Status)
			ending, ended := b.ends()
			require.Equal(t, [2]int{1, 1}, [2]int{ending, ended})
			require.Empty(t, b.st.Nodes)
			require.Empty(t, b.st.Deadlines)
		})
	}
}

// TestFinallyInALoopStillKnowsItsItem: each run of the body that is left early is tidied up with what it was about.
func TestFinallyInALoopStillKnowsItsItem(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - id: l
    each: { in: input.names, as: guest }
    steps:
      - { id: fetch, uses: task, assign: me, name: "fetch {{guest}}", outcomes: [done, stop], on: { stop: { end: bad } } }
      - steps: [ { id: stay, uses: task, assign: me, outcomes: [done, stop], on: { stop: { end: bad } } } ]
        finally: [ { id: bring, uses: task, assign: me, name: "bring {{guest}} after {{outputs.fetch.outcome}}" } ]
  - { end: good }
`)
	b.start("ann", map[string]any{"names": []any{"x", "y", "z"}})
	names := func() []string {
		list := []string{}
		for _, k := range b.st.Tasks {
			list = append(list, k.Name.Zh)
		}
		slices.Sort(list)
		return list
	}
	b.complete("fetch", "ann", "done", nil)
	b.complete("fetch", "ann", "done", nil)
	b.complete("stay", "ann", "stop", nil)
	require.Equal(t, engine.StatusEnding, b.st.Status)
	require.Equal(t, []string{"bring x after done", "bring y after done"}, names(), "z had not come so far")
	refused(t, b.try(engine.EventCancel, "ann", engine.CancelData{}), "ended")
	b.complete("bring", "ann", "done", nil)
	b.complete("bring", "ann", "done", nil)
	require.Equal(t, engine.StatusEnded, b.st.Status)
	require.Equal(t, "bad", b.st.Outcome)
}

// TestAReplacedOccurrenceIsTidiedUp beside the one that takes its place.
func TestAReplacedOccurrenceIsTidiedUp(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - id: r
    repeat: { every: 1h, overlap: replace, max: 2 }
    steps:
      - steps: [ { id: a, uses: task, assign: me } ]
        finally: [ { id: t, uses: task, assign: me } ]
  - { id: z, uses: task, assign: me }
  - { end: good }
`)
	b.start("ann", nil)
	b.course("@2026-03-02 10:00 > a t", "a > t t", "t > t", "t > z")
}

// TestAGroupThatNeverBeganIsNotTidiedUp: closed while it waited, or left before, it leaves nothing behind.
func TestAGroupThatNeverBeganIsNotTidiedUp(t *testing.T) {
	t.Parallel()
	const body = `anchors: { w: input.when }
steps:
  - id: g
    notBefore: opened+2h
    until: w
    steps: [ { id: a, uses: task, assign: me } ]
    on: { until: { goto: z } }
    finally: [ { id: t, uses: task, assign: me } ]
  - { id: y, uses: task, assign: me }
  - { id: z, uses: task, assign: me }
  - { end: good }
events:
  hurry: { by: me, then: { goto: z } }
`
	for when, moves := range map[string][]string{
		"2026-03-02T10:00:00+08:00": {"@2026-03-02 10:00 > z"},
		"2026-03-02T20:00:00+08:00": {"@2026-03-02 11:00 > a", "a > t", "t > y"},
		"2026-03-02T21:00:00+08:00": {"!hurry > z"},
		"2026-03-02T12:00:00+08:00": {"@2026-03-02 11:30 > a", "@2026-03-02 12:00 > t", "t > z"},
	} {
		b := run(t, body)
		b.start("ann", map[string]any{"when": when})
		b.course(moves...)
	}
}
