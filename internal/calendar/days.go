package calendar

import "time"

// maxCount is more working days than the years 1 to 9999 have; larger counts end at the same day.
const maxCount = 4_000_000

// IsWorkingDay says whether the date of t is worked, and whether that is provisional.
func (c *Calendar) IsWorkingDay(t time.Time) (working, provisional bool) {
	d, _ := split(t, c.loc)
	return c.days.has(d), c.days.provisional(d, d)
}

// AddWorkingDays moves n working days after the date of t, or before it when n is negative, and keeps the time of day.
// The date of t itself never counts, worked or not; n = 0 returns t. Skipped is how many days that are not worked were
// passed over.
func (c *Calendar) AddWorkingDays(t time.Time, n int) (at time.Time, skipped int, provisional bool) {
	if n == 0 {
		return t.UTC(), 0, false
	}
	d, tod := split(t, c.loc)
	n = min(max(n, -maxCount), maxCount)
	var to day
	if n > 0 {
		to = c.days.pick(c.days.rank(d+1) + int64(n) - 1)
		skipped, provisional = c.days.idle(d+1, to), c.days.provisional(d+1, to)
	} else {
		to = c.days.pick(c.days.rank(d) + int64(n))
		skipped, provisional = c.days.idle(to, d-1), c.days.provisional(to, d-1)
	}
	return join(to, tod, c.loc), skipped, provisional
}

// NearestWorkingDay returns t when its date is worked. Otherwise it moves to the next working day, or to the one before
// when back is set, and keeps the time of day. Schedules that shift to a working day use it.
func (c *Calendar) NearestWorkingDay(t time.Time, back bool) (at time.Time, skipped int, provisional bool) {
	d, tod := split(t, c.loc)
	if c.days.has(d) {
		return t.UTC(), 0, c.days.provisional(d, d)
	}
	if back {
		to := c.days.pick(c.days.rank(d) - 1)
		return join(to, tod, c.loc), c.days.idle(to, d), c.days.provisional(to, d)
	}
	to := c.days.pick(c.days.rank(d))
	return join(to, tod, c.loc), c.days.idle(d, to), c.days.provisional(d, to)
}

// WorkingDaysBetween counts the working days after the date of from up to the date of to, so that
// AddWorkingDays(from, n) lies n working days after from. It is negative when to is earlier.
func (c *Calendar) WorkingDaysBetween(from, to time.Time) (n int, provisional bool) {
	a, _ := split(from, c.loc)
	b, _ := split(to, c.loc)
	if b < a {
		return -int(c.days.rank(a) - c.days.rank(b)), c.days.provisional(b, a-1)
	}
	return int(c.days.rank(b+1) - c.days.rank(a+1)), c.days.provisional(a+1, b)
}
