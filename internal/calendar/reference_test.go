package calendar_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/calendar"
)

// china returns the shipped calendar.
func china(t testing.TB) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Bundled("cn")
	require.NoError(t, err)
	return c
}

// at reads a wall time in Shanghai; a date alone is midnight.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	layout := "2006-01-02 15:04:05"[:len(text)]
	out, err := time.ParseInLocation(layout, text, loc)
	require.NoError(t, err)
	return out
}

// wall writes an instant as a wall time in Shanghai.
func wall(c *calendar.Calendar, t time.Time) string {
	return t.In(c.Location()).Format("2006-01-02 15:04:05")
}

// reference answers slowly and obviously: day by day, minute by minute, over sets of dates.
type reference struct {
	loc       *time.Location
	exception map[string]bool // date → worked
	years     map[int]bool
	rest      map[time.Weekday]bool
	open      func(minute int) bool
}

func newReference(t testing.TB) *reference {
	t.Helper()
	d, err := calendar.BundledData("cn")
	require.NoError(t, err)
	loc, err := time.LoadLocation(d.Location)
	require.NoError(t, err)
	r := &reference{loc: loc, open: func(m int) bool {
		return m >= 9*60 && m < 12*60 || m >= 13*60+30 && m < 18*60
	}, rest: map[time.Weekday]bool{time.Saturday: true, time.Sunday: true}}
	r.learn(t, d.Years)
	return r
}

func (r *reference) learn(t require.TestingT, years []calendar.Year) {
	r.exception, r.years = map[string]bool{}, map[int]bool{}
	for _, y := range years {
		r.years[y.Year] = true
		r.list(t, y.Off, false)
		r.list(t, y.Work, true)
	}
}

func (r *reference) list(t require.TestingT, texts []string, worked bool) {
	for _, text := range texts {
		from, to, ranged := strings.Cut(text, "..")
		if !ranged {
			to = from
		}
		end, err := time.Parse(time.DateOnly, to)
		require.NoError(t, err)
		for d, err := time.Parse(time.DateOnly, from); !d.After(end); d = d.AddDate(0, 0, 1) {
			require.NoError(t, err)
			r.exception[d.Format(time.DateOnly)] = worked
		}
	}
}

func (r *reference) worked(t time.Time) bool {
	t = t.In(r.loc)
	if w, ok := r.exception[t.Format(time.DateOnly)]; ok {
		return w
	}
	return !r.rest[t.Weekday()]
}

func (r *reference) provisional(t time.Time) bool { return !r.years[t.In(r.loc).Year()] }

// addDays walks one day at a time.
func (r *reference) addDays(t time.Time, n int) (at time.Time, skipped int, provisional bool) {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	t = t.In(r.loc)
	for n > 0 {
		t = t.AddDate(0, 0, step)
		provisional = provisional || r.provisional(t)
		if r.worked(t) {
			n--
		} else {
			skipped++
		}
	}
	return t, skipped, provisional
}

func (r *reference) working(t time.Time) bool {
	t = t.In(r.loc)
	return r.worked(t) && r.open(t.Hour()*60+t.Minute())
}

// addMinutes walks one minute at a time; t must be a whole minute.
func (r *reference) addMinutes(t time.Time, n int) time.Time {
	for ; n > 0; t = t.Add(time.Minute) {
		if r.working(t) {
			n--
		}
	}
	for ; n < 0; t = t.Add(-time.Minute) {
		if r.working(t.Add(-time.Minute)) {
			n++
		}
	}
	return t
}

// minutes counts working minutes between two whole minutes, from ≤ to.
func (r *reference) minutes(from, to time.Time) (n int) {
	for ; from.Before(to); from = from.Add(time.Minute) {
		if r.working(from) {
			n++
		}
	}
	return n
}
