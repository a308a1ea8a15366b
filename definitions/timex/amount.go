package timex

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Unit is a unit of time as definitions write it.
type Unit string

// The units, large before small: the order in which an amount must write them.
const (
	Months       Unit = "mo"
	Weeks        Unit = "w"
	Days         Unit = "d"
	WorkingDays  Unit = "wd"
	Hours        Unit = "h"
	WorkingHours Unit = "wh"
	Minutes      Unit = "m"
	Seconds      Unit = "s"
)

// MaxYears is the longest time that one amount may span.
const MaxYears = 100

// unitRule is what the parser and the arithmetic know of a unit.
type unitRule struct {
	order int           // place in an amount
	limit int64         // largest number: MaxYears
	fixed time.Duration // its length, when it always has the same; d and w as 24 h and 168 h
}

func (u Unit) rule() (unitRule, bool) {
	const days = MaxYears * 365
	switch u {
	case Months:
		return unitRule{0, MaxYears * 12, 0}, true
	case Weeks:
		return unitRule{1, days / 7, 7 * 24 * time.Hour}, true
	case Days:
		return unitRule{2, days, 24 * time.Hour}, true
	case WorkingDays:
		return unitRule{3, days, 0}, true
	case Hours:
		return unitRule{4, days * 24, time.Hour}, true
	case WorkingHours:
		return unitRule{5, days * 24, 0}, true
	case Minutes:
		return unitRule{6, days * 24 * 60, time.Minute}, true
	case Seconds:
		return unitRule{7, days * 24 * 60 * 60, time.Second}, true
	}
	return unitRule{}, false
}

// working says whether only a calendar knows the unit's length.
func (u Unit) working() bool { return u == WorkingDays || u == WorkingHours }

// Quantity is a number of one unit.
type Quantity struct {
	N    int64
	Unit Unit
}

// Amount is a length of time such as 1h30m or 2wd: quantities that are added one after the other. The empty amount is
// no time at all and is written 0.
type Amount []Quantity

// countsNothing says that all its numbers are 0. No working hours may be some time all the same: they lead to where work goes on.
func (a Amount) countsNothing() bool {
	return !slices.ContainsFunc(a, func(q Quantity) bool { return q.N != 0 })
}

// isZero says that the amount is no time at all, however it is written.
func (a Amount) isZero() bool {
	return a.countsNothing() && !slices.ContainsFunc(a, func(q Quantity) bool { return q.Unit.working() })
}

// withinDays says that a part of the amount is shorter than a day.
func (a Amount) withinDays() bool {
	return slices.ContainsFunc(a, func(q Quantity) bool {
		return slices.Contains([]Unit{Hours, WorkingHours, Minutes, Seconds}, q.Unit)
	})
}

// ParseDuration reads an amount: 30m, 1h30m, 2d, 1wd, or 0. It returns a *[ParseError].
func ParseDuration(src string) (Amount, error) {
	p, err := newParser(src)
	if err != nil {
		return nil, err
	}
	if c := p.peek(); c == '+' || c == '-' {
		return nil, p.fail(CodeSignInDuration, "leave the sign out", "a duration has no sign")
	}
	a, err := p.amount()
	if err != nil {
		return nil, err
	}
	return a, p.end()
}

// String writes the amount as ParseDuration reads it.
func (a Amount) String() string {
	if len(a) == 0 {
		return "0"
	}
	var b strings.Builder
	for _, q := range a {
		b.WriteString(strconv.FormatInt(q.N, 10))
		b.WriteString(string(q.Unit))
	}
	return b.String()
}

// Fixed returns the amount as a duration when s, m, h, d and w alone make it up, with a day counted as 24 hours and a
// week as 168: right for retries and intervals, not for a due date in a place whose clocks change. With months or
// working time, or beyond 292 years, it returns false.
func (a Amount) Fixed() (time.Duration, bool) {
	var sum time.Duration
	for _, q := range a {
		rule, ok := q.Unit.rule()
		if !ok || rule.fixed == 0 || q.N < 0 || q.N > rule.limit {
			return 0, false
		}
		sum += time.Duration(q.N) * rule.fixed
		if sum < 0 {
			return 0, false
		}
	}
	return sum, true
}

// NeedsCalendar says whether the amount has working days or hours.
func (a Amount) NeedsCalendar() bool {
	for _, q := range a {
		if q.Unit.working() {
			return true
		}
	}
	return false
}

// Add returns t plus the amount, on the wall clock and by the working time of cal; an SLA clock's end is computed so.
// It returns an *[EvalError].
func (a Amount) Add(t time.Time, cal Calendar) (Result, error) {
	ev := evaluator{env: Env{Calendar: cal}, src: a.String()}
	at, err := ev.start("", t)
	if err == nil {
		at, err = shift{amount: a}.apply(&ev, at)
	}
	if err != nil {
		return Result{}, err
	}
	return ev.result(at), nil
}

// check refuses an amount that no parser would have made.
func (q Quantity) check() (unitRule, error) {
	rule, ok := q.Unit.rule()
	if !ok || q.N < 0 || q.N > rule.limit {
		return unitRule{}, fmt.Errorf("%d%s is no amount of time", q.N, q.Unit)
	}
	return rule, nil
}
