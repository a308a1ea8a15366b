package activities

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/internal/storetest"
)

var readRows = regexp.MustCompile(`(?:Scan.* on (?:task_candidates|tasks) .*actual rows=|Rows Removed by Filter: )(\d+)(?: loops=(\d+))?`)

// TestVacanciesAmongManyTasks: what a look reads follows the number of principals, not the number of tasks that wait for them.
func TestVacanciesAmongManyTasks(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	process := storetest.Process(t, st.Pool(), nil)
	for _, sql := range []string{
		`INSERT INTO users (id, name) SELECT 'u' || n, 'n' FROM generate_series(1, 50) n`,
		`INSERT INTO groups (id, name) SELECT 'g' || n, '{}' FROM generate_series(1, 20) n`,
		`INSERT INTO memberships (group_id, user_id) SELECT g.id, u.id FROM groups g, users u`,
		`INSERT INTO tasks (id, process_id, node, definition_id, step, kind, title, process_title, status, opened_at)
SELECT gen_random_uuid(), '` + process.ID.String() + `', 1, 'd', 's', 'task', '{}', '{}', 'open', now() FROM generate_series(1, 20000)`,
		`INSERT INTO task_candidates (task_id, principal, process_id, process_started_at)
SELECT id, 'group:g' || (1 + (row_number() OVER ()) % 20), process_id, now() FROM tasks`,
		`ANALYZE tasks, task_candidates, users, memberships`,
	} {
		_, err := st.Pool().Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	rows, err := st.Lists().Query(t.Context(), `EXPLAIN (ANALYZE, TIMING OFF) `+sqlVacancies, maxVacancies, smallGroup)
	require.NoError(t, err)
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	read := 0
	for _, line := range plan {
		if m := readRows.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[1])
			loops, _ := strconv.Atoi("0" + m[2])
			read += n * max(loops, 1)
		}
	}
	require.Positive(t, read)
	require.Less(t, read, 5000, strings.Join(plan, "\n"))
}
