package timex

import (
	"time"
)

// Calendar is what evaluation asks about working time. Methods take and return instants; skipped is the number of days
// not worked on the way, and provisional says that a year without data was looked at. Implementations must be pure.
type Calendar interface {
	// Version names the data behind the answers.
	Version() string
	// Location is where the calendar's wall clock hangs.
	Location() *time.Location
	// AddWorkingDays moves by n working days and keeps the time of day.
	AddWorkingDays(t time.Time, n int) (at time.Time, skipped int, provisional bool)
	// AddWorkingTime moves by working time.
	AddWorkingTime(t time.Time, d time.Duration) (at time.Time, skipped int, provisional bool)
	// NearestWorkingDay moves to a working day unless the date of t is one.
	NearestWorkingDay(t time.Time, back bool) (at time.Time, skipped int, provisional bool)
	// NearestWorkingTime moves into working time unless t lies in it.
	NearestWorkingTime(t time.Time, back bool) (at time.Time, skipped int, provisional bool)
	// Next returns t or the next opening of a named window, and when it closes; ok is false for an unknown name.
	Next(window string, t time.Time) (from, to time.Time, provisional, ok bool)
}

// Env is what an expression is evaluated against.
type Env struct {
	// Anchor returns the instant of a name, and false while it is not known. The names opened, now and due are among
	// those it is asked for.
	Anchor func(name string) (time.Time, bool)
	// Calendar may be nil when no working time and no window is asked for and Location is set.
	Calendar Calendar
	// Location is the wall clock for d, w, mo and times of day; nil means the calendar's.
	Location *time.Location
}

// Result is what an expression comes to. All times are in UTC.
type Result struct {
	// Known is false while an anchor is missing; then only Missing says something.
	Known bool `json:"known"`
	// Missing names the anchors that are not yet known, in order of appearance.
	Missing []string `json:"missing,omitempty"`
	// From is the earlier end of a window; zero when the expression is not a window.
	From time.Time `json:"from,omitzero"`
	// At is the point in time, or the later end of a window.
	At time.Time `json:"at,omitzero"`
	// Provisional says that a year was looked at whose holidays are not known.
	Provisional bool `json:"provisional,omitempty"`
	// CalendarVersion is the version of the calendar if it was asked about working time or windows, else empty.
	CalendarVersion string `json:"calendar_version,omitempty"`
	// Why is the way to At, and for a window first the way to From.
	Why []Step `json:"why,omitempty"`
}

// StepKind says what a step of an explanation did.
type StepKind string

// The kinds of steps.
const (
	StepAnchor StepKind = "anchor" // began at an anchor; Text is its name
	StepPeriod StepKind = "period" // went to a day of a month or week
	StepWindow StepKind = "window" // went to the opening of a window
	StepAdd    StepKind = "add"    // added or subtracted one quantity
	StepClock  StepKind = "clock"  // set the time of day
	StepFrom   StepKind = "from"   // reached From; the way to At begins anew
	StepRaise  StepKind = "raise"  // At lay before From and was moved there
)

// Step is one step of the explanation that a page can render: what was done, where that led, and how many days that are
// not worked were passed over.
type Step struct {
	Kind        StepKind  `json:"kind"`
	Text        string    `json:"text,omitempty"` // the part of the expression, canonical
	At          time.Time `json:"at"`             // UTC
	Skipped     int       `json:"skipped,omitempty"`
	Provisional bool      `json:"provisional,omitempty"`
}

// Eval computes the expression. An anchor that is not known is no error. It returns an *[EvalError].
func (e Expr) Eval(env Env) (Result, error) {
	ev := evaluator{env: env, expr: &e, why: make([]Step, 0, len(e.from.terms)+4)}
	if missing := ev.missing(e.Anchors()); len(missing) > 0 {
		return Result{Missing: missing}, nil
	}
	from, err := e.from.eval(&ev)
	if err != nil || e.bound == nil {
		return ev.result(from), err
	}
	ev.trace(Step{Kind: StepFrom, At: from})
	at, err := e.bound.eval(&ev)
	if err != nil {
		return Result{}, err
	}
	if at.Before(from) {
		at = from
		ev.trace(Step{Kind: StepRaise, At: at})
	}
	r := ev.result(at)
	r.From = from
	return r, nil
}

// Earliest evaluates expressions that stand in a list, such as due: [+4wh, start-1h], and returns the result that ends
// first among those that are known. Missing names the anchors of the others: when one becomes known, ask again.
func Earliest(env Env, exprs ...Expr) (Result, error) {
	var best Result
	var missing []string
	for _, e := range exprs {
		r, err := e.Eval(env)
		if err != nil {
			return Result{}, err
		}
		for _, name := range r.Missing {
			missing = appendNew(missing, name)
		}
		if r.Known && (!best.Known || r.At.Before(best.At)) {
			best = r
		}
	}
	best.Missing = missing
	return best, nil
}

func (p *point) eval(ev *evaluator) (time.Time, error) {
	b := p.base
	if b == nil {
		b = anchorBase{}
	}
	t, err := b.eval(ev)
	for _, step := range p.terms {
		if err != nil {
			return time.Time{}, err
		}
		t, err = step.apply(ev, t)
	}
	return t, err
}

func (b anchorBase) eval(ev *evaluator) (time.Time, error) { return ev.anchor(b.name) }

func (b periodBase) eval(ev *evaluator) (time.Time, error) {
	t, err := ev.anchor(b.anchor)
	if err != nil {
		return t, err
	}
	loc, err := ev.location()
	if err != nil {
		return t, err
	}
	at := onWall(t, loc, b.move)
	return ev.reach(Step{Kind: StepPeriod, Text: b.text(), At: at})
}

func (b periodBase) move(y int, m time.Month, d int) (int, time.Month, int) {
	if !b.week {
		return y, m + time.Month(b.offset), min(b.day, monthLength(y, m+time.Month(b.offset)))
	}
	weekday := (int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Weekday()) + 6) % 7
	return y, m, d - weekday + 7*b.offset + b.day
}

func (b openingBase) eval(ev *evaluator) (time.Time, error) {
	start := b.start
	if start == nil {
		start = &point{}
	}
	t, err := start.eval(ev)
	if err != nil {
		return t, err
	}
	if err := ev.needCalendar(b.text()); err != nil {
		return t, err
	}
	from, to, provisional, ok := ev.env.Calendar.Next(b.window, t)
	if ok && b.after {
		var more bool
		from, _, more, ok = ev.env.Calendar.Next(b.window, to)
		provisional = provisional || more
	}
	if !ok {
		return t, ev.fail(CodeUnknownWindow, "add the window to the calendar or correct its name", "calendar "+ev.env.Calendar.Version()+" has no window "+b.window)
	}
	return ev.reach(Step{Kind: StepWindow, Text: b.text(), At: from.UTC(), Provisional: provisional})
}

func (s shift) apply(ev *evaluator, t time.Time) (time.Time, error) {
	for _, q := range s.amount {
		step, err := ev.add(q, s.back, t)
		if err != nil {
			return t, err
		}
		if t, err = ev.reach(step); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (c clockTerm) apply(ev *evaluator, t time.Time) (time.Time, error) {
	loc, err := ev.location()
	if err != nil {
		return t, err
	}
	return ev.reach(Step{Kind: StepClock, Text: c.text(), At: c.at.On(t, loc)})
}

// onWall changes the date of t on the wall clock of loc and keeps the time of day.
func onWall(t time.Time, loc *time.Location, move func(int, time.Month, int) (int, time.Month, int)) time.Time {
	local := t.In(loc)
	y, m, d := move(local.Date())
	return time.Date(y, m, d, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), loc).UTC()
}

func monthLength(y int, m time.Month) int {
	return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
