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
		"00001_processes.sql", "00002_tasks.sql", "00003_house.sql", "00004_messages.sql", "00005_people.sql",
	}, all, "each migration runs in exactly one of the programs")

	again, err := store.Migrate(t.Context(), url)
	require.NoError(t, err)
	require.Empty(t, again)
}

func TestMigrateNamesTheRemedy(t *testing.T) {
	t.Parallel()
	_, err := store.Migrate(t.Context(), "postgres://localhost:notaport/db")
	require.ErrorContains(t, err, "want postgres://")
	_, err = store.Migrate(t.Context(), "postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
	require.ErrorIs(t, err, store.ErrUnavailable)
}

func TestSchemaDigestIsStable(t *testing.T) {
	t.Parallel()
	require.Len(t, store.SchemaDigest(), 16)
	require.Equal(t, store.SchemaDigest(), store.SchemaDigest())
}
