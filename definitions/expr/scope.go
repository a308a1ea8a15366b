package expr

import (
	"maps"
	"slices"
)

// Limits bound the cost of an expression. A zero field means the default named there.
type Limits struct {
	// Source is the greatest length of one text in bytes; default 4,000.
	Source int
	// Nodes is the greatest number of syntax nodes; default 1,000.
	Nodes int
	// Depth is the greatest nesting of an expression, of a value and of a schema; default 64.
	Depth int
	// Steps is the greatest number of elements that one evaluation may visit; default 100,000.
	Steps int
	// Memory is the greatest number of bytes of text and list elements that one evaluation may create; default 1,000,000.
	Memory int
}

const (
	defaultSource = 4_000
	defaultNodes  = 1_000
	defaultDepth  = 64
	defaultSteps  = 100_000
	defaultMemory = 1_000_000
)

func (l Limits) withDefaults() Limits {
	for _, field := range []struct {
		value    *int
		fallback int
	}{
		{&l.Source, defaultSource},
		{&l.Nodes, defaultNodes},
		{&l.Depth, defaultDepth},
		{&l.Steps, defaultSteps},
		{&l.Memory, defaultMemory},
	} {
		if *field.value <= 0 {
			*field.value = field.fallback
		}
	}
	return l
}

// Scope holds the names that an expression may use, with their types. It is immutable: With returns a child that shares
// everything with its parent, so a scope per step costs one allocation.
type Scope struct {
	names     *binding
	registers map[string]Type
	limits    Limits
}

type binding struct {
	name   string
	typ    Type
	parent *binding
}

// NewScope returns a scope with the given names and the default limits.
func NewScope(names map[string]Type) Scope {
	scope := Scope{limits: Limits{}.withDefaults()}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		scope = scope.With(name, names[name])
	}
	return scope
}

// With returns a child scope in which name has type t; it hides a name of the parent.
func (s Scope) With(name string, t Type) Scope {
	s.names = &binding{name: name, typ: t, parent: s.names}
	return s
}

// WithRegisters returns a child scope in which lookup, exists and count read these registers, each with the type of its
// rows. Without it any register name is accepted and its rows have values of type Any.
func (s Scope) WithRegisters(rows map[string]Type) Scope {
	s.registers = maps.Clone(rows)
	if s.registers == nil {
		s.registers = map[string]Type{}
	}
	return s
}

// WithLimits returns a child scope with other limits.
func (s Scope) WithLimits(limits Limits) Scope {
	s.limits = limits.withDefaults()
	return s
}

// Lookup returns the type of a name and whether it is in scope.
func (s Scope) Lookup(name string) (Type, bool) {
	for b := s.names; b != nil; b = b.parent {
		if b.name == name {
			return b.typ, true
		}
	}
	return Any(), false
}

// Names returns the names in scope, sorted.
func (s Scope) Names() []string {
	names := []string{}
	for b := s.names; b != nil; b = b.parent {
		names = append(names, b.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (s Scope) effectiveLimits() Limits { return s.limits.withDefaults() }
