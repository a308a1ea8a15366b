package e2e

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/apptest"
)

// inBothModes runs a test with the workflow deciding and with the API deciding, each in a house of its own with the shipped
// definitions, and then looks whether the house is in order.
func inBothModes(t *testing.T, test func(t *testing.T, h *apptest.House)) {
	t.Helper()
	for _, mode := range []advance.Mode{advance.ModeWorkflow, advance.ModeAPI} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			h := apptest.Start(t, func(c *app.Config) { c.Decide = mode })
			h.PublishLibrary()
			test(t, h)
			inOrder(t, h)
		})
	}
}

// inOrder requires that every log agrees with its process, nothing is parked, every command has been settled, and nothing is still
// wanted from Temporal.
func inOrder(t *testing.T, h *apptest.House) {
	t.Helper()
	rows, err := h.App.Store.Lists().Query(t.Context(), `SELECT id FROM processes`)
	require.NoError(t, err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	require.NoError(t, err)
	for _, id := range ids {
		require.NoError(t, h.App.Advancer.Verify(t.Context(), id))
	}
	require.Zero(t, h.Count(`SELECT count(*) FROM incidents`))
	apptest.Until(t, "something stays unsettled", func() bool {
		return h.Count(`SELECT (SELECT count(*) FROM commands WHERE settled_at IS NULL) + (SELECT count(*) FROM processes WHERE unsettled_since IS NOT NULL)`) == 0
	})
}

// refused requires an answer that refuses a command with a status and a code.
func refused(t *testing.T, a apptest.Answer, status int, code string) {
	t.Helper()
	require.Equal(t, status, a.Status, a.Body)
	require.Equal(t, code, a.Get("code"), a.Body)
}

// accepted requires an answer that a command was carried out.
func accepted(t *testing.T, a apptest.Answer) {
	t.Helper()
	require.Equal(t, 200, a.Status, a.Body)
	require.Equal(t, "applied", a.Get("status"), a.Body)
}

// at writes a moment as a client does.
func at(m time.Time) string { return m.UTC().Format(time.RFC3339Nano) }

// meeting is the input of a meeting in a room.
func meeting(title, room string, start, end time.Time) map[string]any {
	return map[string]any{"title": title, "room": room, "start": at(start), "end": at(end), "headcount": 10, "microphone": true}
}

// TestMeetingFromRequestToCleanUp: requested, claimed, approved, prepared, moved, served, cleared, reported.
func TestMeetingFromRequestToCleanUp(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, h *apptest.House) {
		id := holdMeeting(t, h)
		h.Keep("meeting-"+string(h.Config.Decide), id, "")
	})
}

// holdMeeting brings a meeting to its end and answers its process.
func holdMeeting(t *testing.T, h *apptest.House) string {
	t.Helper()
	h.SetAll("meeting_service", map[string]any{"tea_every": "1s", "shortest_booking": "1s"})
	m := &meetingDay{
		t: t, h: h, requester: h.SignIn("alin"), office: h.SignIn("ali"), colleague: h.SignIn("aming"),
		supervisor: h.SignIn("aqiang"), engineer: h.SignIn("ajun"), attendants: h.Crew("ahua", "amei", "ajuan"),
	}
	start := time.Now().Add(2 * time.Hour)
	m.id = m.requester.Start("meeting_service", meeting("Board", "room-2", start, start.Add(time.Hour)))
	m.approve()
	m.prepare()
	m.move()
	m.serve()
	m.clear()
	require.Equal(t, "held", m.requester.Ended(m.id))
	m.after()
	return m.id
}

type meetingDay struct {
	t                            *testing.T
	h                            *apptest.House
	id                           string
	requester, office, colleague *apptest.Client
	supervisor, engineer         *apptest.Client
	attendants                   apptest.Crew
	attendant                    *apptest.Client
	end                          time.Time
}

// approve: the task is offered to the office; who claims it has it, and only with the revision that is there.
func (m *meetingDay) approve() {
	t := m.t
	task := m.office.Task(m.id, "approve")
	require.Equal(t, "claimable", scopeOf(m.office, task["id"]))
	accepted(t, m.office.Act(task["id"], "claim", nil))
	require.Equal(t, "mine", scopeOf(m.office, task["id"]))
	refused(t, m.colleague.Act(task["id"], "claim", nil), 409, "taken")
	a := m.colleague.Act(task["id"], "complete", map[string]any{"outcome": "approved"})
	refused(t, a, 409, "taken")
	require.Equal(t, "ali", a.Get("winner", "by", "id"), a.Body)
	refused(t, m.requester.Act(task["id"], "complete", map[string]any{"outcome": "approved"}), 403, "forbidden")
	a = m.office.Act(task["id"], "complete", map[string]any{"outcome": "approved", "expectedRevision": 99})
	refused(t, a, 409, "stale")
	require.EqualValues(t, 2, a.Get("revision"), a.Body)
	accepted(t, m.office.Act(task["id"], "complete", map[string]any{"outcome": "approved", "expectedRevision": 2}))
}

// scopeOf answers in which of a person's lists a task stands.
func scopeOf(c *apptest.Client, id any) string {
	for _, scope := range []string{"mine", "claimable", "done"} {
		for _, k := range c.Tasks(scope) {
			if k["id"] == id {
				return scope
			}
		}
	}
	return ""
}

func (m *meetingDay) prepare() {
	m.attendants.Complete(m.id, "tables", nil)
	m.attendants.Complete(m.id, "setup", nil)
	m.supervisor.Complete(m.id, "setup_check", "faults", map[string]any{"faults": "pens"})
	m.attendants.Complete(m.id, "setup", nil)
	m.supervisor.Complete(m.id, "setup_check", "passed", nil)
	m.engineer.Complete(m.id, "av_check", "done", map[string]any{"microphones": 2})
	next := m.requester.Waits(m.id, "supplies", "venue_check", "read_order")
	require.NotContains(m.t, next, "posts", "too early")
}

// move: the old time stands until the new one is approved; then every date moves and people are told once.
func (m *meetingDay) move() {
	t := m.t
	start := time.Now().Add(5 * time.Second)
	m.end = start.Add(2 * time.Second)
	proposal := map[string]any{"data": map[string]any{"start": at(start), "end": at(m.end)}}
	refused(t, m.engineer.Do("POST", "/api/v1/processes/"+m.id+"/reschedule", proposal), 403, "forbidden")
	accepted(t, m.requester.Do("POST", "/api/v1/processes/"+m.id+"/reschedule", proposal))
	require.Len(t, list(m.requester.Process(m.id).JSON["reservations"]), 2, "a hold beside the booking")
	m.colleague.Complete(m.id, "approve_again", "approved", nil)

	p := m.requester.Process(m.id)
	bookings := list(p.JSON["reservations"])
	require.Len(t, bookings, 1, p.Body)
	require.Equal(t, false, bookings[0]["hold"])
	require.WithinDuration(t, start, moment(t, bookings[0]["from"]), time.Millisecond)
	require.WithinDuration(t, start, moment(t, p.Get("anchors", "start")), time.Millisecond)
	next := m.requester.Waits(m.id, "supplies", "setup", "tables", "setup_check", "av_check", "posts", "pour", "windows")
	require.WithinDuration(t, start.Add(-30*time.Minute), moment(t, next["supplies"]["dueAt"]), time.Millisecond)
	m.attendant, _ = m.attendants.Task(m.id, "supplies")
	for _, c := range []*apptest.Client{m.requester, m.attendant} {
		require.Len(t, c.Told(m.id, "process.rescheduled"), 1, c.User())
	}
}

// serve: tea by the clock, each round replacing the one before; people are asked whether the meeting is over.
func (m *meetingDay) serve() {
	first := m.requester.Waits(m.id, "refill", "temperature", "sound", "door")["refill"]["task"]
	apptest.Until(m.t, "the next round of tea", func() bool {
		next := m.requester.Next(m.id)["refill"]
		return next != nil && next["task"] != first
	})
	require.Equal(m.t, "closed", m.attendant.Detail(first).Get("status"))
	require.Len(m.t, m.attendant.Told(m.id, "event.reminder"), 1)
	require.False(m.t, time.Now().Before(m.end), "told at the planned end, not before")
}

func (m *meetingDay) clear() {
	refused(m.t, m.engineer.Tell(m.id, "meeting_ended", nil), 403, "forbidden")
	accepted(m.t, m.attendant.Tell(m.id, "meeting_ended", nil))
	next := m.requester.Waits(m.id, "equipment", "tidy", "inspect")
	require.Len(m.t, next, 3, "what belonged to the meeting is closed")
	m.engineer.Complete(m.id, "equipment", "done", nil)
	m.attendants.Complete(m.id, "tidy", nil)
	m.attendants.Complete(m.id, "inspect", map[string]any{
		"found": []any{map[string]any{"item": "umbrella"}}, "damaged": []any{map[string]any{"item": "lamp", "cause": "age"}},
	})
	m.attendants.Complete(m.id, "lock_up", nil)
	m.supervisor.Complete(m.id, "report", "done", map[string]any{"water": 9, "tea_bags": 11})
}

// after: consumption is on record, the room is free again with its past kept, what was found and broken goes its own way.
func (m *meetingDay) after() {
	t, h := m.t, m.h
	require.Equal(t, 1, h.Count(`SELECT count(*) FROM register_entries WHERE register = 'consumption' AND process_id = $1 AND data->>'water' = '9'`, m.id))
	require.Equal(t, 1, h.Count(`SELECT count(*) FROM reservations WHERE process_id = $1 AND upper(during) <= clock_timestamp()`, m.id))
	children := h.Children(m.id, 2)
	found, broken := 0, 0
	for _, c := range children {
		switch p := m.requester.Process(c); p.Get("definition") {
		case "lost_found":
			found++
			m.supervisor.Complete(c, "custody", "done", map[string]any{"kept_at": "desk"})
		case "damage_report":
			broken++
			m.supervisor.Complete(c, "judge", "nothing_to_do", nil)
			require.Equal(t, "no_repair", m.requester.Ended(c))
		}
	}
	require.Equal(t, []int{1, 1}, []int{found, broken})
}

// TestNobodyDecides: the reminder comes once, the head is told and then gets the task, and at its start the meeting is off.
func TestNobodyDecides(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, h *apptest.House) {
		h.SetAll("meeting_service", map[string]any{
			"decide_within": "+2s", "decide_before": "start-1s", "remind_before": "-1s", "escalate_after": "+1s",
		})
		requester, office, head := h.SignIn("alin"), h.Crew("ali", "aming"), h.SignIn("aguo")
		start := time.Now().Add(9 * time.Second)
		id := requester.Start("meeting_service", meeting("Nobody", "room-1", start, start.Add(time.Hour)))
		opened := time.Now()
		task := office[0].Task(id, "approve")
		due := moment(t, task["dueAt"])
		require.WithinDuration(t, opened.Add(2*time.Second), due, 2*time.Second)
		for _, c := range office {
			reminder := c.Told(id, "task.reminder")[0]
			require.Equal(t, task["id"], reminder["task"])
			require.False(t, moment(t, reminder["createdAt"]).Before(due.Add(-time.Second)))
		}
		require.False(t, moment(t, head.Told(id, "task.escalated")[0]["createdAt"]).Before(due))
		head.Told(id, "task.escalated_to")
		require.Contains(t, taskIDs(head, "overdue"), task["id"])
		require.Equal(t, task["id"], head.Task(id, "approve")["id"])
		require.Empty(t, scopeOf(office[0], task["id"]), "it is not the office's any more")
		require.Contains(t, []int{403, 404}, office[0].Act(task["id"], "complete", map[string]any{"outcome": "approved"}).Status)

		require.Equal(t, "rejected", requester.Ended(id))
		require.Equal(t, "expired", requester.Step(id, "approve")["outcome"])
		require.WithinDuration(t, start, moment(t, requester.Process(id).JSON["endedAt"]), 2*time.Second)
		for _, c := range office {
			require.Len(t, c.Messages(id, "task.reminder"), 1, "once")
		}
		require.Len(t, head.Messages(id, "task.escalated"), 1)
		require.Len(t, head.Messages(id, "task.escalated_to"), 1)
		require.Zero(t, h.Count(`SELECT count(*) FROM reservations WHERE process_id = $1`, id), "the room was never used")
	})
}

func taskIDs(c *apptest.Client, scope string) []any {
	var ids []any
	for _, k := range c.Tasks(scope) {
		ids = append(ids, k["id"])
	}
	return ids
}

// list reads a JSON list of objects.
func list(v any) []map[string]any {
	items, _ := v.([]any)
	var all []map[string]any
	for _, i := range items {
		m, _ := i.(map[string]any)
		all = append(all, m)
	}
	return all
}

// moment reads a JSON time.
func moment(t *testing.T, v any) time.Time {
	t.Helper()
	text, _ := v.(string)
	m, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return m
}
