package timex

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// parser holds the text and the place reached in it.
type parser struct {
	src string
	pos int
}

// newParser checks what can be said of a text as a whole and skips leading space.
func newParser(src string) (*parser, error) {
	p := &parser{src: src}
	p.space()
	switch {
	case len(src) > MaxLength:
		p.pos = MaxLength
		return nil, p.fail(CodeTooLong, fmt.Sprintf("keep it under %d bytes", MaxLength), "the text has %d bytes", len(src))
	case p.pos == len(src):
		return nil, p.fail(CodeEmpty, "write an amount or a point, such as 30m or start-1wd 17:00", "nothing is written")
	case p.peek() == '=':
		return nil, p.fail(CodeExpression, "a value that begins with = belongs to the expression language, not here", "this is no time expression")
	}
	return p, nil
}

func (p *parser) fail(code Code, hint, text string, args ...any) error {
	return &ParseError{Source: p.src, Offset: min(p.pos, len(p.src)), Code: code, Text: fmt.Sprintf(text, args...), Hint: hint}
}

// peek returns the next byte, or 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

func (p *parser) space() {
	for p.peek() == ' ' || p.peek() == '\t' {
		p.pos++
	}
}

func (p *parser) has(s string) bool { return strings.HasPrefix(p.src[p.pos:], s) }

func (p *parser) take(s string) bool {
	if !p.has(s) {
		return false
	}
	p.pos += len(s)
	return true
}

func (p *parser) expect(s string) error {
	if p.space(); !p.take(s) {
		return p.fail(CodeSyntax, "write month(+1) day 25, week(+1) mon or next(call_windows)", "%q is expected here", s)
	}
	return nil
}

// end refuses what is left of the text.
func (p *parser) end() error {
	p.space()
	c := p.peek()
	switch {
	case p.pos == len(p.src):
		return nil
	case isLetter(c):
		return p.fail(CodeSyntax, "join names with _ and put + or - before an amount", "a word is not expected here")
	case strings.IndexByte("+-.:,()0123456789", c) >= 0:
		return p.fail(CodeSyntax, "see the examples start-30m, end+3wd..7wd, month(+1) day 25 16:00", "%q is not expected here", string(c))
	}
	return p.character()
}

// character complains about the character at the place reached, which may have several bytes.
func (p *parser) character() error {
	r, _ := utf8.DecodeRuneInString(p.src[p.pos:])
	return p.fail(CodeCharacter, "use lower case letters, digits, _ and + - . : , ( )", "%q cannot stand here", r)
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// name reads a lower_snake word; what says what it is for.
func (p *parser) name(what string) (string, error) {
	at := p.pos
	if !isLetter(p.peek()) {
		return "", p.fail(CodeName, "use lower case letters, digits and _", "%s is expected here", what)
	}
	for c := p.peek(); isLetter(c) || isDigit(c) || c == '_'; c = p.peek() {
		p.pos++
	}
	if c := p.peek(); c >= 'A' && c <= 'Z' || c >= 0x80 {
		return "", p.fail(CodeName, "use lower case letters, digits and _", "a name cannot have this character")
	}
	if p.pos-at > maxName {
		return "", p.fail(CodeName, fmt.Sprintf("keep it under %d", maxName), "the name has %d letters", p.pos-at)
	}
	return p.src[at:p.pos], nil
}

// number reads a whole number up to limit.
func (p *parser) number(limit int64) (int64, error) {
	at := p.pos
	var n int64
	for isDigit(p.peek()) {
		n = n*10 + int64(p.peek()-'0')
		if p.pos++; n > limit {
			p.pos = at
			return 0, p.fail(CodeAmount, fmt.Sprintf("use at most %d here", limit), "the number is too large")
		}
	}
	if p.pos == at {
		return 0, p.fail(CodeAmount, "write an amount such as 30m, 1h30m or 2wd", "a number is expected here")
	}
	if p.peek() == '.' && !p.has("..") {
		return 0, p.fail(CodeAmount, "write 1h30m for one and a half hours", "only whole numbers are possible")
	}
	return n, nil
}

// amount reads 0, 30m or 1h30m.
func (p *parser) amount() (Amount, error) {
	p.space()
	if isLetter(p.peek()) {
		return nil, p.fail(CodeAmount, "write an amount such as 30m or 2wd; a name joins its words with _, not with -", "a number is expected here")
	}
	var out Amount
	for last := -1; ; {
		at := p.pos
		n, err := p.number(1 << 40)
		if err != nil {
			return nil, err
		}
		if n == 0 && len(out) == 0 && p.pos == at+1 && !isUnitByte(p.peek()) {
			return nil, nil
		}
		q, order, err := p.unit(at, n, last)
		if err != nil {
			return nil, err
		}
		out, last = append(out, q), order
		if !isDigit(p.peek()) {
			return out, p.span(at, out)
		}
	}
}

// span refuses amounts whose parts, all fixed, make up more than MaxYears together.
func (p *parser) span(at int, a Amount) error {
	var sum float64
	for _, q := range a {
		rule, _ := q.Unit.rule()
		sum += float64(q.N) / float64(rule.limit)
	}
	if sum > 1 {
		p.pos = at
		return p.fail(CodeAmount, fmt.Sprintf("stay within %d years", MaxYears), "the amount is too large")
	}
	return nil
}

func isUnitByte(c byte) bool { return isLetter(c) || c >= 'A' && c <= 'Z' || c >= 0x80 }

// unit reads the unit of the number n, which began at offset at. Last is the order of the unit before, or -1.
func (p *parser) unit(at int, n int64, last int) (Quantity, int, error) {
	begin := p.pos
	for isUnitByte(p.peek()) {
		p.pos++
	}
	u := Unit(p.src[begin:p.pos])
	rule, ok := u.rule()
	switch {
	case u == "":
		return Quantity{}, 0, p.fail(CodeUnit, "write it next to the number, as in 3wd: mo, w, d, wd, h, wh, m or s", "the unit is missing")
	case !ok:
		p.pos = begin
		return Quantity{}, 0, p.fail(CodeUnit, unitHint(string(u)), "%q is no unit", string(u))
	case rule.order <= last:
		p.pos = at
		return Quantity{}, 0, p.fail(CodeUnitOrder, "write each unit once, in the order mo w d wd h wh m s", "%s follows a smaller or the same unit", u)
	case n > rule.limit:
		p.pos = at
		return Quantity{}, 0, p.fail(CodeAmount, fmt.Sprintf("use at most %d%s, %d years", rule.limit, u, MaxYears), "the amount is too large")
	}
	return Quantity{N: n, Unit: u}, rule.order, nil
}

// unitHint guesses the unit that was meant.
func unitHint(word string) string {
	const all = "use mo, w, d, wd, h, wh, m or s"
	for unit, others := range map[Unit][]string{
		Months: {"month", "months", "月", "个月"}, Weeks: {"week", "weeks", "周"}, Days: {"day", "days", "天", "日"},
		WorkingDays: {"bd", "workday", "workdays", "工作日", "个工作日"}, Hours: {"hour", "hours", "hr", "小时"},
		WorkingHours: {"bh", "工时"}, Minutes: {"min", "mins", "minute", "minutes", "分", "分钟"}, Seconds: {"sec", "second", "seconds", "秒"},
	} {
		for _, other := range others {
			if strings.EqualFold(word, other) || strings.EqualFold(word, string(unit)) {
				return fmt.Sprintf("did you mean %s? %s", unit, all)
			}
		}
	}
	return all
}

// clock reads HH:MM or HH:MM:SS.
func (p *parser) clock() (TimeOfDay, error) {
	at := p.pos
	parts := []struct {
		limit int64
		unit  time.Duration
	}{{24, time.Hour}, {59, time.Minute}, {59, time.Second}}
	var t time.Duration
	for i, part := range parts {
		if i == 2 && p.peek() != ':' {
			break
		}
		n, ok := p.twoDigits(i > 0)
		if t += time.Duration(n) * part.unit; !ok || n > part.limit || t > 24*time.Hour {
			p.pos = at
			return 0, p.fail(CodeClock, "write 17:00 or 17:00:30, up to 24:00; an amount needs + or - before it", "this is no time of day")
		}
	}
	return TimeOfDay(t), nil
}

func (p *parser) twoDigits(colon bool) (int64, bool) {
	if colon && !p.take(":") {
		return 0, false
	}
	begin := p.pos
	var n int64
	for isDigit(p.peek()) && p.pos-begin < 3 {
		n = n*10 + int64(p.peek()-'0')
		p.pos++
	}
	return n, p.pos-begin == 2
}
