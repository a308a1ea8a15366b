package api

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestARepeatedKeyAnswersTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	body := object{"definition": "visit", "input": visit(1)}
	first := h.as(theStarter, "POST", "/api/v1/processes", body, "Idempotency-Key", "k1")
	again := h.as(theStarter, "POST", "/api/v1/processes", body, "Idempotency-Key", "k1")
	var one, two CommandResult
	first.into(&one)
	again.into(&two)
	require.False(t, one.Replay)
	require.True(t, two.Replay)
	require.Equal(t, one.Process, two.Process)
	require.Equal(t, one.Command, two.Command)

	other := h.as(theStarter, "POST", "/api/v1/processes", object{"definition": "visit", "input": visit(2)}, "Idempotency-Key", "k1")
	require.Equal(t, http.StatusUnprocessableEntity, other.status)
	require.Equal(t, codeKeyReused, other.problem().Code)

	mine := h.as(theManager, "POST", "/api/v1/processes", object{"definition": "visit", "input": visit(3)}, "Idempotency-Key", "k1")
	require.Equal(t, http.StatusOK, mine.status, "keys belong to a person")
}

// TestARetryPassesAfterTheRightIsGone repeats a transfer whose first answer was lost: its sender no longer has the task.
func TestARetryPassesAfterTheRightIsGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, prepare := h.start(1)
	h.command(theAttendant, prepare, "complete", object{"form": object{"cups": 1}})
	task := h.next(process)
	path := "/api/v1/tasks/" + task + "/transfer"
	for i := range 2 {
		a := h.as(theManager, "POST", path, object{"to": "aguo"}, "Idempotency-Key", "lost")
		require.Equal(t, http.StatusOK, a.status, "%d: %s", i, a.body)
	}
	a := h.as(theManager, "POST", path, object{"to": "aguo"}, "Idempotency-Key", "new")
	require.Equal(t, http.StatusForbidden, a.status)
	elsewhere := h.as(theManager, "POST", "/api/v1/processes/"+process+"/cancel", object{}, "Idempotency-Key", "lost")
	require.Equal(t, http.StatusUnprocessableEntity, elsewhere.status, "the key opens only what it was used for")
}

// TestAKeyOpensNoOtherDoor tries the key of a refused command on a task that its sender may not know of.
func TestAKeyOpensNoOtherDoor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, prepare := h.start(1)
	h.command(theAttendant, prepare, "complete", object{"form": object{"cups": 1}})
	late := h.as(theRival, "POST", "/api/v1/tasks/"+prepare+"/complete", object{"form": object{"cups": 2}}, "Idempotency-Key", "late")
	require.Equal(t, http.StatusConflict, late.status, string(late.body))
	for verb, body := range map[string]object{"comments": {"body": "let me in"}, "claim": {}, "transfer": {"to": theRival}} {
		a := h.as(theRival, "POST", "/api/v1/tasks/"+h.next(process)+"/"+verb, body, "Idempotency-Key", "late")
		require.Equal(t, http.StatusNotFound, a.status, "%s: %s", verb, a.body)
	}
	var comments int
	require.NoError(t, h.store.Pool().QueryRow(t.Context(), "SELECT count(*) FROM comments").Scan(&comments))
	require.Zero(t, comments)
}

func TestStaleAndLostCommandsNameTheWinner(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, task := h.start(1)
	h.command(theAttendant, task, "claim", object{"expectedRevision": 1})
	path := "/api/v1/tasks/" + task

	stale := h.as(theRival, "POST", path+"/claim", object{"expectedRevision": 1}).problem()
	require.Equal(t, "stale", stale.Code)
	require.Equal(t, http.StatusConflict, stale.Status)
	require.Equal(t, 2, stale.Revision)
	require.Equal(t, Text{Zh: "阿华", En: "A Hua"}, stale.Winner.By.Name)

	h.command(theAttendant, task, "complete", object{"form": object{"cups": 2}})
	late := h.as(theRival, "POST", path+"/complete", object{"form": object{"cups": 3}}).problem()
	require.Equal(t, "decided", late.Code)
	require.Equal(t, theAttendant, late.Winner.By.ID)
	require.Equal(t, 3, late.Revision)

	require.Equal(t, http.StatusOK, h.as(theRival, "GET", path, nil).status, "who could have taken it may see what became of it")
	require.Equal(t, http.StatusNotFound, h.as(theOutsider, "GET", path, nil).status)
}

func TestOneOfManyWins(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, task := h.start(1)
	tokens := []string{h.token(theAttendant), h.token(theRival), h.token("ajuan")}
	var wg sync.WaitGroup
	answers := make([]answer, 12)
	for i := range answers {
		r := h.request("POST", "/api/v1/tasks/"+task+"/complete", object{"form": object{"cups": 1}},
			"Idempotency-Key", uuid.NewString(), "Authorization", "Bearer "+tokens[i%len(tokens)])
		wg.Go(func() { answers[i] = h.send(r) })
	}
	wg.Wait()
	won := 0
	for _, a := range answers {
		if a.status == http.StatusOK {
			won++
			continue
		}
		require.Equal(t, http.StatusConflict, a.status, string(a.body))
		p := a.problem()
		require.Equal(t, "decided", p.Code)
		require.NotEmpty(t, p.Winner.By.ID)
		require.Equal(t, 2, p.Revision)
	}
	require.Equal(t, 1, won)
}

func TestAHeldCommandCanBeWithdrawn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, task := h.start(1)
	a := h.as(theAttendant, "POST", "/api/v1/tasks/"+task+"/complete", object{"form": object{"cups": 1}, "holdSeconds": 60})
	require.Equal(t, http.StatusAccepted, a.status, string(a.body))
	var held CommandResult
	a.into(&held)
	require.Equal(t, CommandResultStatusPending, held.Status)
	require.WithinDuration(t, time.Now().Add(time.Minute), held.HeldUntil, 10*time.Second)
	require.Equal(t, "/api/v1/commands/"+held.Command.String(), a.header.Get("Location"))

	location := a.header.Get("Location")
	var receipt CommandResult
	h.ok(theAttendant, "GET", location, nil, &receipt)
	require.Equal(t, CommandResultStatusPending, receipt.Status)
	require.Equal(t, http.StatusNotFound, h.as(theRival, "DELETE", location, nil).status)
	require.Equal(t, http.StatusNoContent, h.as(theAttendant, "DELETE", location, nil).status)
	require.Equal(t, http.StatusNotFound, h.as(theAttendant, "GET", location, nil).status)

	var open Task
	h.ok(theAttendant, "GET", "/api/v1/tasks/"+task, nil, &open)
	require.Equal(t, TaskStatusOpen, open.Status)
}

func TestReceiptsCanBeReadLater(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, task := h.start(1)
	done := h.command(theAttendant, task, "claim", nil)
	var receipt CommandResult
	h.ok(theAttendant, "GET", "/api/v1/commands/"+done.Command.String(), nil, &receipt)
	require.Equal(t, CommandResultStatusApplied, receipt.Status)
	require.Equal(t, 2, receipt.Revision)
	require.Equal(t, http.StatusConflict, h.as(theAttendant, "DELETE", "/api/v1/commands/"+done.Command.String(), nil).status)

	refusal := h.as(theRival, "POST", "/api/v1/tasks/"+task+"/claim", nil).problem()
	h.ok(theRival, "GET", "/api/v1/commands/"+refusal.Command.String(), nil, &receipt)
	require.Equal(t, CommandResultStatusRefused, receipt.Status)
	require.Equal(t, "taken", receipt.Code)
	require.Equal(t, theAttendant, receipt.Winner.By.ID)
}

func TestFormsAreCheckedBeforeAnythingIsStored(t *testing.T) { //nolint:tparallel // its cases share one server and its log
	t.Parallel()
	h := newHouse(t)
	process, task := h.start(1)
	for _, c := range []struct {
		name   string
		body   object
		fields []string
	}{
		{"missing", object{}, []string{"form.cups"}},
		{"out of range", object{"form": object{"cups": 51}}, []string{"form.cups"}},
		{"wrong type", object{"form": object{"cups": "many", "remarks": 1}}, []string{"form.cups", "form.remarks"}},
		{"unknown", object{"form": object{"cups": 1, "plates": 2}}, []string{"form.plates"}},
		{"outcome", object{"outcome": "approved", "form": object{"cups": 1}}, []string{"outcome"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := h.as(theAttendant, "POST", "/api/v1/tasks/"+task+"/complete", c.body)
			require.Equal(t, http.StatusUnprocessableEntity, a.status, string(a.body))
			require.Equal(t, codeInvalidForm, a.problem().Code)
			require.Equal(t, c.fields, a.faulty())
		})
	}
	var stored int
	require.NoError(t, h.store.Pool().QueryRow(t.Context(), "SELECT count(*) FROM commands WHERE process_id = $1 AND type <> 'start'", process).Scan(&stored))
	require.Zero(t, stored)

	h.command(theAttendant, task, "complete", object{"form": object{"cups": 1}})
	a := h.as(theManager, "POST", "/api/v1/tasks/"+h.next(process)+"/complete", object{"outcome": "approved", "form": object{"x": 1}})
	require.Equal(t, []string{"form"}, a.faulty(), "an approval without a form")
}

func TestUnknownDefinitionsAndEvents(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, _ := h.start(1)
	for _, body := range []object{{"definition": "nothing", "input": object{}}, {"definition": "visit", "version": 7, "input": visit(2)}} {
		a := h.as(theStarter, "POST", "/api/v1/processes", body)
		require.Equal(t, http.StatusUnprocessableEntity, a.status, string(a.body))
		require.Equal(t, codeUnknownDef, a.problem().Code)
	}
	a := h.as(theStarter, "POST", "/api/v1/processes/"+process+"/events", object{"name": "nothing"})
	require.Equal(t, codeNoSuchEvent, a.problem().Code)
}

func TestEventsRescheduleAndCancel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, _ := h.start(1)
	path := "/api/v1/processes/" + process

	moved := visit(2)
	h.ok(theStarter, "POST", path+"/reschedule", object{"data": object{"start": moved["start"], "end": moved["end"]}}, nil)
	var p Process
	h.ok(theStarter, "GET", path, nil, &p)
	require.Equal(t, moved["start"], p.Input["start"])
	require.Len(t, p.Reservations, 1)
	require.Equal(t, moved["start"], p.Reservations[0].From.Format(time.RFC3339))
	require.Equal(t, moved["start"], p.DueAt.Add(time.Hour).Format(time.RFC3339), "the open task's due date moved along")

	told := h.as(theAttendant, "POST", path+"/events", object{"name": "arrived"})
	require.Equal(t, http.StatusOK, told.status, string(told.body))
	twice := h.as(theAttendant, "POST", path+"/events", object{"name": "arrived"})
	require.Equal(t, "told", twice.problem().Code)
	require.Equal(t, http.StatusForbidden, h.as(theAttendant, "POST", path+"/cancel", object{}).status)
	require.False(t, allowed(p.AllowedActions, "nothing"))

	h.ok(theStarter, "POST", path+"/cancel", object{"reason": "ill"}, nil)
	h.ok(theStarter, "GET", path, nil, &p)
	require.Equal(t, "cancelled", p.Outcome)
	require.False(t, allowed(p.AllowedActions, "cancel"))
	require.Equal(t, "ended", h.as(theStarter, "POST", path+"/cancel", object{}).problem().Code)
}

// TestWhoTheDefinitionNamesMayCancel lets a manager who is neither starter nor operator end a process through its event.
func TestWhoTheDefinitionNamesMayCancel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, task := h.start(1)
	h.command(theAttendant, task, "complete", object{"form": object{"cups": 1}})
	var p Process
	h.ok(theManager, "GET", "/api/v1/processes/"+process, nil, &p)
	require.True(t, allowed(p.AllowedActions, "cancel"))
	h.ok(theManager, "POST", "/api/v1/processes/"+process+"/cancel", nil, nil)
	h.ok(theStarter, "GET", "/api/v1/processes/"+process, nil, &p)
	require.Equal(t, "cancelled", p.Outcome)
}

func TestABusinessKeyIsTakenOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	start := func(user string) answer {
		return h.as(user, "POST", "/api/v1/processes", object{"definition": "badge", "input": object{"holder": "Ms. Wu"}})
	}
	var first CommandResult
	a := start(theStarter)
	require.Equal(t, http.StatusOK, a.status, string(a.body))
	a.into(&first)
	mine := start(theStarter).problem()
	require.Equal(t, codeBusinessKey, mine.Code)
	require.Equal(t, first.Process, mine.Process)
	theirs := start(theOutsider).problem()
	require.Equal(t, codeBusinessKey, theirs.Code)
	require.Equal(t, uuid.Nil, theirs.Process, "others do not learn which process it is")
}

// TestAFaultOfTheDefinitionIsNoFaultOfTheRequest completes a task after which the definition finds nobody.
func TestAFaultOfTheDefinitionIsNoFaultOfTheRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var result CommandResult
	h.ok(theStarter, "POST", "/api/v1/processes", object{"definition": "stuck", "input": object{}}, &result)
	task := h.next(result.Process.String())
	a := h.as(theStarter, "POST", "/api/v1/tasks/"+task+"/complete", object{}, "Idempotency-Key", "k")
	require.Equal(t, http.StatusConflict, a.status, string(a.body))
	require.Equal(t, codeParked, a.problem().Code)

	var id uuid.UUID
	require.NoError(t, h.store.Pool().QueryRow(t.Context(), "SELECT id FROM commands WHERE actor = $1 AND key = 'k'", theStarter).Scan(&id))
	var receipt CommandResult
	h.ok(theStarter, "GET", "/api/v1/commands/"+id.String(), nil, &receipt)
	require.Equal(t, CommandResultStatusPending, receipt.Status, "it is stored and waits for an operator")
	require.Equal(t, codeParked, receipt.Code)
}
