package expr

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// day is a day on the clock: 24 hours. Calendar and working days belong to time expressions.
const day = 24 * time.Hour

func scaleDuration(factor any, unit time.Duration) (any, error) {
	n, err := needNumber(factor)
	if err != nil {
		return nil, err
	}
	if n.whole {
		product, err := multiplyWhole(n.i, int(unit))
		if err != nil {
			return nil, fault(CodeNumber, "the duration is too long")
		}
		return time.Duration(product), nil
	}
	return durationOf(n.f * float64(unit))
}

func durationOf(nanoseconds float64) (any, error) {
	if math.IsNaN(nanoseconds) || math.Abs(nanoseconds) >= math.MaxInt64 {
		return nil, fault(CodeNumber, "the duration is too long")
	}
	return time.Duration(math.Round(nanoseconds)), nil
}

func divideDuration(d time.Duration, by any) (any, error) {
	if other, ok := by.(time.Duration); ok {
		if other == 0 {
			return nil, fault(CodeNumber, "division by zero")
		}
		return float64(d) / float64(other), nil
	}
	n, err := needNumber(by)
	if err != nil {
		return nil, err
	}
	if n.f == 0 {
		return nil, fault(CodeNumber, "division by zero")
	}
	return durationOf(float64(d) / n.f)
}

// plus is `+` where a text, a time or a duration may be involved.
func plus(args ...any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	switch a := args[0].(type) {
	case string:
		if b, ok := args[1].(string); ok {
			return concatTexts(r, a, b)
		}
	case time.Time:
		if b, ok := args[1].(time.Duration); ok {
			return a.Add(b), nil
		}
	case time.Duration:
		switch b := args[1].(type) {
		case time.Time:
			return b.Add(a), nil
		case time.Duration:
			return addDurations(a, b)
		}
	default:
		return addNumbers(args...)
	}
	return nil, undefined("+", args)
}

// minus is `-` where a time or a duration may be involved.
func minus(args ...any) (any, error) {
	switch a := args[0].(type) {
	case time.Time:
		switch b := args[1].(type) {
		case time.Duration:
			return a.Add(-b), nil
		case time.Time:
			return a.Sub(b), nil
		}
	case time.Duration:
		if b, ok := args[1].(time.Duration); ok {
			return addDurations(a, -b)
		}
	default:
		return subtractNumbers(args...)
	}
	return nil, undefined("-", args)
}

func addDurations(a, b time.Duration) (any, error) {
	total := a + b
	if (total > a) != (b > 0) && b != 0 {
		return nil, fault(CodeNumber, "the duration is too long")
	}
	return total, nil
}

func undefined(operator string, args []any) error {
	return fault(CodeEvaluation, "`%s` is not defined for %s and %s", operator, describe(args[0]), describe(args[1]))
}

func toDuration(args ...any) (any, error) {
	text, err := textArg(args[0])
	if err != nil {
		return nil, err
	}
	d, ok := ParseDuration(text)
	if !ok {
		return nil, fault(CodeEvaluation, "%q is no duration such as 1d12h, 30m or 90s", text)
	}
	return d, nil
}

func durationError(text string) error {
	_, err := toDuration(text)
	return err
}

var errNotDate = errors.New("not a date such as 2026-01-31")

func toDate(args ...any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	text, err := textArg(args[0])
	if err != nil {
		return nil, err
	}
	t, err := time.ParseInLocation(time.DateOnly, text, r.env.location())
	if err != nil {
		return nil, fault(CodeEvaluation, "%q is %v", text, errNotDate)
	}
	return t.UTC(), nil
}

func dateError(text string) error {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return errNotDate
	}
	return nil
}

func dayOf(args ...any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	t, ok := args[0].(time.Time)
	if !ok {
		return nil, fault(CodeEvaluation, "a time is needed, this is %s", describe(args[0]))
	}
	return t.In(r.env.location()).Format(time.DateOnly), nil
}

// ParseDuration reads a duration such as `30m`, `1h30m`, `2d` or `1w3d`; d is 24 hours and w seven days, whatever the
// calendar says. It reports false for anything else and for what is longer than about 292 years.
func ParseDuration(text string) (time.Duration, bool) {
	rest, negative := strings.CutPrefix(text, "-")
	var total time.Duration
	for _, unit := range []struct {
		letter string
		length time.Duration
	}{{"w", 7 * day}, {"d", day}} {
		amount, after, found := strings.Cut(rest, unit.letter)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(amount, 10, 31)
		if err != nil || time.Duration(n) > (math.MaxInt64-total)/unit.length {
			return 0, false
		}
		total, rest = total+time.Duration(n)*unit.length, after
		if rest == "" {
			return signed(total, negative), true
		}
	}
	clock, err := time.ParseDuration(rest)
	if err != nil || strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "+") || clock > math.MaxInt64-total {
		return 0, false
	}
	return signed(total+clock, negative), true
}

func signed(d time.Duration, negative bool) time.Duration {
	if negative {
		return -d
	}
	return d
}

// FormatDuration renders a duration so that ParseDuration reads it back, without units that are zero: `1h30m`, `45s`.
func FormatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
