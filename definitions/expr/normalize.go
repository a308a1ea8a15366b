package expr

import (
	"math"
	"slices"
	"time"
)

// TypeOf returns the type of a run-time value: a text is an [Enum] of itself, an object has exactly its fields. What is
// no run-time value at all has the type Any.
func TypeOf(v any) Type {
	switch v := v.(type) {
	case nil:
		return Null()
	case bool:
		return Bool()
	case int:
		return Int()
	case float64:
		return Number()
	case string:
		return Enum(v)
	case time.Time:
		return Time()
	case time.Duration:
		return Duration()
	case []any:
		return typeOfList(v)
	case map[string]any:
		fields := make(map[string]Type, len(v))
		for name, field := range v {
			fields[name] = TypeOf(field)
		}
		return Object(fields)
	}
	return Any()
}

func typeOfList(list []any) Type {
	if len(list) == 0 {
		return emptyList()
	}
	elem := TypeOf(list[0])
	for _, item := range list[1:] {
		elem = join(elem, TypeOf(item))
	}
	return List(elem)
}

// normalize makes a result canonical: int or float64 as the type says, times in UTC, lists as []any. It pays for every
// element, for values may share parts and would otherwise unfold without end.
func normalize(r *run, v any, t Type) (any, error) {
	normal, _, err := r.normal(v, t)
	return normal, err
}

// normal also reports whether the result differs from v, so that what did not change is shared and not copied.
func (r *run) normal(v any, t Type) (normal any, changed bool, err error) {
	switch v := v.(type) {
	case nil, bool, string, time.Duration:
		return v, false, nil
	case time.Time:
		utc, err := normalTime(v)
		return utc, utc != v, err
	case []int:
		list, err := listOf(v)
		return list, true, err
	case []any:
		return r.normalList(v, t.Elem())
	case map[string]any:
		return r.normalObject(v, t)
	}
	n, ok := numericOf(v)
	if !ok {
		return nil, false, fault(CodeResultType, "%s cannot be a result", describe(v))
	}
	normal, err = normalNumber(n, t)
	return normal, normal != v, err
}

// latestYear is the last one that RFC 3339 can write.
const latestYear = 9999

func normalTime(t time.Time) (time.Time, error) {
	utc := t.UTC().Round(0)
	if year := utc.Year(); year < 0 || year > latestYear {
		return time.Time{}, fault(CodeNumber, "the time lies outside the years 0 to %d", latestYear)
	}
	return utc, nil
}

func normalNumber(n numeric, t Type) (any, error) {
	switch {
	case t.kind == KindNumber:
		return finite(n.f)
	case n.whole:
		return n.i, nil
	case t.kind == KindInt && n.f == math.Trunc(n.f):
		return wholeOf(n.f)
	}
	return finite(n.f)
}

func (r *run) normalList(list []any, elem Type) (any, bool, error) {
	if err := r.step(len(list) + 1); err != nil {
		return nil, false, err
	}
	var copied []any
	for i, item := range list {
		normal, changed, err := r.normal(item, elem)
		if err != nil {
			return nil, false, err
		}
		if !changed {
			continue
		}
		if copied == nil {
			copied = slices.Clone(list)
		}
		copied[i] = normal
	}
	if copied == nil {
		return list, false, nil
	}
	return copied, true, nil
}

func (r *run) normalObject(object map[string]any, t Type) (any, bool, error) {
	if err := r.step(len(object) + 1); err != nil {
		return nil, false, err
	}
	var copied map[string]any
	for name, item := range object {
		normal, changed, err := r.normal(item, fieldType(t, name))
		if err != nil {
			return nil, false, err
		}
		if changed {
			copied = put(copied, object, name, normal)
		}
	}
	if copied == nil {
		return object, false, nil
	}
	return copied, true, nil
}

func fieldType(t Type, name string) Type {
	if field, ok := t.Field(name); ok {
		return field
	}
	return t.Elem()
}
