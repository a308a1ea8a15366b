package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/calendar"
)

func windowed(t testing.TB) *calendar.Calendar {
	t.Helper()
	c, err := china(t).Extend(calendar.Data{
		ID: "house", Quiet: []string{"21:00-08:00", "12:00-14:00"},
		Windows: map[string]calendar.WindowData{
			"daily":   {Hours: []string{"07:00-10:00", "11:00-15:00"}, Days: []string{"all"}},
			"tuesday": {Hours: []string{"09:00-11:00"}, Days: []string{"tue"}},
			"late":    {Hours: []string{"20:00-09:00"}, Days: []string{"working"}},
		},
	})
	require.NoError(t, err)
	return c
}

func TestNextWindow(t *testing.T) {
	t.Parallel()
	c := windowed(t)
	for _, tc := range []struct {
		window, at, from, to string
		provisional          bool
	}{
		{"call_windows", "2026-03-03 09:00:00", "2026-03-03 10:30:00", "2026-03-03 11:40:00", false},
		{"call_windows", "2026-03-03 11:00:30", "2026-03-03 11:00:30", "2026-03-03 11:40:00", false},
		{"call_windows", "2026-03-03 11:40:00", "2026-03-03 15:00:00", "2026-03-03 18:00:00", false},
		{"call_windows", "2026-03-06 18:00:00", "2026-03-09 10:30:00", "2026-03-09 11:40:00", false},
		{"call_windows", "2026-02-14 18:00:00", "2026-02-24 10:30:00", "2026-02-24 11:40:00", false},
		{"call_windows", "2026-12-31 18:00:00", "2027-01-01 10:30:00", "2027-01-01 11:40:00", true},
		{"daily", "2026-02-17 06:00:00", "2026-02-17 08:00:00", "2026-02-17 10:00:00", false}, // quiet until 08:00
		{"daily", "2026-02-17 11:30:00", "2026-02-17 11:30:00", "2026-02-17 12:00:00", false}, // quiet from 12:00
		{"daily", "2026-02-17 12:30:00", "2026-02-17 14:00:00", "2026-02-17 15:00:00", false},
		{"daily", "2027-02-17 15:00:00", "2027-02-18 08:00:00", "2027-02-18 10:00:00", false}, // asks for no working day
		{"tuesday", "2026-03-03 11:00:00", "2026-03-10 09:00:00", "2026-03-10 11:00:00", false},
		{"tuesday", "2026-03-04 08:00:00", "2026-03-10 09:00:00", "2026-03-10 11:00:00", false},
		// open 20:00-21:00 and, after the quiet night, 08:00-09:00; the morning belongs to the evening's day
		{"late", "2026-03-06 20:30:00", "2026-03-06 20:30:00", "2026-03-06 21:00:00", false},
		{"late", "2026-03-06 22:00:00", "2026-03-07 08:00:00", "2026-03-07 09:00:00", false},
		{"late", "2026-03-07 08:30:00", "2026-03-07 08:30:00", "2026-03-07 09:00:00", false},
		{"late", "2026-03-07 09:00:00", "2026-03-09 20:00:00", "2026-03-09 21:00:00", false},
	} {
		from, to, provisional, ok := c.Next(tc.window, at(t, tc.at))
		require.True(t, ok)
		require.Equal(t, []string{tc.from, tc.to}, []string{wall(c, from), wall(c, to)}, "%s %s", tc.window, tc.at)
		require.Equal(t, tc.provisional, provisional, "%s %s", tc.window, tc.at)
		require.Equal(t, time.UTC, from.Location())
	}
	from, to, _, ok := c.Next("calls", at(t, "2026-03-03"))
	require.False(t, ok)
	require.Zero(t, from)
	require.Zero(t, to)
	require.Equal(t, []string{"call_windows", "daily", "late", "tuesday"}, c.WindowNames())
}

func TestQuietHours(t *testing.T) {
	t.Parallel()
	c := windowed(t)
	for from, want := range map[string]string{
		"2026-03-03 10:00:00": "2026-03-03 10:00:00",
		"2026-03-03 12:00:00": "2026-03-03 14:00:00",
		"2026-03-03 13:59:59": "2026-03-03 14:00:00",
		"2026-03-03 14:00:00": "2026-03-03 14:00:00",
		"2026-03-03 21:00:00": "2026-03-04 08:00:00",
		"2026-03-03 23:59:59": "2026-03-04 08:00:00",
		"2026-03-04 00:00:00": "2026-03-04 08:00:00",
		"2026-03-04 08:00:00": "2026-03-04 08:00:00",
	} {
		got := c.AfterQuiet(at(t, from))
		require.Equal(t, want, wall(c, got), from)
		require.Equal(t, want != from, c.IsQuiet(at(t, from)), from)
	}
}

func TestWithWindow(t *testing.T) {
	t.Parallel()
	c := china(t)
	own, err := c.WithWindow("wished", calendar.WindowData{Hours: []string{"18:00-19:00"}, Days: []string{"sat", "sun"}})
	require.NoError(t, err)
	from, _, _, ok := own.Next("wished", at(t, "2026-03-03"))
	require.True(t, ok)
	require.Equal(t, "2026-03-07 18:00:00", wall(c, from))
	require.Equal(t, c.Version(), own.Version())
	require.Equal(t, []string{"call_windows"}, c.WindowNames(), "the calendar it came from is unchanged")
	_, err = c.WithWindow("night", calendar.WindowData{Hours: []string{"22:00-06:00"}})
	require.ErrorContains(t, err, "windows.night.hours: lies within quiet hours")
}
