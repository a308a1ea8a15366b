package api

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions"
)

// find answers the step with the id, wherever it stands in the tree.
func find(steps []ProcessStep, id string) *ProcessStep {
	for i := range steps {
		if steps[i].ID == id {
			return &steps[i]
		}
		if s := find(steps[i].Children, id); s != nil {
			return s
		}
	}
	return nil
}

// TestAMeetingShowsItsTracks draws a definition with parallel tracks, groups that wait for their time, loops and blocks.
func TestAMeetingShowsItsTracks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	registry := definitions.NewRegistry(definitions.Builtin()...)
	example := os.DirFS("../definitions/testdata/example")
	h.publishFrom(example, registry, "meeting/lost_found.yaml")
	h.publishFrom(example, registry, "meeting/meeting_service.yaml")

	start := time.Now().AddDate(0, 0, 10).UTC().Truncate(time.Hour)
	var result CommandResult
	h.ok(theStarter, "POST", "/api/v1/processes", object{"definition": "meeting_service", "input": object{
		"title": "Board meeting", "room": "room-2", "attendees": 20, "start": start.Format(time.RFC3339), "end": start.Add(time.Hour).Format(time.RFC3339),
	}}, &result)
	path := "/api/v1/processes/" + result.Process.String()
	h.command(theManager, h.next(result.Process.String()), "complete", object{"outcome": "approved"})

	var p Process
	h.ok(theStarter, "GET", path, nil, &p)
	states := map[string]StepState{}
	for _, id := range []string{"room", "approve", "prepare", "layout", "av_check", "supplies", "serve", "refill", "clear", "found", "restore", "give_back"} {
		step := find(p.Steps, id)
		require.NotNil(t, step, id)
		states[id] = step.State
	}
	require.Equal(t, map[string]StepState{
		"room": StepStateDone, "approve": StepStateDone, "prepare": StepStateNow, "layout": StepStateNow, "av_check": StepStateNow,
		"supplies": StepStateNow, "serve": StepStateWaiting, "refill": StepStateComing, "clear": StepStateWaiting, "found": StepStateComing,
		"restore": StepStateComing, "give_back": StepStateComing,
	}, states)
	require.Len(t, p.Next, 3)
	require.Equal(t, start.Add(-12*time.Hour), p.DueAt, "the earliest due date of the three")
	require.Equal(t, []Principal{{Kind: PrincipalKindPost, ID: "av-engineer", Name: Text{Zh: "音响工程师", En: "Audio-visual engineer"}}}, find(p.Steps, "av_check").Who)
	require.Equal(t, Text{Zh: "二号会议室 续茶", En: "Tea, Meeting room 2"}, find(p.Steps, "refill").Name)
	require.NotEmpty(t, p.Deadlines)
	require.EqualValues(t, 22, p.Vars["cups"])
	require.Contains(t, p.Anchors, "start")

	var task Task
	for _, next := range p.Next {
		if next.Step == "supplies" {
			h.ok(next.Assignee.ID, "GET", "/api/v1/tasks/"+next.Task.String(), nil, &task)
		}
	}
	require.EqualValues(t, 22, task.Details["cups"])
	require.Equal(t, []Text{{Zh: "茶杯数量够", En: "Enough cups"}}, task.Checklist)

	h.ok(theStarter, "POST", path+"/cancel", nil, nil)
	h.ok(theStarter, "GET", path, nil, &p)
	require.Equal(t, StepStateSkipped, find(p.Steps, "found").State, "what was never reached has been skipped")
	require.Equal(t, http.StatusOK, h.as(theStarter, "GET", path+"/log", nil).status)
}

// TestAStoredProcessIsShown looks at a process whose start is not decided yet.
func TestAStoredProcessIsShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, _ := h.start(1)
	_, err := h.store.Pool().Exec(t.Context(), "UPDATE processes SET status = 'starting', state = '{}', seq = 0 WHERE id = $1", process)
	require.NoError(t, err)
	var p Process
	h.ok(theStarter, "GET", "/api/v1/processes/"+process, nil, &p)
	require.Equal(t, ProcessStateStarting, p.State)
	require.Equal(t, StepStateComing, p.Steps[0].State)
	require.True(t, allowed(p.AllowedActions, "cancel"))
}
