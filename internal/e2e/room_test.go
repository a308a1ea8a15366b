package e2e

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/apptest"
)

// TestDoubleBooking: of two meetings that want one room at the same time, started at the same moment, exactly one has it; the
// other person is told which meeting holds it, and takes another room.
func TestDoubleBooking(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, h *apptest.House) {
		people := h.Crew("alin", "ashan")
		start := time.Now().Add(26 * time.Hour).Truncate(time.Second)
		rooms := []string{"room-1", "room-2", "room-3"}
		ids := startAtOnce(t, people, rooms, start)
		for n, room := range rooms {
			winner, loser := sides(t, people, ids[n])
			require.Equal(t, 1, h.Count(`SELECT count(*) FROM reservations WHERE resource_id = $1`, room), "one booking stands")
			winner.Waits(ids[n][winner], "approve")
			task := loser.Task(ids[n][loser], "change")
			holder := fmt.Sprintf("%s in %s", winner.User(), room)
			require.Equal(t, holder, loser.Detail(task["id"]).Get("details", "held_by"), "the person is told what holds the room")
			a := loser.Act(task["id"], "complete", map[string]any{"outcome": "done", "form": map[string]any{"room": room}})
			accepted(t, a)
			require.Contains(t, a.Get("message", "en"), holder, "changing nothing changes nothing: %s", a.Body)
			loser.Complete(ids[n][loser], "change", "done", map[string]any{
				"room": "room-5", "start": at(start.Add(time.Duration(n) * 2 * time.Hour)),
				"end": at(start.Add(time.Duration(n)*2*time.Hour + time.Hour)),
			})
			loser.Waits(ids[n][loser], "approve")
		}
		require.Equal(t, 3, h.Count(`SELECT count(*) FROM reservations WHERE resource_id = 'room-5'`))
	})
}

// startAtOnce has every person start a meeting in every room at the same moment; it answers the processes by room and person.
func startAtOnce(t *testing.T, people apptest.Crew, rooms []string, start time.Time) []map[*apptest.Client]string {
	t.Helper()
	ids := make([]map[*apptest.Client]string, len(rooms))
	var all sync.WaitGroup
	var mu sync.Mutex
	for n, room := range rooms {
		ids[n] = map[*apptest.Client]string{}
		for _, p := range people {
			all.Go(func() {
				input := meeting(fmt.Sprintf("%s in %s", p.User(), room), room, start, start.Add(time.Hour))
				a, err := p.Ask("POST", "/api/v1/processes", map[string]any{"definition": "meeting_service", "input": input})
				mu.Lock()
				defer mu.Unlock()
				ids[n][p], _ = a.Get("process").(string)
				if err != nil || a.Status != 200 {
					t.Errorf("%s: %d %s %v", room, a.Status, a.Body, err)
				}
			})
		}
	}
	all.Wait()
	require.False(t, t.Failed())
	return ids
}

// sides tells who got the room from who did not.
func sides(t *testing.T, people apptest.Crew, ids map[*apptest.Client]string) (winner, loser *apptest.Client) {
	t.Helper()
	for _, p := range people {
		if len(list(p.Process(ids[p]).JSON["reservations"])) == 1 {
			winner = p
		} else {
			loser = p
		}
	}
	require.NotNil(t, winner, "nobody has the room")
	require.NotNil(t, loser, "both have the room")
	return winner, loser
}

// booking is the input of a room booking.
func booking(title, room string, start time.Time, headcount int) map[string]any {
	return map[string]any{
		"title": title, "room": room, "start": at(start), "end": at(start.Add(time.Hour)), "headcount": headcount,
		"department": "sales", "purpose": "quarterly figures",
	}
}

// TestRoomBookingFromRequestToService: too many people for the room, another room, approval, order, the service begins; a
// time that is taken is refused with its holder; a free one is decided anew; cancelled, everything is free again.
func TestRoomBookingFromRequestToService(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, h *apptest.House) {
		requester, office, specialist := h.SignIn("alin"), h.SignIn("ali"), h.SignIn("aming")
		start := time.Now().Add(50 * time.Hour).Truncate(time.Second)
		taken := requester.Start("room_booking", booking("Annual meeting", "multi-function-hall", start.Add(3*time.Hour), 20))
		requester.Waits(taken, "approve")

		id := requester.Start("room_booking", booking("Training", "multimedia-hall", start, 81))
		change := requester.Task(id, "change")
		require.EqualValues(t, 80, requester.Detail(change["id"]).Get("details", "seats"))
		requester.Complete(id, "change", "done", map[string]any{"room": "multi-function-hall"})
		office.Complete(id, "approve", "approved", nil)
		specialist.Complete(id, "order", "done", nil)
		first := h.Children(id, 1)[0]
		require.NotContains(t, requester.Waits(first, "tables"), "approve", "what is booked is not approved twice")
		require.Contains(t, requester.Next(id), "tables", "a booking waits for whomever its service waits for")

		move := func(to time.Time) apptest.Answer {
			return requester.Do("POST", "/api/v1/processes/"+id+"/reschedule",
				map[string]any{"data": map[string]any{"start": at(to), "end": at(to.Add(time.Hour))}})
		}
		a := move(start.Add(3 * time.Hour))
		refused(t, a, 409, "conflict")
		require.Contains(t, a.Body, "Annual meeting")
		require.WithinDuration(t, start, moment(t, requester.Process(id).Get("anchors", "start")), 0, "nothing changed")
		accepted(t, move(start.Add(5*time.Hour)))
		office.Complete(id, "approve_again", "approved", nil)
		specialist.Complete(id, "order", "done", nil)
		h.Children(id, 2)
		require.Equal(t, "cancelled", requester.Ended(first), "the service for the old time")

		accepted(t, requester.Do("POST", "/api/v1/processes/"+id+"/cancel", map[string]any{"reason": "postponed"}))
		require.Equal(t, "cancelled", requester.Ended(id))
		for _, child := range h.Children(id, 2) {
			require.Equal(t, "cancelled", requester.Ended(child))
		}
		require.Zero(t, h.Count(`SELECT count(*) FROM reservations WHERE process_id = $1`, id), "the room is free")
		require.Equal(t, 2, h.Count(`SELECT count(*) FROM register_entries WHERE register = 'task-orders' AND process_id = $1`, id))
	})
}

// TestFormRefused: what is wrong is named by field, and nothing is stored.
func TestFormRefused(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, h *apptest.House) {
		agent, day := h.SignIn("axia"), time.Now().Add(24*time.Hour)
		complaint := func(change map[string]any) map[string]any {
			input := map[string]any{"customer": "Customer A", "phone": "0571-1234567", "subject": "fee", "text": "charged twice"}
			maps.Copy(input, change)
			return map[string]any{"definition": "complaint", "input": input}
		}
		requests := map[string]struct {
			body  map[string]any
			field string
		}{
			"missing":                    {map[string]any{"definition": "complaint", "input": map[string]any{"customer": "A", "phone": "0571-1234567", "subject": "fee"}}, "input.text"},
			"pattern":                    {complaint(map[string]any{"phone": "call me"}), "input.phone"},
			"enumeration":                {complaint(map[string]any{"channel": "pigeon"}), "input.channel"},
			"type":                       {complaint(map[string]any{"subject": 7}), "input.subject"},
			"between fields":             {map[string]any{"definition": "meeting_service", "input": meeting("Board", "room-1", day, day.Add(-time.Hour))}, "input.end"},
			"a rule that knows the time": {map[string]any{"definition": "meeting_service", "input": meeting("Board", "room-1", day.Add(-48*time.Hour), day.Add(-47*time.Hour))}, "input.start"},
		}
		for name, r := range requests {
			a := agent.Do("POST", "/api/v1/processes", r.body)
			refused(t, a, 422, "invalid_form")
			require.Equal(t, []any{r.field}, fields(a), "%s: %s", name, a.Body)
		}
		require.Zero(t, h.Count(`SELECT (SELECT count(*) FROM processes) + (SELECT count(*) FROM commands)`), "nothing stored")

		id := agent.Start("complaint", complaint(nil)["input"].(map[string]any))
		task := agent.Task(id, "listen")
		before := h.Count(`SELECT count(*) FROM decision_log`)
		a := agent.Act(task["id"], "complete", map[string]any{"outcome": "solved", "form": map[string]any{"solution": "x"}})
		refused(t, a, 422, "invalid_form")
		require.Equal(t, []any{"form.solution"}, fields(a), a.Body)
		a = agent.Act(task["id"], "complete", map[string]any{"outcome": "solved"})
		refused(t, a, 422, "invalid_form")
		require.Equal(t, []any{"form.solution"}, fields(a), a.Body)
		require.Equal(t, before, h.Count(`SELECT count(*) FROM decision_log`), "nothing decided")
		require.Equal(t, "mine", scopeOf(agent, task["id"]), "the task is still there")
		agent.Complete(id, "listen", "solved", map[string]any{"solution": "explained and apologized"})
		require.Equal(t, "solved", agent.Ended(id))
	})
}

// fields answers the fields that a problem names.
func fields(a apptest.Answer) []any {
	var names []any
	for _, f := range list(a.JSON["fields"]) {
		names = append(names, f["field"])
	}
	return names
}
