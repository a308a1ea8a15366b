package activities

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/store"
	"steward/internal/storetest"
)

const (
	manyTasks  = 100_000
	manyUsers  = 3000
	manyGroups = 200
)

// bigHouse has 100,000 open tasks, 3,000 people, and 200 groups of four that the tasks wait for. Somebody else has as many tasks.
func bigHouse(t *testing.T) (*store.Store, *Auditor) {
	t.Helper()
	st := storetest.Open(t, storetest.NewURL(t), store.Options{ListStatementTimeout: time.Minute}) // to fill it
	process := storetest.Process(t, st.Pool(), nil)
	for _, sql := range []string{
		fmt.Sprintf(`INSERT INTO users (id, name) SELECT 'u' || n, 'n' FROM generate_series(1, %d) n`, manyUsers),
		fmt.Sprintf(`INSERT INTO groups (id, name) SELECT 'g' || n, '{}' FROM generate_series(1, %d) n`, manyGroups),
		`INSERT INTO posts (id, name) VALUES ('gone', '{}')`,
		`ALTER TABLE tasks DISABLE TRIGGER USER`, // row by row they would take longer than the test
		fmt.Sprintf(`INSERT INTO memberships (group_id, user_id) SELECT 'g' || 1 + n %% %d, 'u' || n FROM generate_series(1, %d) n`, manyGroups, 4*manyGroups),
		fmt.Sprintf(`INSERT INTO tasks (id, process_id, node, definition_id, step, kind, title, process_title, status, opened_at)
SELECT gen_random_uuid(), '%s', 1, 'd', 's', 'task', '{}', '{}', 'open', now() FROM generate_series(1, %d)`, process.ID, manyTasks),
		fmt.Sprintf(`INSERT INTO task_candidates (task_id, principal, process_id, process_started_at)
SELECT id, 'group:g' || 1 + (row_number() OVER ()) %% %d, process_id, now() FROM tasks`, manyGroups),
		`ANALYZE`,
	} {
		_, err := st.Lists().Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	return st, NewAuditor(nil, st, slog.New(slog.DiscardHandler), AuditorOptions{})
}

// round looks until everything was come to once, and answers what it opened and closed, in how many looks, and how long half of
// them took at most.
func (a *Auditor) round(t *testing.T) (opened, closed, looks int, median time.Duration) {
	t.Helper()
	var took []time.Duration
	for {
		begun := time.Now()
		o, c, err := a.LookForVacancies(t.Context())
		require.NoError(t, err)
		opened, closed, took = opened+o, closed+c, append(took, time.Since(begun))
		if a.vacancies == (vacancyWalk{}) {
			slices.Sort(took)
			return opened, closed, len(took), took[len(took)/2]
		}
	}
}

// TestVacanciesInABigHouse: a look costs less than a plain reading of the open tasks, whether nothing is vacant, one
// post with thousands of tasks is, or every group; and the looks together miss nothing.
func TestVacanciesInABigHouse(t *testing.T) {
	st, a := bigHouse(t) // not parallel: it measures
	exec := func(sql string) {
		_, err := st.Lists().Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	baseline := func() time.Duration { // reads every open task and asks of each for one person by key
		begun := time.Now()
		exec(`SELECT count(*) FROM tasks t JOIN task_candidates c ON c.task_id = t.id WHERE t.status = 'open'
 AND (SELECT u.active FROM users u WHERE u.id = 'u' || (1 + length(t.id::text || c.principal)))`)
		return time.Since(begun)
	}
	const all = manyTasks/vacancyTasks + 1
	for _, tc := range []struct {
		name           string
		sql            string
		opened, closed int
		looks          int // at most
	}{
		{"calm", `SELECT`, 0, 0, all},
		{"a post without people", `UPDATE task_candidates SET principal = 'post:gone' WHERE principal LIKE 'group:g1_'`, 1, 0, all},
		{"known already", `SELECT`, 0, 0, all},
		{"people who left have tasks", `WITH given AS (SELECT id, row_number() OVER () % 100 AS n FROM tasks LIMIT 20000), gone AS (UPDATE users SET active = false
 WHERE id IN (SELECT 'u' || 2000 + n FROM generate_series(0, 99) n)), claimed AS (UPDATE task_candidates c SET claimed = true FROM given g WHERE c.task_id = g.id)
 UPDATE tasks t SET assignee = 'u' || 2000 + g.n FROM given g WHERE g.id = t.id`, 100, 0, all},
		{"nobody is there", `UPDATE users SET active = false`, 190, 0, all},
		{"everybody is back", `UPDATE users SET active = true`, 0, 290, all},
		{"large groups, whose tasks are not read", `INSERT INTO memberships SELECT 'g' || n, 'u' || 2500 + n FROM generate_series(1, 200) n`, 0, 0, 1},
		{"from some of them all are excluded", `UPDATE task_candidates c SET excluded = m.members
 FROM (SELECT 'group:' || group_id AS p, array_agg(user_id) AS members FROM memberships GROUP BY group_id) m WHERE m.p = c.principal AND m.p LIKE 'group:g2_'`, 10, 0, 2},
		{"others joined", `INSERT INTO memberships SELECT 'g' || n, 'u' || 2800 + n FROM generate_series(1, 200) n`, 0, 10, 2},
	} {
		exec(tc.sql)
		exec(`ANALYZE users, tasks, task_candidates`)
		read := baseline()
		opened, closed, looks, median := a.round(t)
		t.Logf("%s: %d looks, median %s; reading all once %s", tc.name, looks, median, read)
		require.Equal(t, [2]int{tc.opened, tc.closed}, [2]int{opened, closed}, tc.name)
		require.LessOrEqual(t, looks, tc.looks, tc.name)
		require.Less(t, median, max(2*read, 100*time.Millisecond), tc.name)
	}
	require.Zero(t, openIncidents(t, st, "nobody/group:%"))
	require.Equal(t, 1, openIncidents(t, st, "nobody/post:gone"))
}

func openIncidents(t *testing.T, st *store.Store, event string) (n int) {
	t.Helper()
	err := st.Pool().QueryRow(t.Context(), `SELECT count(*) FROM incidents WHERE resolved_at IS NULL AND event_id LIKE $1`, event).Scan(&n)
	require.NoError(t, err)
	return n
}

// TestLongListsAreHeldAgainstAGroupAFewAtATime: however many tasks each exclude another list of hundreds of people, one look holds no
// more lists against their group than have vacancyTasks people together; a list that many tasks share counts once.
func TestLongListsAreHeldAgainstAGroupAFewAtATime(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	process := storetest.Process(t, st.Pool(), nil)
	for range 340 {
		storetest.Task(t, st.Pool(), process, nil, "group:hall")
	}
	for _, sql := range []string{
		`INSERT INTO users (id, name) SELECT 'h' || n, 'n' FROM generate_series(1, 600) n`,
		`INSERT INTO groups (id, name) VALUES ('hall', '{}')`,
		`INSERT INTO memberships (group_id, user_id) SELECT 'hall', 'h' || n FROM generate_series(1, 600) n`,
		`WITH numbered AS (SELECT task_id, row_number() OVER () AS n FROM task_candidates),
 hall AS (SELECT array_agg('h' || n ORDER BY n) AS members FROM generate_series(1, 600) n)
UPDATE task_candidates c SET excluded = CASE WHEN n <= 40 THEN members || ('x' || n) ELSE members END FROM numbered n, hall WHERE n.task_id = c.task_id`,
	} {
		_, err := st.Pool().Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	a := NewAuditor(nil, st, slog.New(slog.DiscardHandler), AuditorOptions{})
	opened, closed, looks, _ := a.round(t)
	require.Equal(t, [3]int{1, 0, 3}, [3]int{opened, closed, looks}, "some 41 lists of 600 in looks of 10,000")
	var message string
	require.NoError(t, st.Pool().QueryRow(t.Context(), `SELECT message FROM incidents`).Scan(&message))
	require.Contains(t, message, "can do 340 open tasks that wait for group:hall")
	_, err := st.Pool().Exec(t.Context(), `INSERT INTO users (id, name) VALUES ('new', 'n'); INSERT INTO memberships (group_id, user_id) VALUES ('hall', 'new')`)
	require.NoError(t, err)
	opened, closed, _, _ = a.round(t)
	require.Equal(t, [2]int{0, 1}, [2]int{opened, closed})
}
