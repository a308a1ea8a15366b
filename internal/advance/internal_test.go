package advance

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/storetest"
)

// TestSavepointsDoNotNest: a transaction of a hundred events that book has one savepoint at a time.
func TestSavepointsDoNotNest(t *testing.T) {
	t.Parallel()
	conn, err := storetest.New(t).Pool().Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	tx := &transaction{ctx: t.Context(), conn: conn}
	exec := func(sql string) error {
		_, err := conn.Exec(t.Context(), sql)
		return err
	}
	require.NoError(t, exec("BEGIN"))
	defer tx.rollback()
	require.NoError(t, exec("CREATE TEMPORARY TABLE seen (n int)"))
	for _, sql := range []string{"INSERT INTO seen VALUES (1)", "INSERT INTO seen VALUES (2)", "INSERT INTO seen VALUES (3)"} {
		require.NoError(t, tx.savepoint())
		require.NoError(t, tx.savepoint(), "once an event")
		require.NoError(t, exec(sql))
		tx.forget()
	}
	require.NoError(t, tx.savepoint())
	require.NoError(t, exec("INSERT INTO seen VALUES (4)"))
	require.NoError(t, tx.undo())
	require.NoError(t, tx.undo(), "nothing is left to undo")
	var sum int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT sum(n) FROM seen").Scan(&sum))
	require.Equal(t, 6, sum, "what earlier events wrote stays")
	require.NoError(t, exec("RELEASE SAVEPOINT event"))
	require.ErrorContains(t, exec("RELEASE SAVEPOINT event"), "3B001", "there was one")
}

// TestOneRenewsWhileTheOthersGoOn, but for the first time, when there is nothing yet to go on with.
func TestOneRenewsWhileTheOthersGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var turn turn
		var renewals atomic.Int32
		release := make(chan error)
		slow := func() error {
			renewals.Add(1)
			return <-release
		}
		results := make(chan error, 3)
		for range 3 {
			go func() { results <- turn.take(t.Context(), slow) }()
		}
		synctest.Wait()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, turn.take(impatient, slow), context.DeadlineExceeded, "nobody waits longer than he wants")
		require.EqualValues(t, 1, renewals.Load())
		release <- errors.New("no database")
		require.Error(t, <-results)
		release <- nil // the next in line tries again, and the last one has what he needs
		require.NoError(t, <-results)
		require.NoError(t, <-results)
		require.EqualValues(t, 2, renewals.Load())

		time.Sleep(2 * freshness)
		go func() { results <- turn.take(t.Context(), slow) }()
		synctest.Wait()
		require.NoError(t, turn.take(t.Context(), func() error { return errors.New("not my turn") }))
		release <- nil
		require.NoError(t, <-results)
		turn.expire()
		require.Error(t, turn.take(t.Context(), func() error { return errors.New("my turn") }))
	})
}

// TestTurnsUnderLoad is for the race detector.
func TestTurnsUnderLoad(t *testing.T) {
	t.Parallel()
	var turn turn
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				require.NoError(t, turn.take(t.Context(), func() error { return nil }))
				turn.expire()
			}
		})
	}
	wg.Wait()
}
