package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAVisitFromStartToEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, prepare := h.start(1)

	claimed := h.command(theAttendant, prepare, "claim", object{"expectedRevision": 1})
	require.Equal(t, 2, claimed.Revision)
	require.False(t, claimed.DueAt.IsZero())
	require.True(t, allowed(claimed.AllowedActions, "complete"))

	done := h.command(theAttendant, prepare, "complete", object{"form": object{"cups": 4}, "comment": "ready"})
	require.Equal(t, CommandResultStatusApplied, done.Status)

	approve := h.next(process)
	var task Task
	h.ok(theManager, "GET", "/api/v1/tasks/"+approve, nil, &task)
	require.Equal(t, []string{"approved", "rejected", "returned"}, task.Outcomes)
	h.command(theManager, approve, "complete", object{"outcome": "approved"})
	h.command(theStarter, h.next(process), "complete", object{})

	var p Process
	h.ok(theStarter, "GET", "/api/v1/processes/"+process, nil, &p)
	require.Equal(t, ProcessStateEnded, p.State)
	require.Equal(t, "received", p.Outcome)
	require.Empty(t, p.Next)
	require.Equal(t, Text{Zh: "接待：Ms. Wu", En: "Visit of Ms. Wu"}, p.Title)
	for _, step := range p.Steps {
		require.Equal(t, StepStateDone, step.State, step.Path)
	}
	require.Equal(t, PersonRef{ID: theAttendant, Name: Text{Zh: "阿华", En: "A Hua"}}, p.Steps[1].By)
}

func allowed(actions []AllowedAction, verb string) bool {
	for _, a := range actions {
		if a.Action == verb {
			return a.Allowed
		}
	}
	return false
}

func TestStartRefusesABadInput(t *testing.T) { //nolint:tparallel // its cases share one server and its log
	t.Parallel()
	h := newHouse(t)
	for _, c := range []struct {
		name   string
		change func(object)
		fields []string
	}{
		{"missing", func(in object) { delete(in, "guest") }, []string{"input.guest"}},
		{"too short", func(in object) { in["guest"] = "x" }, []string{"input.guest"}},
		{"wrong type", func(in object) { in["room"] = 3 }, []string{"input.room"}},
		{"unknown", func(in object) { in["nothing"] = true }, []string{"input.nothing"}},
		{"rule", func(in object) { in["end"] = in["start"] }, []string{"input.end"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := visit(2)
			c.change(in)
			a := h.as(theStarter, "POST", "/api/v1/processes", object{"definition": "visit", "input": in})
			require.Equal(t, http.StatusUnprocessableEntity, a.status, string(a.body))
			require.Equal(t, codeInvalidForm, a.problem().Code)
			require.Equal(t, c.fields, a.faulty())
		})
	}
	var stored int
	require.NoError(t, h.store.Pool().QueryRow(t.Context(), "SELECT (SELECT count(*) FROM commands) + (SELECT count(*) FROM processes)").Scan(&stored))
	require.Zero(t, stored)
}
