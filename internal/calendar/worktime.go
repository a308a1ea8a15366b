package calendar

import "time"

// position is a point of working time: so many whole working days, and so much of the next. An instant has exactly one
// position; one position has many instants, because the clock of working time stands still at night.
type position struct {
	rank int64
	part time.Duration // 0 to the length of a working day, both included
}

func (c *Calendar) position(d day, tod time.Duration) position {
	p := position{rank: c.days.rank(d)}
	if c.days.has(d) {
		p.part = c.hours.worked(tod)
	}
	return p
}

// move adds working time without overflow for any duration.
func (c *Calendar) move(p position, by time.Duration) position {
	whole := floorDiv(int64(by), int64(c.hours.length))
	p.rank += whole
	p.part += by - time.Duration(whole)*c.hours.length
	return p
}

// earliest returns the first instant at a position: the end of an interval rather than the start of the next.
func (c *Calendar) earliest(p position) (day, time.Duration) {
	if p.part > c.hours.length {
		p = position{p.rank + 1, p.part - c.hours.length}
	}
	if p.part == 0 {
		p = position{p.rank - 1, c.hours.length}
	}
	return c.days.pick(p.rank), c.hours.earliest(p.part)
}

// latest returns the last instant at a position: the start of an interval rather than the end of the one before.
func (c *Calendar) latest(p position) (day, time.Duration) {
	if p.part >= c.hours.length {
		p = position{p.rank + 1, p.part - c.hours.length}
	}
	return c.days.pick(p.rank), c.hours.latest(p.part)
}

// IsWorkingTime says whether t lies inside a working interval of a working day, and whether that is provisional.
func (c *Calendar) IsWorkingTime(t time.Time) (working, provisional bool) {
	d, tod := split(t, c.loc)
	if !c.days.has(d) {
		return false, c.days.provisional(d, d)
	}
	for _, s := range c.hours.spans {
		working = working || s.from <= tod && tod < s.to
	}
	return working, c.days.provisional(d, d)
}

// AddWorkingTime moves by d of working time, forward or back. Forward it ends as early as it can, back as late as it
// can; d = 0 returns t. Skipped is how many days that are not worked lie between. Precision is a nanosecond.
func (c *Calendar) AddWorkingTime(t time.Time, d time.Duration) (at time.Time, skipped int, provisional bool) {
	if d == 0 {
		return t.UTC(), 0, false
	}
	from, tod := split(t, c.loc)
	p := c.move(c.position(from, tod), d)
	if d < 0 {
		to, toTod := c.latest(p)
		return joinToward(t, true, to, toTod, c.loc), c.days.idle(to, from), c.days.provisional(to, from)
	}
	to, toTod := c.earliest(p)
	return joinToward(t, false, to, toTod, c.loc), c.days.idle(from, to), c.days.provisional(from, to)
}

// NearestWorkingTime returns t when it lies inside a working interval. Otherwise it moves to the start of the next
// interval or, when back is set, to the end of the one before; going back, the end of an interval counts as inside.
func (c *Calendar) NearestWorkingTime(t time.Time, back bool) (at time.Time, skipped int, provisional bool) {
	from, tod := split(t, c.loc)
	p := c.position(from, tod)
	to, toTod := c.latest(p)
	if back {
		to, toTod = c.earliest(p)
	}
	lo, hi := min(from, to), max(from, to)
	skipped, provisional = c.days.idle(lo, hi), c.days.provisional(lo, hi)
	if to == from && toTod == tod {
		return t.UTC(), skipped, provisional
	}
	return joinToward(t, back, to, toTod, c.loc), skipped, provisional
}

// WorkingTimeBetween returns the working time from one instant to another, negative when to is earlier. Beyond 292
// years of working time it stops at the largest duration.
func (c *Calendar) WorkingTimeBetween(from, to time.Time) (d time.Duration, provisional bool) {
	if to.Before(from) {
		d, provisional = c.WorkingTimeBetween(to, from)
		return -d, provisional
	}
	a, aTod := split(from, c.loc)
	b, bTod := split(to, c.loc)
	pa, pb := c.position(a, aTod), c.position(b, bTod)
	days := min(pb.rank-pa.rank, int64((1<<63-1)/c.hours.length)-1)
	return time.Duration(days)*c.hours.length + pb.part - pa.part, c.days.provisional(a, b)
}
