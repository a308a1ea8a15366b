package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

func known(k Kind) bool { return slices.Contains(Kinds(), k) }

// expected is an expectation with its times resolved.
type expected struct {
	Expectation
	at, due       *time.Time
	atSec, dueSec bool // the expectation counts seconds
}

func (m moments) expect(e Expectation) (expected, error) {
	x := expected{Expectation: e}
	var err error
	if x.at, x.atSec, err = m.optional(e.At); err != nil {
		return x, e.At.spot.orElse(e.spot).wrap(fmt.Errorf("at: %w", err))
	}
	if x.due, x.dueSec, err = m.optional(e.Due); err != nil {
		return x, e.Due.spot.orElse(e.spot).wrap(fmt.Errorf("due: %w", err))
	}
	return x, nil
}

func (m moments) optional(w When) (*time.Time, bool, error) {
	if w.Text == "" {
		return nil, false, nil
	}
	at, err := m.resolve(w)
	return &at, at.Second() != 0, err
}

// fits says whether a line is what is expected.
func (x expected) fits(l Line) bool { return len(x.differs(l)) == 0 }

// differs names what a line has otherwise than expected.
func (x expected) differs(l Line) []string {
	var off []string
	check := func(name string, ok bool) {
		if !ok {
			off = append(off, name)
		}
	}
	check("at", x.at == nil || same(*x.at, l.At, x.atSec))
	check("due", x.due == nil || (l.Due != nil && same(*x.due, *l.Due, x.dueSec)))
	check("step", x.Step == "" || x.Step == l.Step)
	check("event", x.Event == "" || x.Event == l.Kind)
	check("who", x.Who == "" || slices.ContainsFunc(l.Who, func(w string) bool { return w == x.Who || afterColon(w) == x.Who }))
	check("outcome", x.Outcome == "" || x.Outcome == l.Outcome)
	check("name", x.Name == "" || x.Name == l.Name)
	check("process", x.Process == "" || x.Process == l.Process)
	return off
}

func same(a, b time.Time, seconds bool) bool {
	if !seconds {
		b = b.Truncate(time.Minute)
	}
	return a.Equal(b)
}

func afterColon(principal string) string {
	_, id, _ := strings.Cut(principal, ":")
	return id
}

// describe writes an expectation as the timeline would have it.
func (x expected) describe(loc *time.Location) string {
	var parts []string
	for _, p := range []string{clockText(x.at, loc), x.Process, x.Step, string(x.Event), x.Name, x.Who, x.Outcome} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if x.due != nil {
		parts = append(parts, "due "+clockText(x.due, loc))
	}
	return strings.Join(parts, " ")
}

func clockText(at *time.Time, loc *time.Location) string {
	if at == nil {
		return ""
	}
	if at.Second() != 0 {
		return at.In(loc).Format(time.DateTime)
	}
	return at.In(loc).Format("2006-01-02 15:04")
}

// matching compares expectations with what happened.
type matching struct {
	lines []Line
	loc   *time.Location
	used  map[int]bool
	from  int // the first line at the time of the one matched last: lines of one moment may come in any order
}

// next looks for a line that fits; "" when there is one, else what is wrong.
func (m *matching) next(x expected) string {
	for i := m.from; i < len(m.lines); i++ {
		if !m.used[i] && x.fits(m.lines[i]) {
			m.used[i] = true
			for m.from < i && m.lines[m.from].At.Before(m.lines[i].At) {
				m.from++
			}
			return ""
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: expected, but it did not happen", x.spot.text())
	if m.from > 0 {
		fmt.Fprintf(&b, " from %s on", clockText(&m.lines[m.from].At, m.loc))
	}
	fmt.Fprintf(&b, "\n    expected  %s", x.describe(m.loc))
	for _, i := range m.nearest(x) {
		fmt.Fprintf(&b, "\n    happened  %s  <- %s", m.lines[i].Plain("en"), strings.Join(m.excuse(x, i), ", "))
	}
	return b.String()
}

// excuse says why a line did not count.
func (m *matching) excuse(x expected, i int) []string {
	switch off := x.differs(m.lines[i]); {
	case len(off) > 0:
		return []string{"other " + strings.Join(off, ", ")}
	case m.used[i]:
		return []string{"matched by an earlier expectation"}
	}
	return []string{"before the line that was expected first"}
}

const nearestLines = 3

// nearest answers the lines most like an expectation, in the order of the timeline.
func (m *matching) nearest(x expected) []int {
	type candidate struct{ i, score int }
	var list []candidate
	for i, l := range m.lines {
		score := 0
		for _, off := range x.differs(l) {
			score += map[string]int{"step": 6, "event": 4, "name": 4, "process": 2}[off] + 1
		}
		list = append(list, candidate{i, score})
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(a.score, b.score) })
	var out []int
	for _, c := range list[:min(nearestLines, len(list))] {
		out = append(out, c.i)
	}
	slices.Sort(out)
	return out
}

// never looks for a line that must not be there.
func (m *matching) never(x expected) string {
	for _, l := range m.lines {
		if x.fits(l) {
			return fmt.Sprintf("%s: must never happen: %s\n    happened  %s", x.spot.text(), x.describe(m.loc), l.Plain("en"))
		}
	}
	return ""
}

func (s spot) text() string { return fmt.Sprintf("line %d", s.line) }
