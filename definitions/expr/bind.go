package expr

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Binder turns values as encoding/json decodes them into the run-time values of one type. It is computed once per type,
// immutable and safe for concurrent use. A nil Binder changes nothing.
type Binder struct {
	kind   Kind
	elem   *Binder
	fields []boundField // only those that may need a change
}

type boundField struct {
	name   string
	binder *Binder
}

// NewBinder returns the binder of a type, or nil when no value of the type ever needs a change.
func NewBinder(t Type) *Binder {
	switch t.kind {
	case KindInt, KindNumber, KindTime, KindDuration:
		return &Binder{kind: t.kind}
	case KindList, KindMap:
		if elem := NewBinder(t.Elem()); elem != nil {
			return &Binder{kind: t.kind, elem: elem}
		}
	case KindObject:
		b := &Binder{kind: t.kind}
		for _, name := range t.Fields() {
			if field := NewBinder(t.fields[name]); field != nil {
				b.fields = append(b.fields, boundField{name, field})
			}
		}
		if len(b.fields) > 0 {
			return b
		}
	}
	return nil
}

// Bind is NewBinder(t).Bind(raw), for values that are bound once.
func Bind(t Type, raw any) any { return NewBinder(t).Bind(raw) }

// Bind converts RFC 3339 texts to time.Time in UTC, texts such as `30m` to time.Duration, numbers without a fraction
// to int and other numbers to float64, where the type says so. What cannot be converted, nil included, stays as it is.
// The argument is never changed; parts that need no conversion are shared with it.
func (b *Binder) Bind(raw any) any {
	bound, _ := b.bind(raw)
	return bound
}

// bind also reports whether the result differs from raw.
func (b *Binder) bind(raw any) (any, bool) {
	if b == nil || raw == nil {
		return raw, false
	}
	switch b.kind {
	case KindInt:
		return bindInt(raw)
	case KindNumber:
		return bindNumber(raw)
	case KindTime:
		return bindTime(raw)
	case KindDuration:
		return bindDuration(raw)
	case KindList:
		return b.bindList(raw)
	case KindMap:
		return b.bindMap(raw)
	case KindObject:
		return b.bindObject(raw)
	}
	return raw, false
}

func bindInt(raw any) (any, bool) {
	switch v := raw.(type) {
	case int:
		return raw, false // not v, which would be allocated again
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n), true
		}
		if f, err := v.Float64(); err == nil {
			return bindInt(f)
		}
		return raw, false
	}
	n, ok := numericOf(raw)
	switch {
	case !ok:
		return raw, false
	case n.whole:
		return n.i, true
	}
	if whole, err := wholeOf(n.f); err == nil && float64(whole) == n.f {
		return whole, true
	}
	return raw, false
}

func bindNumber(raw any) (any, bool) {
	switch v := raw.(type) {
	case float64:
		return raw, false
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f, true
		}
		return raw, false
	}
	if n, ok := numericOf(raw); ok {
		return n.f, true
	}
	return raw, false
}

func bindTime(raw any) (any, bool) {
	switch v := raw.(type) {
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return t.UTC(), true
		}
	case time.Time:
		if v.Location() != time.UTC {
			return v.UTC(), true
		}
	}
	return raw, false
}

func bindDuration(raw any) (any, bool) {
	if text, ok := raw.(string); ok {
		if d, ok := ParseDuration(text); ok {
			return d, true
		}
	}
	return raw, false
}

func (b *Binder) bindList(raw any) (any, bool) {
	list, ok := raw.([]any)
	if !ok {
		return raw, false
	}
	var copied []any
	for i, item := range list {
		bound, changed := b.elem.bind(item)
		if !changed {
			continue
		}
		if copied == nil {
			copied = slices.Clone(list)
		}
		copied[i] = bound
	}
	if copied == nil {
		return raw, false
	}
	return copied, true
}

func (b *Binder) bindMap(raw any) (any, bool) {
	object, ok := raw.(map[string]any)
	if !ok {
		return raw, false
	}
	var copied map[string]any
	for key, item := range object {
		if bound, changed := b.elem.bind(item); changed {
			copied = put(copied, object, key, bound)
		}
	}
	if copied == nil {
		return raw, false
	}
	return copied, true
}

func (b *Binder) bindObject(raw any) (any, bool) {
	object, ok := raw.(map[string]any)
	if !ok {
		return raw, false
	}
	var copied map[string]any
	for _, field := range b.fields {
		if bound, changed := field.binder.bind(object[field.name]); changed {
			copied = put(copied, object, field.name, bound)
		}
	}
	if copied == nil {
		return raw, false
	}
	return copied, true
}

// put writes into a copy of the original, which it makes when there is none yet.
func put(copied, original map[string]any, key string, value any) map[string]any {
	if copied == nil {
		copied = maps.Clone(original)
	}
	copied[key] = value
	return copied
}

// Unbind turns a run-time value back into what encoding/json keeps without loss: times become RFC 3339 texts with
// nanoseconds in UTC, durations texts such as `1h30m`. The argument is never changed; what needs no conversion is shared.
func Unbind(v any) any {
	plain, _ := unbind(v)
	return plain
}

func unbind(v any) (any, bool) {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), true
	case time.Duration:
		return FormatDuration(v), true
	case []any:
		if copied := unbindList(v); copied != nil {
			return copied, true
		}
	case map[string]any:
		var copied map[string]any
		for key, item := range v {
			if plain, changed := unbind(item); changed {
				copied = put(copied, v, key, plain)
			}
		}
		if copied != nil {
			return copied, true
		}
	}
	return v, false
}

// unbindList returns nil when nothing in the list needs a conversion.
func unbindList(list []any) []any {
	var copied []any
	for i, item := range list {
		plain, changed := unbind(item)
		if !changed {
			continue
		}
		if copied == nil {
			copied = slices.Clone(list)
		}
		copied[i] = plain
	}
	return copied
}
