package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"steward/internal/store"
	"steward/internal/storetest"
)

// hearing starts a Receipts and waits until it hears. It stops when the test ends.
func hearing(t *testing.T, s *store.Store) *store.Receipts {
	t.Helper()
	receipts := store.NewReceipts(s)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- receipts.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	require.Eventually(t, func() bool { return len(listeners(t, s)) == 1 }, 10*time.Second, 5*time.Millisecond)
	return receipts
}

func listeners(t require.TestingT, s *store.Store) []int {
	rows, err := s.Pool().Query(context.Background(), `SELECT pid FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'steward-listen' AND query LIKE 'LISTEN%' AND state = 'idle'`)
	require.NoError(t, err)
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(t, err)
	return pids
}

func storeCommand(t *testing.T, s *store.Store, id uuid.UUID) {
	t.Helper()
	_, err := s.Pool().Exec(t.Context(), insertCommand, id, uuid.New(), nil)
	require.NoError(t, err)
}

// settle does what a decision does: it writes the receipt and, with notify, announces it in the same transaction.
func settle(t *testing.T, s *store.Store, id uuid.UUID, notify bool) {
	t.Helper()
	sql := `UPDATE commands SET settled_at = now(), receipt = $2 WHERE id = $1`
	if notify {
		sql = `WITH settled AS (` + sql + ` RETURNING id) SELECT pg_notify('steward_receipt', id::text) FROM settled`
	}
	_, err := s.Pool().Exec(t.Context(), sql, id, fmt.Sprintf(`{"of":%q}`, id))
	require.NoError(t, err)
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func requireReceipt(t *testing.T, e *store.Expectation, id uuid.UUID) {
	t.Helper()
	receipt, err := e.Wait(within(t, 10*time.Second))
	require.NoError(t, err)
	require.JSONEq(t, fmt.Sprintf(`{"of":%q}`, id), receipt)
}

func TestReceiptArrives(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	receipts := hearing(t, s)
	id := uuid.New()
	one, other := receipts.Expect(id), receipts.Expect(id)
	defer one.Cancel()
	defer other.Cancel()
	storeCommand(t, s, id)
	settle(t, s, id, true)
	requireReceipt(t, one, id)
	requireReceipt(t, other, id)
}

func TestNoReceiptInTime(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	receipts := hearing(t, s)
	id := uuid.New()
	expected := receipts.Expect(id)
	storeCommand(t, s, id)
	_, err := expected.Wait(within(t, 20*time.Millisecond))
	require.ErrorIs(t, err, store.ErrNoReceipt)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	expected.Cancel()
	expected.Cancel()
	require.False(t, receipts.Deliver(id, "{}"), "nobody waits any more")
}

func TestReceiptOfAThousandWaiters(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	receipts := hearing(t, s)
	const n = 1000
	ids := make([]uuid.UUID, n)
	expected := make([]*store.Expectation, n)
	for i := range n {
		ids[i] = uuid.New()
		expected[i] = receipts.Expect(ids[i])
	}
	_, err := s.Pool().Exec(t.Context(), `INSERT INTO commands (id, process_id, actor, key, body_digest, type, payload)
		SELECT id, id, 'ann', id::text, '', 'complete', '{}' FROM unnest($1::uuid[]) AS c (id)`, ids)
	require.NoError(t, err)
	_, err = s.Pool().Exec(t.Context(), `WITH settled AS (UPDATE commands SET settled_at = now(), receipt = '{"of":"' || id || '"}' RETURNING id)
		SELECT pg_notify('steward_receipt', id::text) FROM settled`)
	require.NoError(t, err)
	for i, e := range expected {
		requireReceipt(t, e, ids[i])
		e.Cancel()
	}
}

func TestReceiptsSurviveLosingTheConnection(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	receipts := hearing(t, s)
	for range 3 {
		lost, late := uuid.New(), uuid.New()
		first, second := receipts.Expect(lost), receipts.Expect(late)
		storeCommand(t, s, lost)
		storeCommand(t, s, late)
		before := listeners(t, s)
		require.Len(t, before, 1)
		settle(t, s, lost, false) // as if the notification had gone down with the connection
		_, err := s.Pool().Exec(t.Context(), "SELECT pg_terminate_backend($1, 5000)", before[0])
		require.NoError(t, err)
		requireReceipt(t, first, lost)

		require.Eventually(t, func() bool {
			now := listeners(t, s)
			return len(now) == 1 && now[0] != before[0]
		}, 10*time.Second, 5*time.Millisecond)
		settle(t, s, late, true)
		requireReceipt(t, second, late)
		first.Cancel()
		second.Cancel()
	}
}

func TestAnnouncerServesThisProcessAndOthers(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	remote := hearing(t, s)
	local := store.NewReceipts(s) // hears nothing by itself
	announcer := store.NewAnnouncer(s, local)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { announcer.Run(ctx) })
	defer running.Wait()
	defer cancel()

	here := uuid.New()
	expectedHere := local.Expect(here)
	announcer.Announce(here, fmt.Sprintf(`{"of":%q}`, here))
	requireReceipt(t, expectedHere, here)

	const n = 450 // more than one payload holds
	ids := make([]uuid.UUID, n)
	expected := make([]*store.Expectation, n)
	for i := range n {
		ids[i] = uuid.New()
		expected[i] = remote.Expect(ids[i])
		storeCommand(t, s, ids[i])
		settle(t, s, ids[i], false)
		announcer.Announce(ids[i], "{}")
	}
	for i, e := range expected {
		requireReceipt(t, e, ids[i])
	}
}

func TestListenEndsWithItsContext(t *testing.T) {
	s := storetest.New(t)
	before := goleak.IgnoreCurrent()
	receipts := store.NewReceipts(s)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- receipts.Run(ctx) }()
	require.Eventually(t, func() bool { return len(listeners(t, s)) == 1 }, 10*time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"))
}

// TestLiveSaysWhetherReceiptsAreHeard: a server that hears none is not ready.
func TestLiveSaysWhetherReceiptsAreHeard(t *testing.T) {
	t.Parallel()
	url := storetest.NewURL(t)
	s := storetest.Open(t, url, store.Options{})
	require.False(t, store.NewReceipts(s).Live(), "not running yet")
	receipts := store.NewReceipts(s)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- receipts.Run(ctx) }()
	live := func(want bool, why string) {
		require.Eventually(t, func() bool { return receipts.Live() == want }, 10*time.Second, time.Millisecond, why)
	}
	live(true, "it listens")
	beside, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	name := pgx.Identifier{beside.Database}.Sanitize()
	beside.Database = "postgres"
	operator, err := pgx.ConnectConfig(t.Context(), beside)
	require.NoError(t, err)
	defer func() { require.NoError(t, operator.Close(context.WithoutCancel(t.Context()))) }()
	exec := func(sql string, args ...any) {
		_, err := operator.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	listener := listeners(t, s)[0]
	exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false")
	exec("SELECT pg_terminate_backend($1, 5000)", listener)
	live(false, "the connection is lost, and no new one is to be had")
	exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true")
	live(true, "it listens again")
	cancel()
	require.NoError(t, <-ended)
	require.False(t, receipts.Live())
}
