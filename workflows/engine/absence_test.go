package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/workflows/engine"
)

// What becomes of repetitions that nobody was there for: the worker was away, and all that was due comes at once.

// back moves the clock and fires what is due then, one deadline after the other, as after an outage; it answers how many
// deadlines that took.
func (b *bench) back(at string) (fired int) {
	b.t.Helper()
	b.now = moment(b.t, at)
	for {
		dl, ok := b.st.EarliestDue(b.now, nil)
		if !ok {
			return fired
		}
		require.NoError(b.t, b.fire(dl))
		fired++
		require.Less(b.t, fired, 1000, "the deadlines do not end")
	}
}

// counted answers the count and the skipped occurrences of the only repeat block.
func (b *bench) counted() (count, skipped int) {
	for _, n := range b.st.Nodes {
		if n.Count > 0 {
			count, skipped = n.Count, n.Skipped
		}
	}
	return count, skipped
}

// TestTheLastOccurrenceOpensAfterAnAbsence: occurrences that were missed open one, also when the last that may come is among
// them.
func TestTheLastOccurrenceOpensAfterAnAbsence(t *testing.T) {
	t.Parallel()
	for _, every := range []string{"1h", "1wh"} {
		for most, want := range map[string][2]int{"2": {2, 0}, "3": {3, 1}, "7": {7, 5}, "8": {7, 5}} {
			b := run(t, `steps:
  - { id: r, repeat: { every: `+every+`, overlap: skip, max: `+most+` }, uses: task, assign: me }
  - { id: z, uses: task, assign: me }
  - { end: good }
`)
			b.start("ann", nil)
			b.complete("r", "ann", "done", nil)
			require.Empty(t, b.open())
			evening := map[string]string{"1h": "2026-03-02 15:00", "1wh": "2026-03-02 16:30"}[every] // six hours on, six working hours on
			require.Equal(t, 1, b.back(evening), "every %s, %s", every, most)
			count, skipped := b.counted()
			require.Equal(t, want, [2]int{count, skipped}, "every %s, %s", every, most)
			require.Equal(t, []string{"r"}, b.open())
			b.complete("r", "ann", "done", nil)
			if most != "8" {
				require.Equal(t, []string{"z"}, b.open(), "there is no more to come")
			}
		}
	}
}

// TestMissedRemindersComeOnce: reminders and rungs that were missed together are one message, and go on in their rhythm.
func TestMissedRemindersComeOnce(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ step, events, message, next string }{
		{"remind: [{ from: opened+15m, every: 15m }]", "", "task.reminder [user:ann]", "2026-03-02 19:15"},
		{"remind: [{ from: opened+15m, every: 1wh }]", "", "task.reminder [user:ann]", "2026-03-03 09:45"},
		{"escalate: [{ at: opened+15m, every: 20m, notify: office }]", "", "task.escalated [group:attendants]", "2026-03-02 19:15"},
		{"", "  over: { by: me, anchor: now, remind: { from: opened+15m, every: 15m, to: office } }\n", "event.reminder [group:attendants]", "2026-03-02 19:15"},
	} {
		step := "{ id: a, uses: task, assign: me, due: +5d, " + tc.step + " }"
		if tc.events != "" {
			step, tc.events = "{ id: a, uses: task, assign: me }", "events:\n"+tc.events
		}
		b := run(t, "steps:\n  - "+step+"\n  - { end: good }\n"+tc.events)
		b.start("ann", nil)
		b.messages()
		require.Equal(t, 1, b.back("2026-03-02 19:00"), tc.message)
		require.Equal(t, []string{tc.message}, b.messages())
		require.Contains(t, deadlines(b), moment(t, tc.next), "%s: %v", tc.message, b.st.Deadlines)
		b.until("2026-03-03 10:00")
		require.NotEmpty(t, b.messages(), "the rhythm goes on")
	}
}

func deadlines(b *bench) []time.Time {
	var all []time.Time
	for _, dl := range b.st.Deadlines {
		all = append(all, dl.At.UTC())
	}
	return all
}

// TestRemindersInTimeAreAllTold: nothing is passed over while somebody is there.
func TestRemindersInTimeAreAllTold(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: a, uses: task, assign: me, due: +5d, remind: [{ from: opened+15m, every: 15m }] }
  - { end: good }
`)
	b.start("ann", nil)
	b.messages()
	b.until("2026-03-02 10:00")
	require.Len(t, b.messages(), 4)
}

// TestALongAbsenceCostsLittle: what was missed is counted from the last occurrence on, not from the first again and again.
func TestALongAbsenceCostsLittle(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - { id: r, repeat: { every: 1wh, overlap: replace, max: 5000 }, uses: task, assign: me, remind: [{ from: opened+1h, every: 1wh }] }
  - { end: good }
`)
	b.start("ann", nil)
	begun := time.Now()
	fired := b.back("2028-03-02 09:00")
	require.Less(t, fired, 10)
	require.Less(t, time.Since(begun), 5*time.Second)
	count, _ := b.counted()
	require.Greater(t, count, 3500)
}

// TestADistanceOfNothingIsAnIncident: in working time too, time would stand still.
func TestADistanceOfNothingIsAnIncident(t *testing.T) {
	t.Parallel()
	for amount, sound := range map[int]bool{0: false, 1: true} {
		for _, text := range []string{"wd", "wh", "mo", "h"} {
			b := run(t, `steps:
  - { id: r, repeat: { every: '=string(input.amount) + "`+text+`"', overlap: skip, max: 3 }, uses: task, assign: me }
  - { end: good }
`)
			err := b.tryStart("ann", map[string]any{"amount": amount})
			if sound {
				require.NoError(t, err, text)
				continue
			}
			var fault *engine.Fault
			require.ErrorAs(t, err, &fault, text)
			require.Equal(t, "time", fault.Code)
		}
	}
}

// TestOccurrencesDoNotPileUp: while the finally of a replaced occurrence is at work, the newest keeps its place.
func TestOccurrencesDoNotPileUp(t *testing.T) {
	t.Parallel()
	b := run(t, `steps:
  - id: r
    repeat: { every: 1m, overlap: replace, max: 5000 }
    steps:
      - steps: [ { id: a, uses: task, assign: me } ]
        finally: [ { id: t, uses: task, assign: me } ]
  - { end: good }
`)
	b.start("ann", nil)
	b.until("2026-03-02 13:00")
	require.Equal(t, []string{"a", "t"}, b.open())
	count, skipped := b.counted()
	require.Equal(t, [2]int{241, 239}, [2]int{count, skipped})
	b.complete("t", "ann", "done", nil)
	require.Equal(t, []string{"a"}, b.open())
	b.until("2026-03-02 13:01")
	require.Equal(t, []string{"a", "t"}, b.open(), "then the next one takes its place")
}
