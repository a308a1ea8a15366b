package definitions

import (
	"strings"

	"steward/definitions/expr"
)

// bare compiles an expression that stands without `=`.
func (c *compiler) bare(it *item, at scopeAt, want expr.Want) *expr.Program {
	return c.program(it, 0, at, want)
}

// people compiles an expression that finds people: a user id, a principal, or a list of them.
func (c *compiler) people(it *item, skip int, at setting) *expr.Program {
	return c.program(it, skip, at.scope, expr.WantKinds(expr.KindText, expr.KindList).OrNull())
}

// program compiles the text of an item from a byte offset on, reports its problems where they are, and notes what the
// node reads.
func (c *compiler) program(it *item, skip int, at scopeAt, want expr.Want) *expr.Program {
	if it == nil || it.kind == mapItem || it.kind == listItem || it.kind == nullItem {
		c.problems.add(it.at(), codeWrongType, it.pathText(), Text{Zh: "表达式", En: "an expression"}, kindText(it.kindOf()))
		return nil
	}
	p, found := expr.Compile(it.text[skip:], at.Scope, want)
	c.exprProblems(it, skip, found)
	if p == nil {
		return nil
	}
	c.read(at.node, p.References()...)
	c.promise(p.Divisors())
	return p
}

func (it *item) pathText() string {
	if it == nil {
		return ""
	}
	return it.path
}

func (c *compiler) exprProblems(it *item, skip int, found []expr.Problem) {
	for _, p := range found {
		place := it.find(splitPath(p.Path))
		hint := phrase(p.Hint)
		if p.Hint == "" {
			hint = Text{Zh: "见 docs/error-codes.md：" + string(p.Code), En: "see docs/error-codes.md, " + string(p.Code)}
		}
		c.problems.add(place.within(p.Offset+skip), Code(p.Code), p.Message, hint)
	}
}

// splitPath takes a path such as input.item[0] apart.
func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

// read notes what the expressions of a node read.
func (c *compiler) read(n *Node, paths ...expr.Path) {
	if n != nil {
		c.reads[n] = append(c.reads[n], paths...)
	}
	c.readAnywhere = append(c.readAnywhere, paths...)
}

// value compiles a value that may be literal or computed, as `with` holds them.
func (c *compiler) value(it *item, at scopeAt) expr.Value {
	v, found := expr.CompileValue(it.plain(), at.Scope)
	c.exprProblems(it, 0, found)
	c.read(at.node, v.References()...)
	c.promise(v.Divisors())
	return v
}

// template compiles a text with {{expressions}}, or one per language.
func (c *compiler) template(it *item, at scopeAt) Template {
	switch {
	case it == nil:
		return Template{}
	case it.isMap():
		c.keys(it, textShape())
		return Template{Zh: c.oneTemplate(it.get("zh"), at), En: c.oneTemplate(it.get("en"), at)}
	}
	return Template{Zh: c.oneTemplate(it, at)}
}

func (c *compiler) oneTemplate(it *item, at scopeAt) *expr.Template {
	if it == nil || c.word(it, "a text") == "" {
		return nil
	}
	t, found := expr.CompileTemplate(it.text, at.Scope)
	c.exprProblems(it, 0, found)
	if t != nil {
		c.read(at.node, t.References()...)
		c.promise(t.Divisors())
	}
	return t
}
