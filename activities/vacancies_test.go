package activities_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/activities"
	"steward/internal/people"
	"steward/internal/store"
	"steward/internal/storetest"
)

// staff is a house of people without Temporal, and its auditor.
type staff struct {
	*testing.T
	store   *store.Store
	auditor *activities.Auditor
}

func newStaff(t *testing.T) staff {
	t.Helper()
	st := storetest.New(t)
	service, err := people.NewService(st, people.Options{})
	require.NoError(t, err)
	require.NoError(t, service.SeedDemo(t.Context()))
	return staff{t, st, activities.NewAuditor(nil, st, quiet(), activities.AuditorOptions{})}
}

// task opens a task for some principals, or for one person.
func (s staff) task(assignee string, excluded []string, candidates ...string) uuid.UUID {
	s.Helper()
	process := storetest.Process(s, s.store.Pool(), nil)
	task := storetest.Task(s, s.store.Pool(), process, func(t *store.Task) {
		if assignee != "" {
			t.Assignee = &assignee
		}
	}, candidates...)
	s.exec(`UPDATE task_candidates SET excluded = $2 WHERE task_id = $1`, task.ID, append([]string{}, excluded...))
	return task.ID
}

func (s staff) exec(sql string, args ...any) {
	s.Helper()
	_, err := s.store.Pool().Exec(s.Context(), sql, args...)
	require.NoError(s, err)
}

// look lets the auditor look and answers the tasks that incidents stand open for.
func (s staff) look(opened, closed int) map[string]string {
	s.Helper()
	gotOpened, gotClosed, err := s.auditor.LookForVacancies(s.Context())
	require.NoError(s, err)
	require.Equal(s, [2]int{opened, closed}, [2]int{gotOpened, gotClosed}, "opened and closed")
	list, err := s.store.Incidents(s.Context(), true, store.Page{})
	require.NoError(s, err)
	open := map[string]string{}
	for _, i := range list.Items {
		require.Equal(s, "nobody_left", i.Kind)
		open[i.EventID] = i.Message
	}
	return open
}

func TestATaskThatNobodyIsLeftToDoIsAnIncidentOnce(t *testing.T) {
	t.Parallel()
	s := newStaff(t)
	s.exec(`UPDATE memberships SET group_id = 'finance' WHERE group_id = 'sales' AND user_id <> 'ashan'`) // sales is one person now
	vacant := []uuid.UUID{
		s.task("", nil, "group:sales"),
		s.task("ashan", nil),
		s.task("ashan", nil, "group:attendants"), // they may not do what somebody has
		s.task("", nil, "user:ashan", "group:sales"),
		s.task("", []string{"ajun"}, "post:av-engineer"), // there from the beginning: its only holder may not
	}
	s.task("", nil, "group:attendants")
	s.task("", nil, "group:sales", "post:duty-manager") // somebody else may
	s.task("", []string{"ahua"}, "group:attendants")
	s.task("aqiang", nil)
	require.Len(t, s.look(1, 0), 1, "while all are there")

	s.exec(`UPDATE users SET active = false WHERE id = 'ashan'`)
	open := s.look(4, 0)
	require.Len(t, open, len(vacant))
	require.Contains(t, open["nobody/"+vacant[0].String()], `Nobody is left who can do the task "Greet" (step greet)`)
	require.Contains(t, open["nobody/"+vacant[0].String()], "behind group:sales")
	require.Contains(t, open["nobody/"+vacant[1].String()], "ashan, who has the task")
	require.Contains(t, open["nobody/"+vacant[2].String()], "transfers it to somebody else")
	require.Len(t, s.look(0, 0), len(vacant), "known already")

	s.exec(`UPDATE tasks SET assignee = 'alin' WHERE id = $1`, vacant[1])
	s.exec(`UPDATE tasks SET status = 'closed', closed_at = now() WHERE id = $1`, vacant[2])
	require.Len(t, s.look(0, 2), 3, "transferred, and over")
	s.exec(`INSERT INTO memberships (group_id, user_id) VALUES ('sales', 'alin')`)
	require.Len(t, s.look(0, 2), 1, "somebody joined")
	s.exec(`DELETE FROM memberships WHERE group_id = 'sales'`)
	require.Len(t, s.look(2, 0), 3, "and left: a new incident")
	require.Equal(t, 7, scan[int](t, s.store, `SELECT count(*) FROM incidents`))
}
