package calendar_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/internal/calendar"
)

// instant draws whole minutes from the years around the data, often near a festival or the end of the data.
func instant(loc *time.Location) *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		begin := rapid.SampledFrom([]time.Time{
			time.Date(2023, 12, 25, 0, 0, 0, 0, loc), time.Date(2024, 2, 1, 0, 0, 0, 0, loc), time.Date(2025, 1, 20, 0, 0, 0, 0, loc),
			time.Date(2025, 9, 25, 0, 0, 0, 0, loc), time.Date(2026, 2, 8, 0, 0, 0, 0, loc), time.Date(2026, 12, 20, 0, 0, 0, 0, loc),
			time.Date(2027, 1, 1, 0, 0, 0, 0, loc),
		}).Draw(t, "around")
		return begin.Add(time.Duration(rapid.IntRange(0, 25*24*60).Draw(t, "minutes")) * time.Minute).UTC()
	})
}

func TestWorkingDaysAgainstWalk(t *testing.T) {
	t.Parallel()
	c, r := china(t), newReference(t)
	rapid.Check(t, func(t *rapid.T) {
		from := instant(r.loc).Draw(t, "from")
		n := rapid.IntRange(-300, 300).Draw(t, "n")
		got, skipped, provisional := c.AddWorkingDays(from, n)
		want, wantSkipped, wantProvisional := r.addDays(from, n)
		require.True(t, want.Equal(got), "want %s, got %s", want, got)
		require.Equal(t, wantSkipped, skipped)
		require.Equal(t, wantProvisional, provisional)
		if r.worked(from) {
			counted, _ := c.WorkingDaysBetween(from, got)
			require.Equal(t, n, counted)
		}
	})
}

func TestWorkingDaysAddUp(t *testing.T) {
	t.Parallel()
	c, r := china(t), newReference(t)
	rapid.Check(t, func(t *rapid.T) {
		from := instant(r.loc).Draw(t, "from")
		a, b := rapid.IntRange(1, 2000).Draw(t, "a"), rapid.IntRange(1, 2000).Draw(t, "b")
		sign := rapid.SampledFrom([]int{-1, 1}).Draw(t, "sign")
		half, _, _ := c.AddWorkingDays(from, sign*a)
		twice, _, _ := c.AddWorkingDays(half, sign*b)
		once, _, _ := c.AddWorkingDays(from, sign*(a+b))
		require.Equal(t, once, twice)
	})
}

func TestWorkingTimeAgainstWalk(t *testing.T) {
	t.Parallel()
	c, r := china(t), newReference(t)
	rapid.Check(t, func(t *rapid.T) {
		from := instant(r.loc).Draw(t, "from")
		minutes := rapid.IntRange(-3000, 3000).Draw(t, "minutes")
		got, _, _ := c.AddWorkingTime(from, time.Duration(minutes)*time.Minute)
		want := r.addMinutes(from, minutes)
		require.True(t, want.Equal(got), "want %s, got %s", want.In(r.loc), got.In(r.loc))

		between, _ := c.WorkingTimeBetween(from, got)
		require.Equal(t, time.Duration(minutes)*time.Minute, between)
	})
}

func TestWorkingTimeBetweenAgainstWalk(t *testing.T) {
	t.Parallel()
	c, r := china(t), newReference(t)
	rapid.Check(t, func(t *rapid.T) {
		from := instant(r.loc).Draw(t, "from")
		to := from.Add(time.Duration(rapid.IntRange(0, 15*24*60).Draw(t, "minutes")) * time.Minute)
		got, _ := c.WorkingTimeBetween(from, to)
		require.Equal(t, time.Duration(r.minutes(from, to))*time.Minute, got)
		back, _ := c.WorkingTimeBetween(to, from)
		require.Equal(t, -got, back)
	})
}

func TestNearestWorkingTimeAgainstWalk(t *testing.T) {
	t.Parallel()
	c, r := china(t), newReference(t)
	rapid.Check(t, func(t *rapid.T) {
		from := instant(r.loc).Draw(t, "from")
		forward, _, _ := c.NearestWorkingTime(from, false)
		want := from
		for !r.working(want) {
			want = want.Add(time.Minute)
		}
		require.True(t, want.Equal(forward), "want %s, got %s", want, forward)
		backward, _, _ := c.NearestWorkingTime(from, true)
		want = from
		for !r.working(want.Add(-time.Minute)) {
			want = want.Add(-time.Minute)
		}
		require.True(t, want.Equal(backward), "want %s, got %s", want, backward)
	})
}

func TestNextWindowAgainstWalk(t *testing.T) {
	t.Parallel()
	c, r := china(t), newReference(t)
	open := func(at time.Time) bool {
		local := at.In(r.loc)
		m := local.Hour()*60 + local.Minute()
		return r.worked(at) && (m >= 630 && m < 700 || m >= 900 && m < 1080)
	}
	rapid.Check(t, func(t *rapid.T) {
		from := instant(r.loc).Draw(t, "from")
		got, closes, _, ok := c.Next("call_windows", from)
		require.True(t, ok)
		want := from
		for !open(want) {
			want = want.Add(time.Minute)
		}
		require.True(t, want.Equal(got), "want %s, got %s", want, got)
		for open(want) {
			want = want.Add(time.Minute)
		}
		require.True(t, want.Equal(closes), "want %s, got %s", want, closes)
	})
}

// house draws a calendar of any shape, and the reference for it: other weekdays and hours, years with and without data
// between each other.
func house(t *rapid.T, loc *time.Location) (*calendar.Calendar, *reference) {
	r := &reference{loc: loc, rest: map[time.Weekday]bool{}}
	d := calendar.Data{ID: "house", Location: loc.String()}
	first := rapid.IntRange(0, 6).Draw(t, "worked for sure")
	for w := range 7 {
		if w == first || rapid.Bool().Draw(t, "worked") {
			d.Weekdays = append(d.Weekdays, strings.ToLower(time.Weekday(w).String()[:3]))
		} else {
			r.rest[time.Weekday(w)] = true
		}
	}
	bounds := rapid.SliceOfNDistinct(rapid.IntRange(0, 1440), 2, 6, rapid.ID).Draw(t, "bounds")
	slices.Sort(bounds)
	bounds = bounds[:len(bounds)/2*2]
	for i := 0; i < len(bounds); i += 2 {
		d.Hours = append(d.Hours, fmt.Sprintf("%02d:%02d-%02d:%02d", bounds[i]/60, bounds[i]%60, bounds[i+1]/60, bounds[i+1]%60))
	}
	r.open = func(m int) bool {
		i, exact := slices.BinarySearch(bounds, m)
		return exact && i%2 == 0 || !exact && i%2 == 1
	}
	for _, year := range []int{2023, 2025, 2026} {
		if rapid.Bool().Draw(t, "known") {
			d.Years = append(d.Years, someYear(t, year))
		}
	}
	r.learn(t, d.Years)
	c, err := calendar.New(d)
	require.NoError(t, err)
	return c, r
}

func someYear(t *rapid.T, year int) calendar.Year {
	y := calendar.Year{Year: year, Notice: "drawn"}
	days := rapid.SliceOfNDistinct(rapid.IntRange(1, 365), 0, 60, rapid.ID).Draw(t, "exceptions")
	for i, n := range days {
		text := time.Date(year, 1, n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		if i%3 == 0 {
			y.Work = append(y.Work, text)
		} else {
			y.Off = append(y.Off, text)
		}
	}
	return y
}

func TestAnyCalendarAgainstWalk(t *testing.T) {
	t.Parallel()
	loc := china(t).Location()
	rapid.Check(t, func(t *rapid.T) {
		c, r := house(t, loc)
		from := time.Date(2022, 12, 1, 0, rapid.IntRange(0, 5*366*1440).Draw(t, "minute"), 0, 0, loc).UTC()
		n := rapid.IntRange(-40, 40).Draw(t, "days")
		got, skipped, provisional := c.AddWorkingDays(from, n)
		want, wantSkipped, wantProvisional := r.addDays(from, n)
		require.True(t, want.Equal(got), "want %s, got %s", want, got.In(loc))
		require.Equal(t, wantSkipped, skipped)
		require.Equal(t, wantProvisional, provisional)

		minutes := rapid.IntRange(-1000, 1000).Draw(t, "minutes")
		got, _, _ = c.AddWorkingTime(from, time.Duration(minutes)*time.Minute)
		want = r.addMinutes(from, minutes)
		require.True(t, want.Equal(got), "want %s, got %s", want.In(loc), got.In(loc))
	})
}
