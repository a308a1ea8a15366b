package timex

import "strings"

// Limits of an expression. They are far above what anybody writes by hand and keep parsing cheap for what arrives from
// outside.
const (
	MaxLength = 200 // bytes of the text
	MaxTerms  = 12  // shifts and clocks of one point
	MaxDepth  = 3   // next inside next
	maxName   = 64
)

// Parse reads a time expression; an anchor left out is [DefaultAnchor]. It returns a *[ParseError] that names the place
// of the first mistake, and never panics.
func Parse(src string) (Expr, error) { return ParseFrom(DefaultAnchor, src) }

// ParseFrom is Parse with another anchor for expressions that name none: reminders and escalations count from "due".
func ParseFrom(anchor, src string) (Expr, error) {
	p, err := newParser(src)
	if err != nil {
		return Expr{}, err
	}
	from, err := p.point(0)
	if err != nil {
		return Expr{}, err
	}
	e := Expr{anchor: anchor, from: from}
	if p.take("..") {
		if err := p.bound(&e); err != nil {
			return Expr{}, err
		}
	}
	return e, p.end()
}

// Reserved says whether a word belongs to the grammar, so that no anchor may have it as its name.
func Reserved(word string) bool {
	switch word {
	case "month", "week", "next", "after", "day", "last":
		return true
	}
	return false
}

func (p *parser) point(depth int) (point, error) {
	var out point
	var err error
	if isLetter(p.peek()) {
		if out.base, err = p.base(depth); err != nil {
			return point{}, err
		}
	}
	clocks := 0
	for {
		p.space()
		var t term
		switch c := p.peek(); {
		case c == '+' || c == '-':
			t, err = p.shift()
		case isDigit(c):
			t, err = p.clockTerm(&clocks)
		default:
			return out, p.nonEmpty(out)
		}
		if err != nil {
			return point{}, err
		}
		if len(out.terms) == MaxTerms {
			return point{}, p.fail(CodeTooLong, "write fewer amounts", "more than %d amounts and times of day", MaxTerms)
		}
		out.terms = append(out.terms, t)
	}
}

func (p *parser) nonEmpty(pt point) error {
	switch c := p.peek(); {
	case pt.base != nil || len(pt.terms) > 0:
		return nil
	case c != 0 && strings.IndexByte(".:,()", c) < 0:
		return p.character()
	}
	return p.fail(CodeSyntax, "begin with an anchor or an amount, such as start-30m or +2wd", "no point in time is written here")
}

func (p *parser) base(depth int) (base, error) {
	at := p.pos
	word, err := p.name("an anchor")
	if err != nil {
		return nil, err
	}
	switch word {
	case "month", "week":
		return p.period(word == "week")
	case "next", "after":
		return p.opening(word == "after", depth)
	}
	p.pos = at
	name, err := p.anchor()
	return anchorBase{name}, err
}

// anchor reads start or layout.done.
func (p *parser) anchor() (string, error) {
	at := p.pos
	name, err := p.name("an anchor")
	if err != nil {
		return "", err
	}
	if Reserved(name) {
		p.pos = at
		return "", p.fail(CodeName, "rename the anchor; see the grammar for what this word means", "%q cannot name an anchor", name)
	}
	if p.peek() != '.' || p.has("..") {
		return name, nil
	}
	p.pos++
	at = p.pos
	const hint = "write opened, claimed or done after the dot"
	if !isLetter(p.peek()) {
		return "", p.fail(CodeStepAnchor, hint, "the moment of step %s is missing", name)
	}
	moment, err := p.name("a moment of the step")
	if err != nil {
		return "", err
	}
	switch moment {
	case "opened", "claimed", "done":
		return name + "." + moment, nil
	}
	p.pos = at
	return "", p.fail(CodeStepAnchor, hint, "a step has no moment %q", moment)
}

// period reads what follows month or week: (+1) day 25, (end, 0) day last, (+1) mon.
func (p *parser) period(week bool) (base, error) {
	out := periodBase{week: week}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	if p.space(); isLetter(p.peek()) {
		var err error
		if out.anchor, err = p.anchor(); err != nil {
			return nil, err
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
	var err error
	if out.offset, err = p.offset(week); err != nil {
		return nil, err
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	p.space()
	if week {
		out.day, err = p.dayOfWeek()
	} else {
		out.day, err = p.dayOfMonth()
	}
	return out, err
}

func (p *parser) offset(week bool) (int, error) {
	limit := int64(MaxYears * 12)
	if week {
		limit = MaxYears * 52
	}
	p.space()
	back := p.take("-")
	if !back {
		p.take("+")
	}
	n, err := p.number(limit)
	if back {
		n = -n
	}
	return int(n), err
}

func (p *parser) dayOfMonth() (int, error) {
	const hint = "write the day, as in month(+1) day 25 or month(+1) day last"
	at := p.pos
	if word, err := p.name("the word day"); err != nil || word != "day" {
		p.pos = at
		return 0, p.fail(CodeDay, hint, "the day of the month is missing")
	}
	p.space()
	at = p.pos
	if p.take("last") {
		return lastDay, nil
	}
	n, err := p.number(99)
	if err != nil || n < 1 || n > 31 {
		p.pos = at
		return 0, p.fail(CodeDay, hint, "a month has days 1 to 31")
	}
	return int(n), nil
}

func (p *parser) dayOfWeek() (int, error) {
	at := p.pos
	word, err := p.name("a weekday")
	for i, day := range weekdays() {
		if err == nil && word == day {
			return i, nil
		}
	}
	p.pos = at
	return 0, p.fail(CodeDay, "write mon, tue, wed, thu, fri, sat or sun, as in week(+1) mon", "the day of the week is missing")
}

// opening reads what follows next or after: (windows) or (windows, point).
func (p *parser) opening(after bool, depth int) (base, error) {
	if depth == MaxDepth {
		return nil, p.fail(CodeTooDeep, "name an anchor for the inner point", "next is nested more than %d deep", MaxDepth)
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	p.space()
	window, err := p.name("a window of the calendar")
	if err != nil {
		return nil, err
	}
	out := openingBase{after: after, window: window}
	p.space()
	if p.take(",") {
		p.space()
		start, err := p.point(depth + 1)
		if err != nil {
			return nil, err
		}
		out.start = &start
	}
	return out, p.expect(")")
}

func (p *parser) shift() (term, error) {
	s := shift{back: p.peek() == '-'}
	p.pos++
	var err error
	s.amount, err = p.amount()
	s.back = s.back && len(s.amount) > 0
	return s, err
}

func (p *parser) clockTerm(seen *int) (term, error) {
	at := p.pos
	t, err := p.clock()
	if *seen++; err == nil && *seen > 1 {
		p.pos = at
		return nil, p.fail(CodeClock, "keep one time of day", "a second time of day")
	}
	return clockTerm{t}, err
}

// bound reads the end of a window. It takes the place of the last shift and of what follows that.
func (p *parser) bound(e *Expr) error {
	first, cut := e.from.lastShift()
	if cut < 0 {
		return p.fail(CodeWindow, "write the earliest and the latest amount, as in end+3wd..7wd", "a window needs an amount before the two dots")
	}
	at := p.pos
	p.space()
	s := shift{back: first.back}
	if c := p.peek(); c == '+' || c == '-' {
		s.back = c == '-'
		p.pos++
	}
	var err error
	if s.amount, err = p.amount(); err != nil {
		return err
	}
	s.back = s.back && len(s.amount) > 0
	terms := append(append([]term(nil), e.from.terms[:cut]...), s)
	clocked := cut+1 < len(e.from.terms)
	if p.space(); isDigit(p.peek()) {
		t, err := p.clock()
		if err != nil {
			return err
		}
		terms, clocked = append(terms, clockTerm{t}), true
	}
	if reversed(first, s, clocked) {
		p.pos = at
		return p.fail(CodeWindow, "write the earlier end first", "the window ends before it begins")
	}
	e.bound = &point{base: e.from.base, terms: terms}
	return nil
}

// reversed finds bounds that are in the wrong order whatever the calendar says. Where an end has a time of day of its own, only days
// and what is longer tell.
func reversed(a, b shift, clocked bool) bool {
	if clocked && (a.amount.withinDays() || b.amount.withinDays() || a.amount.countsNothing() && b.amount.countsNothing()) {
		return false
	}
	switch {
	case b.amount.isZero():
		return !a.amount.isZero() && !a.back
	case a.amount.isZero():
		return b.back
	case a.back != b.back:
		return b.back
	case len(a.amount) != 1 || len(b.amount) != 1 || a.amount[0].Unit != b.amount[0].Unit:
		return false
	}
	first, second := a.amount[0].N, b.amount[0].N
	if a.back {
		first, second = second, first
	}
	return first > second
}
