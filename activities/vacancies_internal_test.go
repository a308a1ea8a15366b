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
	for _, tc := range []struct {
		name           string
		sql            string
		opened, closed int
	}{
		{"calm", `SELECT`, 0, 0},
		{"a post without people", `UPDATE task_candidates SET principal = 'post:gone' WHERE principal LIKE 'group:g1_'`, 1, 0},
		{"known already", `SELECT`, 0, 0},
		{"people who left have tasks", `WITH given AS (SELECT id, row_number() OVER () % 100 AS n FROM tasks LIMIT 20000), gone AS (UPDATE users SET active = false
 WHERE id IN (SELECT 'u' || 2000 + n FROM generate_series(0, 99) n)) UPDATE tasks t SET assignee = 'u' || 2000 + g.n FROM given g WHERE g.id = t.id`, 100, 0},
		{"nobody is there", `UPDATE users SET active = false`, 190, 0},
		{"everybody is back", `UPDATE users SET active = true`, 0, 290},
	} {
		exec(tc.sql)
		exec(`ANALYZE`)
		read := baseline()
		opened, closed, looks, median := a.round(t)
		t.Logf("%s: %d looks, median %s; reading all once %s", tc.name, looks, median, read)
		require.Equal(t, [2]int{tc.opened, tc.closed}, [2]int{opened, closed}, tc.name)
		require.LessOrEqual(t, looks, manyTasks/vacancyTasks+1, tc.name)
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
