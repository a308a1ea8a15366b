package definitions

import (
	"strings"
	"time"

	"steward/definitions/expr"
	"steward/definitions/timex"
)

// Interval is the distance between repetitions: an amount such as 30m or 1wd, or an = expression that yields a duration or
// the text of one. Exactly one of the two is set.
type Interval struct {
	Amount timex.Amount
	Expr   *expr.Program
}

// ShortestInterval is the least distance between repetitions: below it, time would stand still between them.
const ShortestInterval = time.Second

// LongEnough tells an amount at which something can be repeated: at least [ShortestInterval]. Working time is never
// shorter than its smallest unit.
func LongEnough(a timex.Amount) bool {
	if fixed, ok := a.Fixed(); ok {
		return fixed >= ShortestInterval
	}
	for _, part := range a {
		if part.N > 0 {
			return true
		}
	}
	return false
}

// interval reads the `every` of a repeat, a reminder or a rung.
func (c *compiler) interval(it *item, at scopeAt) *Interval {
	if it == nil {
		return nil
	}
	if !it.isText() {
		c.wrongType(it, "every", textItem)
		return nil
	}
	if !strings.HasPrefix(it.text, "=") {
		a := c.intervalText(it, it.text)
		if a == nil {
			return nil
		}
		return &Interval{Amount: *a}
	}
	p := c.program(it, 1, at, expr.WantKinds(expr.KindDuration, expr.KindText))
	if p == nil {
		return nil
	}
	c.timeReads(p.References(), at)
	for _, text := range p.Type().Values() {
		c.intervalText(it, text)
	}
	for _, name := range c.yieldedParameters(p) {
		c.intervals[name] = true
	}
	c.notePace(it, p)
	c.constantInterval(it, p)
	return &Interval{Expr: p}
}

// intervalText reads the text of a distance, nil after a problem.
func (c *compiler) intervalText(it *item, text string) *timex.Amount {
	a, err := timex.ParseDuration(text)
	if err != nil {
		c.timeProblem(it, err)
		return nil
	}
	if !LongEnough(a) {
		c.problems.add(it.at(), codeInterval, text)
		return nil
	}
	return &a
}

// constantInterval checks an expression that reads nothing, such as =minutes(0).
func (c *compiler) constantInterval(it *item, p *expr.Program) {
	if len(p.References()) > 0 || len(p.Registers()) > 0 || p.Type().Kind() != expr.KindDuration {
		return
	}
	v, err := p.Eval(expr.Env{})
	if length, ok := v.(time.Duration); err != nil || ok && length < ShortestInterval {
		c.problems.add(it.at(), codeInterval, it.text)
	}
}
