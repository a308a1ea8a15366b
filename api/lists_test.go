package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/people"
)

func TestTaskLists(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, first := h.start(2)
	_, second := h.start(1)
	list := func(user, scope string) []string {
		var p TaskPage
		h.ok(user, "GET", "/api/v1/tasks?scope="+scope, nil, &p)
		var ids []string
		for _, task := range p.Items {
			ids = append(ids, task.ID.String())
		}
		return ids
	}
	require.Equal(t, []string{second, first}, list(theAttendant, "claimable"), "the most urgent first")
	require.Empty(t, list(theAttendant, "mine"))
	require.Empty(t, list(theOutsider, "claimable"))
	require.Equal(t, []string{second, first}, list(theAttendant, "claimable&definition=visit&query=prepare"))
	require.Empty(t, list(theAttendant, "claimable&definition=badge"))

	h.command(theAttendant, first, "claim", nil)
	require.Equal(t, []string{first}, list(theAttendant, "mine"))
	require.Equal(t, []string{second}, list(theRival, "claimable"))

	h.command(theAttendant, first, "complete", object{"form": object{"cups": 1}})
	require.Equal(t, []string{first}, list(theAttendant, "done"))
	require.Empty(t, list(theRival, "done"))

	_, err := h.store.Pool().Exec(t.Context(), "UPDATE tasks SET due_at = now() - interval '1 hour' WHERE id = $1", second)
	require.NoError(t, err)
	require.Equal(t, []string{second}, list(theAttendant, "overdue"))
	var late Task
	h.ok(theAttendant, "GET", "/api/v1/tasks/"+second, nil, &late)
	require.True(t, late.Overdue)
}

func TestTaskShowsWhatAPersonNeeds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, id := h.start(1)
	var task Task
	h.ok(theAttendant, "GET", "/api/v1/tasks/"+id, nil, &task)
	require.Equal(t, Text{Zh: "准备 一号会议室", En: "Prepare Meeting room 1"}, task.Title)
	require.Equal(t, Text{Zh: "接待：Ms. Wu", En: "Visit of Ms. Wu"}, task.ProcessTitle)
	require.Equal(t, []string{"done"}, task.Outcomes)
	require.Contains(t, task.Form["properties"], "cups")
	require.Equal(t, []Principal{{Kind: PrincipalKindGroup, ID: "attendants", Name: Text{Zh: "会场服务员", En: "Attendants"}}}, task.Candidates)
	for _, verb := range []string{"claim", "complete", "transfer", "comment"} {
		require.True(t, allowed(task.AllowedActions, verb), verb)
	}
	require.False(t, allowed(task.AllowedActions, "release"))

	h.ok(theStarter, "GET", "/api/v1/tasks/"+id, nil, &task)
	for _, a := range task.AllowedActions {
		require.Equal(t, a.Action == "comment", a.Allowed, a.Action)
		if !a.Allowed {
			require.NotEmpty(t, a.Reason.Zh)
			require.NotEmpty(t, a.Reason.En)
		}
	}
}

// TestAllowedActionsTellTheTruth tries every verb of a task as several people: what is offered works, what is not does not.
func TestAllowedActionsTellTheTruth(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bodies := map[string]any{"complete": object{"form": object{"cups": 1}}, "transfer": object{"to": "ajuan"}}
	day := 0
	for _, claimed := range []bool{false, true} {
		for _, user := range []string{theAttendant, theRival, theStarter, theOperator} {
			for _, verb := range []string{"claim", "release", "complete", "transfer"} {
				day++
				_, id := h.start(day)
				if claimed {
					h.command(theAttendant, id, "claim", nil)
				}
				var task Task
				h.ok(user, "GET", "/api/v1/tasks/"+id, nil, &task)
				a := h.as(user, "POST", "/api/v1/tasks/"+id+"/"+verb, bodies[verb])
				require.Equal(t, allowed(task.AllowedActions, verb), a.status == http.StatusOK, "%s %s, claimed %v: %s", user, verb, claimed, a.body)
			}
		}
	}
}

func TestPagesFollowOneAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	want := map[string]bool{}
	for day := range 7 {
		process, _ := h.start(day)
		want[process] = true
	}
	for _, user := range []string{theStarter, theAttendant, theOperator} {
		seen := map[string]bool{}
		for cursor, pages := "", 0; pages < 4; pages++ {
			var p ProcessPage
			h.ok(user, "GET", "/api/v1/processes?limit=3&cursor="+cursor, nil, &p)
			for _, item := range p.Items {
				require.False(t, seen[item.ID.String()], "shown twice")
				seen[item.ID.String()] = true
				require.Equal(t, theStarter, item.Starter.ID)
			}
			if cursor = p.NextCursor; cursor == "" {
				break
			}
		}
		require.Equal(t, want, seen, user)
	}
	var none ProcessPage
	h.ok(theOutsider, "GET", "/api/v1/processes", nil, &none)
	require.Empty(t, none.Items)
}

func TestProcessFilters(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	kept, _ := h.start(1)
	ended, _ := h.start(2)
	h.ok(theStarter, "POST", "/api/v1/processes/"+ended+"/cancel", nil, nil)
	for _, c := range []struct {
		user, query string
		want        []string
	}{
		{theStarter, "", []string{ended, kept}},
		{theStarter, "?state=open", []string{kept}},
		{theStarter, "?state=ended", []string{ended}},
		{theStarter, "?state=parked", nil},
		{theStarter, "?definition=visit&mine=true", []string{ended, kept}},
		{theStarter, "?definition=other", nil},
		{theOperator, "?startedBy=" + theStarter, []string{ended, kept}},
		{theOperator, "?mine=true", nil},
		{theAttendant, "", []string{kept}},
		{theAttendant, "?query=ms.+wu", []string{kept}},
		{theStarter, "?query=100%25", nil},
	} {
		var p ProcessPage
		h.ok(c.user, "GET", "/api/v1/processes"+c.query, nil, &p)
		var ids []string
		for _, item := range p.Items {
			ids = append(ids, item.ID.String())
		}
		require.Equal(t, c.want, ids, "%s %s", c.user, c.query)
	}
}

func TestProcessShowsItsSteps(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, task := h.start(1)
	h.command(theAttendant, task, "complete", object{"form": object{"cups": 1}, "comment": "ready"})
	var p Process
	h.ok(theStarter, "GET", "/api/v1/processes/"+process, nil, &p)
	states := map[string]StepState{}
	for _, step := range p.Steps {
		states[step.ID] = step.State
	}
	require.Equal(t, map[string]StepState{
		"room": StepStateDone, "prepare": StepStateDone, "approve": StepStateNow, "receive": StepStateComing, "": StepStateComing,
	}, states)
	manager := Principal{Kind: PrincipalKindUser, ID: theManager, Name: Text{Zh: "阿芳", En: "A Fang"}}
	require.Equal(t, []Principal{manager}, p.Steps[2].Who)
	require.Equal(t, []Principal{manager}, p.Next[0].Who)
	require.Equal(t, []Principal{{Kind: PrincipalKindUser, ID: theStarter, Name: Text{Zh: "阿明", En: "A Ming"}}}, p.Steps[3].Who, "who comes next is told beforehand")
	require.Equal(t, Text{Zh: "准备 一号会议室", En: "Prepare Meeting room 1"}, p.Steps[1].Name)
	require.Positive(t, p.Revision)

	var log LogPage
	h.ok(theStarter, "GET", "/api/v1/processes/"+process+"/log", nil, &log)
	require.Len(t, log.Items, int(p.Revision))
	require.Equal(t, Text{Zh: "阿明发起了流程", En: "A Ming started the process"}, log.Items[0].Summary)
	done := log.Items[len(log.Items)-1]
	require.Equal(t, Text{Zh: "阿华办理了“准备 一号会议室”：完成", En: "A Hua completed “Prepare Meeting room 1”: Done"}, done.Summary)
	require.Equal(t, "ready", done.Comment)
	require.Equal(t, theAttendant, done.Person.ID)
	require.True(t, slices.ContainsFunc(log.Items[0].Deadlines, func(d LogDeadline) bool { return d.Key == "due" && d.Why != nil }), "a deadline says why")
	require.True(t, slices.ContainsFunc(done.Effects, func(e LogEffect) bool {
		return e.Kind == "task_opened" || e.Text.En == "new task “Approve” for A Fang"
	}))

	var first LogPage
	h.ok(theStarter, "GET", "/api/v1/processes/"+process+"/log?limit=1", nil, &first)
	require.Len(t, first.Items, 1)
	var rest LogPage
	h.ok(theStarter, "GET", "/api/v1/processes/"+process+"/log?cursor="+first.NextCursor, nil, &rest)
	require.Equal(t, log.Items[1:], rest.Items)
}

func TestComments(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, task := h.start(1)
	_, other := h.start(2)
	path := "/api/v1/tasks/" + task + "/comments"
	var one, again Comment
	h.as(theAttendant, "POST", path, object{"body": "which cups?"}, "Idempotency-Key", "c1").into(&one)
	h.as(theAttendant, "POST", path, object{"body": "which cups?"}, "Idempotency-Key", "c1").into(&again)
	require.Equal(t, one, again)
	require.Equal(t, codeKeyReused, h.as(theAttendant, "POST", path, object{"body": "other"}, "Idempotency-Key", "c1").problem().Code)
	require.Equal(t, codeKeyReused, h.as(theAttendant, "POST", "/api/v1/tasks/"+other+"/comments", object{"body": "which cups?"}, "Idempotency-Key", "c1").problem().Code)
	h.ok(theStarter, "POST", path, object{"body": "the white ones"}, nil)

	var p CommentPage
	h.ok(theRival, "GET", path, nil, &p)
	require.Len(t, p.Items, 2)
	require.Equal(t, []string{"the white ones", "which cups?"}, []string{p.Items[0].Body, p.Items[1].Body})
	require.Equal(t, PersonRef{ID: theAttendant, Name: Text{Zh: "阿华", En: "A Hua"}}, p.Items[1].Author)
	require.Equal(t, task, p.Items[1].Task.String())
}

func TestDefinitionsAreShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var list DefinitionList
	h.ok(theOutsider, "GET", "/api/v1/definitions", nil, &list)
	require.Len(t, list.Items, 3)
	visit := list.Items[2]
	require.Equal(t, Text{Zh: "来访接待", En: "Visit"}, visit.Name)
	for _, query := range []string{"", "?version=1"} {
		var d Definition
		h.ok(theOutsider, "GET", "/api/v1/definitions/visit"+query, nil, &d)
		require.Equal(t, visit.Digest, d.Digest)
		require.Contains(t, d.Input["properties"], "guest")
		require.Equal(t, Text{Zh: "准备 …", En: "Prepare …"}, d.Steps[1].Name)
		require.Equal(t, []string{"approved", "rejected", "returned"}, d.Steps[2].Outcomes)
		require.Equal(t, "rebook", d.Blocks[0].ID)
		require.Len(t, d.Events, 3)
	}
	require.Equal(t, http.StatusNotFound, h.as(theOutsider, "GET", "/api/v1/definitions/visit?version=9", nil).status)
	require.Equal(t, http.StatusNotFound, h.as(theOutsider, "GET", "/api/v1/definitions/other", nil).status)
}

func TestRooms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, _ := h.start(0) // 1 March 2027, 09:00 to 10:00 UTC: 17:00 to 18:00 in the house's zone
	var rooms RoomList
	h.ok(theOutsider, "GET", "/api/v1/rooms", nil, &rooms)
	require.Len(t, rooms.Items, 11)

	var busy FreeBusy
	h.ok(theOutsider, "GET", "/api/v1/rooms/free-busy?from=2027-03-01T09:30:00Z&to=2027-03-01T11:00:00Z", nil, &busy)
	for _, r := range busy.Rooms {
		require.Equal(t, r.Room.ID != "room-1", r.Free, r.Room.ID)
	}

	var day RoomDay
	h.ok(theStarter, "GET", "/api/v1/rooms/room-1/day?date=2027-03-01", nil, &day)
	require.Len(t, day.Reservations, 1)
	require.Equal(t, process, day.Reservations[0].Process.String())
	require.Equal(t, "2027-02-28T16:00:00Z", day.Free[0].From.Format("2006-01-02T15:04:05Z07:00"), "a day of the house, not of UTC")
	require.Equal(t, day.Reservations[0].From, day.Free[0].To)

	for query, want := range map[string]int{
		"?from=2027-03-01T00:00:00Z": 1, "?from=2027-03-01T00:00:00Z&room=room-2": 0, "": 0, "?from=2027-03-01T10:00:00Z": 0,
	} {
		var list ReservationList
		h.ok(theOutsider, "GET", "/api/v1/reservations"+query, nil, &list)
		require.Len(t, list.Items, want, query)
		for _, r := range list.Items {
			require.Equal(t, uuid.Nil, r.Process, "an outsider learns only that the room is taken")
			require.Equal(t, Text{}, r.Title)
		}
	}
	require.Equal(t, http.StatusNotFound, h.as(theStarter, "GET", "/api/v1/rooms/room-9/day", nil).status)
	h.ok(theStarter, "GET", "/api/v1/rooms/room-2/day", nil, &day)
	require.Empty(t, day.Reservations)
}

func TestARoomIsBookedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.start(1)
	var second CommandResult
	h.ok(theManager, "POST", "/api/v1/processes", object{"definition": "visit", "input": visit(1)}, &second)
	var p Process
	h.ok(theManager, "GET", "/api/v1/processes/"+second.Process.String(), nil, &p)
	require.Equal(t, "rejected", p.Outcome)
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, task := h.start(1)
	for i, n := range []struct{ kind, args string }{
		{"task.reminder", `{}`},
		{"task.transferred", `{"args":{"by":"amei","comment":"please"}}`},
		{"text", `{"text":{"zh":"请进","en":"Come in"}}`},
		{"of.the.future", `not JSON`},
	} {
		_, err := h.store.Pool().Exec(t.Context(),
			"INSERT INTO notifications (user_id, kind, args, process_id, task_id) VALUES ($1, $2, $3, $4, $5)", theAttendant, n.kind, n.args, process, task)
		require.NoError(t, err, i)
	}
	var p NotificationPage
	h.ok(theAttendant, "GET", "/api/v1/notifications?unread=true", nil, &p)
	var texts []string
	for _, n := range p.Items {
		texts = append(texts, n.Text.Zh+" | "+n.Text.En)
	}
	require.Equal(t, []string{
		"“接待：Ms. Wu”有新消息。 | There is news about “Visit of Ms. Wu”.",
		"请进 | Come in",
		"阿梅把“准备 一号会议室”转办给您（接待：Ms. Wu）。please | A Mei transferred “Prepare Meeting room 1” to you (Visit of Ms. Wu). please",
		"请处理“准备 一号会议室”（接待：Ms. Wu）。 | “Prepare Meeting room 1” waits for you (Visit of Ms. Wu).",
	}, texts)
	require.Equal(t, Text{Zh: "任务提醒", En: "Reminder"}, p.Items[3].Title)

	read := func(user string, body object) int64 {
		var m MarkedRead
		h.ok(user, "POST", "/api/v1/notifications/read", body, &m)
		return m.Marked
	}
	require.Zero(t, read(theRival, object{"ids": []int64{p.Items[0].ID}}), "those of others are left alone")
	require.EqualValues(t, 1, read(theAttendant, object{"ids": []int64{p.Items[0].ID}}))
	require.EqualValues(t, 3, read(theAttendant, object{"upTo": p.Items[0].ID}))
	require.Zero(t, read(theAttendant, object{"upTo": p.Items[0].ID}))

	var one NotificationPage
	h.ok(theAttendant, "GET", "/api/v1/notifications?limit=1", nil, &one)
	h.ok(theAttendant, "GET", fmt.Sprintf("/api/v1/notifications?limit=1&cursor=%s", one.NextCursor), nil, &one)
	require.Equal(t, "text", one.Items[0].Kind)
	require.False(t, one.Items[0].ReadAt.IsZero())
}

func TestMyLanguage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	title := func(accept string) string {
		return h.as(theStarter, "GET", "/api/v1/tasks/"+uuid.NewString(), nil, "Accept-Language", accept).problem().Title
	}
	require.Equal(t, "没有找到", title(""))
	require.Equal(t, "Not found", title("fr, en-GB;q=0.8, zh;q=0.5"))
	var me Me
	h.ok(theStarter, "PATCH", "/api/v1/me", object{"locale": "en"}, &me)
	require.Equal(t, LocaleEn, me.Locale)
	require.Equal(t, "Not found", title(""))
	require.Equal(t, "没有找到", title("zh-CN"))
}

func TestColleagues(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for query, want := range map[string][]string{
		"?query=hua": {"ahua"}, "?query=" + url.QueryEscape("阿华"): {"ahua"}, "?query=FINANCE": {"abo", "ajing"}, "?query=nobody": nil, "?query=a&limit=2": {"abo", "afang"},
	} {
		var list PersonList
		h.ok(theOutsider, "GET", "/api/v1/people"+query, nil, &list)
		var ids []string
		for _, p := range list.Items {
			ids = append(ids, p.ID)
		}
		require.Equal(t, want, ids, query)
	}
	_, err := h.people.PutUser(t.Context(), people.Person{ID: "ahua", Name: "阿华", Active: false})
	require.NoError(t, err)
	var list PersonList
	h.ok(theOutsider, "GET", "/api/v1/people?query=hua", nil, &list)
	require.Empty(t, list.Items, "who has left is not offered")
}
