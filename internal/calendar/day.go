package calendar

import (
	"strings"
	"time"
)

const (
	secondsPerDay = 24 * 60 * 60
	fullDay       = 24 * time.Hour

	minDay = day(-719162) // 0001-01-01
	maxDay = day(2932896) // 9999-12-31
)

// day counts days since 1970-01-01 on the wall clock of a calendar's location.
type day int64

func dayOf(year int, month time.Month, date int) day {
	return day(time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

// parseDay reads a date such as 2026-02-14.
func parseDay(s string) (day, bool) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, false
	}
	return day(floorDiv(t.Unix(), secondsPerDay)), true
}

// parseDays reads a date or a range of dates with both ends included.
func parseDays(s string) (from, to day, ok bool) {
	a, b, ranged := strings.Cut(s, "..")
	if !ranged {
		b = a
	}
	from, okFrom := parseDay(strings.TrimSpace(a))
	to, okTo := parseDay(strings.TrimSpace(b))
	return from, to, okFrom && okTo && from <= to
}

func (d day) String() string {
	return time.Unix(int64(d)*secondsPerDay, 0).UTC().Format(time.DateOnly)
}

func (d day) clamp() day {
	return min(max(d, minDay), maxDay)
}

// split returns the date and the time of day that the wall clock of loc shows at t.
func split(t time.Time, loc *time.Location) (day, time.Duration) {
	_, offset := t.In(loc).Zone()
	wall := t.Unix() + int64(offset)
	d := floorDiv(wall, secondsPerDay)
	return day(d), time.Duration(wall-d*secondsPerDay)*time.Second + time.Duration(t.Nanosecond())
}

// join is the inverse of split; a time of day of 24 h or more lies on a later day.
func join(d day, tod time.Duration, loc *time.Location) time.Time {
	sec := int(tod / time.Second)
	return time.Date(1970, 1, 1+int(d), 0, 0, sec, int(tod%time.Second), loc).UTC()
}

// joinToward is join for a count that began at t: where the wall clock shows a time twice, it takes the occurrence that
// does not lie against the direction of the count.
func joinToward(t time.Time, back bool, d day, tod time.Duration, loc *time.Location) time.Time {
	at := join(d, tod, loc)
	if back == at.After(t) && !at.Equal(t) {
		_, atOffset := at.In(loc).Zone()
		_, fromOffset := t.In(loc).Zone()
		at = at.Add(time.Duration(atOffset-fromOffset) * time.Second)
	}
	return at
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
