package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Answers of the matrix. A command by somebody who may see the thing but not do this is 403, whoever finds out.
const (
	yes    = http.StatusOK
	made   = http.StatusCreated
	gone   = http.StatusNoContent
	login  = http.StatusUnauthorized
	no     = http.StatusForbidden
	hidden = http.StatusNotFound
	late   = http.StatusConflict
	wrong  = http.StatusUnprocessableEntity
)

// row says what each person gets for one operation. The task is open and held by the assignee, who took it from the
// candidates; manager is a participant only once the approval is hers, so the last column is the operator.
type row struct {
	operation                                                          string
	body                                                               any
	anonymous, outsider, candidate, assignee, starter, operator, token int
}

// matrix has a row for every operation; a test fails when one is missing. {task}, {process}… are filled in. Each cell
// runs on a fresh process unless the row only reads.
func matrix() []row {
	return []row{
		{"getHealth", nil, yes, yes, yes, yes, yes, yes, yes},
		{"getReadiness", nil, yes, yes, yes, yes, yes, yes, yes},
		{"signIn", object{"user": "nobody", "password": "wrong password"}, login, login, login, login, login, login, login},
		{"getSession", nil, login, yes, yes, yes, yes, yes, yes},
		{"signOut", nil, login, no, no, no, no, no, no}, // the callers hold tokens, which cannot do this
		{"getMe", nil, login, yes, yes, yes, yes, yes, yes},
		{"updateMe", object{"locale": "zh"}, login, yes, yes, yes, yes, yes, no},
		{"listTokens", nil, login, no, no, no, no, no, no},
		{"createToken", object{"name": "x", "scopes": []string{"read"}}, login, no, no, no, no, no, no},
		{"revokeToken", nil, login, no, no, no, no, no, no},
		{"getDocs", nil, login, yes, yes, yes, yes, yes, yes},
		{"getDocsStyle", nil, login, yes, yes, yes, yes, yes, yes},
		{"listPeople", nil, login, yes, yes, yes, yes, yes, yes},
		{"getContract", nil, login, yes, yes, yes, yes, yes, yes},

		{"listDefinitions", nil, login, yes, yes, yes, yes, yes, yes},
		{"getDefinition", nil, login, yes, yes, yes, yes, yes, yes},

		{"startProcess", object{"definition": "visit", "input": object{}}, login, wrong, wrong, wrong, wrong, wrong, no},
		{"listProcesses", nil, login, yes, yes, yes, yes, yes, yes},
		{"getProcess", nil, login, hidden, yes, yes, yes, yes, yes},
		{"getProcessLog", nil, login, hidden, yes, yes, yes, yes, yes},
		{"tellProcess", object{"name": "cancel"}, login, hidden, no, no, yes, yes, no},
		{"rescheduleProcess", object{"data": object{"start": "never"}}, login, hidden, no, no, wrong, wrong, no},
		{"cancelProcess", object{}, login, hidden, no, no, yes, yes, no},

		{"listTasks", nil, login, yes, yes, yes, yes, yes, yes},
		{"getTask", nil, login, hidden, yes, yes, yes, yes, yes},
		{"claimTask", nil, login, hidden, late, late, no, no, no},
		{"releaseTask", nil, login, hidden, late, yes, no, yes, no},
		{"completeTask", object{"form": object{"cups": 1}}, login, hidden, late, yes, no, no, no},
		{"transferTask", object{"to": "ajuan"}, login, hidden, late, yes, no, yes, no},
		{"listComments", nil, login, hidden, yes, yes, yes, yes, yes},
		{"addComment", object{"body": "hello"}, login, hidden, yes, yes, yes, yes, no},

		{"getCommand", nil, login, hidden, hidden, hidden, yes, yes, yes},
		{"withdrawCommand", nil, login, hidden, hidden, hidden, late, no, no},

		{"listRooms", nil, login, yes, yes, yes, yes, yes, yes},
		{"getFreeBusy", nil, login, yes, yes, yes, yes, yes, yes},
		{"getRoomDay", nil, login, yes, yes, yes, yes, yes, yes},
		{"listReservations", nil, login, yes, yes, yes, yes, yes, yes},
		{"listNotifications", nil, login, yes, yes, yes, yes, yes, yes},
		{"markNotificationsRead", object{"upTo": 1}, login, yes, yes, yes, yes, yes, no},
	}
}

func TestEveryRouteForEveryRole(t *testing.T) { //nolint:tparallel // its cases share one server and its log
	t.Parallel()
	h := newHouse(t)
	seen := map[string]bool{}
	for day, r := range matrix() {
		seen[r.operation] = true
		t.Run(r.operation, func(t *testing.T) {
			for column, want := range []int{r.anonymous, r.outsider, r.candidate, r.assignee, r.starter, r.operator, r.token} {
				name := []string{"anonymous", "outsider", "candidate", "assignee", "starter", "operator", "read-only token of the starter"}[column]
				user := []string{"", theOutsider, theRival, theAttendant, theStarter, theOperator, theStarter}[column]
				req := h.cell(r, day*10+column)
				if user != "" {
					scopes := []string{"read", "write"}
					if column == 6 {
						scopes = []string{"read"}
					}
					req.Header.Set("Authorization", "Bearer "+h.token(user, scopes...))
				}
				a := h.send(req)
				require.Equal(t, want, a.status, "%s: %s", name, a.body)
				if a.status >= 400 {
					a.problem()
				}
			}
		})
	}
	for _, op := range h.server.operations {
		require.True(t, seen[op.id], "the matrix has no row for %s", op.id)
	}
}

// cell makes the request of one cell on a process of its own.
func (h *house) cell(r row, day int) *http.Request {
	h.t.Helper()
	method, path := h.address(r.operation)
	if strings.Contains(path, "{processId}") || strings.Contains(path, "{taskId}") || strings.Contains(path, "{commandId}") {
		process, task := h.start(day)
		claim := h.command(theAttendant, task, "claim", nil)
		path = strings.NewReplacer("{processId}", process, "{taskId}", task, "{commandId}", h.startCommand(process)).Replace(path)
		require.Equal(h.t, process, claim.Process.String())
	}
	path = strings.NewReplacer("{tokenId}", uuid.NewString(), "{definitionId}", "visit", "{roomId}", "room-1").Replace(path)
	if r.operation == "getFreeBusy" {
		path += "?from=2027-03-01T00:00:00Z&to=2027-03-02T00:00:00Z"
	}
	if r.operation == "signIn" { // each on its own account: failures lock
		return h.request(method, path, object{"user": fmt.Sprint("nobody", day), "password": "wrong password"})
	}
	return h.request(method, path, r.body, "Idempotency-Key", uuid.NewString())
}

// address answers method and path of an operation.
func (h *house) address(operation string) (method, path string) {
	h.t.Helper()
	for _, op := range h.server.operations {
		if op.id == operation {
			return op.route.Method, op.route.Path
		}
	}
	h.t.Fatalf("no operation %s", operation)
	return "", ""
}

// startCommand answers the id of the command that started a process.
func (h *house) startCommand(process string) string {
	h.t.Helper()
	var id uuid.UUID
	err := h.store.Pool().QueryRow(h.t.Context(), "SELECT id FROM commands WHERE process_id = $1 AND type = 'start'", process).Scan(&id)
	require.NoError(h.t, err)
	return id.String()
}
