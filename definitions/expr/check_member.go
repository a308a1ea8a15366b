package expr

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// chain is the state of one optional chain such as a?.b.c: when a is nil the whole chain is.
type chain struct{ nullable bool }

func (c *checker) chainNode(n *ast.ChainNode) Type {
	outer := c.chain
	c.chain = &chain{}
	t := c.visit(n.Node)
	if c.chain.nullable {
		t = t.Nullable()
	}
	c.chain = outer
	return c.narrowed(n, t)
}

func (c *checker) member(n *ast.MemberNode) Type {
	if n.Method {
		c.reportf(n, CodeForbidden, "functions are called as `f(x)` or `x | f()`", "values have no methods")
		return Any()
	}
	base := c.base(n)
	if name, ok := n.Property.(*ast.StringNode); ok {
		c.types[name] = String()
		return c.narrowed(n, c.field(n, base, name.Value))
	}
	return c.narrowed(n, c.index(n, base))
}

// base returns the type of the object or list that a member is read from, and reports when it may be missing.
func (c *checker) base(n *ast.MemberNode) Type {
	t := c.operandOutsideChain(n.Node)
	if !t.nullable {
		return t
	}
	if !n.Optional {
		c.reportf(n.Node, CodeNullable, "write `?.`, or guard it with `!= nil &&`",
			"%s may be missing", quote(c.text(n.Node)))
	} else if c.chain != nil {
		c.chain.nullable = true
	}
	return t.NonNull()
}

// operandOutsideChain visits the base of a member. Only a direct member continues the chain; an index expression, an
// argument or a parenthesis begins anew.
func (c *checker) operandOutsideChain(node ast.Node) Type {
	if _, continues := node.(*ast.MemberNode); continues {
		return c.visit(node)
	}
	outer := c.chain
	c.chain = nil
	defer func() { c.chain = outer }()
	return c.visit(node)
}

func (c *checker) field(n *ast.MemberNode, base Type, name string) Type {
	switch base.kind {
	case KindAny:
		return Any()
	case KindMap:
		return base.Elem().Nullable()
	case KindObject:
		if t, ok := base.Field(name); ok {
			return t
		}
		c.reportf(n.Property, CodeUnknownField, didYouMean(name, base.Fields()),
			"%s has no field %s", quote(c.text(n.Node)), quote(name))
		return Any()
	}
	hint := ""
	if base.kind == KindList {
		hint = "take an element with `[0]`, or use `map`, `filter`, `any`, `all`"
	}
	c.reportf(n.Property, CodeType, hint, "%s has no fields", base)
	return Any()
}

func (c *checker) index(n *ast.MemberNode, base Type) Type {
	outer := c.chain
	c.chain = nil
	key := c.visit(n.Property)
	c.chain = outer
	if key.nullable {
		c.missing(n.Property)
	}
	want := KindInt
	if base.isRecord() {
		want = KindText
	}
	switch {
	case base.kind == KindAny:
		return Any()
	case base.kind == KindText:
		c.reportf(n, CodeType, "use `split`, `startsWith` or `matches`", "a text cannot be indexed")
		return Any()
	case base.kind != KindList && !base.isRecord():
		c.reportf(n, CodeType, "", "%s cannot be indexed", base)
		return Any()
	case key.kind != want && key.kind != KindAny:
		c.reportf(n.Property, CodeType, "", "the index must be %s, this is %s", want, key)
		return Any()
	case base.kind == KindObject:
		return base.anyMember().Nullable()
	}
	return base.Elem().Nullable()
}

func (c *checker) slice(n *ast.SliceNode) Type {
	t := c.operandOutsideChain(n.Node)
	c.requireNonNull(n.Node, t)
	for _, bound := range present(n.From, n.To) {
		b := c.visit(bound)
		if b.kind != KindInt && b.kind != KindAny {
			c.reportf(bound, CodeType, "", "the bound must be integer, this is %s", b)
		}
		c.requireNonNull(bound, b)
	}
	if t.kind == KindList || t.kind == KindAny {
		return t.NonNull()
	}
	c.reportf(n.Node, CodeType, "", "only a list has parts, this is %s", t)
	return Any()
}

func (c *checker) pointer(n *ast.PointerNode) Type {
	switch {
	case len(c.elements) == 0:
		c.reportf(n, CodeSyntax, "", "`#` stands for an element and is known in a predicate only")
		return Any()
	case n.Name == "index":
		return Int()
	case n.Name != "":
		c.reportf(n, CodeForbidden, "`#` is the element, `#index` its position", "there is no `#%s`", n.Name)
		return Any()
	}
	return c.narrowed(n, c.elements[len(c.elements)-1])
}

// requireNonNull reports a value that may be missing where one is needed.
func (c *checker) requireNonNull(node ast.Node, t Type) {
	if t.nullable {
		c.missing(node)
	}
}

func (c *checker) missing(node ast.Node) {
	if _, isNil := node.(*ast.NilNode); isNil {
		c.reportf(node, CodeNullable, "compare with `== nil` or `!= nil`", "nil has no value")
		return
	}
	hint := "give a value for that case with `??`, or guard it with `!= nil &&`"
	if isQuotient(node) {
		hint = divisionHint
	}
	c.reportf(node, CodeNullable, hint, "%s may be missing", quote(c.text(node)))
}

const longestQuoted = 60

// text returns the part of the source that a node covers, shortened for messages.
func (c *checker) text(node ast.Node) string {
	text := c.written(node)
	if runes := []rune(text); len(runes) > longestQuoted {
		return string(slices.Concat(runes[:longestQuoted], []rune("…")))
	}
	return text
}

// written returns the part of the source that a node covers, with single spaces.
func (c *checker) written(node ast.Node) string {
	at := c.src.closed(span(node))
	return strings.Join(strings.Fields(c.src.text[c.src.offset(at.From):c.src.offset(at.To)]), " ")
}
