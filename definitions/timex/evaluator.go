package timex

import (
	"fmt"
	"time"
)

// evaluator carries the trace and what the calendar said through one evaluation.
type evaluator struct {
	env         Env
	expr        *Expr  // nil when an amount is added
	src         string // the amount then
	why         []Step
	provisional bool
	asked       bool // the calendar was asked
}

func (ev *evaluator) fail(code Code, hint, text string) error {
	src := ev.src
	if ev.expr != nil {
		src = ev.expr.String()
	}
	return &EvalError{Expr: src, Code: code, Text: text, Hint: hint}
}

func (ev *evaluator) missing(names []string) []string {
	if ev.env.Anchor == nil {
		return names
	}
	var out []string
	for _, name := range names {
		if _, ok := ev.env.Anchor(name); !ok {
			out = append(out, name)
		}
	}
	return out
}

// anchor begins at an anchor that missing has found to be known; the empty name is the default.
func (ev *evaluator) anchor(name string) (time.Time, error) {
	if name == "" {
		name = ev.expr.fallback()
	}
	t, _ := ev.env.Anchor(name)
	return ev.start(name, t)
}

func (ev *evaluator) start(name string, t time.Time) (time.Time, error) {
	return ev.reach(Step{Kind: StepAnchor, Text: name, At: t.UTC()})
}

// reach records a step and refuses instants that no database column and no JSON can hold.
func (ev *evaluator) reach(s Step) (time.Time, error) {
	if y := s.At.Year(); y < 1 || y > 9999 || s.At.IsZero() {
		return s.At, ev.fail(CodeOutOfRange, "check the anchor and the amounts", fmt.Sprintf("%s %q leads out of the years 1 to 9999", s.Kind, s.Text))
	}
	ev.trace(s)
	return s.At, nil
}

func (ev *evaluator) trace(s Step) {
	ev.provisional = ev.provisional || s.Provisional
	ev.why = append(ev.why, s)
}

func (ev *evaluator) location() (*time.Location, error) {
	switch {
	case ev.env.Location != nil:
		return ev.env.Location, nil
	case ev.env.Calendar != nil:
		return ev.env.Calendar.Location(), nil
	}
	return nil, ev.fail(CodeNoLocation, "give the definition a calendar", "a time of day or a date needs a location")
}

func (ev *evaluator) needCalendar(part string) error {
	if ev.env.Calendar == nil {
		return ev.fail(CodeNoCalendar, "give the definition a calendar", part+" needs a calendar")
	}
	ev.asked = true
	return nil
}

// add computes one quantity after t, or before it when back is set.
func (ev *evaluator) add(q Quantity, back bool, t time.Time) (Step, error) {
	rule, err := q.check()
	if err != nil {
		return Step{}, ev.fail(CodeAmount, "use amounts that ParseDuration returns", err.Error())
	}
	n := int(q.N)
	if back {
		n = -n
	}
	step := Step{Kind: StepAdd, Text: shift{back: back, amount: Amount{q}}.text()}
	switch q.Unit {
	case Hours, Minutes, Seconds:
		step.At = t.Add(time.Duration(n) * rule.fixed)
		return step, nil
	case WorkingDays, WorkingHours:
		err := ev.addWorking(&step, q.Unit, n, back, t)
		return step, err
	}
	loc, err := ev.location()
	if err != nil {
		return step, err
	}
	step.At = onWall(t, loc, func(y int, m time.Month, d int) (int, time.Month, int) {
		switch q.Unit {
		case Months:
			return y, m + time.Month(n), min(d, monthLength(y, m+time.Month(n)))
		case Weeks:
			return y, m, d + 7*n
		}
		return y, m, d + n
	})
	return step, nil
}

func (ev *evaluator) addWorking(step *Step, unit Unit, n int, back bool, t time.Time) error {
	if err := ev.needCalendar(step.Text); err != nil {
		return err
	}
	cal := ev.env.Calendar
	switch {
	case unit == WorkingDays && n == 0:
		step.At, step.Skipped, step.Provisional = cal.NearestWorkingDay(t, back)
	case unit == WorkingDays:
		step.At, step.Skipped, step.Provisional = cal.AddWorkingDays(t, n)
	case n == 0:
		step.At, step.Skipped, step.Provisional = cal.NearestWorkingTime(t, back)
	default:
		step.At, step.Skipped, step.Provisional = cal.AddWorkingTime(t, time.Duration(n)*time.Hour)
	}
	step.At = step.At.UTC()
	return nil
}

func (ev *evaluator) result(at time.Time) Result {
	r := Result{Known: true, At: at, Provisional: ev.provisional, Why: ev.why}
	if ev.asked {
		r.CalendarVersion = ev.env.Calendar.Version()
	}
	return r
}
