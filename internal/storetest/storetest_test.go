package storetest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/internal/store"
	"steward/internal/storetest"
)

func TestNewGivesEachTestItsOwnMigratedDatabase(t *testing.T) {
	t.Parallel()
	one, other := storetest.New(t), storetest.New(t)
	_, err := one.Pool().Exec(t.Context(), "INSERT INTO settings (key, value, updated_by) VALUES ('seen', '1', 'test')")
	require.NoError(t, err)

	var rows int
	require.NoError(t, other.Pool().QueryRow(t.Context(), "SELECT count(*) FROM settings WHERE key = 'seen'").Scan(&rows))
	require.Zero(t, rows)
}

func TestNewEmptyURLHasNoSchema(t *testing.T) {
	t.Parallel()
	url := storetest.NewEmptyURL(t)
	ran, err := store.Migrate(t.Context(), url)
	require.NoError(t, err)
	require.NotEmpty(t, ran)
}

func TestDatabasesAreDroppedAtTheEnd(t *testing.T) { //nolint:tparallel // the inner test has to end first
	t.Parallel()
	var url string
	t.Run("uses one", func(t *testing.T) { url = storetest.NewURL(t) })
	_, err := store.Open(t.Context(), url, store.Options{MaxConns: 1, ListMaxConns: 1})
	require.Error(t, err)
}
