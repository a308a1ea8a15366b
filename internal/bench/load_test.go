package bench

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRunCountsWhatEndsInTime(t *testing.T) {
	t.Parallel()
	const span = 50 * time.Millisecond
	began := time.Now()
	var calls atomic.Int64
	got, err := run(t.Context(), 4, span, func(ctx context.Context, client int) ([]time.Duration, error) {
		if calls.Add(1) > 4 { // every client's second process ends late
			<-time.After(time.Until(began.Add(2 * span)))
		}
		return []time.Duration{time.Duration(client)}, nil
	})
	require.NoError(t, err)
	require.Equal(t, 8, got.Ended)
	require.Len(t, got.Steps, 8)
	require.InDelta(t, 4/span.Seconds(), got.Rate, 1e-9, "late ones are finished, not counted")
}

func TestRunEndsAtTheFirstError(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	_, err := run(t.Context(), 3, time.Hour, func(ctx context.Context, client int) ([]time.Duration, error) {
		if client == 1 {
			return nil, lost
		}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	require.ErrorIs(t, err, lost)
	require.ErrorContains(t, err, "client 1")
}

func TestTimesStopsAtAnError(t *testing.T) {
	t.Parallel()
	calls := 0
	_, err := times(t.Context(), 5, func(context.Context, int) ([]time.Duration, error) {
		if calls++; calls == 3 {
			return nil, errors.New("broken")
		}
		return []time.Duration{1, 2}, nil
	})
	require.ErrorContains(t, err, "broken")
	require.Equal(t, 3, calls)
}

func TestUntil(t *testing.T) {
	t.Parallel()
	looks := 0
	require.NoError(t, until(t.Context(), time.Minute, time.Microsecond, func(context.Context) (bool, error) { looks++; return looks == 5, nil }))
	require.Equal(t, 5, looks)
	err := until(t.Context(), time.Millisecond, time.Microsecond, func(context.Context) (bool, error) { return false, nil })
	require.ErrorIs(t, err, context.DeadlineExceeded)
	broken := errors.New("broken")
	require.ErrorIs(t, until(t.Context(), time.Minute, time.Hour, func(context.Context) (bool, error) { return false, broken }), broken)
}
