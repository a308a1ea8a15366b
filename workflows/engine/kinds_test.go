package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/workflows/engine"
	"steward/workflows/simulate"
)

const head = `process: p
name: { zh: 测试, en: Test }
domain: test
outcomes: [good, bad]
input:
  type: object
  properties:
    amount: { type: integer, default: 5 }
    names: { type: array, items: { type: string }, default: [] }
    when: { type: string, format: date-time }
roles:
  me: { starter: true }
  office: { group: attendants }
  boss: { leader-of: starter }
`

func run(t *testing.T, body string) *bench {
	t.Helper()
	return newBench(t, define(t, fitted(head+body)), "2026-03-02 09:00")
}

// fitted leaves out of the head what a body does not use: the lint would refuse it.
func fitted(source string) string {
	if !strings.Contains(source, "end: bad") {
		source = strings.Replace(source, "[good, bad]", "[good]", 1)
	}
	return source
}

func TestApprovalByAllNeedsEverybody(t *testing.T) {
	t.Parallel()
	const body = `steps:
  - { id: ok, uses: approval, assign: office, with: { mode: all }, on: { rejected: { end: bad }, returned: { end: bad } } }
  - { end: good }
`
	b := run(t, body)
	b.start("ann", nil)
	require.Equal(t, []string{"ok", "ok"}, b.open())
	decide := func(user, outcome string) error {
		for _, k := range b.st.Tasks {
			if k.Assignee == user {
				return b.try(engine.EventComplete, user, engine.TaskData{Task: k.ID, Outcome: outcome})
			}
		}
		t.Fatalf("%s has no task", user)
		return nil
	}
	require.NoError(t, decide("cyd", "approved"))
	require.Equal(t, engine.StatusRunning, b.st.Status)
	require.NoError(t, decide("bob", "approved"))
	require.Equal(t, "good", b.st.Outcome)

	b = run(t, body)
	b.start("ann", nil)
	require.NoError(t, decide("bob", "rejected"))
	require.Equal(t, "bad", b.st.Outcome, "one rejection settles it")
	require.Empty(t, b.st.Tasks)
}

func TestSequentialApprovalAsksOneAfterTheOther(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: ok, uses: approval, assign: office, with: { mode: sequential }, on: { rejected: { end: bad }, returned: { end: bad } } }
  - { end: good }
`)
	b.start("ann", nil)
	require.Equal(t, "bob", b.task("ok").Assignee)
	b.complete("ok", "bob", "approved", nil)
	require.Equal(t, "cyd", b.task("ok").Assignee)
	b.complete("ok", "cyd", "approved", nil)
	require.Equal(t, "good", b.st.Outcome)
}

func TestStarterMayNotApproveTheirOwn(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: ok, uses: approval, assign: office, with: { self: forbid }, on: { rejected: { end: bad }, returned: { end: bad } } }
  - { end: good }
`)
	b.start("bob", nil)
	refused(t, b.tryComplete("ok", "bob", "approved", nil), "forbidden")
	b.complete("ok", "cyd", "approved", nil)
}

func TestNobodyFound(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"skip": "good", "auto-approve": "good"} {
		b := run(t, `  gone: { leader-of: starter, empty: `+name+` }
steps:
  - { id: ok, uses: approval, assign: gone, on: { rejected: { end: bad }, returned: { end: bad } } }
  - { end: good }
`)
		b.start("top", nil)
		require.Equal(t, want, b.st.Outcome, name)
	}
	b := run(t, `  gone: { leader-of: starter, empty: incident }
steps:
  - { id: ok, uses: approval, assign: gone, on: { rejected: { end: bad }, returned: { end: bad } } }
  - { end: good }
`)
	var fault *engine.Fault
	require.ErrorAs(t, b.tryStart("top", nil), &fault)
	require.Equal(t, "nobody", fault.Code)
}

func TestClaimReleaseTransfer(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: work, uses: task, assign: office }
  - { end: good }
`)
	b.start("ann", nil)
	id := b.task("work").ID
	verb := func(kind, user, to string) error {
		return b.try(kind, user, engine.TaskData{Task: id, To: to})
	}
	refused(t, verb(engine.EventClaim, "ann", ""), "forbidden")
	require.NoError(t, verb(engine.EventClaim, "bob", ""))
	require.Equal(t, "bob", refused(t, verb(engine.EventClaim, "cyd", ""), "taken").Winner.By)
	refused(t, b.tryComplete("work", "cyd", "done", nil), "taken")
	stale := 1
	refused(t, b.try(engine.EventRelease, "bob", engine.TaskData{Task: id, Revision: &stale}), "stale")
	require.NoError(t, verb(engine.EventRelease, "bob", ""))
	require.NoError(t, verb(engine.EventClaim, "cyd", ""))
	refused(t, verb(engine.EventTransfer, "cyd", "nobody"), "invalid")
	require.NoError(t, verb(engine.EventTransfer, "cyd", "eve"))
	require.Equal(t, []string{"task.transferred [user:eve]"}, b.messages())
	b.complete("work", "eve", "", nil)
	require.Equal(t, "eve", b.st.Outputs["work"].By)
	winner := refused(t, b.try(engine.EventComplete, "eve", engine.TaskData{Task: id}), "decided").Winner
	require.Equal(t, "eve", winner.By)
}

func TestLeastLoadedCountsTasksOpenedInTheSameDecision(t *testing.T) {
	t.Parallel()
	b := run(t, `  hand: { group: attendants, pick: least-loaded, per: task }
steps:
  - parallel:
      - { id: one, uses: task, assign: hand }
      - { id: two, uses: task, assign: hand }
      - { id: three, uses: task, assign: hand }
  - { end: good }
`)
	b.world.Open["bob"] = 1
	b.start("ann", nil)
	require.Equal(t, "cyd", b.task("one").Assignee)
	require.Equal(t, "bob", b.task("two").Assignee)
	require.Equal(t, "cyd", b.task("three").Assignee)
}

func TestChooseByTable(t *testing.T) {
	t.Parallel()
	const body = `tables:
  who:
    hit: first
    inputs: { amount: input.amount }
    outputs: [outcome, limit]
    rows:
      - { amount: =value < 10, outcome: small, limit: 10 }
      - { amount: =value < 100, outcome: large, limit: 100 }
      - { outcome: huge, limit: 1000 }
steps:
  - { id: pick, uses: choose, with: { table: who }, on: { small: { end: good }, huge: { end: bad } } }
  - { end: good }
`
	for amount, want := range map[int]string{5: "small", 50: "large", 500: "huge"} {
		b := run(t, body)
		b.start("ann", map[string]any{"amount": amount})
		require.Equal(t, want, b.st.Outputs["pick"].Outcome)
	}
}

func TestSetNotifyRecordWait(t *testing.T) {
	t.Parallel()
	b := newBench(t, compileBundle(t, definitions.Bundle{Name: "p.yaml", Source: fitted(head + `anchors: { when: input.when }
vars: { double: input.amount * 2 }
steps:
  - { id: more, uses: set, with: { input: { amount: =input.amount + 1 } } }
  - { id: say, uses: notify, with: { to: office, text: { zh: "数量 {{vars.double}}", en: "amount {{vars.double}}" } } }
  - { id: book, uses: record, with: { register: things, key: ="k" + string(input.amount), entry: { name: =string(vars.double) } } }
  - { id: rest, uses: wait, with: { until: +2h } }
  - { end: good }
`), Files: map[string]string{"registers/things.yaml": `register: things
name: { zh: 物品, en: Things }
schema: { type: object, properties: { name: { type: string } } }
`}}), "2026-03-02 09:00")
	b.start("ann", nil)
	require.EqualValues(t, 6, b.st.Input["amount"])
	var text definitions.Text
	for _, c := range b.log {
		if m, ok := c.(*engine.Messaged); ok {
			text = m.Text
		}
	}
	require.Equal(t, definitions.Text{Zh: "数量 12", En: "amount 12"}, text)
	require.Equal(t, []simulate.Entry{{Key: "k6", Data: map[string]any{"name": "12"}}}, b.world.Entries["things"])
	b.until("2026-03-02 10:59")
	require.Equal(t, engine.StatusRunning, b.st.Status)
	b.until("2026-03-02 11:00")
	require.Equal(t, "good", b.st.Outcome)
}

func TestEachRunsOverItemsInOrderOrAtOnce(t *testing.T) {
	t.Parallel()
	for mode, first := range map[string][]string{"sequential": {"visit"}, "parallel": {"visit", "visit"}} {
		b := run(t, `steps:
  - { id: visit, each: { in: input.names, as: who, mode: `+mode+` }, uses: task, assign: me, name: { zh: "{{who}}", en: "{{who}}" } }
  - { id: last, when: len(outputs.visit) == 2, uses: task, assign: me }
  - { end: good }
`)
		b.start("ann", map[string]any{"names": []any{"x", "y"}})
		require.Equal(t, first, b.open(), mode)
		require.Equal(t, "x", b.task("visit").Name.Zh)
		b.complete("visit", "ann", "done", nil)
		require.Equal(t, "y", b.task("visit").Name.Zh)
		b.complete("visit", "ann", "done", nil)
		require.Equal(t, []string{"last"}, b.open())
	}
}

func TestRepeatSkipsWhatIsStillOpenOrWasMissed(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - id: round
    until: opened+2h
    steps:
      - { id: look, repeat: { every: 30m, overlap: skip }, uses: task, assign: me }
  - { end: good }
`)
	b.start("ann", nil)
	first := b.task("look").ID
	b.until("2026-03-02 09:45")
	require.Equal(t, first, b.task("look").ID, "the open one keeps its place")
	b.complete("look", "ann", "done", nil)
	require.Empty(t, b.open())
	b.until("2026-03-02 10:00")
	require.Equal(t, []string{"look"}, b.open())
	b.until("2026-03-02 11:00")
	require.Equal(t, "good", b.st.Outcome, "the group closes what is open")
}

// TestMissedOccurrencesOpenOne: nobody fired a deadline for two hours; the last occurrence opens, the others are counted.
func TestMissedOccurrencesOpenOne(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: look, repeat: { every: 30m, overlap: replace }, until: opened+1d, uses: task, assign: me }
  - { end: good }
`)
	b.start("ann", nil)
	b.now = b.now.Add(130 * time.Minute)
	dl, ok := b.st.EarliestDue(b.now, nil)
	require.True(t, ok)
	require.NoError(t, b.fire(dl))
	require.Len(t, b.st.Tasks, 1)
	for _, n := range b.st.Nodes {
		if n.Count > 0 {
			require.Equal(t, 5, n.Count)
			require.Equal(t, 3, n.Skipped)
		}
	}
}

func TestChildIsAwaitedOrCancelledWithItsParent(t *testing.T) {
	t.Parallel()
	files := map[string]string{"interfaces/sub.json": `{"process":"sub","outcomes":["yes","no"],"input":{"type":"object"}}`}
	def := compileBundle(t, definitions.Bundle{Name: "p.yaml", Files: files, Source: head + `steps:
  - { id: ask, uses: process, with: { process: sub, wait: true }, on: { no: { end: bad } } }
  - { end: good }
events:
  stop: { by: [me], end: bad }
`})
	sub := define(t, "process: sub\nname: { zh: 子, en: Sub }\ndomain: test\noutcomes: [yes, no]\ninput: { type: object }\nroles: { me: { starter: true } }\nsteps:\n  - { id: w, uses: task, assign: me, outcomes: [a, b], on: { b: { end: no } } }\n  - { end: yes }\n")
	for outcome, want := range map[string]string{"yes": "good", "no": "bad"} {
		b := newBench(t, def, "2026-03-02 09:00")
		b.world.Definitions["sub"] = sub
		b.start("ann", nil)
		require.Len(t, b.st.Children, 1)
		require.NoError(t, b.try(engine.EventChildEnded, "", engine.ChildData{Process: b.st.Children[0].Process, Outcome: outcome}))
		require.Equal(t, want, b.st.Outcome)
	}
	b := newBench(t, def, "2026-03-02 09:00")
	b.world.Definitions["sub"] = sub
	b.start("ann", nil)
	b.log = nil
	require.NoError(t, b.tell("stop", "ann", nil))
	cancelled := 0
	for _, c := range b.log {
		if _, ok := c.(*engine.ChildCancelled); ok {
			cancelled++
		}
	}
	require.Equal(t, 1, cancelled)
}

// TestGotoKeepsWhatDidNotChange: a finished step after the target runs again only when its ground changed or it says so.
func TestGotoKeepsWhatDidNotChange(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: ask, uses: task, assign: me, form: { input: [amount] } }
  - { id: fixed, uses: task, assign: me }
  - { id: sized, uses: task, assign: me, with: { n: =input.amount } }
  - { id: always, uses: task, assign: me, redo: always }
  - { id: check, uses: task, assign: me, outcomes: [fine, again], on: { again: { goto: ask } } }
  - { end: good }
`)
	b.start("ann", nil)
	for _, step := range []string{"ask", "fixed", "sized", "always"} {
		b.complete(step, "ann", "done", nil)
	}
	b.complete("check", "ann", "again", nil)
	require.Equal(t, []string{"ask"}, b.open())
	b.complete("ask", "ann", "done", map[string]any{"amount": 9})
	require.Equal(t, []string{"sized"}, b.open(), "fixed keeps its output")
	b.complete("sized", "ann", "done", nil)
	require.Equal(t, []string{"always"}, b.open())
	b.complete("always", "ann", "done", nil)
	b.complete("check", "ann", "again", nil)
	b.complete("ask", "ann", "done", nil)
	require.Equal(t, []string{"always"}, b.open(), "nothing changed this time")
}

// TestAProcessCannotStartItselfWithoutEnd: the lint sees a circle only in the library that it knows, so children of children go a
// limited way down as well.
func TestAProcessCannotStartItselfWithoutEnd(t *testing.T) {
	t.Parallel()
	def := compileBundle(t, definitions.Bundle{
		Name: "p.yaml", Files: map[string]string{"interfaces/q.json": `{"process":"q","outcomes":["good"],"input":{"type":"object"}}`},
		Source: fitted(head + "steps:\n  - { id: again, uses: process, with: { process: q } }\n  - { end: good }\n"),
	})
	deepest := newBench(t, def, "2026-03-02 09:00")
	deepest.world.Definitions["q"] = def
	parent := &engine.ParentRef{Process: "above", Depth: engine.DefaultLimits.Depth}
	err := deepest.try(engine.EventStart, "ann", engine.StartData{Definition: engine.Ref{ID: "p", Version: 1}, Process: processID, Parent: parent})
	var fault *engine.Fault
	require.ErrorAs(t, err, &fault)
	require.Equal(t, "recursion", fault.Code)

	above := newBench(t, def, "2026-03-02 09:00")
	above.world.Definitions["q"] = def
	above.start("ann", nil)
	require.Equal(t, 1, above.st.ChildOf(engine.Child{}).Depth)
}

const venue = `process: venue
name: { zh: 场地, en: Venue }
domain: meeting
outcomes: [done]
title: { zh: "会场 {{input.room}}", en: "Venue {{ input.room }}" }
businessKey: "{{input.room}}"
input:
  type: object
  required: [room]
  properties: { room: { type: string, x-resource: room }, from: { type: string, default: hall } }
roles: { asker: { starter: true } }
steps:
  - { id: a, name: { zh: "打扫{{input.room}}", en: "Clean {{input.room}} from {{input.from}}" }, uses: task, assign: asker }
  - { id: b, name: { zh: "标签{{input.room + \"#\"}}", en: Label }, uses: task, assign: asker }
  - { id: tell, uses: notify, with: { to: [asker], text: { zh: "{{input.room}}好了", en: "{{input.room}} is ready" } } }
  - { end: done }
`

// TestTextsNameResources by what people call them; keys, and whatever is computed, keep the id.
func TestTextsNameResources(t *testing.T) {
	t.Parallel()
	b := newBench(t, define(t, venue), "2026-03-02 09:00")
	b.world.Resources = map[string]definitions.Text{"hall": {Zh: "大厅", En: "Great hall"}}
	b.start("ann", map[string]any{"room": "hall"})
	require.Equal(t, definitions.Text{Zh: "会场 大厅", En: "Venue Great hall"}, b.st.Title)
	require.Equal(t, "hall", b.st.BusinessKey)
	require.Equal(t, definitions.Text{Zh: "打扫大厅", En: "Clean Great hall from hall"}, b.task("a").Name)
	b.complete("a", "ann", "done", nil)
	require.Equal(t, "标签hall#", b.task("b").Name.Zh)
	b.complete("b", "ann", "done", nil)
	var told []definitions.Text
	for _, c := range b.log {
		if m, ok := c.(*engine.Messaged); ok {
			told = append(told, m.Text)
		}
	}
	require.Equal(t, []definitions.Text{{Zh: "大厅好了", En: "Great hall is ready"}}, told)
}

func TestAResourceNobodyKnowsIsCalledByItsID(t *testing.T) {
	t.Parallel()
	b := newBench(t, define(t, venue), "2026-03-02 09:00")
	b.start("ann", map[string]any{"room": "cellar"})
	require.Equal(t, definitions.Text{Zh: "会场 cellar", En: "Venue cellar"}, b.st.Title)
}
