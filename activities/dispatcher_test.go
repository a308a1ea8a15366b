package activities_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/activities"
	"steward/internal/store"
	"steward/internal/storetest"
)

// post puts messages for ann into the outbox.
func post(t *testing.T, st *store.Store, n int, channel, args string) {
	t.Helper()
	_, err := st.Pool().Exec(t.Context(), `INSERT INTO outbox (process_id, seq, cause, recipient, channel, template, args)
		SELECT gen_random_uuid(), 1, 'task.reminder', 'ann', $2, 'task.reminder', $3 FROM generate_series(1, $1)`, n, channel, args)
	require.NoError(t, err)
}

func newDispatcher(t *testing.T, st *store.Store, opts activities.DispatcherOptions, channels ...activities.Channel) *activities.Dispatcher {
	t.Helper()
	d, err := activities.NewDispatcher(st, quiet(), opts, channels...)
	require.NoError(t, err)
	return d
}

func deliver(t *testing.T, d *activities.Dispatcher) int {
	t.Helper()
	taken, err := d.Deliver(t.Context())
	require.NoError(t, err)
	return taken
}

func state(t *testing.T, st *store.Store) store.Message {
	t.Helper()
	rows, err := st.Pool().Query(t.Context(), "SELECT * FROM outbox")
	require.NoError(t, err)
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[store.Message])
	require.NoError(t, err)
	return m
}

// channel is a way to deliver that the test decides.
type channel struct {
	name string
	do   func(ctx context.Context, tx pgx.Tx, m store.Message) error
}

func (c channel) Name() string { return c.name }

func (c channel) Deliver(ctx context.Context, tx pgx.Tx, m store.Message) error {
	return c.do(ctx, tx, m)
}

func TestInAppMessagesArriveInTheBell(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	task := uuid.New()
	args := fmt.Sprintf(`{"args": null, "task": %q}`, task)
	post(t, st, 1, "in-app", args)
	m := state(t, st)
	require.Equal(t, 1, deliver(t, newDispatcher(t, st, activities.DispatcherOptions{}, activities.InApp{})))

	bell, err := st.Notifications(t.Context(), "ann", true, store.Page{})
	require.NoError(t, err)
	require.Len(t, bell.Items, 1)
	n := bell.Items[0]
	require.Equal(t, "task.reminder", n.Kind)
	require.Equal(t, args, n.Args, "rendered when it is read")
	require.Equal(t, m.ProcessID, n.ProcessID)
	require.Equal(t, &task, n.TaskID)
	require.Equal(t, &m.ID, n.OutboxID)
	m = state(t, st)
	require.NotNil(t, m.SentAt)
	require.Equal(t, "{}", m.Args, "the notification has them now")
}

func TestDispatchersWithShortLeasesDeliverOnce(t *testing.T) {
	t.Parallel()
	st := storetest.Open(t, storetest.NewURL(t), store.Options{MaxConns: 16})
	const n = 300
	post(t, st, n, "in-app", `{}`)
	var stop []func()
	for range 3 {
		// The lease ends while the messages are still being delivered: they are taken several times.
		d := newDispatcher(t, st, activities.DispatcherOptions{Batch: 40, Lease: time.Microsecond, Every: time.Millisecond, MaxAttempts: 10_000}, activities.InApp{})
		stop = append(stop, inBackground(t, d.Run))
	}
	eventually(t, func() bool { return scan[int](t, st, "SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0 }, "all is sent")
	for _, s := range stop {
		s()
	}
	require.Equal(t, n, scan[int](t, st, "SELECT count(DISTINCT outbox_id) FROM notifications"))
	require.Equal(t, n, scan[int](t, st, "SELECT count(*) FROM notifications"))
}

func TestAKilledDeliveryLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	post(t, st, 1, "in-app", `{}`)
	kills := 2
	dying := channel{"in-app", func(ctx context.Context, tx pgx.Tx, m store.Message) error {
		if err := (activities.InApp{}).Deliver(ctx, tx, m); err != nil {
			return err
		}
		if kills--; kills >= 0 {
			_, err := tx.Exec(ctx, "SELECT pg_terminate_backend(pg_backend_pid())")
			return err
		}
		return nil
	}}
	d := newDispatcher(t, st, activities.DispatcherOptions{FirstWait: time.Microsecond}, dying)
	for want := range 2 {
		require.Equal(t, 1, deliver(t, d))
		require.Zero(t, scan[int](t, st, "SELECT count(*) FROM notifications"))
		m := state(t, st)
		require.EqualValues(t, want+1, m.Attempts)
		require.Nil(t, m.SentAt)
		require.NotEmpty(t, *m.LastError)
	}
	require.Equal(t, 1, deliver(t, d))
	require.Equal(t, 1, scan[int](t, st, "SELECT count(*) FROM notifications"))
	require.Nil(t, state(t, st).LastError)
}

func TestADispatcherThatDiesGivesItsMessagesBack(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	post(t, st, 3, "in-app", `{}`)
	taken, err := st.ClaimMessages(t.Context(), 10, 200*time.Millisecond) // and dies
	require.NoError(t, err)
	require.Len(t, taken, 3)
	d := newDispatcher(t, st, activities.DispatcherOptions{Every: tick}, activities.InApp{})
	require.Zero(t, deliver(t, d), "leased")
	inBackground(t, d.Run)
	eventually(t, func() bool { return scan[int](t, st, "SELECT count(*) FROM notifications") == 3 }, "the lease ends")
}

func TestAMessageIsGivenUpAfterSoManyAttempts(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	post(t, st, 1, "mail", `{"text": {"en": "x"}}`)
	tries := 0
	broken := channel{"mail", func(context.Context, pgx.Tx, store.Message) error {
		tries++
		return errors.New("mail server away " + strings.Repeat("é", 400))
	}}
	d := newDispatcher(t, st, activities.DispatcherOptions{FirstWait: time.Nanosecond, LastWait: time.Nanosecond, MaxAttempts: 4}, broken)
	for range 6 {
		deliver(t, d)
	}
	require.Equal(t, 4, tries)
	m := state(t, st)
	require.NotNil(t, m.DeadAt)
	require.Contains(t, *m.LastError, "mail server away")
	require.LessOrEqual(t, len(*m.LastError), 500)
	require.NotEqual(t, "{}", m.Args, "an operator may send it again")
}

func TestWaitsGrow(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	post(t, st, 1, "mail", `{}`)
	broken := channel{"mail", func(context.Context, pgx.Tx, store.Message) error { return errors.New("away") }}
	d := newDispatcher(t, st, activities.DispatcherOptions{FirstWait: time.Hour, LastWait: 3 * time.Hour}, broken)
	for attempt, longest := range []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 3 * time.Hour} {
		require.Equal(t, 1, deliver(t, d))
		m := state(t, st)
		left := scan[float64](t, st, "SELECT extract(epoch FROM not_before - clock_timestamp())::float8 FROM outbox")
		require.Greater(t, left, longest.Seconds()/2-60, "attempt %d", attempt+1)
		require.LessOrEqual(t, left, longest.Seconds(), "attempt %d", attempt+1)
		require.EqualValues(t, attempt+1, m.Attempts)
		require.Zero(t, deliver(t, d), "not before its time")
		_, err := st.Pool().Exec(t.Context(), "UPDATE outbox SET not_before = clock_timestamp()")
		require.NoError(t, err)
	}
}

func TestWhatCannotBeDeliveredIsDeadAtOnce(t *testing.T) {
	t.Parallel()
	panics := channel{"log", func(context.Context, pgx.Tx, store.Message) error { panic("oops") }}
	slow := channel{"log", func(ctx context.Context, _ pgx.Tx, _ store.Message) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	tests := map[string]struct {
		channel, args string
		log           activities.Channel
		dead          bool
		reason        string
	}{
		"unknown channel":      {"pigeon", `{}`, panics, true, `no channel is called "pigeon": use one of in-app, log`},
		"arguments no JSON":    {"in-app", `[`, panics, true, "are not a JSON object"},
		"a task that is none":  {"in-app", `{"task": "7"}`, panics, true, "is not a task id"},
		"a channel that fails": {"log", `{}`, panics, false, `channel "log" panicked: oops`},
		"a channel that hangs": {"log", `{}`, slow, false, "context deadline exceeded"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storetest.New(t)
			post(t, st, 1, test.channel, test.args)
			d := newDispatcher(t, st, activities.DispatcherOptions{Timeout: 300 * time.Millisecond}, activities.InApp{}, test.log)
			require.Equal(t, 1, deliver(t, d))
			m := state(t, st)
			require.Equal(t, test.dead, m.DeadAt != nil)
			require.Nil(t, m.SentAt)
			require.Contains(t, *m.LastError, test.reason)
		})
	}
}

func TestOneBadMessageDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	post(t, st, 4, "in-app", `{}`)
	post(t, st, 1, "in-app", `[`)
	post(t, st, 4, "in-app", `{}`)
	require.Equal(t, 9, deliver(t, newDispatcher(t, st, activities.DispatcherOptions{}, activities.InApp{})))
	require.Equal(t, 8, scan[int](t, st, "SELECT count(*) FROM notifications"))
	require.Equal(t, 1, scan[int](t, st, "SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL"))
}

func TestAMessageThatKillsEveryDispatcherIsGivenUp(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	post(t, st, 1, "in-app", `{}`)
	for range 10 {
		taken, err := st.ClaimMessages(t.Context(), 1, 0) // and dies
		require.NoError(t, err)
		require.Len(t, taken, 1)
	}
	deliver(t, newDispatcher(t, st, activities.DispatcherOptions{}, activities.InApp{}))
	m := state(t, st)
	require.NotNil(t, m.DeadAt)
	require.Contains(t, *m.LastError, "10 attempts")
	require.Zero(t, scan[int](t, st, "SELECT count(*) FROM notifications"))
}

func TestTheLogTellsIdsOnly(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	post(t, st, 1, "log", `{"text": {"en": "the guest is Mr. Secret"}}`)
	out := &lines{}
	deliver(t, newDispatcher(t, st, activities.DispatcherOptions{}, activities.Log{Logger: slog.New(slog.NewTextHandler(out, nil))}))
	m := state(t, st)
	require.NotNil(t, m.SentAt)
	require.Equal(t, "{}", m.Args)
	require.Contains(t, out.String(), "process="+m.ProcessID.String())
	require.Contains(t, out.String(), "recipient=ann")
	require.NotContains(t, out.String(), "Secret")
}

func TestRunGoesOnAfterADatabaseError(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	_, err := st.Pool().Exec(t.Context(), "ALTER TABLE outbox RENAME TO hidden")
	require.NoError(t, err)
	out := &lines{}
	d, err := activities.NewDispatcher(st, slog.New(slog.NewTextHandler(out, nil)), activities.DispatcherOptions{Every: tick}, activities.InApp{})
	require.NoError(t, err)
	inBackground(t, d.Run)
	eventually(t, func() bool { return strings.Contains(out.String(), "outbox not read") }, "it says so")
	_, err = st.Pool().Exec(t.Context(), "ALTER TABLE hidden RENAME TO outbox")
	require.NoError(t, err)
	post(t, st, 1, "in-app", `{}`)
	eventually(t, func() bool { return scan[int](t, st, "SELECT count(*) FROM notifications") == 1 }, "it has gone on")
}

func TestDeliveriesThatHaveBegunAreFinished(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	post(t, st, 1, "log", `{}`)
	begun, finish := make(chan struct{}), make(chan struct{})
	gated := channel{"log", func(ctx context.Context, _ pgx.Tx, _ store.Message) error {
		close(begun)
		<-finish
		return ctx.Err()
	}}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { newDispatcher(t, st, activities.DispatcherOptions{}, gated).Run(ctx) })
	<-begun
	cancel()
	close(finish)
	running.Wait()
	require.NotNil(t, state(t, st).SentAt)
}

func TestChannelsHaveDifferentNames(t *testing.T) {
	t.Parallel()
	_, err := activities.NewDispatcher(nil, quiet(), activities.DispatcherOptions{}, activities.InApp{}, channel{name: "in-app"})
	require.ErrorContains(t, err, `channel "in-app" is given twice`)
}
