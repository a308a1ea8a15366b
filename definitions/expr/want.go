package expr

import "strings"

// Want says which results an expression may have at its place in a definition. The zero Want accepts everything.
type Want struct {
	kinds    []Kind
	nullable bool
	typ      *Type
}

// WantAny accepts every result, nil included.
func WantAny() Want { return Want{} }

// WantBool accepts a truth value, as `when` and `while` need.
func WantBool() Want { return WantKinds(KindBool) }

// WantInt accepts a whole number.
func WantInt() Want { return WantKinds(KindInt) }

// WantNumber accepts any number.
func WantNumber() Want { return WantKinds(KindInt, KindNumber) }

// WantText accepts a text.
func WantText() Want { return WantKinds(KindText) }

// WantTime accepts an instant.
func WantTime() Want { return WantKinds(KindTime) }

// WantTimeOrText accepts an instant or the text of a time expression, as `due` needs.
func WantTimeOrText() Want { return WantKinds(KindTime, KindText) }

// WantDuration accepts a length of time.
func WantDuration() Want { return WantKinds(KindDuration) }

// WantList accepts a list of anything.
func WantList() Want { return WantKinds(KindList) }

// WantKinds accepts the kinds given, and not nil.
func WantKinds(kinds ...Kind) Want { return Want{kinds: kinds} }

// WantType accepts what is assignable to t.
func WantType(t Type) Want { return Want{typ: &t, nullable: t.nullable} }

// OrNull returns a Want that also accepts nil.
func (w Want) OrNull() Want {
	w.nullable = true
	if w.typ != nil {
		t := w.typ.Nullable()
		w.typ = &t
	}
	return w
}

// String names what is wanted, for messages.
func (w Want) String() string {
	if w.typ != nil {
		return w.typ.String()
	}
	if len(w.kinds) == 0 {
		return KindAny.String()
	}
	words := make([]string, len(w.kinds))
	for i, kind := range w.kinds {
		words[i] = kind.String()
	}
	return strings.Join(words, " or ")
}

// accepts reports whether values of type t fit, leaving nil aside.
func (w Want) accepts(t Type) bool {
	if t.kind == KindAny {
		return true
	}
	if w.typ != nil {
		return t.AssignableTo(*w.typ) || t.nullable && t.NonNull().AssignableTo(*w.typ)
	}
	return len(w.kinds) == 0 || w.hasKind(t.kind) || t.kind == KindNull && w.nullable
}

func (w Want) hasKind(kind Kind) bool {
	for _, k := range w.kinds {
		if k == kind || k == KindNumber && kind == KindInt || k == KindMap && kind == KindObject {
			return true
		}
	}
	return false
}

// acceptsNil reports whether nil fits.
func (w Want) acceptsNil() bool {
	if w.typ != nil {
		return w.typ.nullable || w.typ.kind == KindAny
	}
	return w.nullable || len(w.kinds) == 0
}
