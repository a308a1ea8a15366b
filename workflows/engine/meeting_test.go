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

func approved(t *testing.T, at, start, end string) *bench {
	t.Helper()
	b := meeting(t, at)
	b.start("ann", order(start, end))
	b.complete("approve", "max", "approved", nil)
	return b
}

func TestStartIsCheckedAgainstFormAndRules(t *testing.T) {
	t.Parallel()
	b := meeting(t, "2026-03-02 09:00")
	r := refused(t, b.tryStart("ann", map[string]any{"title": "B", "room": "r1"}), "invalid")
	fields := map[string]string{}
	for _, f := range r.Fields {
		fields[f.Field] = f.Code
	}
	require.Equal(t, map[string]string{"input.title": "minLength", "input.attendees": "required", "input.start": "required", "input.end": "required"}, fields)
	r = refused(t, b.tryStart("ann", order("2026-03-01T14:00:00+08:00", "2026-03-01T13:00:00+08:00")), "invalid")
	require.Len(t, r.Fields, 2, "the end is before the start and the start is past: %v", r.Fields)
	require.Nil(t, b.st)
}

func TestApprovalLadderRemindsEscalatesAndExpires(t *testing.T) {
	t.Parallel()
	b := meeting(t, "2026-03-02 09:00")
	b.start("ann", order("2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00"))
	b.messages()
	b.until("2026-03-02 13:29")
	require.Empty(t, b.messages())
	b.until("2026-03-02 13:30")
	require.Equal(t, []string{"task.reminder [user:max]"}, b.messages(), "one working hour before")
	b.until("2026-03-02 14:30")
	require.Equal(t, []string{"task.escalated [group:meeting-office]"}, b.messages())
	require.True(t, b.task("approve").Overdue)
	b.until("2026-03-02 16:30")
	require.Equal(t, []string{"task.escalated_to [user:top]"}, b.messages())
	require.Equal(t, "top", b.task("approve").Assignee)
	refused(t, b.tryComplete("approve", "max", "approved", nil), "forbidden")
	b.until("2026-03-04 14:00")
	require.Equal(t, engine.StatusEnded, b.st.Status)
	require.Equal(t, "rejected", b.st.Outcome)
}

func TestReturnedGoesBackThroughTheAmendBlock(t *testing.T) {
	t.Parallel()
	b := meeting(t, "2026-03-02 09:00")
	b.start("ann", order("2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00"))
	b.complete("approve", "max", "returned", nil)
	require.Equal(t, []string{"change"}, b.open())
	require.Equal(t, "r1", b.task("change").Prefill["room"])
	b.complete("change", "ann", "done", map[string]any{"attendees": 21})
	require.Equal(t, []string{"approve"}, b.open(), "asked again")
	require.Len(t, b.world.Bookings, 1, "the room is booked once")
	require.EqualValues(t, 24, b.st.Vars["cups"], "21 people and a tenth to spare")
	b.complete("approve", "max", "approved", nil)
	require.Equal(t, []string{"av_check", "layout", "supplies"}, b.open())
}

func TestGivingUpCancels(t *testing.T) {
	t.Parallel()
	b := meeting(t, "2026-03-02 09:00")
	b.start("ann", order("2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00"))
	b.complete("approve", "max", "returned", nil)
	b.complete("change", "ann", "given_up", nil)
	require.Equal(t, "cancelled", b.st.Outcome)
	require.Empty(t, b.world.Bookings)
}

func TestTakenRoomLeadsToAnAmendment(t *testing.T) {
	t.Parallel()
	b := meeting(t, "2026-03-02 09:00")
	b.world.Bookings = append(b.world.Bookings, taken(t, "2026-03-04 15:00", "2026-03-04 17:00"))
	b.start("ann", order("2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00"))
	require.Equal(t, []string{"change"}, b.open())
	require.Contains(t, b.last.Receipt.Message.Zh, "年度大会", "the starter is told which meeting holds the room")
	b.complete("change", "ann", "done", map[string]any{"room": "r2"})
	require.Equal(t, []string{"approve"}, b.open())
}

// TestLateStart: asked for at 09:00 for 14:00 the same day, layout would have been due at 02:00.
func TestLateStart(t *testing.T) {
	t.Parallel()
	b := approved(t, "2026-03-04 09:00", "2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00")
	layout := b.task("layout")
	require.True(t, layout.Late)
	b.messages()
	b.until("2026-03-04 09:00")
	require.True(t, b.task("layout").Overdue, "due at once")
	require.Empty(t, b.messages(), "no reminder of what could not be done in time")
	require.False(t, b.task("av_check").Late)
}

func TestRescheduleWhileTheFirstApprovalIsOpenAsksItAgain(t *testing.T) {
	t.Parallel()
	b := meeting(t, "2026-03-02 09:00")
	b.start("ann", order("2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00"))
	first := b.task("approve").ID
	require.NoError(t, b.tell("reschedule", "ann", map[string]any{"start": "2026-03-05T14:00:00+08:00", "end": "2026-03-05T16:00:00+08:00"}))
	require.Equal(t, []string{"approve"}, b.open())
	require.NotEqual(t, first, b.task("approve").ID)
	require.Len(t, b.world.Bookings, 1)
	require.Equal(t, moment(t, "2026-03-05 14:00"), b.world.Bookings[0].From)
	require.Nil(t, b.st.Proposal)
}

func TestRescheduleIsApprovedBeforeTheOldTimeIsGivenUp(t *testing.T) {
	t.Parallel()
	b := approved(t, "2026-03-02 09:00", "2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00")
	b.complete("layout", b.task("layout").Assignee, "done", nil)
	b.messages()
	require.NoError(t, b.tell("reschedule", "ann", map[string]any{"start": "2026-03-04T15:00:00+08:00", "end": "2026-03-04T17:00:00+08:00"}))
	require.Equal(t, []string{"approve_again", "av_check", "supplies"}, b.open())
	require.Len(t, b.world.Bookings, 2, "the new time is held beside the old one, which it overlaps")
	require.Equal(t, moment(t, "2026-03-04 13:30"), *b.task("supplies").Due, "nothing has moved yet")
	require.Empty(t, b.messages(), "and nobody was told")

	b.complete("approve_again", "max", "approved", nil)
	require.Equal(t, []string{"av_check", "layout", "supplies"}, b.open(), "the layout is done again for the new time")
	require.Equal(t, moment(t, "2026-03-04 14:30"), *b.task("supplies").Due)
	require.Len(t, b.world.Bookings, 1)
	require.Equal(t, moment(t, "2026-03-04 15:00"), b.world.Bookings[0].From)
	require.Len(t, b.messages(), 1, "everybody concerned is told once")

	for _, step := range []string{"av_check", "layout", "supplies"} {
		form := map[string]any{}
		if step == "av_check" {
			continue
		}
		b.complete(step, b.task(step).Assignee, "done", form)
	}
	b.until("2026-03-04 15:00")
	require.Equal(t, []string{"av_check", "refill"}, b.open())
}

func TestRescheduleRefusedLeavesEverythingAsItWas(t *testing.T) {
	t.Parallel()
	b := approved(t, "2026-03-02 09:00", "2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00")
	require.NoError(t, b.tell("reschedule", "eve", map[string]any{"start": "2026-03-05T14:00:00+08:00", "end": "2026-03-05T16:00:00+08:00"}))
	b.messages()
	b.complete("approve_again", "max", "rejected", nil)
	require.Equal(t, []string{"av_check", "layout", "supplies"}, b.open())
	require.Equal(t, moment(t, "2026-03-04 14:00"), b.st.Anchors["start"])
	require.Len(t, b.world.Bookings, 1)
	require.Equal(t, moment(t, "2026-03-04 14:00"), b.world.Bookings[0].From)
	require.Equal(t, []string{"proposal.failed [user:eve]"}, b.messages())
}

func TestRescheduleIntoATakenTimeIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	b := approved(t, "2026-03-02 09:00", "2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00")
	b.world.Bookings = append(b.world.Bookings, taken(t, "2026-03-05 15:00", "2026-03-05 17:00"))
	before := encoded(t, b.st)
	r := refused(t, b.tell("reschedule", "ann", map[string]any{"start": "2026-03-05T14:00:00+08:00", "end": "2026-03-05T16:00:00+08:00"}), "conflict")
	require.Contains(t, r.Message.Zh, "年度大会")
	require.Equal(t, before, encoded(t, b.st))
	refused(t, b.tell("reschedule", "bob", map[string]any{"start": "2026-03-06T14:00:00+08:00", "end": "2026-03-06T16:00:00+08:00"}), "forbidden")
	refused(t, b.tell("reschedule", "ann", map[string]any{"start": "2026-03-06T14:00:00+08:00", "end": "2026-03-06T13:00:00+08:00"}), "invalid")
}

func TestANewProposalSupersedesTheOpenOne(t *testing.T) {
	t.Parallel()
	b := approved(t, "2026-03-02 09:00", "2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00")
	require.NoError(t, b.tell("reschedule", "ann", map[string]any{"start": "2026-03-05T14:00:00+08:00", "end": "2026-03-05T16:00:00+08:00"}))
	require.NoError(t, b.tell("reschedule", "ann", map[string]any{"start": "2026-03-06T14:00:00+08:00", "end": "2026-03-06T16:00:00+08:00"}))
	require.Len(t, b.world.Bookings, 2, "the first hold is given back")
	b.complete("approve_again", "max", "approved", nil)
	require.Equal(t, moment(t, "2026-03-06 14:00"), b.st.Anchors["start"])
}

// TestMovingTheEndOfARunningMeeting keeps the tea loop going and needs no new approval (trap T13).
func TestMovingTheEndOfARunningMeeting(t *testing.T) {
	t.Parallel()
	b := approved(t, "2026-03-02 09:00", "2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00")
	b.until("2026-03-04 14:10")
	refill := b.task("refill").ID
	require.NoError(t, b.tell("reschedule", "ann", map[string]any{"start": "2026-03-04T14:00:00+08:00", "end": "2026-03-04T17:00:00+08:00"}))
	require.Equal(t, moment(t, "2026-03-04 17:00"), b.st.Anchors["end"])
	require.Equal(t, refill, b.task("refill").ID)
}

func TestTheEndIsTakenForGrantedFourHoursLater(t *testing.T) {
	t.Parallel()
	b := approved(t, "2026-03-02 09:00", "2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00")
	b.until("2026-03-04 16:00")
	b.messages()
	b.until("2026-03-04 16:15")
	require.Equal(t, []string{"event.reminder [group:attendants]"}, b.messages())
	b.until("2026-03-04 20:00")
	require.True(t, b.st.Events["meeting_ended"].Assumed)
	require.Equal(t, []string{"clear"}, b.open())
	require.NoError(t, b.tell("meeting_ended", "bob", nil), "a correction is possible")
	require.Equal(t, []string{"clear"}, b.open())
}

func TestCancelTellsPeopleAndCleansUp(t *testing.T) {
	t.Parallel()
	b := approved(t, "2026-03-02 09:00", "2026-03-04T14:00:00+08:00", "2026-03-04T16:00:00+08:00")
	b.complete("layout", b.task("layout").Assignee, "done", nil)
	b.messages()
	require.NoError(t, b.tell("cancel", "ann", nil))
	require.Len(t, b.messages(), 1)
	require.Equal(t, engine.StatusEnding, b.st.Status)
	require.Equal(t, []string{"restore"}, b.open(), "what was laid out is cleared away")
	refused(t, b.tell("cancel", "ann", nil), "ended")
	b.complete("restore", b.task("restore").Assignee, "done", nil)
	require.Equal(t, engine.StatusEnded, b.st.Status)
	require.Equal(t, "cancelled", b.st.Outcome)
	require.Empty(t, b.world.Bookings)
}
