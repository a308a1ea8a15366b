package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
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

// reserve books the hall for a process.
func reserve(t *testing.T, s *store.Store, process uuid.UUID, at store.Span) error {
	_, err := s.Pool().Exec(t.Context(), `INSERT INTO reservations (id, resource_id, process_id, node, during, title)
		VALUES ($1, 'hall', $2, 1, tstzrange($3, $4), $5)`, uuid.New(), process, at.From, at.To, store.Text{Zh: "会", En: "Meeting"})
	return store.Classify(err)
}

// TestOfManyConcurrentBookingsExactlyOneStands: a double booking cannot be stored, whoever tries.
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
			results[i] = reserve(t, s, uuid.New(), store.Span{From: morning.Add(time.Duration(i) * time.Minute), To: morning.Add(time.Hour)})
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
		require.True(t, errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrBusy), "%v", err)
	}
	require.Equal(t, 1, won)
	mine := uuid.New()
	require.NoError(t, reserve(t, s, mine, span(11, 12)), "ends touch, nothing overlaps")
	require.NoError(t, reserve(t, s, mine, span(11, 13)), "its own row is no conflict")
	kept, err := s.ProcessReservations(t.Context(), mine)
	require.NoError(t, err)
	require.Len(t, kept, 2)
}

func TestSchedulesShowWhatTheViewerMaySee(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	room(t, s, "hall")
	room(t, s, "empty")
	own := storetest.Process(t, s.Pool(), func(p *store.Process) { p.Starter = "ann" })
	require.NoError(t, reserve(t, s, own.ID, span(9, 10)))
	require.NoError(t, reserve(t, s, uuid.New(), span(10, 12)))

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
