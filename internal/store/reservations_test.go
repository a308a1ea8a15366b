package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"steward/internal/store"
	"steward/internal/storetest"
)

func room(t *testing.T, s *store.Store, id string) store.Resource {
	t.Helper()
	r, err := s.PutResource(t.Context(), store.Resource{ID: id, Kind: "room", Name: store.Text{Zh: id}, Capacity: 80, Active: true})
	require.NoError(t, err)
	return r
}

var morning = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func span(fromHour, toHour int) store.Span {
	return store.Span{From: morning.Add(time.Duration(fromHour-9) * time.Hour), To: morning.Add(time.Duration(toHour-9) * time.Hour)}
}

func booking(process uuid.UUID, s store.Span) store.Booking {
	return store.Booking{ID: uuid.New(), ResourceID: "hall", ProcessID: process, Node: 1, Span: s, Title: store.Text{Zh: "会", En: "Meeting"}}
}

func reserve(t *testing.T, s *store.Store, b store.Booking) error {
	return s.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error { return store.Reserve(ctx, tx, b) })
}

func TestOfManyConcurrentBookingsExactlyOneStands(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	room(t, s, "hall")
	const rivals = 40
	results := make([]error, rivals)
	var group errgroup.Group
	group.SetLimit(6)
	for i := range rivals {
		group.Go(func() error {
			results[i] = reserve(t, s, booking(uuid.New(), store.Span{From: morning.Add(time.Duration(i) * time.Minute), To: morning.Add(time.Hour)}))
			return nil
		})
	}
	require.NoError(t, group.Wait())
	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, store.ErrConflict)
	}
	require.Equal(t, 1, won)
	var rows int
	require.NoError(t, s.Pool().QueryRow(t.Context(), "SELECT count(*) FROM reservations").Scan(&rows))
	require.Equal(t, 1, rows)
}

func TestReserveReplacesItsOwnBookingOrKeepsIt(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	room(t, s, "hall")
	mine, other := uuid.New(), uuid.New()
	require.NoError(t, reserve(t, s, booking(mine, span(9, 11))))
	require.NoError(t, reserve(t, s, booking(other, span(11, 12))), "ends touch, nothing overlaps")
	require.NoError(t, reserve(t, s, booking(mine, span(10, 11))), "its own row is no conflict")

	err := s.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		conflict := store.Reserve(ctx, tx, booking(mine, span(10, 12)))
		var taken *store.TakenError
		require.ErrorAs(t, conflict, &taken)
		require.Len(t, taken.By, 1)
		require.Equal(t, other, taken.By[0].ProcessID)
		_, err := store.NextNumber(ctx, tx, "still usable")
		return err
	})
	require.NoError(t, err, "the transaction goes on after a conflict")
	kept, err := s.ProcessReservations(t.Context(), mine)
	require.NoError(t, err)
	require.Len(t, kept, 1)
	require.Equal(t, span(10, 11), store.Span{From: kept[0].FromAt, To: kept[0].ToAt}, "the earlier booking stands")
}

func TestHolds(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	room(t, s, "hall")
	process := uuid.New()
	hold := func(s store.Span) store.Booking {
		b := booking(process, s)
		b.Hold = true
		return b
	}
	promote := func() (promoted bool) {
		require.NoError(t, s.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
			promoted, err = store.PromoteHold(ctx, tx, process, 1)
			return err
		}))
		return promoted
	}
	spans := func() (all []store.Span) {
		rows, err := s.ProcessReservations(t.Context(), process)
		require.NoError(t, err)
		for _, r := range rows {
			all = append(all, store.Span{From: r.FromAt, To: r.ToAt})
		}
		return all
	}
	require.NoError(t, reserve(t, s, booking(process, span(9, 11))))
	require.False(t, promote(), "nothing is held")
	require.Equal(t, []store.Span{span(9, 11)}, spans())

	require.NoError(t, reserve(t, s, hold(span(10, 12))), "beside its own booking")
	require.NoError(t, reserve(t, s, hold(span(10, 13))), "a new proposal replaces the hold only")
	require.Equal(t, []store.Span{span(9, 11), span(10, 13)}, spans())
	require.ErrorIs(t, reserve(t, s, booking(uuid.New(), span(12, 13))), store.ErrConflict, "a hold keeps others out")

	require.True(t, promote())
	require.Equal(t, []store.Span{span(10, 13)}, spans())

	require.NoError(t, reserve(t, s, hold(span(14, 15))))
	require.NoError(t, store.DropHolds(t.Context(), s.Pool(), process))
	require.Equal(t, []store.Span{span(10, 13)}, spans())
}

func TestReleaseKeepsThePast(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	room(t, s, "hall")
	process := uuid.New()
	for node, at := range []store.Span{span(8, 9), span(9, 12), span(13, 14)} {
		b := booking(process, at)
		b.Node = int32(node)
		require.NoError(t, reserve(t, s, b))
	}
	touched, err := store.Release(t.Context(), s.Pool(), process, "hall", span(10, 11).From)
	require.NoError(t, err)
	require.Equal(t, 2, touched)
	left, err := s.ProcessReservations(t.Context(), process)
	require.NoError(t, err)
	require.Len(t, left, 2)
	require.Equal(t, span(9, 10), store.Span{From: left[1].FromAt, To: left[1].ToAt})
	require.NoError(t, reserve(t, s, booking(uuid.New(), span(10, 14))), "the rest is free")
}

func TestReserveRefusals(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	closed := room(t, s, "closed")
	closed.Active = false
	_, err := s.PutResource(t.Context(), closed)
	require.NoError(t, err)
	room(t, s, "hall")
	for name, c := range map[string]struct {
		change func(*store.Booking)
		want   error
	}{
		"unknown":        {func(b *store.Booking) { b.ResourceID = "nowhere" }, store.ErrNotFound},
		"out of service": {func(b *store.Booking) { b.ResourceID = "closed" }, store.ErrNotFound},
		"empty":          {func(b *store.Booking) { b.Span.To = b.Span.From }, store.ErrInvalid},
		"backwards":      {func(b *store.Booking) { b.Span = store.Span{From: b.Span.To, To: b.Span.From} }, store.ErrInvalid},
	} {
		b := booking(uuid.New(), span(9, 10))
		c.change(&b)
		require.ErrorIs(t, reserve(t, s, b), c.want, name)
	}
}

func TestSchedulesShowWhatTheViewerMaySee(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	room(t, s, "hall")
	room(t, s, "empty")
	own := storetest.Process(t, s.Pool(), func(p *store.Process) { p.Starter = "ann" })
	require.NoError(t, reserve(t, s, booking(own.ID, span(9, 10))))
	require.NoError(t, reserve(t, s, booking(uuid.New(), span(10, 12))))

	schedules, err := s.Schedules(t.Context(), ann, "room", span(8, 18))
	require.NoError(t, err)
	require.Len(t, schedules, 2)
	require.Equal(t, []store.Span{span(8, 18)}, schedules[0].Free)
	hall := schedules[1]
	require.Equal(t, []store.Span{span(8, 9), span(12, 18)}, hall.Free)
	require.Equal(t, "Meeting", hall.Bookings[0].Title.En)
	require.Empty(t, hall.Bookings[1].Title, "a stranger's meeting is only taken")

	_, err = s.Schedules(t.Context(), ann, "room", store.Span{From: morning, To: morning})
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = s.Schedules(t.Context(), ann, "room", store.Span{From: morning, To: morning.AddDate(1, 0, 0)})
	require.ErrorIs(t, err, store.ErrInvalid)
	got, err := s.Resource(t.Context(), "hall")
	require.NoError(t, err)
	require.EqualValues(t, 80, got.Capacity)
}
