package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/workflows/engine"
)

// Rules that were broken once. Each test says the rule; the course in it is the shortest that broke it.

// TestAGroupThatAStepOfItsOwnClosesIsLeftOnce: its `until` counts from the step whose outcome is just followed.
func TestAGroupThatAStepOfItsOwnClosesIsLeftOnce(t *testing.T) {
	t.Parallel()
	const body = `steps:
  - parallel:
      - id: g
        until: a.done
        steps:
          - { id: a, uses: task, assign: me, outcomes: [done, bad, more], on: { bad: { end: bad }, more: { do: extra } } }
          - parallel:
              - { id: b, uses: task, assign: me }
              - { id: c, uses: task, assign: me }
      - { id: d, uses: task, assign: me, due: a.done+1h }
  - { end: good }
blocks:
  extra:
    - { id: x, uses: task, assign: me }
finally:
  - { id: f, uses: task, assign: me }
`
	for outcome, open := range map[string]string{"done": "d", "more": "d", "bad": "f"} {
		b := run(t, body)
		b.start("ann", nil)
		b.course("a=" + outcome + " > " + open)
		for _, n := range b.st.Nodes {
			_, ok := b.st.Node(n.Parent)
			require.True(t, ok || n.Parent == 0, "%s: node %s has lost its parent %d", outcome, n.Path, n.Parent)
		}
		if outcome != "bad" {
			require.NotNil(t, b.task("d").Due, "what counts from the step is planned")
			continue
		}
		require.Equal(t, "bad", b.st.Outcome)
		ending, ended := b.ends()
		require.Equal(t, [2]int{1, 0}, [2]int{ending, ended}, "finally still has to run")
	}
}

func TestRedoSkipsAStepWhoseConditionNoLongerHolds(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: a, when: input.amount > 1, uses: task, assign: me }
  - { id: b, uses: task, assign: me }
  - { end: good }
events:
  change: { by: me, set: [amount], then: { redo: [a] } }
`)
	b.start("ann", nil)
	b.course("a > b")
	require.NoError(t, b.tell("change", "ann", map[string]any{"amount": 0}))
	require.Equal(t, []string{"b"}, b.open())
}

// TestABigProcessCanBeCancelled: closing costs no fuel.
func TestABigProcessCanBeCancelled(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - id: l
    each: { in: input.names, as: n, mode: parallel }
    steps:
      - { id: first, uses: task, assign: me }
      - parallel:
          - { id: p1, uses: task, assign: me }
          - { id: p2, uses: task, assign: me }
          - { id: p3, uses: task, assign: me }
  - { end: good }
`)
	limits := engine.DefaultLimits
	limits.Transitions = 60
	b.eng = engine.New(limits, nil)
	b.start("ann", map[string]any{"names": numbered(20)})
	for range 20 {
		b.complete("first", "ann", "done", nil)
	}
	require.Greater(t, len(b.st.Nodes), limits.Transitions)
	require.NoError(t, b.try(engine.EventCancel, "ann", engine.CancelData{}))
}

func TestTheListOfALoopIsComplete(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: l, each: { in: input.names, as: n, mode: parallel }, uses: notify, with: { to: me, text: { zh: x, en: x } } }
  - { id: z, when: len(outputs.l) == 190, uses: task, assign: me }
  - { end: good }
`)
	b.start("ann", map[string]any{"names": numbered(190)})
	require.Len(t, b.st.Outputs["l"].Items, 190)
	require.Equal(t, []string{"z"}, b.open())
}

// awayWorld is a world whose registers cannot be read.
type awayWorld struct{ engine.Env }

var errAwayDB = errors.New("lock timeout")

func (awayWorld) Count(string, map[string]any) (int, error)   { return 0, errAwayDB }
func (awayWorld) Exists(string, map[string]any) (bool, error) { return false, errAwayDB }

func TestARegisterThatCannotBeReadIsNoIncident(t *testing.T) {
	t.Parallel()
	def := compileBundle(t, definitions.Bundle{Name: "test.yaml", Source: fitted(head + `steps:
  - { id: a, when: 'count("book", {}) > 0', uses: task, assign: me }
  - { end: good }
`), Files: map[string]string{"registers/book.yaml": "register: book\nname: { zh: b, en: b }\nschema: { type: object, properties: { x: { type: string } } }\n"}})
	b := newBench(t, def, "2026-03-02 09:00")
	data := payload(t, engine.StartData{Definition: engine.Ref{ID: b.def.ID, Version: 1}, Process: processID})
	ev := engine.Event{ID: "cmd/1", Type: engine.EventStart, At: b.now, Actor: engine.Actor{User: "ann"}, Data: data}
	_, err := b.eng.Decide(context.Background(), b.def, nil, ev, awayWorld{b.world.For(processID, b.now)})
	var fault *engine.Fault
	require.ErrorIs(t, err, errAwayDB)
	require.NotErrorAs(t, err, &fault)
}

func TestAPersonCannotFireADeadline(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: a, uses: task, assign: me, due: +1h, escalate: [{ at: +0, notify: office }] }
  - { end: good }
`)
	b.start("ann", nil)
	require.Len(t, b.st.Deadlines, 2)
	for _, dl := range b.st.Deadlines {
		refused(t, b.try(engine.EventDeadline, "bob", engine.DeadlineData{Deadline: dl.ID}), "forbidden")
	}
}

func TestAnEscalationNeverReachesWhoIsExcluded(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: ok, uses: approval, assign: office, with: { self: forbid }, due: +1h, escalate: [{ at: +0, to: me }], on: { rejected: { end: bad }, returned: { end: bad } } }
  - { end: good }
`)
	b.start("ann", nil)
	b.until("2026-03-02 11:00")
	k := b.task("ok")
	require.Equal(t, []string{"ann"}, k.Exclude)
	require.Empty(t, k.Assignee)
	require.Equal(t, []string{"group:attendants"}, k.Candidates)
}

func TestATaskIsOverdueAgainstItsNewDate(t *testing.T) {
	t.Parallel()
	b := run(t, `anchors: { w: input.when }
steps:
  - { id: a, uses: task, assign: me, due: w-1h, remind: [-1h], escalate: [{ at: +10m, notify: office }] }
  - { end: good }
events:
  change: { by: me, set: [when] }
`)
	b.start("ann", map[string]any{"when": "2026-03-02T15:00:00+08:00"})
	b.until("2026-03-02 14:30")
	require.True(t, b.task("a").Overdue)
	require.NoError(t, b.tell("change", "ann", map[string]any{"when": "2026-03-09T15:00:00+08:00"}))
	require.False(t, b.task("a").Overdue)
	b.messages()
	b.until("2026-03-09 16:00")
	require.True(t, b.task("a").Overdue)
	require.Equal(t, []string{"task.reminder [user:ann]", "task.escalated [group:attendants]"}, b.messages(), "the ladder comes again")
}

// TestTimeNeverStandsStill: a house value at which something would be repeated without end is refused at the start, and a
// distance that is computed makes an incident.
func TestTimeNeverStandsStill(t *testing.T) {
	t.Parallel()
	for every, check := range map[string]func(error){
		"=parameters.tea": refusedTea(t), "=parameters.tea * 2": refusedTea(t), "=vars.tea": refusedTea(t),
		"=parameters.tea * input.amount": func(err error) {
			var fault *engine.Fault
			require.ErrorAs(t, err, &fault)
			require.Equal(t, "time", fault.Code)
		},
	} {
		b := run(t, `parameters:
  tea: { type: duration, default: 30m }
vars: { tea: parameters.tea }
steps:
  - parallel:
    - { id: a, uses: task, assign: me }
    - { id: r, until: a.done, repeat: { every: `+every+`, overlap: replace }, uses: task, assign: me }
  - { end: good }
`)
		start := engine.StartData{Definition: engine.Ref{ID: b.def.ID, Version: 1}, Process: processID, Parameters: map[string]any{"tea": "0s", "of_an_earlier_version": 1}}
		check(b.try(engine.EventStart, "ann", start))
		start.Parameters["tea"] = "20m"
		require.NoError(t, b.try(engine.EventStart, "ann", start))
	}
}

func refusedTea(t *testing.T) func(error) {
	t.Helper()
	return func(err error) {
		r := refused(t, err, "house_parameters")
		require.Equal(t, "parameters.tea", r.Fields[0].Field)
		for _, text := range []string{r.Message.Zh, r.Message.En} {
			require.Regexp(t, `steward parameters set \w+ tea VALUE`, text)
		}
	}
}

// TestADeadlineIsNeverRefused: it would stay due for ever. What follows an event that is taken for granted may no longer be possible.
func TestADeadlineIsNeverRefused(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - parallel:
      - { id: q, uses: task, assign: me }
      - steps:
          - { id: x, uses: task, assign: me }
  - { id: z, uses: task, assign: me }
  - { end: good }
events:
  ended: { by: me, anchor: now, default: opened+1h, then: { goto: z } }
`)
	b.start("ann", nil)
	b.complete("x", "ann", "done", nil)
	b.now = moment(t, "2026-03-02 12:00")
	dl, ok := b.st.EarliestDue(b.now, nil)
	require.True(t, ok)
	require.NoError(t, b.fire(dl))
	require.Equal(t, []string{"z"}, b.open())
}

func TestTheLogKeepsTheInputThatWasGiven(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: s, uses: set, with: { input: { amount: 9 } } }
  - { id: a, uses: task, assign: me }
  - { end: good }
`)
	b.start("ann", map[string]any{"amount": 5})
	text, err := engine.EncodeChanges(b.last.Changes[:1])
	require.NoError(t, err)
	require.Contains(t, string(text), `"amount":5`)
	require.InDelta(t, 9, b.st.Input["amount"], 0)
}

// TestAProposalIsApprovedOnItsOwnValues: an approval that was left out, because the first one was still open, is asked after all
// when that one was given on the old values.
func TestAProposalIsApprovedOnItsOwnValues(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: approve, uses: approval, assign: office, on: { rejected: { end: bad }, returned: { end: bad } } }
  - { id: work, uses: task, assign: me }
  - { end: good }
blocks:
  rebook:
    - { id: prep, uses: task, assign: me }
    - { id: again, uses: approval, assign: office, on: { rejected: { fail: true }, returned: { fail: true } } }
events:
  change: { by: me, propose: [amount], via: rebook }
`)
	b.start("ann", map[string]any{"amount": 5})
	require.NoError(t, b.tell("change", "ann", map[string]any{"amount": 500}))
	b.complete("approve", "bob", "approved", nil)
	b.complete("prep", "ann", "done", nil)
	require.NotEqual(t, float64(500), b.st.Input["amount"], "500 was adopted although nobody approved 500")
}

func TestNobodyIsNamedForAnAutomaticApproval(t *testing.T) {
	t.Parallel()
	b := run(t, `  gone: { leader-of: starter, empty: auto-approve }
steps:
  - { id: a, uses: task, assign: me }
  - { id: ok, uses: approval, assign: gone, on: { rejected: { end: bad }, returned: { end: bad } } }
  - { id: z, uses: task, assign: me }
  - { end: good }
`)
	b.start("top", nil)
	b.complete("a", "top", "done", nil)
	require.Equal(t, []string{"z"}, b.open())
	require.Empty(t, b.st.Outputs["ok"].By)
}

func TestATaskThatNobodyCanDoDoesNotOpen(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: ok, uses: task, assign: office }
  - { end: good }
`)
	b.world.Groups["attendants"] = nil
	var fault *engine.Fault
	require.ErrorAs(t, b.tryStart("ann", nil), &fault)
	require.Equal(t, "nobody", fault.Code)
}

func TestADeadlineThatTheProcessWaitsForCannotBeDropped(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"{ id: w, uses: wait, with: { until: +1h } }", "{ id: w, notBefore: +1h, uses: task, assign: me }"} {
		b := run(t, "steps:\n  - "+step+"\n  - { id: a, uses: task, assign: me }\n  - { end: good }\n")
		b.start("ann", nil)
		refused(t, b.try(engine.EventDrop, "op", engine.DropData{Deadline: b.st.Deadlines[0].ID}), "must_go_on")
		require.Len(t, b.st.Deadlines, 1)
	}
}

// TestRoundsInALoopAreCountedForEachItem: one guest's second round is no other guest's.
func TestRoundsInALoopAreCountedForEachItem(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - id: l
    each: { in: input.names, as: n, mode: parallel }
    steps:
      - { id: fix, uses: task, assign: me, outcomes: [done, again], on: { again: { goto: fix } } }
      - { id: late, when: rounds.fix > 1, uses: task, assign: me }
  - { end: good }
`)
	b.start("ann", map[string]any{"names": []any{"x", "y"}})
	fix := func(item int, outcome string) {
		for _, k := range b.st.Tasks {
			n, _ := b.st.Node(k.Node)
			if p, _ := b.st.Node(n.Parent); p.Index == item {
				require.NoError(t, b.try(engine.EventComplete, "ann", engine.TaskData{Task: k.ID, Outcome: outcome}))
				return
			}
		}
		t.Fatalf("item %d has no task", item)
	}
	fix(0, "again")
	fix(0, "again")
	fix(1, "done")
	require.Equal(t, []string{"fix"}, b.open(), "y did fix once")
	fix(0, "done")
	require.Equal(t, []string{"late"}, b.open(), "x did it three times")
}

// TestManyDeadlinesAtOneMomentAreNoLoop: what the most items of a process may have due at once stays below the limit that
// guards against loops.
func TestManyDeadlinesAtOneMomentAreNoLoop(t *testing.T) {
	t.Parallel()
	const deadlines = 2 // of each item at the same moment: its due date and its first rung
	require.Greater(t, engine.DefaultLimits.Still, 10*deadlines*engine.DefaultLimits.Items)
	const items = 20
	for still, sound := range map[int]bool{deadlines*items - 1: true, deadlines*items - 2: false} {
		b := run(t, everybodyDue)
		limits := engine.DefaultLimits
		limits.Still = still
		b.eng = engine.New(limits, nil)
		b.start("ann", map[string]any{"names": numbered(items), "when": "2026-03-02T15:00:00+08:00"})
		b.now = moment(t, "2026-03-02 14:00")
		for err := error(nil); ; {
			dl, ok := b.st.EarliestDue(b.now, nil)
			if ok {
				err = b.fire(dl)
			}
			if ok && err == nil {
				continue
			}
			require.Equal(t, sound, err == nil, "%d: %v", still, err)
			break
		}
	}
}

const everybodyDue = `anchors: { w: input.when }
steps:
  - { id: l, each: { in: input.names, as: n, mode: parallel }, uses: task, assign: me, due: w-1h, remind: [-1h], escalate: [{ at: +0, notify: office }] }
  - { end: good }
events:
  change: { by: me, set: [when] }
`

// TestAFullProcessCanBeRescheduled: the most items that a process may have do not make more changes than an event may.
func TestAFullProcessCanBeRescheduled(t *testing.T) {
	t.Parallel()
	b := run(t, everybodyDue)
	b.start("ann", map[string]any{"names": numbered(engine.DefaultLimits.Items), "when": "2026-03-02T15:00:00+08:00"})
	require.NoError(t, b.tell("change", "ann", map[string]any{"when": "2026-03-05T15:00:00+08:00"}))
	text, err := engine.EncodeChanges(b.last.Changes)
	require.NoError(t, err)
	require.Less(t, len(text), 256<<10)
}

// numbered answers n different names.
func numbered(n int) []any {
	names := make([]any, n)
	for i := range names {
		names[i] = fmt.Sprint("n", i)
	}
	return names
}

func payload(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}
