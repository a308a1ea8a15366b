package expr

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// numeric is a number at run time: whole, or with a fraction.
type numeric struct {
	whole bool
	i     int
	f     float64
}

func numericOf(v any) (numeric, bool) {
	switch n := v.(type) {
	case int:
		return numeric{true, n, float64(n)}, true
	case float64:
		return numeric{f: n}, true
	case int64:
		return numeric{true, int(n), float64(n)}, true
	case int32:
		return numeric{true, int(n), float64(n)}, true
	case uint32:
		return numeric{true, int(n), float64(n)}, true
	case float32:
		return numeric{f: float64(n)}, true
	case uint64:
		if n <= math.MaxInt {
			return numeric{true, int(n), float64(n)}, true
		}
		return numeric{f: float64(n)}, true
	}
	return numeric{}, false
}

func needNumber(v any) (numeric, error) {
	n, ok := numericOf(v)
	if !ok {
		return numeric{}, fault(CodeEvaluation, "a number is needed, this is %s", describe(v))
	}
	return n, nil
}

func needNumbers(args []any) (a, b numeric, err error) {
	if a, err = needNumber(args[0]); err == nil {
		b, err = needNumber(args[1])
	}
	return a, b, err
}

func finite(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fault(CodeNumber, "the result is not a finite number")
	}
	return f, nil
}

func overflow() error { return fault(CodeNumber, "the whole number is too large") }

func addNumbers(args ...any) (any, error) {
	a, b, err := needNumbers(args)
	if err != nil {
		return nil, err
	}
	if !a.whole || !b.whole {
		return finite(a.f + b.f)
	}
	total := a.i + b.i
	if (total > a.i) != (b.i > 0) && b.i != 0 {
		return nil, overflow()
	}
	return total, nil
}

func subtractNumbers(args ...any) (any, error) {
	a, b, err := needNumbers(args)
	if err != nil {
		return nil, err
	}
	if !a.whole || !b.whole {
		return finite(a.f - b.f)
	}
	rest := a.i - b.i
	if (rest < a.i) != (b.i > 0) && b.i != 0 {
		return nil, overflow()
	}
	return rest, nil
}

func multiply(args ...any) (any, error) {
	if d, ok := args[0].(time.Duration); ok {
		return scaleDuration(args[1], d)
	}
	if d, ok := args[1].(time.Duration); ok {
		return scaleDuration(args[0], d)
	}
	a, b, err := needNumbers(args)
	if err != nil {
		return nil, err
	}
	if !a.whole || !b.whole {
		return finite(a.f * b.f)
	}
	return multiplyWhole(a.i, b.i)
}

func multiplyWhole(a, b int) (int, error) {
	if a == 0 || b == 0 {
		return 0, nil
	}
	product := a * b
	if product/b != a || a == math.MinInt && b == -1 || b == math.MinInt && a == -1 {
		return 0, overflow()
	}
	return product, nil
}

func divide(args ...any) (any, error) {
	if d, ok := args[0].(time.Duration); ok {
		return divideDuration(d, args[1])
	}
	a, b, err := needNumbers(args)
	if err != nil {
		return nil, err
	}
	if b.f == 0 {
		return nil, fault(CodeNumber, "division by zero")
	}
	return finite(a.f / b.f)
}

func modulo(args ...any) (any, error) {
	a, b, err := needNumbers(args)
	switch {
	case err != nil:
		return nil, err
	case !a.whole || !b.whole:
		return nil, fault(CodeEvaluation, "`%%` needs whole numbers")
	case b.i == 0:
		return nil, fault(CodeNumber, "division by zero")
	}
	return a.i % b.i, nil
}

func power(args ...any) (any, error) {
	a, b, err := needNumbers(args)
	if err != nil {
		return nil, err
	}
	return finite(math.Pow(a.f, b.f))
}

func negate(args ...any) (any, error) {
	if d, ok := args[0].(time.Duration); ok {
		return -d, nil
	}
	n, err := needNumber(args[0])
	switch {
	case err != nil:
		return nil, err
	case !n.whole:
		return -n.f, nil
	case n.i == math.MinInt:
		return nil, overflow()
	}
	return -n.i, nil
}

func absolute(args ...any) (any, error) {
	switch v := args[0].(type) {
	case time.Duration:
		return v.Abs(), nil
	case int:
		if v < 0 {
			return negate(v)
		}
		return v, nil
	}
	n, err := needNumber(args[0])
	return math.Abs(n.f), err
}

// decimals is the number of decimals that a result is rounded to before it becomes whole. 100 × 1.1 is
// 110.00000000000001 in binary, and nobody orders 111 cups for it.
const decimals = 9

// ulps is how far from a whole number, in units of the last binary place, a large result may be and still be meant.
const ulps = 4

func nineDecimals(f float64) float64 {
	whole := math.Round(f)
	if math.Abs(f-whole) <= math.Abs(f)*ulps*0x1p-52 {
		return whole
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', decimals, 64), 64)
	if err != nil {
		return f
	}
	return rounded
}

func ceil(f float64) float64 { return math.Ceil(nineDecimals(f)) }

func floor(f float64) float64 { return math.Floor(nineDecimals(f)) }

func halfAway(f float64) float64 { return math.Round(nineDecimals(f)) }

func roundedInt(v any, round func(float64) float64) (any, error) {
	n, err := needNumber(v)
	if err != nil || n.whole {
		return n.i, err
	}
	return wholeOf(round(n.f))
}

// wholeOf converts what fits into an int exactly; 2^63 itself does not.
func wholeOf(f float64) (int, error) {
	if math.IsNaN(f) || f < -0x1p63 || f >= 0x1p63 {
		return 0, overflow()
	}
	return int(f), nil
}

func toInt(args ...any) (any, error) {
	text, ok := args[0].(string)
	if !ok {
		return roundedInt(args[0], math.Trunc)
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return nil, fault(CodeEvaluation, "%q is no whole number", text)
	}
	return n, nil
}

func toFloat(args ...any) (any, error) {
	text, ok := args[0].(string)
	if !ok {
		n, err := needNumber(args[0])
		return n.f, err
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return nil, fault(CodeEvaluation, "%q is no number", text)
	}
	return finite(f)
}

func intError(text string) error {
	_, err := toInt(text)
	return err
}

func floatError(text string) error {
	_, err := toFloat(text)
	return err
}

func mean(args ...any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	list, err := listArg(r, args[0])
	if err != nil || len(list) == 0 {
		return nil, err
	}
	total := 0.0
	for _, item := range list {
		n, err := needNumber(item)
		if err != nil {
			return nil, err
		}
		total += n.f
	}
	return finite(total / float64(len(list)))
}
