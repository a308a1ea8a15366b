package store_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/internal/store"
	"steward/internal/storetest"
)

// starved opens a store whose only connection is taken, as when Postgres answers nobody. feed gives it back; hungry waits until
// somebody has gone without.
func starved(t *testing.T, url string) (s *store.Store, hungry, feed func()) {
	t.Helper()
	s = storetest.Open(t, url, store.Options{MaxConns: 1, ListMaxConns: 1})
	taken, err := s.Pool().Acquire(t.Context())
	require.NoError(t, err)
	hungry = func() {
		require.Eventually(t, func() bool { return s.Pool().Stat().CanceledAcquireCount() > 0 }, 20*time.Second, 5*time.Millisecond)
	}
	return s, hungry, taken.Release
}

// TestAnnouncementsAreKeptWhilePostgresIsAway: they are sent when it is back, each once.
func TestAnnouncementsAreKeptWhilePostgresIsAway(t *testing.T) {
	t.Parallel()
	url := storetest.NewURL(t)
	heard, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, heard.Close(within(t, 10*time.Second))) })
	_, err = heard.Exec(t.Context(), "LISTEN "+store.ReceiptChannel)
	require.NoError(t, err)

	s, hungry, feed := starved(t, url)
	announcer := store.NewAnnouncer(s, nil)
	running(t, announcer.Run)
	kept, next := uuid.New(), uuid.New()
	announcer.Announce(kept, "{}")
	hungry()
	feed()
	n, err := heard.WaitForNotification(within(t, 20*time.Second))
	require.NoError(t, err)
	require.Equal(t, kept.String(), n.Payload, "without another one that wakes it")

	announcer.Announce(next, "{}")
	n, err = heard.WaitForNotification(within(t, 20*time.Second))
	require.NoError(t, err)
	require.Equal(t, next.String(), n.Payload, "nothing is announced twice")
}

// TestAReceiptThatCouldNotBeReadIsReadLater: what was announced is not forgotten because the reading failed.
func TestAReceiptThatCouldNotBeReadIsReadLater(t *testing.T) {
	t.Parallel()
	url := storetest.NewURL(t)
	deciding := storetest.Open(t, url, store.Options{})
	s, hungry, feed := starved(t, url)
	receipts := store.NewReceipts(s)
	running(t, func(ctx context.Context) { _ = receipts.Run(ctx) })
	require.Eventually(t, receipts.Live, 20*time.Second, 5*time.Millisecond)

	id := uuid.New()
	expected := receipts.Expect(id)
	defer expected.Cancel()
	storeCommand(t, deciding, id)
	settle(t, deciding, id, true)
	hungry()
	feed()
	requireReceipt(t, expected, id)
}

// running runs something until the test ends.
func running(t *testing.T, run func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { run(ctx) })
	t.Cleanup(func() {
		cancel()
		all.Wait()
	})
}
