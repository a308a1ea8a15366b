package timex_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions/timex"
)

// model is a small calendar to evaluate against: Monday to Friday, 09:00 to 17:00 without a break, one festival from
// 16 to 20 March 2026, nothing known from 2027 on, and one window, "calls", from 10:00 to 11:00 on working days. The
// shipped calendar has its own tests with this package.
type model struct{ loc *time.Location }

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	return loc
}

func (m model) Version() string { return "model@2026-1" }

func (m model) Location() *time.Location { return m.loc }

func (m model) works(t time.Time) bool {
	t = t.In(m.loc)
	festival := t.Year() == 2026 && t.Month() == time.March && t.Day() >= 16 && t.Day() <= 20
	return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday && !festival
}

func (m model) unknown(t time.Time) bool { return t.In(m.loc).Year() > 2026 }

func (m model) AddWorkingDays(t time.Time, n int) (at time.Time, skipped int, provisional bool) {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for at = t.In(m.loc); n > 0; {
		at = at.AddDate(0, 0, step)
		provisional = provisional || m.unknown(at)
		if m.works(at) {
			n--
		} else {
			skipped++
		}
	}
	return at, skipped, provisional
}

func (m model) open(t time.Time) bool {
	h := t.In(m.loc).Hour()
	return m.works(t) && h >= 9 && h < 17
}

func (m model) AddWorkingTime(t time.Time, d time.Duration) (at time.Time, skipped int, provisional bool) {
	for ; d > 0; t = t.Add(time.Minute) {
		if m.open(t) {
			d -= time.Minute
		}
	}
	for ; d < 0; t = t.Add(-time.Minute) {
		if m.open(t.Add(-time.Minute)) {
			d += time.Minute
		}
	}
	return t, 0, m.unknown(t)
}

func (m model) NearestWorkingDay(t time.Time, back bool) (at time.Time, skipped int, provisional bool) {
	if m.works(t) {
		return t, 0, m.unknown(t)
	}
	if back {
		return m.AddWorkingDays(t, -1)
	}
	return m.AddWorkingDays(t, 1)
}

func (m model) NearestWorkingTime(t time.Time, back bool) (at time.Time, skipped int, provisional bool) {
	for back && !m.open(t.Add(-time.Minute)) {
		t = t.Add(-time.Minute)
	}
	for !back && !m.open(t) {
		t = t.Truncate(time.Minute).Add(time.Minute)
	}
	return t, 0, m.unknown(t)
}

func (m model) Next(window string, t time.Time) (from, to time.Time, provisional, ok bool) {
	if window != "calls" {
		return time.Time{}, time.Time{}, false, false
	}
	for !m.works(t) || t.In(m.loc).Hour() != 10 {
		t = t.Truncate(time.Minute).Add(time.Minute)
	}
	y, mo, d := t.In(m.loc).Date()
	return t, time.Date(y, mo, d, 11, 0, 0, 0, m.loc), m.unknown(t), true
}

// at reads a wall time in Shanghai.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	out, err := time.ParseInLocation("2006-01-02 15:04:05", text, shanghai(t))
	require.NoError(t, err)
	return out
}

// env knows the anchors of one imaginary process.
func env(tb testing.TB) timex.Env {
	tb.Helper()
	anchors := map[string]time.Time{
		"opened":      at(tb, "2026-03-04 10:00:00"), // a Wednesday
		"now":         at(tb, "2026-05-05 12:00:00"),
		"due":         at(tb, "2026-03-06 17:00:00"),
		"start":       at(tb, "2026-03-13 14:00:30"), // the Friday before the festival
		"end":         at(tb, "2026-01-31 18:00:00"),
		"leap":        at(tb, "2024-02-29 08:00:00"),
		"layout.done": at(tb, "2026-03-07 09:00:00"), // a Saturday
		"year_end":    at(tb, "2026-12-31 16:00:00"), // a Thursday
	}
	return timex.Env{
		Anchor:   func(name string) (time.Time, bool) { got, ok := anchors[name]; return got, ok },
		Calendar: model{shanghai(tb)},
	}
}
