package expr

import (
	"maps"
	"slices"
)

// AssignableTo reports whether every value of t may stand where target is expected. A value of type Any may stand
// anywhere: it is checked at run time.
func (t Type) AssignableTo(target Type) bool {
	if t.kind == KindAny || target.kind == KindAny {
		return true
	}
	if t.nullable && !target.nullable {
		return false
	}
	switch {
	case t.kind == KindNull:
		return true
	case t.kind == KindInt && target.kind == KindNumber:
		return true
	case t.kind == KindObject && target.kind == KindMap:
		return t.fieldsAssignableTo(target.Elem())
	case t.kind != target.kind:
		return false
	}
	switch t.kind {
	case KindText:
		return target.values == nil || t.values != nil && subset(t.values, target.values)
	case KindList, KindMap:
		return t.Elem().AssignableTo(target.Elem())
	case KindObject:
		return t.objectAssignableTo(target)
	}
	return true
}

func (t Type) fieldsAssignableTo(elem Type) bool {
	for _, field := range t.fields {
		if !field.AssignableTo(elem) {
			return false
		}
	}
	return true
}

func (t Type) objectAssignableTo(target Type) bool {
	for name := range t.fields {
		if _, known := target.fields[name]; !known {
			return false
		}
	}
	for name, want := range target.fields {
		have, ok := t.fields[name]
		if !ok {
			have = Null()
		}
		if !have.AssignableTo(want) {
			return false
		}
	}
	return true
}

func subset(values, of []string) bool {
	for _, value := range values {
		if !slices.Contains(of, value) {
			return false
		}
	}
	return true
}

// join returns the narrowest type that holds every value of both types.
func join(a, b Type) Type {
	nullable := a.nullable || b.nullable
	joined := joinNonNull(a, b)
	if nullable {
		return joined.Nullable()
	}
	return joined
}

func joinNonNull(a, b Type) Type {
	switch {
	case a.kind == KindNull:
		return b
	case b.kind == KindNull:
		return a
	case a.isNumeric() && b.isNumeric():
		if a.kind == KindInt && b.kind == KindInt {
			return Int()
		}
		return Number()
	case a.isRecord() && b.isRecord() && a.kind != b.kind:
		return Map(join(a.anyMember(), b.anyMember()))
	case a.kind != b.kind:
		return Any()
	}
	switch a.kind {
	case KindText:
		if a.values == nil || b.values == nil {
			return String()
		}
		return Enum(slices.Concat(a.values, b.values)...)
	case KindList:
		return joinLists(a, b)
	case KindMap:
		return Map(join(a.Elem(), b.Elem()))
	case KindObject:
		return joinObjects(a, b)
	}
	return Type{kind: a.kind, sign: min(a.sign, b.sign)}
}

// joinLists lets an empty list take the elements of the other one, so that `found ?? []` keeps its type.
func joinLists(a, b Type) Type {
	switch {
	case a.elem == nil:
		return b.NonNull()
	case b.elem == nil:
		return a.NonNull()
	}
	return List(join(a.Elem(), b.Elem()))
}

// anyMember is the type of a record's member whose name is not known; of a record without members it is Null.
func (t Type) anyMember() Type {
	if t.kind == KindMap {
		return t.Elem()
	}
	names := t.Fields()
	if len(names) == 0 {
		return Null()
	}
	member := t.fields[names[0]]
	for _, name := range names[1:] {
		member = join(member, t.fields[name])
	}
	return member
}

// joinObjects keeps every field of either side; what one side lacks reads as nil.
func joinObjects(a, b Type) Type {
	fields := maps.Clone(a.fields)
	for name, field := range b.fields {
		if other, ok := fields[name]; ok {
			fields[name] = join(other, field)
		} else {
			fields[name] = field.Nullable()
		}
	}
	for name, field := range a.fields {
		if _, ok := b.fields[name]; !ok {
			fields[name] = field.Nullable()
		}
	}
	return Object(fields)
}

// comparableTo reports whether `==` between the types can ever be true; enums with nothing in common are reported
// separately, for that is a misspelling and not a mistake of type.
func (t Type) comparableTo(u Type) bool {
	switch {
	case t.kind == KindAny || u.kind == KindAny, t.kind == KindNull || u.kind == KindNull:
		return true
	case t.isNumeric() && u.isNumeric():
		return true
	case t.isRecord() && u.isRecord():
		return true
	}
	return t.kind == u.kind && (t.kind != KindList || t.Elem().comparableTo(u.Elem()))
}

func (t Type) isNumeric() bool { return t.kind == KindInt || t.kind == KindNumber }

func (t Type) isRecord() bool { return t.kind == KindObject || t.kind == KindMap }

// isOrdered reports whether `<` is defined between values of the type.
func (t Type) isOrdered() bool {
	return t.isNumeric() || t.kind == KindText || t.kind == KindTime || t.kind == KindDuration
}
