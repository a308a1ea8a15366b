package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/workflows/engine"
)

const booking = `steps:
  - { id: r, uses: reserve, with: { resource: r1, from: =date("2026-03-05"), to: =date("2026-03-06") }, on: { conflict: { end: bad } } }
  - { id: a, uses: task, assign: me, outcomes: [done, no], on: { no: { end: bad } } }
  - { end: good }
`

// TestACancelledProcessGivesBackWhatItBooked: what lies ahead is free again. A process that ends otherwise keeps it.
func TestACancelledProcessGivesBackWhatItBooked(t *testing.T) {
	t.Parallel()
	for move, kept := range map[string]int{"cancel": 0, "a": 1, "a=no": 1} {
		b := run(t, booking)
		b.start("ann", nil)
		b.course(move)
		require.Equal(t, engine.StatusEnded, b.st.Status)
		require.Len(t, b.st.Bookings, kept, move)
		require.Len(t, b.world.Bookings, kept, move)
	}
}

// TestABookingThatIsOverStaysOnRecord: also when the process is cancelled afterwards.
func TestABookingThatIsOverStaysOnRecord(t *testing.T) {
	t.Parallel()
	for at, kept := range map[string]int{"2026-03-05 12:00": 0, "2026-03-06 09:00": 1} {
		b := run(t, booking)
		b.start("ann", nil)
		b.until(at)
		b.course("cancel")
		require.Len(t, b.st.Bookings, kept, at)
	}
}

// TestTheBookingLastsAsLongAsFinally: it may still need the room.
func TestTheBookingLastsAsLongAsFinally(t *testing.T) {
	t.Parallel()
	b := run(t, booking+"finally:\n  - { id: tidy, uses: task, assign: me }\n")
	b.start("ann", nil)
	b.course("cancel > tidy")
	require.Len(t, b.st.Bookings, 1)
	b.course("tidy")
	require.Equal(t, "cancelled", b.st.Outcome)
	require.Empty(t, b.st.Bookings)
}

// TestTheLastEventDecidesWhereToGo: while a group is still being left, a second event changes where the process goes on, and
// none leads back into what has ended.
func TestTheLastEventDecidesWhereToGo(t *testing.T) {
	t.Parallel()
	const body = `steps:
  - steps:
      - { id: x, uses: task, assign: me }
      - steps: [ { id: a, uses: task, assign: me } ]
        finally: [ { id: t, uses: task, assign: me } ]
      - { id: y, uses: task, assign: me }
    finally: [ { id: last, uses: task, assign: me } ]
  - { id: z, uses: task, assign: me }
  - { id: w, uses: task, assign: me }
  - { end: good }
events:
  hurry: { by: me, then: { goto: z } }
  later: { by: me, then: { goto: w } }
  stop:  { by: me, end: good }
`
	b := run(t, body)
	b.start("ann", nil)
	b.course("x > a", "!hurry > t", "!later > t", "t > last", "last > w", "w")
	require.Equal(t, engine.StatusEnded, b.st.Status)
	b = run(t, body)
	b.start("ann", nil)
	b.course("x > a", "!hurry > t", "!stop > t")
	refused(t, b.tell("later", "ann", nil), "ended")
	b.course("t > last", "last")
	require.Equal(t, engine.StatusEnded, b.st.Status)
}
