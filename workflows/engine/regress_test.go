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

// until by step anchor, closed inside claimedOrDone.
func TestUntilStepDone(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - parallel:
      - { id: a, uses: task, assign: me }
      - id: g
        until: a.done
        steps:
          - parallel:
              - { id: b, uses: task, assign: me }
              - { id: c, uses: task, assign: me }
      - { id: d, uses: task, assign: me, due: a.done+1h }
  - { end: good }
`)
	b.start("ann", nil)
	require.NoError(t, b.tryComplete("a", "ann", "done", nil))
	require.Equal(t, []string{"d"}, b.open())
	require.NotNil(t, b.task("d").Due)
}

// outcome action after the group is gone: double end
func TestDoubleEnd(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - id: g
    until: a.done
    steps:
      - { id: a, uses: task, assign: me, outcomes: [done, bad], on: { bad: { end: bad } } }
      - { id: b, uses: task, assign: me }
  - { end: good }
finally:
  - { id: f, uses: task, assign: me }
`)
	b.start("ann", nil)
	err := b.tryComplete("a", "ann", "bad", nil)
	require.NoError(t, err)
	n := 0
	for _, c := range b.log {
		if _, ok := c.(*engine.ProcessEnded); ok {
			n++
		}
	}
	endings := 0
	for _, c := range b.log {
		if _, ok := c.(*engine.ProcessEnding); ok {
			endings++
		}
	}
	t.Log("ended", n, "ending", endings, "outcome", b.st.Outcome, b.st.Status, b.open())
	require.LessOrEqual(t, n, 1, "ProcessEnded once")
	require.Equal(t, "bad", b.st.Outcome)
	require.Equal(t, 1, endings)
	require.Equal(t, []string{"f"}, b.open(), "finally still has to run")
}

// 2b do after group gone
func TestDoAfterGroupGone(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - id: g
    until: a.done
    steps:
      - { id: a, uses: task, assign: me, outcomes: [done, more], on: { more: { do: extra } } }
      - { id: b, uses: task, assign: me }
  - { id: z, uses: task, assign: me }
  - { end: good }
blocks:
  extra:
    - { id: x, uses: task, assign: me }
`)
	b.start("ann", nil)
	require.NoError(t, b.tryComplete("a", "ann", "more", nil))
	t.Log(b.open())
	for _, n := range b.st.Nodes {
		if n.Parent != 0 {
			_, ok := b.st.Node(n.Parent)
			require.True(t, ok, "orphan node %s parent %d", n.Path, n.Parent)
		}
	}
}

// redo of step whose when is now false
func TestRedoSkipReopens(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: a, when: input.amount > 1, uses: task, assign: me }
  - { id: b, uses: task, assign: me }
  - { id: c, uses: task, assign: me }
  - { end: good }
events:
  change: { by: me, set: [amount], then: { redo: [a] } }
`)
	b.start("ann", nil)
	b.complete("a", "ann", "done", nil)
	b.complete("b", "ann", "done", nil)
	require.Equal(t, []string{"c"}, b.open())
	require.NoError(t, b.tell("change", "ann", map[string]any{"amount": 0}))
	require.Equal(t, []string{"c"}, b.open())
}

// many nodes: cancel impossible
func TestCancelBig(t *testing.T) {
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
	t.Log(len(b.st.Nodes), "nodes open")
	require.NoError(t, b.try(engine.EventCancel, "ann", engine.CancelData{}))
}

// each outputs truncated
func TestEachOutputsTruncated(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: l, each: { in: input.names, as: n, mode: parallel }, uses: notify, with: { to: me, text: { zh: x, en: x } } }
  - { id: z, when: len(outputs.l) == 190, uses: task, assign: me }
  - { end: good }
`)
	b.start("ann", map[string]any{"names": numbered(190)})
	require.Len(t, b.st.Outputs["l"].Items, 190)
}

// DB error inside expression is a Fault
type awayWorld struct{ engine.Env }

var errAwayDB = errors.New("lock timeout")

func (awayWorld) Count(string, map[string]any) (int, error)   { return 0, errAwayDB }
func (awayWorld) Exists(string, map[string]any) (bool, error) { return false, errAwayDB }

func TestDatabaseErrorIsFault(t *testing.T) {
	t.Parallel()
	def := compileBundle(t, definitions.Bundle{Name: "test.yaml", Source: fitted(head + `steps:
  - { id: a, when: 'count("book", {}) > 0', uses: task, assign: me }
  - { end: good }
`), Files: map[string]string{"registers/book.yaml": "register: book\nname: { zh: b, en: b }\nschema: { type: object, properties: { x: { type: string } } }\n"}})
	b := newBench(t, def, "2026-03-02 09:00")
	data := payload(t, engine.StartData{Definition: engine.Ref{ID: b.def.ID, Version: 1}, Process: processID})
	_, err := b.eng.Decide(context.Background(), b.def, nil, engine.Event{ID: "cmd/1", Type: engine.EventStart, At: b.now, Actor: engine.Actor{User: "ann"}, Data: data}, awayWorld{b.world.For(processID, b.now)})
	var f *engine.Fault
	require.ErrorIs(t, err, errAwayDB)
	require.NotErrorAs(t, err, &f, "a database error must not be an incident")
}

// system events by users
func TestSystemEventsByUser(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: a, uses: task, assign: me, due: +1h, escalate: [{ at: +0, notify: office }] }
  - { end: good }
`)
	b.start("ann", nil)
	for _, dl := range b.st.Deadlines {
		err := b.try(engine.EventDeadline, "bob", engine.DeadlineData{Deadline: dl.ID})
		require.Error(t, err, "a person fired %s early", dl.Key)
	}
}

// escalation to an excluded person
func TestEscalateToExcluded(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: ok, uses: approval, assign: office, with: { self: forbid }, due: +1h, escalate: [{ at: +0, to: me }], on: { rejected: { end: bad }, returned: { end: bad } } }
  - { end: good }
`)
	b.start("ann", nil)
	b.until("2026-03-02 11:00")
	k := b.task("ok")
	t.Logf("assignee %q candidates %v exclude %v", k.Assignee, k.Candidates, k.Exclude)
	require.NotContains(t, k.Exclude, k.Assignee)
}

// overdue after reschedule
func TestReplanAfterDue(t *testing.T) {
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
	b.messages()
	require.NoError(t, b.tell("change", "ann", map[string]any{"when": "2026-03-09T15:00:00+08:00"}))
	b.messages()
	b.until("2026-03-09 16:00")
	t.Log(b.messages())
	require.True(t, b.task("a").Overdue, "overdue against the new date")
}

// zero repeat
func TestZeroRepeat(t *testing.T) {
	t.Parallel()
	b := run(t, `parameters:
  tea: { type: duration, default: 30m }
steps:
  - parallel:
    - { id: a, uses: task, assign: me }
    - { id: r, until: a.done, repeat: { every: =parameters.tea, overlap: replace }, uses: task, assign: me }
  - { end: good }
`)
	err := b.try(engine.EventStart, "ann", engine.StartData{Definition: engine.Ref{ID: b.def.ID, Version: 1}, Process: processID, Parameters: map[string]any{"tea": "0s"}})
	var fault *engine.Fault
	require.ErrorAs(t, err, &fault)
	require.Equal(t, "time", fault.Code)
}

// assumed event with goto to a closed sequence
func TestDefaultGotoRefusedForever(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - parallel:
      - { id: q, uses: task, assign: me }
      - steps:
          - { id: x, uses: task, assign: me }
          - { id: y, uses: task, assign: me }
  - { id: z, uses: task, assign: me }
  - { end: good }
events:
  ended: { by: me, anchor: now, default: opened+1h, then: { goto: z } }
`)
	b.start("ann", nil)
	b.complete("x", "ann", "done", nil)
	b.complete("y", "ann", "done", nil)
	b.now = moment(t, "2026-03-02 12:00")
	dl, ok := b.st.EarliestDue(b.now, nil)
	require.True(t, ok)
	err := b.fire(dl)
	var r *engine.Refusal
	require.NotErrorAs(t, err, &r, "a deadline is refused and stays due for ever")
}

// ProcessStarted keeps the original input in the log
func TestStartedInputAliased(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: s, uses: set, with: { input: { amount: 9 } } }
  - { id: a, uses: task, assign: me }
  - { end: good }
`)
	b.start("ann", map[string]any{"amount": 5})
	text, _ := engine.EncodeChanges(b.last.Changes[:1])
	require.Contains(t, string(text), `"amount":5`)
}

// proposal with waiting via while the first approval is decided on the old values
func TestProposalUnapproved(t *testing.T) {
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
	t.Log(b.open(), b.st.Input, b.st.Outputs["again"])
	require.NotEqual(t, float64(500), b.st.Input["amount"], "500 was adopted although nobody approved 500")
}

// approvers counted by auto-approval
func TestAutoApproveBy(t *testing.T) {
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
	require.Empty(t, b.st.Outputs["ok"].By, "nobody approved, yet the record names someone")
}

// group without members
func TestEmptyGroup(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: ok, uses: task, assign: office }
  - { end: good }
`)
	b.world.Groups["attendants"] = nil
	err := b.tryStart("ann", nil)
	var f *engine.Fault
	t.Logf("%v", err)
	require.ErrorAs(t, err, &f, "a task was opened that nobody can ever do")
}

// drop of a not_before / wait
func TestDropStuck(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: w, uses: wait, with: { until: +1h } }
  - { id: a, uses: task, assign: me }
  - { end: good }
`)
	b.start("ann", nil)
	refused(t, b.try(engine.EventDrop, "op", engine.DropData{Deadline: b.st.Deadlines[0].ID}), "must_go_on")
	require.NotEmpty(t, b.st.Deadlines)
}

// children not waited for never leave the state: engine side only
func TestRoundsFrames(t *testing.T) {
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
	for range 2 {
		for _, k := range b.st.Tasks {
			n, _ := b.st.Node(k.Node)
			p, _ := b.st.Node(n.Parent)
			if p.Index == 0 {
				require.NoError(t, b.try(engine.EventComplete, "ann", engine.TaskData{Task: k.ID, Outcome: "again"}))
				break
			}
		}
	}
	// first item now did fix once and has it open again; do the second item's first round only
	for _, k := range b.st.Tasks {
		n, _ := b.st.Node(k.Node)
		p, _ := b.st.Node(n.Parent)
		if p.Index == 1 && k.Step == "fix" {
			require.NoError(t, b.try(engine.EventComplete, "ann", engine.TaskData{Task: k.ID, Outcome: "done"}))
			break
		}
	}
	for _, k := range b.st.Tasks {
		if k.Step == "late" {
			t.Fatal("item y did fix once, yet rounds.fix counts the rounds of item x")
		}
	}
}

// many items due at the same moment are no loop
func TestManyDueAtOnce(t *testing.T) {
	t.Parallel()
	b := run(t, `anchors: { w: input.when }
steps:
  - { id: l, each: { in: input.names, as: n, mode: parallel }, uses: task, assign: me, due: w-1h, remind: [-1h], escalate: [{ at: +0, notify: office }] }
  - { end: good }
`)
	b.start("ann", map[string]any{"names": numbered(190), "when": "2026-03-02T15:00:00+08:00"})
	b.until("2026-03-02 14:30")
}

// TestAFullProcessCanBeRescheduled: the most items that a process may have do not make more changes than an event may.
func TestAFullProcessCanBeRescheduled(t *testing.T) {
	t.Parallel()
	b := run(t, `anchors: { w: input.when }
steps:
  - { id: l, each: { in: input.names, as: n, mode: parallel }, uses: task, assign: me, due: w-1h, remind: [-1h], escalate: [{ at: +0, notify: office }] }
  - { end: good }
events:
  change: { by: me, set: [when] }
`)
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
