package activities_test

import (
	"fmt"
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

func TestWhereNobodyIsLeftIsOneIncident(t *testing.T) {
	t.Parallel()
	s := newStaff(t)
	s.exec(`UPDATE memberships SET group_id = 'finance' WHERE group_id = 'sales' AND user_id <> 'ashan'`) // sales is one person now
	s.task("", nil, "group:sales")
	s.task("", nil, "group:sales")
	held := s.task("ashan", nil)
	s.task("ashan", nil, "group:attendants")                          // they may not do what somebody has
	s.task("", nil, "user:ashan", "group:sales")                      // counts for the group
	s.task("", nil, "user:ashan")                                     //
	s.task("", []string{"ajun"}, "post:av-engineer")                  // there from the beginning: its only holder may not
	s.task("", []string{"ajun"}, "post:av-engineer", "post:nowhere")  // nor has the other post anybody
	s.task("", []string{"ajun"}, "post:av-engineer", "group:finance") // somebody else may
	s.task("", nil, "group:attendants")
	s.task("", nil, "group:sales", "post:duty-manager")
	s.task("", []string{"ahua"}, "group:attendants")
	s.task("aqiang", nil)
	require.Equal(t, map[string]string{
		"nobody/post:av-engineer": `Nobody is left who can do 2 open tasks that wait for post:av-engineer (the people behind it may not do them), first "Greet" (step greet): ` +
			`put another person behind post:av-engineer, or an operator or administrator transfers what is urgent.`,
	}, s.look(1, 0), "while all are there")

	s.exec(`UPDATE users SET active = false WHERE id = 'ashan'`)
	open := s.look(3, 0)
	require.Len(t, open, 4)
	require.Contains(t, open["nobody/group:sales"], "can do 3 open tasks that wait for group:sales (no active person is behind it)")
	require.Contains(t, open["nobody/user:ashan"], "can do 1 open task that waits for user:ashan (ashan has left)")
	require.Contains(t, open["nobody/user:ashan"], "make ashan active again, or an operator")
	require.Contains(t, open["left/ashan"], "ashan, who has left, has 2 open tasks, first ")
	require.Equal(t, open, s.look(0, 0), "known already")

	s.exec(`UPDATE tasks SET assignee = 'alin' WHERE id = $1`, held)
	open = s.look(0, 0)
	require.Contains(t, open["left/ashan"], "has 1 open task, first ", "one was transferred")
	s.exec(`UPDATE tasks SET status = 'closed', closed_at = now() WHERE assignee = 'ashan'`)
	require.Len(t, s.look(0, 1), 3, "the other is over")
	s.exec(`INSERT INTO memberships (group_id, user_id) VALUES ('sales', 'alin')`)
	require.Len(t, s.look(0, 1), 2, "somebody joined")
	s.exec(`DELETE FROM memberships WHERE group_id = 'sales'`)
	require.Len(t, s.look(1, 0), 3, "and left: a new incident")
	require.Equal(t, 5, scan[int](t, s.store, `SELECT count(*) FROM incidents`))
	s.exec(`UPDATE tasks SET status = 'closed', closed_at = now() WHERE status = 'open'`)
	require.Empty(t, s.look(0, 3), "nothing waits for them any more")
}

func TestAPersonWhoMayNotIsNamed(t *testing.T) {
	t.Parallel()
	s := newStaff(t)
	s.task("", []string{"ahua"}, "user:ahua")
	require.Contains(t, s.look(1, 0)["nobody/user:ahua"], "waits for user:ahua (ahua may not do them), first \"Greet\" (step greet): an operator")
}

// TestAllOfALargeGroupMayBeExcluded: a group of any size, of whose active members a task excludes each, is found, also beside others who
// may not do the task or are not there; one member who is left is enough, and so is anybody else.
func TestAllOfALargeGroupMayBeExcluded(t *testing.T) {
	t.Parallel()
	s := newStaff(t)
	s.exec(`INSERT INTO users (id, name) SELECT 'd' || n, 'n' FROM generate_series(1, 600) n`)
	s.exec(`INSERT INTO groups (id, name) VALUES ('desk', '{}'), ('floor', '{}'), ('hall', '{}')`)
	s.exec(`INSERT INTO posts (id, name) VALUES ('door', '{}')`)
	s.exec(`INSERT INTO memberships (group_id, user_id) SELECT 'desk', 'd' || n FROM generate_series(1, 5) n UNION ALL SELECT 'floor', 'd' || n FROM generate_series(1, 6) n
 UNION ALL SELECT 'hall', 'd' || n FROM generate_series(1, 600) n`)
	s.exec(`INSERT INTO post_holders (post_id, user_id) SELECT 'door', 'd' || n FROM generate_series(1, 5) n`)
	numbered := func(from, to int) (ids []string) {
		for n := from; n <= to; n++ {
			ids = append(ids, fmt.Sprint("d", n))
		}
		return ids
	}
	s.task("", numbered(1, 4), "group:desk")                  // d5 is left
	s.task("", numbered(2, 600), "group:desk", "group:floor") // d1 is left
	s.task("", numbered(1, 5), "group:desk", "group:floor")   // d6 is left in the other group
	s.task("", numbered(1, 600), "group:hall", "user:ashan")  // somebody else may
	s.task("", numbered(2, 600), "group:hall")                // d1 is left
	s.task("", numbered(1, 600), "group:hall", "post:nowhere")
	s.task("", numbered(1, 600), "group:hall", "group:floor") // counts for the first
	s.task("", numbered(1, 5), "group:desk")
	s.task("", numbered(1, 5), "group:desk", "post:door")
	s.task("", append(numbered(1, 5), "ashan", "ajun"), "post:door", "user:ashan")
	s.task("d9", numbered(1, 5), "group:desk") // somebody has it
	s.exec(`UPDATE users SET active = false WHERE id = 'd8'`)
	s.task("", append(numbered(1, 7), numbered(9, 600)...), "group:hall", "user:d10") // who is left is not there
	open := s.look(4, 0)
	require.Contains(t, open["nobody/group:desk"], "can do 2 open tasks that wait for group:desk (the people behind it may not do them)")
	require.Contains(t, open["nobody/group:floor"], "can do 1 open task that waits for group:floor")
	require.Contains(t, open["nobody/group:hall"], "can do 2 open tasks that wait for group:hall")
	require.Contains(t, open["nobody/post:door"], "can do 1 open task that waits for post:door")
	s.exec(`INSERT INTO memberships (group_id, user_id) VALUES ('desk', 'alin'), ('floor', 'alin')`)
	s.exec(`UPDATE users SET active = true WHERE id = 'd8'`)
	require.Len(t, s.look(0, 2), 2, "somebody joined two of them, and a third is partly mended")
}

// TestIncidentsOfSingleTasksAreReplaced: of a version that opened one for each task.
func TestIncidentsOfSingleTasksAreReplaced(t *testing.T) {
	t.Parallel()
	s := newStaff(t)
	task := s.task("", nil, "post:nowhere")
	s.exec(`INSERT INTO incidents (process_id, event_id, kind, message) SELECT process_id, 'nobody/' || id, 'nobody_left', 'x' FROM tasks WHERE id = $1`, task)
	require.Contains(t, s.look(1, 1), "nobody/post:nowhere")
}
