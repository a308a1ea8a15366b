package simulate

import (
	"maps"
	"math"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"steward/definitions"
	"steward/workflows/engine"
)

// fillForm fills in what a task asks for as briefly as it allows; given values come first. nil when no form is owed.
func fillForm(f *definitions.Form, t engine.Task, outcome string, given map[string]any, now time.Time) map[string]any {
	if f == nil || (len(given) == 0 && !slices.Contains(f.For, outcome)) {
		return given
	}
	values := make(map[string]any, len(t.Prefill)+len(given))
	maps.Copy(values, t.Prefill)
	maps.Copy(values, given)
	return fillObject(f.Schema.Raw, values, now)
}

// fillObject adds what is required and missing.
func fillObject(schema, given map[string]any, now time.Time) map[string]any {
	out := make(map[string]any, len(given))
	maps.Copy(out, given)
	props, _ := schema["properties"].(map[string]any)
	for _, name := range texts(schema["required"]) {
		if _, have := out[name]; have {
			continue
		}
		field, _ := props[name].(map[string]any)
		out[name] = fill(field, now)
	}
	return out
}

func texts(list any) []string {
	var out []string
	switch l := list.(type) {
	case []any:
		for _, v := range l {
			if s, ok := v.(string); ok {
				out = append(out, s)
			}
		}
	case []string:
		out = l
	}
	return out
}

// fill answers the smallest value that a field takes.
func fill(schema map[string]any, now time.Time) any {
	if d, ok := schema["default"]; ok {
		return d
	}
	if c, ok := schema["const"]; ok {
		return c
	}
	if e, ok := schema["enum"].([]any); ok && len(e) > 0 {
		return e[0]
	}
	switch schema["type"] {
	case "string":
		return fillText(schema, now)
	case "integer", "number":
		return fillNumber(schema)
	case "boolean":
		return false
	case "array":
		return fillList(schema, now)
	case "object":
		return fillObject(schema, nil, now)
	}
	return nil
}

// fillList answers as few items as are allowed, all different where they must be.
func fillList(schema map[string]any, now time.Time) []any {
	items, _ := schema["items"].(map[string]any)
	list := make([]any, int(number(schema["minItems"], 0)))
	for i := range list {
		list[i] = fill(items, now)
		if schema["uniqueItems"] == true {
			list[i] = vary(list[i], items, i)
		}
	}
	return list
}

// vary answers the i-th of several different values.
func vary(v any, schema map[string]any, i int) any {
	if e, ok := schema["enum"].([]any); ok && i < len(e) {
		return e[i]
	}
	switch v := v.(type) {
	case float64:
		return v + float64(i)*number(schema["multipleOf"], 1)
	case bool:
		return v != (i > 0)
	case string:
		if i > 0 && schema["pattern"] == nil && schema["format"] == nil {
			return v + strings.Repeat("x", i)
		}
	}
	return v
}

func fillNumber(schema map[string]any) float64 {
	n := number(schema["minimum"], math.Inf(-1))
	if low := number(schema["exclusiveMinimum"], math.Inf(-1)); low >= n && !math.IsInf(low, -1) {
		n = math.Floor(low) + 1
		if high := number(schema["maximum"], number(schema["exclusiveMaximum"], math.Inf(1))); schema["type"] == "number" && n >= high {
			n = (low + high) / 2
		}
	}
	if math.IsInf(n, -1) {
		high := min(number(schema["maximum"], 0), number(schema["exclusiveMaximum"], 1)-1)
		n = min(0, math.Floor(high))
	}
	if step := number(schema["multipleOf"], 0); step > 0 {
		n = math.Ceil(n/step) * step
	} else if schema["type"] == "integer" {
		n = math.Ceil(n)
	}
	return n
}

func number(v any, otherwise float64) float64 {
	switch n := v.(type) {
	case int:
		return float64(n)
	case int64:
		return float64(n)
	case uint64:
		return float64(n)
	case float64:
		return n
	}
	return otherwise
}

func fillText(schema map[string]any, now time.Time) string {
	switch schema["format"] {
	case "date-time":
		return now.UTC().Format(time.RFC3339)
	case "date":
		return now.UTC().Format(time.DateOnly)
	case "email":
		return "somebody@example.com"
	case "uri":
		return "https://example.com/"
	case "uuid":
		return "00000000-0000-4000-8000-000000000000"
	}
	least := int(number(schema["minLength"], 1))
	if pattern, ok := schema["pattern"].(string); ok {
		if re, err := syntax.Parse(pattern, syntax.Perl); err == nil {
			return match(re.Simplify(), least)
		}
	}
	return strings.Repeat("x", max(least, 1))
}

// match answers a text that a simplified pattern takes; the last repetition is stretched to reach a least length.
func match(re *syntax.Regexp, least int) string {
	var b strings.Builder
	writeMatch(&b, re, least)
	return b.String()
}

func writeMatch(b *strings.Builder, re *syntax.Regexp, least int) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			b.WriteRune(re.Rune[0])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpCapture, syntax.OpAlternate:
		writeMatch(b, re.Sub[0], least)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			writeMatch(b, sub, least)
		}
	case syntax.OpPlus, syntax.OpStar:
		if re.Op == syntax.OpPlus {
			writeMatch(b, re.Sub[0], least)
		}
		for before := -1; b.Len() < least && b.Len() > before; {
			before = b.Len()
			writeMatch(b, re.Sub[0], least)
		}
	}
}
