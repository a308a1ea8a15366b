package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhoWasPickedOnceHasTheLaterTasksToo: a role is resolved once per process unless it says `per: task`.
func TestWhoWasPickedOnceHasTheLaterTasksToo(t *testing.T) {
	t.Parallel()
	const body = `  tea: { group: attendants, pick: least-loaded }
  free: { group: attendants, pick: least-loaded, per: task }
  all: { role: tea, pick: claim }
  same: { role: tea, empty: skip }
steps:
  - { id: a, uses: task, assign: tea }
  - parallel:
      - { id: b, uses: task, assign: tea }
      - { id: c, uses: task, assign: tea }
      - { id: d, uses: task, assign: free }
      - { id: e, uses: task, assign: { group: attendants, pick: least-loaded } }
      - { id: f, uses: task, assign: all }
      - { id: g, uses: task, assign: tea, exclude: { actor-of: a } }
      - { id: h, uses: task, assign: tea }
      - { id: i, uses: task, assign: same }
  - { end: good }
`
	b := run(t, body)
	b.start("ann", nil)
	require.Equal(t, "bob", b.task("a").Assignee)
	b.complete("a", "bob", "done", nil)
	who := map[string]string{}
	for _, k := range b.st.Tasks {
		who[k.Step] = k.Assignee
	}
	require.Equal(t, map[string]string{
		"b": "bob", "c": "bob", "h": "bob", // whom the first of them went to
		"d": "cyd", "e": "cyd", // the less loaded at that moment
		"g": "cyd", // not the one who is excluded, who keeps the others
		"f": "",    // everybody is asked
		"i": "bob", // a role of its own, picked once for itself: three tasks each, so the first by id
	}, who)
	require.Equal(t, map[string]string{"tea": "bob", "same": "bob"}, b.st.Picked)

	b.world.Groups["attendants"] = []string{"cyd", "eve"}
	b.complete("b", "bob", "done", nil)
	require.Equal(t, "bob", b.st.Picked["tea"], "a task that is open stays with whom it went to")
}

// TestSomebodyElseIsPickedForGood when the one who was picked is no longer there.
func TestSomebodyElseIsPickedForGood(t *testing.T) {
	t.Parallel()
	b := run(t, `  tea: { group: attendants, pick: least-loaded }
steps:
  - { id: a, uses: task, assign: tea }
  - { id: b, uses: task, assign: tea }
  - { id: c, uses: task, assign: tea }
  - { end: good }
`)
	b.start("ann", nil)
	b.complete("a", "bob", "done", nil)
	require.Equal(t, "bob", b.task("b").Assignee)
	b.world.Groups["attendants"] = []string{"cyd", "eve"}
	b.complete("b", "bob", "done", nil)
	require.Equal(t, "cyd", b.task("c").Assignee)
	require.Equal(t, "cyd", b.st.Picked["tea"])
}

// TestPeopleNamedByExpressions: a user, group or post may be computed where it stands.
func TestPeopleNamedByExpressions(t *testing.T) {
	t.Parallel()
	b := run(t, `vars: { team: '"attendants"', who: '"eve"', desk: '"av-engineer"' }
steps:
  - parallel:
      - { id: a, uses: task, assign: { user: =vars.who } }
      - { id: b, uses: task, assign: { group: =vars.team } }
      - { id: c, uses: task, assign: { post: =vars.desk } }
      - { id: d, uses: task, assign: =vars.who }
  - { end: good }
`)
	b.start("ann", nil)
	require.Equal(t, "eve", b.task("a").Assignee)
	require.Equal(t, []string{"group:attendants"}, b.task("b").Candidates)
	require.Equal(t, []string{"post:av-engineer"}, b.task("c").Candidates)
	require.Equal(t, "eve", b.task("d").Assignee)
}

// TestIntervalsThatAreComputed: `every` takes what other durations take.
func TestIntervalsThatAreComputed(t *testing.T) {
	t.Parallel()
	const body = `parameters:
  pause: { type: duration, default: 30m }
  rest: { type: string, default: 1wh }
steps:
  - id: a
    uses: task
    assign: me
    due: +2h
    remind: [{ from: opened+30m, every: =parameters.pause }]
    escalate: [{ at: +0, every: '=input.amount > 5 ? parameters.rest : "45m"', notify: boss }]
  - { end: good }
`
	b := run(t, body)
	b.start("ann", nil)
	b.messages()
	b.until("2026-03-02 10:59")
	require.Len(t, b.messages(), 3, "09:30, 10:00, 10:30")
	b.until("2026-03-02 12:30")
	require.Len(t, b.messages(), 3, "11:00, 11:45, 12:30")
	b = run(t, body)
	b.start("ann", map[string]any{"amount": 6})
	b.until("2026-03-02 11:00")
	b.messages()
	b.until("2026-03-02 15:00")
	require.Len(t, b.messages(), 2, "working hours: 13:00 is past the break")
}
