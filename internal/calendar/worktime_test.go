package calendar_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/calendar"
)

func TestAddWorkingTimeOnRealDates(t *testing.T) {
	t.Parallel()
	c := china(t)
	for _, tc := range []struct {
		name        string
		from        string
		by          string
		want        string
		skipped     int
		provisional bool
	}{
		{"inside the morning", "2026-03-03 09:30:00", "2h", "2026-03-03 11:30:00", 0, false},
		{"ends at the break, not after it", "2026-03-03 10:00:00", "2h", "2026-03-03 12:00:00", 0, false},
		{"over the break", "2026-03-03 11:00:00", "2h", "2026-03-03 14:30:00", 0, false},
		{"a second over the break", "2026-03-03 11:00:00", "1h0m1s", "2026-03-03 13:30:01", 0, false},
		{"begins in the break", "2026-03-03 12:20:00", "30m", "2026-03-03 14:00:00", 0, false},
		{"ends with the day, not with the next", "2026-03-03 09:00:00", "7h30m", "2026-03-03 18:00:00", 0, false},
		{"into the next day", "2026-03-03 17:30:00", "1h", "2026-03-04 09:30:00", 0, false},
		{"before opening", "2026-03-03 06:00:00", "1h", "2026-03-03 10:00:00", 0, false},
		{"late on Friday", "2026-03-06 17:59:30", "1m", "2026-03-09 09:00:30", 2, false},
		{"from a rest day", "2026-03-07 11:00:00", "4h", "2026-03-09 14:30:00", 2, false},
		{"two days' worth", "2026-03-03 15:00:00", "15h", "2026-03-05 15:00:00", 0, false},
		{"over Spring Festival 2026", "2026-02-14 16:00:00", "4h", "2026-02-24 11:00:00", 9, false},
		{"over Spring Festival 2024 to the make-up Sunday", "2024-02-09 17:00:00", "2h", "2024-02-18 10:00:00", 8, false},
		{"back inside the afternoon", "2026-03-03 16:00:00", "-1h", "2026-03-03 15:00:00", 0, false},
		{"back to the start of the afternoon, not the end of the morning", "2026-03-03 15:00:00", "-1h30m", "2026-03-03 13:30:00", 0, false},
		{"back over the break", "2026-03-03 14:00:00", "-1h", "2026-03-03 11:30:00", 0, false},
		{"back to the day before", "2026-03-03 09:30:00", "-1h", "2026-03-02 17:30:00", 0, false},
		{"back to the start of the day", "2026-03-03 10:00:00", "-1h", "2026-03-03 09:00:00", 0, false},
		{"back from the night", "2026-03-03 22:00:00", "-30m", "2026-03-03 17:30:00", 0, false},
		{"back over Spring Festival 2025", "2025-02-05 10:00:00", "-2h", "2025-01-27 17:00:00", 8, false},
		{"into an unknown year", "2026-12-31 17:00:00", "2h", "2027-01-01 10:00:00", 0, true},
		{"up to the last known minute", "2026-12-31 17:00:00", "1h", "2026-12-31 18:00:00", 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			by, err := time.ParseDuration(tc.by)
			require.NoError(t, err)
			got, skipped, provisional := c.AddWorkingTime(at(t, tc.from), by)
			require.Equal(t, tc.want, wall(c, got))
			require.Equal(t, tc.skipped, skipped)
			require.Equal(t, tc.provisional, provisional)
			require.Equal(t, time.UTC, got.Location())
		})
	}
}

func TestAddWorkingTimeSurvivesTheLargestDurations(t *testing.T) {
	t.Parallel()
	c := china(t)
	from := at(t, "2026-03-03 15:00:00")
	got, _, provisional := c.AddWorkingTime(from, math.MaxInt64)
	require.Greater(t, got.Year(), 2900)
	require.True(t, provisional)
	got, _, _ = c.AddWorkingTime(from, math.MinInt64)
	require.Less(t, got.Year(), 1100)
}

func TestWorkingTimeBetween(t *testing.T) {
	t.Parallel()
	c := china(t)
	for _, tc := range []struct {
		from, to    string
		want        time.Duration
		provisional bool
	}{
		{"2026-03-03 11:00:00", "2026-03-03 14:00:00", 90 * time.Minute, false},
		{"2026-03-03 14:00:00", "2026-03-03 11:00:00", -90 * time.Minute, false},
		{"2026-03-03 18:00:00", "2026-03-04 09:00:00", 0, false},
		{"2026-02-14 17:00:00", "2026-02-24 09:30:00", 90 * time.Minute, false},
		{"2026-03-07 00:00:00", "2026-03-08 23:00:00", 0, false},
		{"2026-12-31 17:00:00", "2027-01-01 09:00:00", time.Hour, true},
	} {
		got, provisional := c.WorkingTimeBetween(at(t, tc.from), at(t, tc.to))
		require.Equal(t, tc.want, got, tc.from)
		require.Equal(t, tc.provisional, provisional, tc.from)
	}
	longest, _ := c.WorkingTimeBetween(time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
	require.Greater(t, longest, 290*365*24*time.Hour)
}

func TestNearestWorkingTime(t *testing.T) {
	t.Parallel()
	c := china(t)
	for _, tc := range []struct {
		from    string
		back    bool
		want    string
		skipped int
	}{
		{"2026-03-03 10:20:30", false, "2026-03-03 10:20:30", 0},
		{"2026-03-03 10:20:30", true, "2026-03-03 10:20:30", 0},
		{"2026-03-03 12:00:00", false, "2026-03-03 13:30:00", 0},
		{"2026-03-03 12:00:00", true, "2026-03-03 12:00:00", 0},
		{"2026-03-03 13:00:00", true, "2026-03-03 12:00:00", 0},
		{"2026-03-03 18:00:00", false, "2026-03-04 09:00:00", 0},
		{"2026-03-03 08:00:00", true, "2026-03-02 18:00:00", 0},
		{"2026-02-17 10:00:00", false, "2026-02-24 09:00:00", 7},
		{"2026-02-17 10:00:00", true, "2026-02-14 18:00:00", 3},
	} {
		got, skipped, provisional := c.NearestWorkingTime(at(t, tc.from), tc.back)
		require.Equal(t, tc.want, wall(c, got), "%s %v", tc.from, tc.back)
		require.Equal(t, tc.skipped, skipped, "%s %v", tc.from, tc.back)
		require.False(t, provisional)
	}
}

func TestIsWorkingTime(t *testing.T) {
	t.Parallel()
	c := china(t)
	for text, want := range map[string]bool{
		"2026-03-03 09:00:00": true, "2026-03-03 08:59:59": false, "2026-03-03 12:00:00": false, "2026-03-03 17:59:59": true,
		"2026-02-14 10:00:00": true, "2026-02-16 10:00:00": false,
	} {
		got, provisional := c.IsWorkingTime(at(t, text))
		require.Equal(t, want, got, text)
		require.False(t, provisional, text)
	}
}

// In New York the clocks are put forward on 8 March 2026 at 02:00 and back on 1 November at 02:00. Working time is
// counted on the wall clock, and a count never runs against its direction.
func TestClockChanges(t *testing.T) {
	t.Parallel()
	c, err := calendar.New(calendar.Data{
		ID: "ny", Location: "America/New_York", Holidays: "none", Hours: []string{calendar.HoursRoundTheClock},
		Weekdays: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"},
	})
	require.NoError(t, err)
	in := func(text string) time.Time {
		out, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return out.UTC()
	}
	kept, _, _ := c.AddWorkingDays(in("2026-03-07T10:00:00-05:00"), 1)
	require.Equal(t, in("2026-03-08T10:00:00-04:00"), kept)

	second := in("2026-11-01T01:30:00-05:00") // the second 01:30 of that night
	forward, _, _ := c.AddWorkingTime(second, 10*time.Minute)
	require.Equal(t, in("2026-11-01T01:40:00-05:00"), forward)
	first := in("2026-11-01T01:30:00-04:00")
	back, _, _ := c.AddWorkingTime(first, -10*time.Minute)
	require.Equal(t, in("2026-11-01T01:20:00-04:00"), back)
	same, _, _ := c.NearestWorkingTime(second, false)
	require.Equal(t, second, same)
}
