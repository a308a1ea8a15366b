package calendar

import (
	"slices"
	"time"
)

// dayZero is the weekday of day 0, 1970-01-01.
const dayZero = time.Thursday

// weekRule says which days of an ordinary week are meant. It is indexed by day modulo 7, so index 0 is a Thursday.
type weekRule struct {
	on     [7]bool
	before [7]int64 // days that are on before this index
	at     [7]int64 // index of the n-th day that is on
	n      int64    // days that are on in a week
}

func newWeekRule(on [7]bool) weekRule {
	w := weekRule{on: on}
	for i := range 7 {
		w.before[i] = w.n
		if on[i] {
			w.at[w.n] = int64(i)
			w.n++
		}
	}
	return w
}

// parseWeekdays reads weekday names; the empty list is an empty week.
func parseWeekdays(field string, names []string) (weekRule, error) {
	var on [7]bool
	for _, name := range names {
		i := slices.Index(weekdayNames(), name)
		if i < 0 {
			return weekRule{}, mistake(CodeWeekday, field, "use mon, tue, wed, thu, fri, sat or sun", "%q is not a weekday", name)
		}
		k := (i - int(dayZero) + 7) % 7
		if on[k] {
			return weekRule{}, mistake(CodeWeekday, field, "name each weekday once", "%q is listed twice", name)
		}
		on[k] = true
	}
	return newWeekRule(on), nil
}

// weekdayNames are in the order of time.Weekday.
func weekdayNames() []string {
	return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
}

func (w *weekRule) has(d day) bool {
	return w.on[int64(d)-7*floorDiv(int64(d), 7)]
}

// rank counts the days in [0, d) that are on; for a negative d it is minus the count in [d, 0).
func (w *weekRule) rank(d day) int64 {
	week := floorDiv(int64(d), 7)
	return week*w.n + w.before[int64(d)-7*week]
}

// pick returns the day that is on and has rank r. It needs a week with at least one day.
func (w *weekRule) pick(r int64) day {
	week := floorDiv(r, w.n)
	return day(week*7 + w.at[r-week*w.n])
}
