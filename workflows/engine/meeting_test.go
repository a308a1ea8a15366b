package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/workflows/engine"
)

func meeting(t *testing.T, at string) *bench {
	t.Helper()
	b := newBench(t, compileFile(t, library, "meeting/meeting_service.yaml"), at)
	b.world.Definitions["lost_found"] = compileFile(t, library, "meeting/lost_found.yaml")
	return b
}

func order(start, end string) map[string]any {
	return map[string]any{"title": "Board", "room": "r1", "attendees": 10, "start": start, "end": end}
}

// TestMeetingFromRequestToCleanUp walks the example of the language through its normal course.
func TestMeetingFromRequestToCleanUp(t *testing.T) {
	t.Parallel()
	b := meeting(t, "2026-03-02 09:00")
	b.start("ann", order("2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00"))
	require.Equal(t, []string{"approve"}, b.open())
	require.Equal(t, "max", b.task("approve").Assignee, "the starter's leader approves")
	require.Equal(t, moment(t, "2026-03-02 14:30"), *b.task("approve").Due, "four working hours, lunch left out")
	require.Len(t, b.world.Bookings, 1)

	b.complete("approve", "max", "approved", nil)
	require.Equal(t, []string{"av_check", "layout", "supplies"}, b.open())
	require.Equal(t, moment(t, "2026-03-04 02:00"), *b.task("layout").Due)
	require.EqualValues(t, 11, b.task("supplies").Details["cups"])

	b.until("2026-03-04 13:00")
	for _, step := range []string{"layout", "supplies"} {
		b.complete(step, b.task(step).Assignee, "done", nil)
	}
	b.until("2026-03-04 14:00")
	require.Equal(t, []string{"av_check", "refill"}, b.open(), "tea does not wait for the engineer")
	first := b.task("refill").ID
	b.until("2026-03-04 14:30")
	require.NotEqual(t, first, b.task("refill").ID, "the next refill replaces the one nobody ticked")
	b.complete("refill", b.task("refill").Assignee, "done", nil)
	b.until("2026-03-04 16:20")
	require.Equal(t, []string{"av_check", "refill"}, b.open(), "an overrun meeting still gets tea")

	require.NoError(t, b.tell("meeting_ended", "bob", nil))
	require.Equal(t, []string{"clear"}, b.open())
	require.Equal(t, moment(t, "2026-03-04 17:20"), *b.task("clear").Due)
	b.complete("clear", b.task("clear").Assignee, "done", map[string]any{"found": []any{"umbrella"}})
	require.Equal(t, engine.StatusEnded, b.st.Status)
	require.Equal(t, "held", b.st.Outcome)
	require.Empty(t, b.st.Tasks)
	require.Empty(t, b.st.Deadlines)
	require.Empty(t, b.world.Bookings, "what is left of the booking is given back")
}
