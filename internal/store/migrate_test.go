package store_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"steward/internal/store"
	"steward/internal/storetest"
)

func TestMigrateRunsOnceHoweverManyStartTogether(t *testing.T) {
	t.Parallel()
	url := storetest.NewEmptyURL(t)
	ran := make([][]string, 4)
	var group errgroup.Group
	for i := range ran {
		group.Go(func() (err error) {
			ran[i], err = store.Migrate(t.Context(), url)
			return err
		})
	}
	require.NoError(t, group.Wait())

	var all []string
	for _, names := range ran {
		all = append(all, names...)
	}
	require.Equal(t, []string{
		"00001_processes.sql", "00002_tasks.sql", "00003_house.sql", "00004_messages.sql", "00005_people.sql", "00006_overdue.sql", "00007_former.sql",
		"00008_no_counters.sql", "00009_follow.sql", "00010_crowded.sql",
	}, all, "each migration runs in exactly one of the programs")

	again, err := store.Migrate(t.Context(), url)
	require.NoError(t, err)
	require.Empty(t, again)
}

func TestMigrateNamesTheRemedy(t *testing.T) {
	t.Parallel()
	_, err := store.Migrate(t.Context(), "postgres://localhost:notaport/db")
	require.ErrorContains(t, err, "set it to postgres://")
	_, err = store.Migrate(t.Context(), "postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
	require.ErrorIs(t, err, store.ErrUnavailable)
}

func TestSchemaDigestIsStable(t *testing.T) {
	t.Parallel()
	digest := store.SchemaDigest()
	require.Len(t, digest, 16)
	require.Equal(t, digest, store.SchemaDigest())
}

func TestSchemaCurrent(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	require.NoError(t, s.SchemaCurrent(t.Context()))
	exec := func(sql string) {
		_, err := s.Pool().Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
	require.NoError(t, s.SchemaCurrent(t.Context()), "of a newer program that runs beside this one")
	exec("DELETE FROM goose_db_version WHERE version_id > 1")
	require.ErrorContains(t, s.SchemaCurrent(t.Context()), "the schema is at migration 1, this program needs")
	exec("DROP TABLE goose_db_version")
	var missing *store.SchemaError
	require.ErrorAs(t, s.SchemaCurrent(t.Context()), &missing)
	require.EqualError(t, missing, "the database has no schema yet: run `steward migrate`")
}

// TestWhoCouldTakeATaskIsReadLogByLog: the migration holds no more processes at once than have some hundred rows of the log together,
// however many there are, and leaves none out.
func TestWhoCouldTakeATaskIsReadLogByLog(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	rows := map[string]int{"short": 5, "long": 200, "longest": 2000}
	for _, sql := range []string{
		`INSERT INTO processes (id, definition_id, version, digest, title, status, starter, state, state_format, seq, started_at)
			SELECT md5(k || i)::uuid, k, 1, '', '{}', 'running', 'starter', '{}', 1, rows - 1, now()
			FROM (VALUES ('short', 5), ('long', 200), ('longest', 2000)) kinds (k, rows), generate_series(1, 40) i WHERE i <= 3 OR k <> 'longest'`,
		`INSERT INTO tasks (id, process_id, node, definition_id, step, kind, title, process_title, status, opened_at)
			SELECT md5(id::text)::uuid, id, 1, definition_id, 's', 'task', '{}', '{}', 'done', now() FROM processes`,
		`INSERT INTO decision_log (process_id, seq, event_id, event, changes, at, chain_hash, state_digest)
			SELECT id, 0, 'cmd/1', '{}', '[{"k":"task.opened","task":{"id":"' || md5(id::text)::uuid || '","candidates":["group:office"],"exclude":["ann"]}},{"k":"task.closed","task":"'
				|| md5(id::text)::uuid || '"}]', now(), '', '' FROM processes`,
		`CALL tasks_fill_former()`,
	} {
		_, err := s.Pool().Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	found, err := s.Pool().Query(t.Context(), `SELECT array_agg(definition_id) FROM tasks WHERE former = '{group:office}' AND excluded = '{ann}' GROUP BY xmin::text`)
	require.NoError(t, err)
	batches, err := pgx.CollectRows(found, pgx.RowTo[[]string])
	require.NoError(t, err)
	processes, alone := 0, 0
	for _, kinds := range batches { // a batch is a transaction
		together := 0
		for _, kind := range kinds {
			together += rows[kind]
		}
		processes += len(kinds)
		if kinds[0] == "longest" && len(kinds) == 1 {
			alone++
		} else {
			require.LessOrEqual(t, together, 500, kinds)
		}
	}
	require.Equal(t, 83, processes)
	require.Equal(t, 3, alone)
}
