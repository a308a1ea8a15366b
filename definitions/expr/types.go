package expr

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Kind is the outermost shape of a [Type].
type Kind uint8

// The kinds. At run time their values are: nothing known for KindAny, bool, int, float64, string, time.Time,
// time.Duration, nil, []any, and map[string]any for both KindObject and KindMap.
const (
	KindAny Kind = iota
	KindBool
	KindInt
	KindNumber
	KindText
	KindTime
	KindDuration
	KindNull
	KindList
	KindObject
	KindMap
)

// String returns the word that messages use for the kind.
func (k Kind) String() string {
	names := [...]string{
		"any", "bool", "integer", "number", "text", "time", "duration", "null", "list", "object", "map",
	}
	if int(k) >= len(names) {
		return "kind " + strconv.Itoa(int(k))
	}
	return names[k]
}

// Type describes the values that an expression may have. It is immutable and safe for concurrent use; the zero Type is
// [Any].
type Type struct {
	kind     Kind
	nullable bool
	elem     *Type
	fields   map[string]Type
	values   []string
	sign     sign
	promised bool
}

// sign is what is known about the least value of a number or duration; it serves the check of divisors alone.
type sign uint8

const (
	signUnknown sign = iota
	signNotNegative
	signPositive
)

// Promised returns the type of a value that is not 0 wherever something is divided by it: who supplies the value sees to
// that, as [Program.Divisors] asks.
func (t Type) Promised() Type {
	t.promised = true
	return t
}

// unpromised returns the type without promises, its own and those of its parts: what an expression yields is not what the
// scope's supplier answers for, even where it is one of the supplier's values.
func (t Type) unpromised() Type {
	t.promised = false
	if t.elem != nil {
		elem := t.elem.unpromised()
		t.elem = &elem
	}
	if t.fields == nil {
		return t
	}
	fields := make(map[string]Type, len(t.fields))
	for name, field := range t.fields {
		fields[name] = field.unpromised()
	}
	t.fields = fields
	return t
}

func (t Type) withSign(s sign) Type {
	t.sign = s
	return t
}

// Any is the type of a value about which nothing is known; what is done with it is checked at run time only.
func Any() Type { return Type{} }

// Bool is the type of true and false.
func Bool() Type { return Type{kind: KindBool} }

// Int is the type of whole numbers.
func Int() Type { return Type{kind: KindInt} }

// Number is the type of numbers with a fraction; an [Int] may stand wherever a Number is needed.
func Number() Type { return Type{kind: KindNumber} }

// String is the type of texts.
func String() Type { return Type{kind: KindText} }

// Enum is the type of texts that can only be one of values.
func Enum(values ...string) Type {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return Type{kind: KindText, values: slices.Compact(sorted)}
}

// Time is the type of instants.
func Time() Type { return Type{kind: KindTime} }

// Duration is the type of lengths of time on the clock; working time belongs to time expressions.
func Duration() Type { return Type{kind: KindDuration} }

// Null is the type of nil alone.
func Null() Type { return Type{kind: KindNull, nullable: true} }

// List is the type of lists whose elements are all of type elem.
func List(elem Type) Type { return Type{kind: KindList, elem: &elem} }

// emptyList is the type of `[]`, which has no elements to have a type.
func emptyList() Type { return Type{kind: KindList} }

// Map is the type of objects with any keys, whose values are all of type elem. Reading a key yields a nullable value.
func Map(elem Type) Type { return Type{kind: KindMap, elem: &elem} }

// Object is the type of objects with exactly these fields. A field that may be missing has a nullable type.
func Object(fields map[string]Type) Type {
	return Type{kind: KindObject, fields: maps.Clone(fields)}
}

// Nullable returns the type that also allows nil. Any stays Any.
func (t Type) Nullable() Type {
	t.nullable = t.kind != KindAny
	return t
}

// NonNull returns the type without nil. Of Null it returns Any, for nothing else is known.
func (t Type) NonNull() Type {
	if t.kind == KindNull {
		return Any()
	}
	t.nullable = false
	return t
}

// Kind returns the outermost shape.
func (t Type) Kind() Kind { return t.kind }

// IsNullable reports whether nil is among the values, as far as is known; it is false for Any.
func (t Type) IsNullable() bool { return t.nullable }

// Elem returns the type of the elements of a list or map, and Any for every other type.
func (t Type) Elem() Type {
	if t.elem == nil {
		return Any()
	}
	return *t.elem
}

// Field returns the type of an object's field and whether it exists.
func (t Type) Field(name string) (Type, bool) {
	field, ok := t.fields[name]
	return field, ok
}

// Fields returns the names of an object's fields, sorted.
func (t Type) Fields() []string { return slices.Sorted(maps.Keys(t.fields)) }

// Values returns the texts that an [Enum] allows, sorted; nil means any text.
func (t Type) Values() []string { return slices.Clone(t.values) }

// Equal reports whether both types describe the same values; limits of numbers do not count.
func (t Type) Equal(u Type) bool {
	if t.kind != u.kind || t.nullable != u.nullable || !slices.Equal(t.values, u.values) {
		return false
	}
	if t.kind == KindList || t.kind == KindMap {
		return t.Elem().Equal(u.Elem())
	}
	return maps.EqualFunc(t.fields, u.fields, Type.Equal)
}

// String renders the type for messages, for example `list of {room: text, end: time?}`.
func (t Type) String() string {
	text := t.kind.String()
	switch t.kind {
	case KindList, KindMap:
		text += " of " + t.Elem().String()
	case KindObject:
		text = t.fieldList()
	case KindText:
		text += enumList(t.values)
	}
	if t.nullable && t.kind != KindNull {
		text += "?"
	}
	return text
}

const listedMembers = 6

func (t Type) fieldList() string {
	parts := make([]string, 0, listedMembers+1)
	for i, name := range t.Fields() {
		if i == listedMembers {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, fmt.Sprintf("%s: %s", name, t.fields[name]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func enumList(values []string) string {
	if len(values) == 0 {
		return ""
	}
	parts := make([]string, 0, listedMembers+1)
	for i, value := range values {
		if i == listedMembers {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, strconv.Quote(value))
	}
	return " (" + strings.Join(parts, " | ") + ")"
}
