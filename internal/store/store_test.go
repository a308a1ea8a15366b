package store_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/internal/store"
	"steward/internal/storetest"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := store.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none", store.Options{})
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.ErrorContains(t, err, "DATABASE_URL")
	_, err = store.Open(t.Context(), "postgres://user:secret@host:port/x", store.Options{})
	require.ErrorContains(t, err, "set it to postgres://")
	require.NotContains(t, err.Error(), "secret")
}

func TestSessionSettings(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.NewURL(t), store.Options{Tracing: true, ListStatementTimeout: 7 * time.Second})
	setting := func(db store.DBTX, name string) (value string) {
		require.NoError(t, db.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&value))
		return value
	}
	for name, want := range map[string]string{
		"lock_timeout": "1s", "statement_timeout": "1500ms", "idle_in_transaction_session_timeout": "3s", "tcp_user_timeout": "5000",
		"TimeZone": "UTC", "default_transaction_isolation": "read committed", "application_name": "steward",
	} {
		require.Equal(t, want, setting(s.Pool(), name), name)
	}
	require.Equal(t, "7s", setting(s.Lists(), "statement_timeout"))
	require.Equal(t, "1s", setting(s.Lists(), "lock_timeout"))

	require.NoError(t, s.Ping(t.Context()))
	now, err := s.Now(t.Context())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), now, time.Minute)
}

// withCounters adds a table of the test's own, so that what is tested of transactions and errors stands on no product table.
func withCounters(t *testing.T, s *store.Store) *store.Store {
	t.Helper()
	_, err := s.Pool().Exec(t.Context(), "CREATE TABLE counters (name text PRIMARY KEY, value bigint NOT NULL)")
	require.NoError(t, err)
	return s
}

func TestInTxRunsAgainAfterADeadlock(t *testing.T) {
	t.Parallel()
	s := withCounters(t, storetest.New(t))
	_, err := s.Pool().Exec(t.Context(), "INSERT INTO counters VALUES ('a', 0), ('b', 0)")
	require.NoError(t, err)

	var runs atomic.Int32
	bothHoldOne := make(chan struct{})
	add := func(first, second string) error {
		return s.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			const add = "UPDATE counters SET value = value + 1 WHERE name = $1"
			if _, err := tx.Exec(ctx, add, first); err != nil {
				return err
			}
			if runs.Add(1) == 2 {
				close(bothHoldOne)
			}
			<-bothHoldOne
			_, err := tx.Exec(ctx, add, second)
			return err
		})
	}
	other := make(chan error, 1)
	go func() { other <- add("b", "a") }()
	require.NoError(t, add("a", "b"))
	require.NoError(t, <-other)

	var sum int
	require.NoError(t, s.Pool().QueryRow(t.Context(), "SELECT sum(value) FROM counters").Scan(&sum))
	require.Equal(t, 4, sum, "each transaction counted once")
	require.Greater(t, runs.Load(), int32(2), "one of the two ran again")
}

func TestInTxGivesUpOnALockThatStays(t *testing.T) {
	t.Parallel()
	s := withCounters(t, storetest.Open(t, storetest.NewURL(t), store.Options{Limits: store.Limits{Lock: 20 * time.Millisecond}}))
	_, err := s.Pool().Exec(t.Context(), "INSERT INTO counters VALUES ('a', 0)")
	require.NoError(t, err)
	holder, err := s.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = holder.Rollback(context.Background()) }()
	_, err = holder.Exec(t.Context(), "UPDATE counters SET value = 1")
	require.NoError(t, err)

	attempts := 0
	err = s.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		attempts++
		_, err := tx.Exec(ctx, "UPDATE counters SET value = 2")
		return err
	})
	require.ErrorIs(t, err, store.ErrBusy)
	require.Equal(t, 5, attempts)
}

func TestInTxRollsBackAndKeepsTheCause(t *testing.T) {
	t.Parallel()
	s := withCounters(t, storetest.New(t))
	cause := errors.New("no")
	err := s.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO counters VALUES ('a', 0)")
		require.NoError(t, err)
		return cause
	})
	require.ErrorIs(t, err, cause)
	var rows int
	require.NoError(t, s.Pool().QueryRow(t.Context(), "SELECT count(*) FROM counters").Scan(&rows))
	require.Zero(t, rows)
}

func TestClassify(t *testing.T) {
	t.Parallel()
	s := withCounters(t, storetest.New(t))
	exec := func(sql string, args ...any) error {
		_, err := s.Pool().Exec(t.Context(), sql, args...)
		return store.Classify(err)
	}
	require.NoError(t, store.Classify(nil))
	require.NoError(t, exec("INSERT INTO counters VALUES ('a', 0)"))
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"unique key":       {exec("INSERT INTO counters VALUES ('a', 0)"), store.ErrConflict},
		"missing value":    {exec("INSERT INTO counters VALUES (NULL, 0)"), store.ErrInvalid},
		"NUL in text":      {exec("SELECT $1::text", "a\x00b"), store.ErrInvalid},
		"statement time":   {exec("SET LOCAL statement_timeout = 1; SELECT pg_sleep(10)"), store.ErrBusy},
		"backend killed":   {exec("SELECT pg_terminate_backend(pg_backend_pid())"), store.ErrUnavailable},
		"no row":           {store.Classify(pgx.ErrNoRows), store.ErrNotFound},
		"classified again": {store.Classify(store.Classify(pgx.ErrNoRows)), store.ErrNotFound},
	} {
		require.ErrorIs(t, c.err, c.want, name)
	}
	unknown := errors.New("anything")
	require.Equal(t, unknown, store.Classify(unknown))

	var constraint *store.ConstraintError
	require.ErrorAs(t, exec("INSERT INTO counters VALUES ('a', 0)"), &constraint)
	require.Equal(t, "counters_pkey", constraint.Constraint)
}
