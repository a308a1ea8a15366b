package api

import (
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/definitions/library"
	"steward/workflows/engine"
)

// libraryHouse is a house with the shipped processes.
func libraryHouse(t *testing.T, ids ...string) *house {
	t.Helper()
	h := newHouse(t)
	registry := definitions.NewRegistry(definitions.Builtin()...)
	for _, id := range ids {
		h.publishFrom(library.FS(), registry, "meeting/"+id+".yaml")
	}
	return h
}

// book starts a room booking for a meeting of two hours, so many days ahead.
func (h *house) book(room string, days, headcount int) CommandResult {
	h.t.Helper()
	start := time.Now().AddDate(0, 0, days).UTC().Truncate(time.Hour)
	var result CommandResult
	h.ok(theOutsider, "POST", "/api/v1/processes", object{"definition": "room_booking", "input": object{
		"title": "Weekly meeting", "room": room, "start": start.Format(time.RFC3339), "end": start.Add(2 * time.Hour).Format(time.RFC3339),
		"headcount": headcount, "department": "sales", "purpose": "planning",
	}}, &result)
	return result
}

var shownWord = regexp.MustCompile(`(?m)^ {2}"outcome\.(\w+)": \["([^"]+)", "([^"]+)"\],$`)

// TestOutcomesAreSaidAlikeByTheAPIAndThePage and those of the shipped processes are said in words.
func TestOutcomesAreSaidAlikeByTheAPIAndThePage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../web/start/messages.js")
	require.NoError(t, err)
	page := map[string]Text{}
	for _, m := range shownWord.FindAllStringSubmatch(string(text), -1) {
		page[m[1]] = Text{Zh: m[2], En: m[3]}
	}
	require.Equal(t, usualOutcomes(), page)

	bundles, err := library.Bundles()
	require.NoError(t, err)
	for _, b := range bundles {
		def, _ := definitions.Compile(b, definitions.NewRegistry(definitions.Builtin()...))
		require.NotNil(t, def, b.Name)
		for _, n := range def.Nodes {
			for _, outcome := range append(append(n.Outcomes, n.Ladder...), def.Outcomes...) {
				require.Contains(t, page, outcome, "%s: %s", def.ID, n.Path)
			}
		}
	}
	require.Equal(t, Text{Zh: "sent to vendor", En: "sent to vendor"}, outcomeWord("sent_to_vendor"))
}

func TestDeadlinesAreSaidInWords(t *testing.T) {
	t.Parallel()
	events := []*definitions.Event{{Name: "meeting_ended", Title: definitions.Text{Zh: "会议已结束", En: "The meeting is over"}}}
	for key, want := range map[string]Text{
		"due":                          {"到期", "due"},
		"remind/1":                     {"提醒", "reminder"},
		"escalate/0":                   {"第1级升级", "escalation, level 1"},
		"escalate/2":                   {"第3级升级", "escalation, level 3"},
		"until":                        {"到点结束", "its time is over"},
		"repeat":                       {"下一次", "the next time"},
		"wait":                         {"等待期满", "the wait is over"},
		"not_before":                   {"可以开始", "it may begin"},
		"event/meeting_ended/remind/0": {"提醒登记“会议已结束”", "reminder to tell “The meeting is over”"},
		"event/meeting_ended/default":  {"无人登记“会议已结束”", "nobody told “The meeting is over”"},
		"event/more_guests/default":    {"无人登记“more guests”", "nobody told “more guests”"},
		"of_a_later_build":             {"时限", "a time limit"},
	} {
		require.Equal(t, want, deadlineWord(key, events), key)
	}
}

// TestABookingIsToldInWords: names of steps, outcomes and fields, who did what, and times of the house.
func TestABookingIsToldInWords(t *testing.T) {
	t.Parallel()
	h := libraryHouse(t, "lost_found", "damage_report", "meeting_service", "room_booking")
	process := h.book("room-2", 10, 8).Process.String()
	h.command(theManager, h.next(process), "complete", object{"outcome": "approved"})

	var p Process
	h.ok(theOutsider, "GET", "/api/v1/processes/"+process, nil, &p)
	facts := find(p.Steps, "facts")
	require.Equal(t, Text{Zh: "查会议室资料", En: "Look up the room"}, facts.Name)
	require.Equal(t, StepStateDone, facts.State)
	require.Empty(t, facts.By.ID, "nobody did what the system does")
	require.Equal(t, theManager, find(p.Steps, "approve").By.ID)
	require.Equal(t, StepStateSkipped, find(p.Steps, "exception").State)

	require.Contains(t, h.effects(process, "node.skipped"), Text{Zh: "跳过“大会议室迟报申请：Weekly meeting”", En: "“Late application for the large room: Weekly meeting” was skipped"})
	code := regexp.MustCompile(`\b[a-z]+_[a-z_]+\b|\d{4}-\d\d-\d\dT`)
	var log LogPage
	h.ok(theOutsider, "GET", "/api/v1/processes/"+process+"/log?limit=100", nil, &log)
	require.NotEmpty(t, log.Items)
	for _, entry := range log.Items {
		require.Empty(t, code.FindString(entry.Summary.Zh+entry.Summary.En), entry.Summary)
		for _, e := range entry.Effects {
			require.Empty(t, code.FindString(e.Text.Zh+e.Text.En), e.Text)
		}
	}
	require.Equal(t, Text{Zh: "阿芳办理了“审批会议室申请：Weekly meeting”：同意", En: "A Fang completed “Decide on the room: Weekly meeting”: Approve"}, log.Items[len(log.Items)-1].Summary)

	var task Task
	h.ok("aming", "GET", "/api/v1/tasks/"+h.next(process), nil, &task)
	properties, _ := task.DetailsForm["properties"].(map[string]any)
	for name := range task.Details {
		part, _ := properties[name].(map[string]any)
		require.NotEmpty(t, part["x-title"], "the detail %s has no title", name)
	}
	require.NotEmpty(t, properties["confidentiality"].(map[string]any)["x-enum-titles"])
	require.Equal(t, "start", task.DetailsForm["x-order"].([]any)[0])
}

// TestWhatStandsInTheWayIsSaid: by the answer of the start where a room is taken, and in the log, which the page shows.
func TestWhatStandsInTheWayIsSaid(t *testing.T) {
	t.Parallel()
	h := libraryHouse(t, "lost_found", "damage_report", "meeting_service", "room_booking")
	h.book("room-2", 10, 8)
	taken := h.book("room-2", 10, 8)
	require.Equal(t, "conflict", taken.Code)
	require.Contains(t, taken.Message.Zh, "Weekly meeting")
	said := h.effectsFor(theOutsider, taken.Process.String(), "output.set")
	require.Len(t, said, 1)
	require.Regexp(t, `^二号会议室没有订上：\d+年\d+月\d+日 \d\d:00 至 \d+年\d+月\d+日 \d\d:00 已被“Weekly meeting”占用$`, said[0].Zh)
	require.Regexp(t, `^Meeting room 2 could not be booked: “Weekly meeting” has it from \w+ \d+, \d+, \d\d:00 to \w+ \d+, \d+, \d\d:00$`, said[0].En)

	small := h.book("multimedia-hall", 11, 90)
	require.Equal(t, []Text{{Zh: "“核对座位数”：座位不足", En: "“Check the seats”: Too few seats"}}, h.effectsFor(theOutsider, small.Process.String(), "output.set"))
	var p Process
	h.ok(theOutsider, "GET", "/api/v1/processes/"+small.Process.String(), nil, &p)
	require.Len(t, p.Next, 1)
	var task Task
	h.ok(theOutsider, "GET", "/api/v1/tasks/"+p.Next[0].Task.String(), nil, &task)
	require.EqualValues(t, 80, task.Details["seats"])
	require.EqualValues(t, 90, task.Details["headcount"])
}

// TestASkippedTrackIsShownAsSkipped while the tracks beside it go on.
func TestASkippedTrackIsShownAsSkipped(t *testing.T) {
	t.Parallel()
	h := libraryHouse(t, "lost_found", "damage_report", "meeting_service")
	start := time.Now().AddDate(0, 0, 10).UTC().Truncate(time.Hour)
	var result CommandResult
	h.ok(theStarter, "POST", "/api/v1/processes", object{"definition": "meeting_service", "input": object{
		"title": "Board", "room": "room-3", "start": start.Format(time.RFC3339), "end": start.Add(time.Hour).Format(time.RFC3339), "headcount": 9,
	}}, &result)
	h.command(theManager, h.next(result.Process.String()), "complete", object{"outcome": "approved"})
	var p Process
	h.ok(theStarter, "GET", "/api/v1/processes/"+result.Process.String(), nil, &p)
	for id, want := range map[string]StepState{
		"clean_hall": StepStateSkipped, "av_check": StepStateSkipped, "coffee": StepStateSkipped, "tables": StepStateNow,
		"setup": StepStateComing, "briefing": StepStateComing, "posts": StepStateWaiting, "sound": StepStateComing, "equipment": StepStateComing,
	} {
		require.Equal(t, want, find(p.Steps, id).State, id)
	}
}

func TestFormsKeepTheOrderOfTheDefinition(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var d Definition
	h.ok(theStarter, "GET", "/api/v1/definitions/visit", nil, &d)
	require.Equal(t, []any{"guest", "room", "start", "end"}, d.Input["x-order"])
	var me Me
	h.ok(theStarter, "GET", "/api/v1/me", nil, &me)
	require.Equal(t, "UTC+8", me.TimeZone)
}

// TestARunOfALoopIsNotCalledSkipped: what is done in it is kept apart from the outputs of the process.
func TestARunOfALoopIsNotCalledSkipped(t *testing.T) {
	t.Parallel()
	done := &definitions.Node{ID: "first", Path: "steps/0/first", Kind: definitions.Step}
	left := &definitions.Node{ID: "second", Path: "steps/0/second", Kind: definitions.Step}
	other := &definitions.Node{ID: "third", Path: "steps/0/third", Kind: definitions.Step}
	block := &definitions.Node{Path: "steps/0", Kind: definitions.Parallel, Children: []*definitions.Node{done, left, other}}
	state := &engine.State{Status: engine.StatusRunning, Nodes: []engine.Node{
		{ID: 1, Path: block.Path, Frame: map[string]engine.Output{"first": {Outcome: "done"}}}, {ID: 2, Path: other.Path},
	}}
	tree := newStepTree(&definitions.Definition{}, state, &nameBook{})
	require.False(t, tree.leftOut(block, done))
	require.True(t, tree.leftOut(block, left))
	require.False(t, tree.leftOut(block, other))
	state.Nodes[0].Waiting = true
	require.False(t, newStepTree(&definitions.Definition{}, state, &nameBook{}).leftOut(block, left), "it has not begun yet")
}
