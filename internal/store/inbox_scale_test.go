package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/internal/store"
	"steward/internal/storetest"
)

// fill generates processes with an open task each and closedPerOpen closed ones. A tenth of the open tasks is assigned, spread
// over 100 people; the rest is offered to 20 groups, a tenth of them to a post as well.
func fill(t testing.TB, s *store.Store, open, closedPerOpen int) {
	t.Helper()
	conn, err := s.Pool().Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	for _, sql := range []string{
		"SET statement_timeout = 0",
		"SET lock_timeout = 0", // ANALYZE waits for autovacuum
		"SET synchronous_commit = off",
		`INSERT INTO processes (id, definition_id, version, digest, title, status, starter, state, state_format, started_at)
			SELECT md5('p' || i)::uuid, 'visit', 1, 'd', '{"zh": "来访"}', 'running', 'user' || i % 1000, '{}', 1, now() - i * interval '1 second'
			FROM generate_series(1, @open) i`,
		"ALTER TABLE tasks DISABLE TRIGGER USER",
		`INSERT INTO tasks (id, process_id, node, definition_id, step, kind, title, process_title, status, assignee, due_at, opened_at)
			SELECT md5('t' || i)::uuid, md5('p' || i)::uuid, 1, 'visit', 'greet', 'task', '{"zh": "迎接"}', '{"zh": "来访"}', 'open',
				CASE WHEN i % 10 = 0 THEN 'user' || i / 10 % 100 END, CASE WHEN i % 7 > 0 THEN now() + (i % 5000 - 500) * interval '1 minute' END, now()
			FROM generate_series(1, @open) i`,
		`INSERT INTO tasks (id, process_id, node, definition_id, step, kind, title, process_title, status, assignee, outcome, due_at, opened_at, closed_at, closed_by)
			SELECT md5('c' || i)::uuid, md5('p' || i % @open + 1)::uuid, 1, 'visit', 'greet', 'task', '{"zh": "迎接"}', '{"zh": "来访"}', 'done',
				'user' || i % 100, 'done', now() - i * interval '1 second', now() - i * interval '1 second', now() - i * interval '1 second', 'user' || i % 100
			FROM generate_series(1, @closed) i`,
		"ALTER TABLE tasks ENABLE TRIGGER USER",
		`INSERT INTO task_candidates (task_id, principal, due_at, claimed, process_id, process_started_at)
			SELECT t.id, c.principal, t.due_at, t.assignee IS NOT NULL, t.process_id, p.started_at
			FROM generate_series(1, @open) i JOIN tasks t ON t.id = md5('t' || i)::uuid JOIN processes p ON p.id = t.process_id,
				LATERAL (SELECT 'group:g' || i % 20 UNION ALL SELECT 'post:p' || i % 3 WHERE i % 10 = 5) AS c (principal)`,
		`INSERT INTO process_participants (process_id, user_id, reason, process_started_at)
			SELECT p.id, 'user' || i % 100, 'acted', p.started_at FROM generate_series(1, @open) i JOIN processes p ON p.id = md5('p' || i)::uuid`,
		"ANALYZE",
		"RESET ALL",
	} {
		sql = strings.NewReplacer("@open", fmt.Sprint(open), "@closed", fmt.Sprint(open*closedPerOpen)).Replace(sql)
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
}

// planned collects the plans of the statements that a store sends, as its tracer.
type planned struct {
	statements []string
	args       [][]any
}

func (p *planned) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	p.statements, p.args = append(p.statements, data.SQL), append(p.args, data.Args)
	return ctx
}

func (*planned) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// nodes lists every node of a plan as "Seq Scan on tasks", with the rows it handled.
func nodes(plan map[string]any) (all []string, rows float64) {
	name := fmt.Sprint(plan["Node Type"])
	if relation, ok := plan["Relation Name"]; ok {
		name += fmt.Sprintf(" on %s", relation)
	}
	all = []string{name}
	rows = plan["Actual Rows"].(float64) * plan["Actual Loops"].(float64)
	for _, key := range []string{"Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck"} {
		if removed, ok := plan[key].(float64); ok {
			rows += removed * plan["Actual Loops"].(float64)
		}
	}
	children, _ := plan["Plans"].([]any)
	for _, child := range children {
		names, childRows := nodes(child.(map[string]any))
		all, rows = append(all, names...), rows+childRows
	}
	return all, rows
}

// TestListsStayOnTheirIndexes runs each list on 20,000 open and 200,000 closed tasks and reads its plan: no sequential scan of a
// table that grows, and a number of rows handled that follows the page and not the table. Searches find nothing, for those who have
// most to search: they pass as many rows as a page may, and no more.
func TestListsStayOnTheirIndexes(t *testing.T) {
	t.Parallel()
	url := storetest.NewURL(t)
	fill(t, storetest.Open(t, url, store.Options{}), 20_000, 10)
	busy := store.Viewer{UserID: "user7", Principals: []string{"group:g7", "group:g8", "group:g9", "post:p1"}}
	root := store.Viewer{UserID: "root", All: true}
	for name, read := range map[string]func(*store.Store) (string, error){
		"inbox":     taskPage(t, busy, store.TasksInbox, store.TaskFilter{}),
		"mine":      taskPage(t, busy, store.TasksMine, store.TaskFilter{}),
		"claimable": taskPage(t, busy, store.TasksClaimable, store.TaskFilter{}),
		"overdue":   taskPage(t, busy, store.TasksOverdue, store.TaskFilter{}),
		"done":      taskPage(t, busy, store.TasksDone, store.TaskFilter{}),
		"all":       taskPage(t, root, store.TasksAll, store.TaskFilter{}),
		"counts": func(s *store.Store) (string, error) {
			_, err := s.CountTasks(t.Context(), busy)
			return "", err
		},
		"processes":     processPage(t, busy, store.ProcessFilter{}),
		"all processes": processPage(t, root, store.ProcessFilter{Open: true}),
		"of a person":   processPage(t, root, store.ProcessFilter{Starter: "user8"}),
	} {
		requireIndexed(t, url, name, read)
	}
	everywhere := store.Viewer{UserID: "user7", Principals: []string{"post:p0", "post:p1", "post:p2"}} // may take any open task
	for i := range 20 {
		everywhere.Principals = append(everywhere.Principals, fmt.Sprintf("group:g%d", i))
	}
	for name, read := range map[string]func(*store.Store) (string, error){
		"inbox, text":           taskPage(t, everywhere, store.TasksInbox, store.TaskFilter{Query: "absent"}),
		"claimable, text":       taskPage(t, everywhere, store.TasksClaimable, store.TaskFilter{Query: "absent"}),
		"overdue, definition":   taskPage(t, everywhere, store.TasksOverdue, store.TaskFilter{DefinitionID: "absent"}),
		"inbox, definition":     taskPage(t, everywhere, store.TasksInbox, store.TaskFilter{DefinitionID: "absent"}),
		"inbox, kind":           taskPage(t, everywhere, store.TasksInbox, store.TaskFilter{Kind: "absent"}),
		"mine, text":            taskPage(t, busy, store.TasksMine, store.TaskFilter{Query: "absent"}),
		"done, text":            taskPage(t, busy, store.TasksDone, store.TaskFilter{Query: "absent"}),
		"all, text":             taskPage(t, root, store.TasksAll, store.TaskFilter{Query: "absent"}),
		"all, definition":       taskPage(t, root, store.TasksAll, store.TaskFilter{DefinitionID: "absent"}),
		"processes, text":       processPage(t, everywhere, store.ProcessFilter{Query: "absent"}),
		"processes, definition": processPage(t, everywhere, store.ProcessFilter{DefinitionID: "absent"}),
		"processes, state":      processPage(t, everywhere, store.ProcessFilter{Statuses: []string{"parked"}}),
		"my processes, text":    processPage(t, busy, store.ProcessFilter{Starter: "user7", Query: "absent"}),
		"all processes, text":   processPage(t, root, store.ProcessFilter{Query: "absent"}),
		"all processes, state":  processPage(t, root, store.ProcessFilter{Statuses: []string{"ended"}}),
	} {
		requireIndexed(t, url, name, read)
	}
}

func taskPage(t *testing.T, viewer store.Viewer, list store.TaskList, filter store.TaskFilter) func(*store.Store) (string, error) {
	return func(s *store.Store) (string, error) {
		first, err := s.Tasks(t.Context(), viewer, list, filter, store.Page{})
		if err != nil {
			return "", err
		}
		next, err := s.Tasks(t.Context(), viewer, list, filter, store.Page{Cursor: first.Next})
		return next.Next, err
	}
}

func processPage(t *testing.T, viewer store.Viewer, filter store.ProcessFilter) func(*store.Store) (string, error) {
	return func(s *store.Store) (string, error) {
		slice, err := s.Processes(t.Context(), viewer, filter, store.Page{})
		return slice.Next, err
	}
}

// requireIndexed reads the plans of a list. A row counts once for each node of the plan that it comes through. A search passes fewer
// than it does by default, so that the house is large beside it.
func requireIndexed(t *testing.T, url, name string, read func(*store.Store) (string, error)) {
	t.Helper()
	trace := &planned{}
	s := storetest.Open(t, url, store.Options{MaxConns: 1, ListMaxConns: 1, QueryTracer: trace, SearchDepth: 300})
	_, err := read(s)
	require.NoError(t, err, name)
	statements, args := slices.Clone(trace.statements), slices.Clone(trace.args)
	for i, sql := range statements {
		if !strings.HasPrefix(sql, "SELECT") {
			continue
		}
		var encoded []byte
		require.NoError(t, s.Lists().QueryRow(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) "+sql, args[i]...).Scan(&encoded), name)
		var plans []struct {
			Plan map[string]any `json:"Plan"`
		}
		require.NoError(t, json.Unmarshal(encoded, &plans))
		all, rows := nodes(plans[0].Plan)
		for _, table := range []string{"tasks", "task_candidates", "processes", "process_participants"} {
			require.NotContains(t, all, "Seq Scan on "+table, "%s: %s\n%s", name, sql, encoded)
		}
		require.Less(t, rows, 6000.0, "%s handles too many rows: %s\n%s", name, sql, encoded)
	}
}

// BenchmarkInbox measures one person's inbox page. The published figure is for 1,000,000 open and 10,000,000 closed tasks:
// STEWARD_BENCH_OPEN_TASKS=1000000 go test -run=- -bench=Inbox ./internal/store
func BenchmarkInbox(b *testing.B) {
	open := openTasksToBench(b)
	url := storetest.NewURL(b)
	s := storetest.Open(b, url, store.Options{Limits: store.Limits{Idle: time.Hour}})
	fill(b, s, open, 10)
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		viewer := store.Viewer{UserID: fmt.Sprintf("user%d", i%100), Principals: []string{
			fmt.Sprintf("group:g%d", i%20), fmt.Sprintf("group:g%d", (i+1)%20), fmt.Sprintf("post:p%d", i%3),
		}}
		start := time.Now()
		slice, err := s.Tasks(b.Context(), viewer, store.TasksInbox, store.TaskFilter{}, store.Page{})
		took = append(took, time.Since(start))
		require.NoError(b, err)
		require.NotEmpty(b, slice.Items)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

func openTasksToBench(b *testing.B) int {
	b.Helper()
	text := os.Getenv("STEWARD_BENCH_OPEN_TASKS")
	if text == "" {
		return 20_000
	}
	open, err := strconv.Atoi(text)
	require.NoError(b, err)
	return open
}
