package engine_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/workflows/engine"
)

// What becomes of a process when an operator gives a deadline up.

// deadline answers the only deadline of a key.
func (b *bench) deadline(key string) engine.Deadline {
	b.t.Helper()
	i := slices.IndexFunc(b.st.Deadlines, func(dl engine.Deadline) bool { return dl.Key == key })
	require.GreaterOrEqual(b.t, i, 0, "no deadline %s among %v", key, b.st.Deadlines)
	return b.st.Deadlines[i]
}

// TestADroppedDeadlineDoesNotComeBack: whatever it was for, neither at once under another id nor when everything is planned
// again. What repeats goes on in its rhythm.
func TestADroppedDeadlineDoesNotComeBack(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ key, step, event, next string }{
		{"until", "{ id: a, until: +1h, uses: task, assign: me }", "", ""},
		{"until", "{ id: g, until: +1h, steps: [{ id: a, uses: task, assign: me }], finally: [{ id: f, uses: task, assign: me }] }", "", ""},
		{"due", "{ id: a, uses: task, assign: me, due: +1h }", "", ""},
		{"due", "{ id: g, due: +1h, steps: [{ id: a, uses: task, assign: me, due: +1d }] }", "", ""},
		{"remind/0", "{ id: a, uses: task, assign: me, due: +2h, remind: [-1h] }", "", ""},
		{"remind/0", "{ id: a, uses: task, assign: me, due: +2h, remind: [{ from: opened+1h, every: 30m }] }", "", "2026-03-02 10:30"},
		{"remind/0", "{ id: a, uses: task, assign: me, due: +2wd, remind: [{ from: opened+1h, every: 1wh }] }", "", "2026-03-02 11:00"},
		{"escalate/0", "{ id: a, uses: task, assign: me, due: +30m, escalate: [{ at: +30m, notify: office }] }", "", ""},
		{"escalate/0", "{ id: a, uses: task, assign: me, due: +30m, escalate: [{ at: +30m, every: 30m, notify: office }] }", "", "2026-03-02 10:30"},
		{"escalate/1", "{ id: a, uses: task, assign: me, due: +30m, escalate: [{ at: +1h, notify: office }, { at: +30m, to: office }] }", "", ""},
		{"repeat", "{ id: a, repeat: { every: 1h, overlap: skip, max: 5 }, uses: task, assign: me }", "", "2026-03-02 11:00"},
		{"repeat", "{ id: a, repeat: { every: 1wh, overlap: replace, max: 5 }, uses: task, assign: me }", "", "2026-03-02 11:00"},
		{"event/over/default", "{ id: a, uses: task, assign: me }", "default: opened+1h", ""},
		{"event/over/remind/0", "{ id: a, uses: task, assign: me }", "remind: { from: opened+1h, every: 30m, to: office }", "2026-03-02 10:30"},
	} {
		events := ""
		if tc.event != "" {
			events = "events:\n  over: { by: me, anchor: now, " + tc.event + " }\n"
		}
		b := run(t, "steps:\n  - "+tc.step+"\n  - { end: good }\n"+events)
		b.start("ann", nil)
		b.messages()
		dl := b.deadline(tc.key)
		b.now = moment(t, "2026-03-02 10:00")
		require.Equal(t, b.now, dl.At, "%s: %s", tc.key, tc.step)
		require.NoError(t, b.try(engine.EventDrop, "op", engine.DropData{Deadline: dl.ID}), tc.key)
		for _, when := range []string{"at once", "planned again"} {
			same := slices.DeleteFunc(slices.Clone(b.st.Deadlines), func(d engine.Deadline) bool { return d.Node != dl.Node || d.Key != dl.Key })
			if tc.next == "" {
				require.Empty(t, same, "%s: %s, %s", tc.key, tc.step, when)
			} else {
				require.Len(t, same, 1, "%s: %s, %s", tc.key, tc.step, when)
				require.Equal(t, moment(t, tc.next), same[0].At, "%s: %s, %s", tc.key, tc.step, when)
			}
			require.NoError(t, b.decide(engine.Event{ID: "replan/" + when, Type: engine.EventReplan, At: b.now}))
		}
		require.Equal(t, []string{"a"}, b.open(), "%s: nothing was done", tc.key)
		require.Empty(t, b.messages(), "%s: nobody was told", tc.key)
	}
}

// TestALoopEndsWithItsLastOccurrenceDropped: at once, or with the occurrence that is still open.
func TestALoopEndsWithItsLastOccurrenceDropped(t *testing.T) {
	t.Parallel()
	for _, every := range []string{"1h", "1wh"} {
		for _, open := range []bool{false, true} {
			b := run(t, `steps:
  - { id: r, repeat: { every: `+every+`, overlap: skip, max: 3 }, uses: task, assign: me }
  - { id: z, uses: task, assign: me }
  - { end: good }
`)
			b.start("ann", nil)
			if !open {
				b.complete("r", "ann", "done", nil)
			}
			b.now = moment(t, "2026-03-02 10:00")
			require.NoError(t, b.try(engine.EventDrop, "op", engine.DropData{Deadline: b.deadline("repeat").ID}))
			count, skipped := b.counted()
			require.Equal(t, [2]int{2, 1}, [2]int{count, skipped})
			b.now = moment(t, "2026-03-02 11:00")
			require.NoError(t, b.try(engine.EventDrop, "op", engine.DropData{Deadline: b.deadline("repeat").ID}))
			if open {
				require.Equal(t, []string{"r"}, b.open(), "the open one keeps its place")
				b.complete("r", "ann", "done", nil)
			}
			require.Equal(t, []string{"z"}, b.open())
			require.Empty(t, b.st.Deadlines)
		}
	}
}

// TestOccurrencesBehindADroppedOneStillCome: those that were missed meanwhile open one.
func TestOccurrencesBehindADroppedOneStillCome(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: r, repeat: { every: 1h, overlap: skip, max: 9 }, uses: task, assign: me }
  - { end: good }
`)
	b.start("ann", nil)
	b.complete("r", "ann", "done", nil)
	b.now = moment(t, "2026-03-02 12:30")
	require.NoError(t, b.try(engine.EventDrop, "op", engine.DropData{Deadline: b.deadline("repeat").ID}))
	require.Empty(t, b.open())
	require.Equal(t, 1, b.back("2026-03-02 12:30"))
	require.Equal(t, []string{"r"}, b.open())
	count, skipped := b.counted()
	require.Equal(t, [2]int{4, 2}, [2]int{count, skipped}, "10:00 was dropped, 11:00 missed")
}
