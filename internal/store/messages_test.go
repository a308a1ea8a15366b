package store_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"steward/internal/store"
	"steward/internal/storetest"
)

func post(t *testing.T, s *store.Store, n int) {
	t.Helper()
	_, err := s.Pool().Exec(t.Context(), `INSERT INTO outbox (process_id, seq, cause, recipient, channel, template, args)
		SELECT gen_random_uuid(), 1, 'opened', 'ann', 'app', 'task_opened', '{"task": 1}' FROM generate_series(1, $1)`, n)
	require.NoError(t, err)
}

func TestDispatchersShareTheOutbox(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	const n = 60
	post(t, s, n)
	var mu sync.Mutex
	claims := make(map[int64]int)
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			for {
				messages, err := s.ClaimMessages(t.Context(), 7, time.Hour)
				if err != nil || len(messages) == 0 {
					return err
				}
				mu.Lock()
				for _, m := range messages {
					claims[m.ID]++
				}
				mu.Unlock()
			}
		})
	}
	require.NoError(t, group.Wait())
	require.Len(t, claims, n)
	for id, times := range claims {
		require.Equal(t, 1, times, "message %d", id)
	}
}

func TestLifeOfAMessage(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	post(t, s, 1)
	claim := func() []store.Message {
		messages, err := s.ClaimMessages(t.Context(), 10, time.Hour)
		require.NoError(t, err)
		return messages
	}
	first := claim()
	require.Len(t, first, 1)
	require.EqualValues(t, 1, first[0].Attempts)
	require.Empty(t, claim(), "leased")

	id := first[0].ID
	require.NoError(t, s.MessageFailed(t.Context(), id, "mail server away", 0))
	require.EqualValues(t, 2, claim()[0].Attempts)
	require.NoError(t, s.MessageFailed(t.Context(), id, "mail server away", time.Hour))
	require.Empty(t, claim(), "not before an hour has passed")

	require.NoError(t, s.MessageDead(t.Context(), id, "gave up"))
	require.ErrorIs(t, s.MessageFailed(t.Context(), id, "late", 0), store.ErrNotFound)
	dead, err := s.DeadMessages(t.Context(), store.Page{})
	require.NoError(t, err)
	require.Equal(t, "gave up", *dead.Items[0].LastError)

	require.NoError(t, s.RedeliverMessage(t.Context(), id))
	require.ErrorIs(t, s.RedeliverMessage(t.Context(), id), store.ErrNotFound)
	require.EqualValues(t, 1, claim()[0].Attempts)
	sent, err := store.MessageSent(t.Context(), s.Pool(), id)
	require.NoError(t, err)
	require.True(t, sent)
	sent, err = store.MessageSent(t.Context(), s.Pool(), id)
	require.NoError(t, err)
	require.False(t, sent)
	var args string
	require.NoError(t, s.Pool().QueryRow(t.Context(), "SELECT args FROM outbox").Scan(&args))
	require.Equal(t, "{}", args, "emptied once sent")
}

func TestInAppDeliveryHappensOnce(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	outbox := int64(7)
	for attempt, want := range []bool{true, false} {
		var isNew bool
		err := s.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
			isNew, err = store.Notify(ctx, tx, store.NewNotification{UserID: "ann", OutboxID: &outbox, Kind: "task_opened", Args: "{}", ProcessID: uuid.New()})
			return err
		})
		require.NoError(t, err)
		require.Equal(t, want, isNew, "attempt %d", attempt)
	}
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	for range 5 {
		for _, user := range []string{"ann", "bob"} {
			_, err := store.Notify(t.Context(), s.Pool(), store.NewNotification{UserID: user, Kind: "k", Args: "{}", ProcessID: uuid.New()})
			require.NoError(t, err)
		}
	}
	list := func(unread bool) []store.Notification {
		return pages(t, 2, func(page store.Page) (store.Slice[store.Notification], error) {
			return s.Notifications(t.Context(), "ann", unread, page)
		})
	}
	all := list(false)
	require.Len(t, all, 5)
	require.Greater(t, all[0].ID, all[4].ID)

	bobs, err := s.Notifications(t.Context(), "bob", true, store.Page{})
	require.NoError(t, err)
	marked, err := s.MarkRead(t.Context(), "ann", []int64{all[0].ID, bobs.Items[0].ID})
	require.NoError(t, err)
	require.Equal(t, 1, marked, "never somebody else's")
	marked, err = s.MarkReadUpTo(t.Context(), "ann", all[2].ID)
	require.NoError(t, err)
	require.Equal(t, 3, marked)
	require.Equal(t, []int64{all[1].ID}, []int64{list(true)[0].ID})
	unread, err := s.UnreadNotifications(t.Context(), "ann")
	require.NoError(t, err)
	require.Equal(t, 1, unread)
	unread, err = s.UnreadNotifications(t.Context(), "bob")
	require.NoError(t, err)
	require.Equal(t, 5, unread)
}
