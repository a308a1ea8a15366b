package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/calendar"
)

func TestAddWorkingDaysOnRealDates(t *testing.T) {
	t.Parallel()
	c := china(t)
	for _, tc := range []struct {
		name        string
		from        string
		n           int
		want        string
		skipped     int
		provisional bool
	}{
		{"ordinary week", "2026-03-03 10:15:30", 2, "2026-03-05 10:15:30", 0, false},
		{"over a weekend", "2026-03-06 16:00:00", 1, "2026-03-09 16:00:00", 2, false},
		{"nothing", "2026-03-07 16:00:00", 0, "2026-03-07 16:00:00", 0, false},
		{"from a Saturday", "2026-03-07 16:00:00", 1, "2026-03-09 16:00:00", 1, false},
		{"back from a Saturday", "2026-03-07 16:00:00", -1, "2026-03-06 16:00:00", 0, false},
		{"back over a weekend", "2026-03-09 08:00:00", -1, "2026-03-06 08:00:00", 2, false},
		{"Spring Festival 2024 to its make-up Sunday", "2024-02-09 17:00:00", 1, "2024-02-18 17:00:00", 8, false},
		{"Spring Festival 2024 from a make-up Sunday", "2024-02-04 09:00:00", 6, "2024-02-18 09:00:00", 8, false},
		{"Spring Festival 2025 begins on a Tuesday", "2025-01-27 17:30:00", 1, "2025-02-05 17:30:00", 8, false},
		{"Spring Festival 2025 after a make-up Sunday", "2025-01-24 09:00:00", 1, "2025-01-26 09:00:00", 1, false},
		{"make-up Saturday after the festival 2025", "2025-02-05 09:00:00", 3, "2025-02-08 09:00:00", 0, false},
		{"back over Spring Festival 2025", "2025-02-05 09:00:00", -2, "2025-01-26 09:00:00", 8, false},
		{"make-up Saturday before the festival 2026", "2026-02-13 18:00:00", 1, "2026-02-14 18:00:00", 0, false},
		{"nine days of Spring Festival 2026", "2026-02-14 18:00:00", 1, "2026-02-24 18:00:00", 9, false},
		{"inside Spring Festival 2026", "2026-02-17 12:00:00", 5, "2026-02-28 12:00:00", 6, false},
		{"back from inside Spring Festival 2026", "2026-02-17 12:00:00", -1, "2026-02-14 12:00:00", 2, false},
		{"Labor Day 2026 to its make-up Saturday", "2026-04-30 10:00:00", 4, "2026-05-09 10:00:00", 5, false},
		{"National Day 2025 is eight days", "2025-09-30 10:00:00", 1, "2025-10-09 10:00:00", 8, false},
		{"make-up Sunday before National Day 2025", "2025-09-26 10:00:00", 2, "2025-09-29 10:00:00", 1, false},
		{"year end inside the data", "2025-12-31 10:00:00", 1, "2026-01-04 10:00:00", 3, false},
		{"last working day known", "2026-12-30 10:00:00", 1, "2026-12-31 10:00:00", 0, false},
		{"first day unknown", "2026-12-31 10:00:00", 1, "2027-01-01 10:00:00", 0, true},
		{"far into 2027", "2026-12-30 10:00:00", 5, "2027-01-06 10:00:00", 2, true},
		{"out of 2027 into 2026", "2027-01-01 10:00:00", -1, "2026-12-31 10:00:00", 0, false},
		{"within 2027 back", "2027-01-05 10:00:00", -1, "2027-01-04 10:00:00", 0, true},
		{"before the data", "2023-12-29 10:00:00", -1, "2023-12-28 10:00:00", 0, true},
		{"from before the data into it", "2023-12-31 10:00:00", 1, "2024-01-02 10:00:00", 1, false},
		{"a whole year", "2025-12-31 09:00:00", 248, "2026-12-31 09:00:00", 117, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, skipped, provisional := c.AddWorkingDays(at(t, tc.from), tc.n)
			require.Equal(t, tc.want, wall(c, got))
			require.Equal(t, tc.skipped, skipped)
			require.Equal(t, tc.provisional, provisional)
			require.Equal(t, time.UTC, got.Location())
		})
	}
}

func TestAddWorkingDaysReadsTheCalendarsWallClock(t *testing.T) {
	t.Parallel()
	c := china(t)
	// 20:00 UTC on Friday is 04:00 on Saturday in Shanghai.
	got, _, _ := c.AddWorkingDays(time.Date(2026, 3, 6, 20, 0, 0, 5, time.UTC), 1)
	require.Equal(t, time.Date(2026, 3, 8, 20, 0, 0, 5, time.UTC), got)
}

func TestAddWorkingDaysStopsAtTheEndOfTime(t *testing.T) {
	t.Parallel()
	c := china(t)
	const huge = int(^uint(0) >> 1)
	last, _, provisional := c.AddWorkingDays(at(t, "2026-03-03 10:00:00"), huge)
	require.Equal(t, "9999-12-31 10:00:00", wall(c, last))
	require.True(t, provisional)
	first, _, _ := c.AddWorkingDays(at(t, "2026-03-03 10:00:00"), -huge-1)
	require.Equal(t, "0001-01-01", first.In(c.Location()).Format(time.DateOnly))
}

func TestNearestWorkingDay(t *testing.T) {
	t.Parallel()
	c := china(t)
	for _, tc := range []struct {
		from        string
		back        bool
		want        string
		skipped     int
		provisional bool
	}{
		{"2026-02-14 10:00:00", false, "2026-02-14 10:00:00", 0, false}, // a make-up Saturday is worked
		{"2026-02-17 10:00:00", false, "2026-02-24 10:00:00", 7, false},
		{"2026-02-17 10:00:00", true, "2026-02-14 10:00:00", 3, false},
		{"2025-01-25 10:00:00", false, "2025-01-26 10:00:00", 1, false},
		{"2027-01-02 10:00:00", false, "2027-01-04 10:00:00", 2, true},
		{"2027-01-01 10:00:00", true, "2027-01-01 10:00:00", 0, true},
	} {
		got, skipped, provisional := c.NearestWorkingDay(at(t, tc.from), tc.back)
		require.Equal(t, tc.want, wall(c, got), tc.from)
		require.Equal(t, tc.skipped, skipped, tc.from)
		require.Equal(t, tc.provisional, provisional, tc.from)
	}
}

func TestIsWorkingDayAndBetween(t *testing.T) {
	t.Parallel()
	c := china(t)
	working, provisional := c.IsWorkingDay(at(t, "2026-02-28"))
	require.True(t, working, "make-up Saturday")
	require.False(t, provisional)
	working, provisional = c.IsWorkingDay(at(t, "2027-02-06")) // Lunar New Year 2027, a Saturday
	require.False(t, working)
	require.True(t, provisional)

	n, provisional := c.WorkingDaysBetween(at(t, "2026-02-13"), at(t, "2026-02-25"))
	require.Equal(t, 3, n)
	require.False(t, provisional)
	n, _ = c.WorkingDaysBetween(at(t, "2026-02-25"), at(t, "2026-02-13"))
	require.Equal(t, -3, n)
	n, provisional = c.WorkingDaysBetween(at(t, "2026-12-31"), at(t, "2027-01-04"))
	require.Equal(t, 2, n)
	require.True(t, provisional)
}

// The number of working days of a year follows from the number of statutory holidays, which is public: 11 until 2024,
// 13 since 2025. The moved days cancel out, so this finds a slip in any of the files.
func TestWorkingDaysOfAYear(t *testing.T) {
	t.Parallel()
	c := china(t)
	for year, want := range map[string]int{"2024": 366 - 104 - 11, "2025": 365 - 104 - 13, "2026": 365 - 104 - 13} {
		from := at(t, year+"-01-01").AddDate(0, 0, -1)
		n, _ := c.WorkingDaysBetween(from, from.AddDate(1, 0, 0))
		require.Equal(t, want, n, year)
	}
}

func TestHolidaysNoneIsNeverProvisional(t *testing.T) {
	t.Parallel()
	c, err := calendar.New(calendar.Data{
		ID: "desk", Location: "Asia/Shanghai", Holidays: "none", Hours: []string{calendar.HoursRoundTheClock},
		Weekdays: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"},
	})
	require.NoError(t, err)
	got, skipped, provisional := c.AddWorkingDays(at(t, "2026-02-16 23:30:00"), 3)
	require.Equal(t, "2026-02-19 23:30:00", wall(c, got))
	require.Zero(t, skipped)
	require.False(t, provisional)
	got, _, provisional = c.AddWorkingTime(at(t, "2026-12-31 23:30:00"), 25*time.Hour)
	require.Equal(t, "2027-01-02 00:30:00", wall(c, got))
	require.False(t, provisional)
	require.Equal(t, "desk@none-1", c.Version())
	require.True(t, c.HasYear(1999))
}
