package timex

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultAnchor is the anchor of an expression that names none: when the step opened.
const DefaultAnchor = "opened"

// Expr is a parsed time expression. It is immutable and safe for concurrent use. The zero value is the default anchor.
type Expr struct {
	anchor string // the anchor where none is written; empty means DefaultAnchor
	from   point
	bound  *point // the other end of a window: the whole path from the base to it
}

// point is a base and what happens to it, from left to right.
type point struct {
	base  base // nil: the default anchor
	terms []term
}

// base is where a point begins: anchor, period or opening.
type base interface {
	eval(ev *evaluator) (time.Time, error)
	walk(v *visitor)
	text() string
}

// term is one step of a point: shift or clock.
type term interface {
	apply(ev *evaluator, t time.Time) (time.Time, error)
	text() string
}

type (
	anchorBase struct{ name string }
	periodBase struct {
		week   bool
		anchor string // empty: the default
		offset int
		day    int // of the month 1 to 31, lastDay, or of the week 0 (Monday) to 6
	}
	openingBase struct {
		after  bool
		window string
		start  *point // nil: the default anchor
	}
	shift struct {
		back   bool
		amount Amount
	}
	clockTerm struct{ at TimeOfDay }
)

const lastDay = 32

// visitor collects what an expression refers to.
type visitor struct {
	fallback string
	anchors  []string
	windows  []string
	calendar bool
}

func (v *visitor) anchor(name string) {
	if name == "" {
		name = v.fallback
	}
	v.anchors = appendNew(v.anchors, name)
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func (p *point) walk(v *visitor) {
	if p.base == nil {
		v.anchor("")
	} else {
		p.base.walk(v)
	}
	for _, t := range p.terms {
		if s, ok := t.(shift); ok {
			v.calendar = v.calendar || s.amount.NeedsCalendar()
		}
	}
}

func (b anchorBase) walk(v *visitor) { v.anchor(b.name) }

func (b periodBase) walk(v *visitor) { v.anchor(b.anchor) }

func (b openingBase) walk(v *visitor) {
	v.calendar = true
	v.windows = appendNew(v.windows, b.window)
	if b.start == nil {
		v.anchor("")
		return
	}
	b.start.walk(v)
}

func (e Expr) visit() visitor {
	v := visitor{fallback: e.fallback()}
	e.from.walk(&v)
	if e.bound != nil {
		e.bound.walk(&v)
	}
	return v
}

func (e Expr) fallback() string {
	if e.anchor == "" {
		return DefaultAnchor
	}
	return e.anchor
}

// Anchors returns the anchors that the expression needs, each once, in the order of appearance: names such as start,
// step anchors such as layout.done, and the default one where it is used.
func (e Expr) Anchors() []string { return e.visit().anchors }

// Windows returns the names of the calendar windows that the expression needs, each once.
func (e Expr) Windows() []string { return e.visit().windows }

// NeedsCalendar says whether the expression counts working time or asks for a window. Only then does its result carry a
// calendar version, and only then must it be planned again when the calendar changes.
func (e Expr) NeedsCalendar() bool { return e.visit().calendar }

// IsWindow says whether the expression has two ends: not before and due.
func (e Expr) IsWindow() bool { return e.bound != nil }

// String writes the expression in its canonical form; parsing that gives the same expression again.
func (e Expr) String() string {
	s := e.from.text()
	if s == "" {
		s = e.fallback()
	}
	if e.bound == nil {
		return s
	}
	first, _ := e.from.lastShift()
	last, at := e.bound.lastShift()
	sign := last.text()[:1]
	if len(last.amount) == 0 || last.back == first.back {
		sign = ""
	}
	var clock strings.Builder
	for _, t := range e.bound.terms[at+1:] {
		clock.WriteString(" " + t.text())
	}
	return s + ".." + sign + last.amount.String() + clock.String()
}

// lastShift is the shift that a window replaces in its other end, with its place; the place is -1 when there is none.
func (p *point) lastShift() (shift, int) {
	for i, t := range slices.Backward(p.terms) {
		if s, ok := t.(shift); ok {
			return s, i
		}
	}
	return shift{}, -1
}

func (p *point) text() string {
	var b strings.Builder
	if p.base != nil {
		b.WriteString(p.base.text())
	}
	_, ownAnchor := p.base.(anchorBase)
	for _, t := range p.terms {
		_, isShift := t.(shift)
		if b.Len() > 0 && (!isShift || !ownAnchor) {
			b.WriteByte(' ')
		}
		b.WriteString(t.text())
		ownAnchor = false
	}
	return b.String()
}

func (b anchorBase) text() string { return b.name }

func (b periodBase) text() string {
	word, day := "month", "day "+strconv.Itoa(b.day)
	switch {
	case b.week:
		word, day = "week", weekdays()[b.day]
	case b.day == lastDay:
		day = "day last"
	}
	offset := strconv.Itoa(b.offset)
	if b.offset > 0 {
		offset = "+" + offset
	}
	if b.anchor != "" {
		offset = b.anchor + ", " + offset
	}
	return word + "(" + offset + ") " + day
}

func (b openingBase) text() string {
	s := "next("
	if b.after {
		s = "after("
	}
	s += b.window
	if b.start != nil {
		s += ", " + b.start.text()
	}
	return s + ")"
}

func (s shift) text() string {
	if s.back {
		return "-" + s.amount.String()
	}
	return "+" + s.amount.String()
}

func (c clockTerm) text() string { return c.at.String() }

func weekdays() []string {
	return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
}
