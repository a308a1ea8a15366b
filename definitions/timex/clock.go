package timex

import (
	"fmt"
	"time"
)

// TimeOfDay is a time on the wall clock, since midnight, from 0 to 24 hours in whole seconds. 24:00 is the end of the
// date, the same instant as 00:00 of the next.
type TimeOfDay time.Duration

// ParseTimeOfDay reads HH:MM or HH:MM:SS, up to 24:00. It returns a *[ParseError].
func ParseTimeOfDay(src string) (TimeOfDay, error) {
	p, err := newParser(src)
	if err != nil {
		return 0, err
	}
	t, err := p.clock()
	if err != nil {
		return 0, err
	}
	return t, p.end()
}

// String writes HH:MM, with seconds when there are any.
func (t TimeOfDay) String() string {
	d := time.Duration(t)
	s := fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
	if sec := int(d.Seconds()) % 60; sec != 0 {
		s += fmt.Sprintf(":%02d", sec)
	}
	return s
}

// On returns the instant at which the wall clock of loc shows t on the date of day, in UTC.
func (t TimeOfDay) On(day time.Time, loc *time.Location) time.Time {
	y, m, d := day.In(loc).Date()
	return time.Date(y, m, d, 0, 0, int(time.Duration(t)/time.Second), 0, loc).UTC()
}
