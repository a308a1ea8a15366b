package store_test

import (
	"testing"

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
		"00008_no_counters.sql", "00009_follow.sql",
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
