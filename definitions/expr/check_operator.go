package expr

import (
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

func (c *checker) unary(n *ast.UnaryNode) Type {
	if n.Operator == "!" || n.Operator == "not" {
		c.truth(n.Node)
		return Bool()
	}
	t := c.visit(n.Node)
	c.requireNonNull(n.Node, t)
	t = t.NonNull()
	if t.isNumeric() || t.kind == KindDuration || t.kind == KindAny {
		return Type{kind: t.kind}
	}
	c.reportf(n, CodeType, "", "%s has no sign", t)
	return Any()
}

func (c *checker) binary(n *ast.BinaryNode) Type {
	switch n.Operator {
	case "&&", "and", "||", "or":
		c.truth(n.Left)
		c.assuming(n.Left, n.Operator == "&&" || n.Operator == "and", func() { c.truth(n.Right) })
		return Bool()
	case "??":
		return c.coalesce(n)
	case "==", "!=":
		c.equality(n, c.visit(n.Left), c.visit(n.Right))
		return Bool()
	case "-":
		if c.hyphenated(n) {
			return Any()
		}
	}
	left, right := c.visit(n.Left), c.visit(n.Right)
	c.requireNonNull(n.Left, left)
	c.requireNonNull(n.Right, right)
	left, right = left.NonNull(), right.NonNull()
	switch n.Operator {
	case "<", "<=", ">", ">=":
		c.order(n, left, right)
		return Bool()
	case "in":
		c.membership(n, left, right)
		return Bool()
	case "contains", "startsWith", "endsWith", "matches":
		c.textTest(n, left, right)
		return Bool()
	}
	return c.arithmetic(n, left, right)
}

func (c *checker) coalesce(n *ast.BinaryNode) Type {
	left, right := c.visit(n.Left), c.visit(n.Right)
	if left.kind == KindNull {
		return right
	}
	return join(left.NonNull(), right)
}

func (c *checker) equality(n *ast.BinaryNode, left, right Type) {
	if !left.comparableTo(right) {
		c.reportf(n, CodeType, comparisonHint(left, right), "%s is never equal to %s", left, right)
		return
	}
	c.sameValues(n.Left, left, n.Right, right)
	c.sameValues(n.Right, right, n.Left, left)
}

// sameValues reports a literal text that the other side can never have.
func (c *checker) sameValues(literal ast.Node, lit Type, other ast.Node, t Type) {
	text, ok := literal.(*ast.StringNode)
	if !ok || lit.kind != KindText || t.kind != KindText || t.values == nil || slices.Contains(t.values, text.Value) {
		return
	}
	hint := didYouMean(text.Value, t.values)
	if hint == "" {
		hint = "it is one of " + strings.Join(t.values, ", ")
	}
	c.reportf(literal, CodeUnknownValue, hint, "%s is never %q", quote(c.text(other)), text.Value)
}

func (c *checker) order(n *ast.BinaryNode, left, right Type) {
	if left.kind == KindAny && (right.kind == KindAny || right.isOrdered()) || right.kind == KindAny && left.isOrdered() {
		return
	}
	if left.isNumeric() && right.isNumeric() || left.kind == right.kind && left.isOrdered() {
		return
	}
	c.reportf(n, CodeType, comparisonHint(left, right), "%s and %s have no order", left, right)
}

func comparisonHint(left, right Type) string {
	kinds := []Kind{left.kind, right.kind}
	switch {
	case slices.Contains(kinds, KindTime) && slices.Contains(kinds, KindText):
		return "make a time of the text with `date(…)`"
	case slices.Contains(kinds, KindDuration) && slices.Contains(kinds, KindText):
		return "make a duration of the text with `duration(…)`"
	case slices.Contains(kinds, KindDuration) && (left.isNumeric() || right.isNumeric()):
		return "make a duration of the number with `minutes(…)`, `hours(…)` or `days(…)`"
	}
	return ""
}

func (c *checker) membership(n *ast.BinaryNode, left, right Type) {
	switch {
	case right.kind == KindAny:
	case right.isRecord():
		if left.kind != KindText && left.kind != KindAny {
			c.reportf(n.Left, CodeType, "", "the name of a field is needed here, this is %s", left)
		}
	case right.kind != KindList:
		c.reportf(n.Right, CodeType, "for a part of a text use `contains`", "`in` needs a list or an object, this is %s", right)
	case !left.comparableTo(right.Elem()):
		c.reportf(n, CodeType, comparisonHint(left, right.Elem()), "%s is never in a %s", left, right)
	default:
		if list, ok := n.Right.(*ast.ArrayNode); ok {
			for _, item := range list.Nodes {
				c.sameValues(item, c.types[item], n.Left, left)
			}
		}
		c.sameValues(n.Left, left, n.Right, right.Elem())
	}
}

func (c *checker) textTest(n *ast.BinaryNode, left, right Type) {
	for _, side := range []struct {
		node ast.Node
		typ  Type
	}{{n.Left, left}, {n.Right, right}} {
		if side.typ.kind == KindList && n.Operator == "contains" {
			c.reportf(n, CodeType, "write `element in list`", "`contains` looks into a text")
			return
		}
		if side.typ.kind != KindText && side.typ.kind != KindAny {
			c.reportf(side.node, CodeType, "", "%s needs a text, this is %s", quote(n.Operator), side.typ)
		}
	}
	if n.Operator == "matches" {
		c.pattern(n.Right)
	}
}

// pattern requires a literal, so that a faulty pattern is found when the definition is published.
func (c *checker) pattern(node ast.Node) {
	literal, ok := node.(*ast.StringNode)
	if !ok {
		c.reportf(node, CodeForbidden, "write the pattern as a literal text", "a pattern cannot be computed")
		return
	}
	if _, err := regexp.Compile(literal.Value); err != nil {
		c.reportf(node, CodeSyntax, "patterns are RE2: https://golang.org/s/re2syntax", "the pattern is invalid: %v", err)
	}
}

func (c *checker) arithmetic(n *ast.BinaryNode, left, right Type) Type {
	if t, ok := resultOf(n.Operator, left, right); ok {
		return c.quotient(n, t)
	}
	hint := ""
	switch {
	case n.Operator == "+" && (left.kind == KindText || right.kind == KindText):
		hint = "make a text of it with `string(…)`"
	case left.kind == KindTime || left.kind == KindDuration || right.kind == KindDuration:
		hint = "times and durations: time ± duration, time - time, duration * number; a duration is `hours(2)`"
	}
	c.reportf(n, CodeType, hint, "%s is not defined for %s and %s", quote(n.Operator), left, right)
	return Any()
}

// resultOf is the table of arithmetic.
func resultOf(operator string, left, right Type) (Type, bool) {
	if left.kind == KindAny || right.kind == KindAny {
		return dynamicResult(operator), true
	}
	numbers := left.isNumeric() && right.isNumeric()
	switch operator {
	case "/", "**", "^":
		if numbers {
			return Number(), true
		}
	case "%", "..":
		if left.kind == KindInt && right.kind == KindInt {
			return rangeOrInt(operator), true
		}
		return Any(), false
	case "+", "-", "*":
		if numbers {
			return join(left, right), true
		}
	}
	return timeResult(operator, left, right)
}

func dynamicResult(operator string) Type {
	switch operator {
	case "%", "..":
		return rangeOrInt(operator)
	case "**", "^":
		return Number()
	}
	return Any()
}

func rangeOrInt(operator string) Type {
	if operator == ".." {
		return List(Int())
	}
	return Int()
}

// timeResult is the part of the table for texts, times and durations.
func timeResult(operator string, left, right Type) (Type, bool) {
	type row struct {
		left     Kind
		operator string
		right    Kind
	}
	number := func(t Type) Kind {
		if t.kind == KindInt {
			return KindNumber
		}
		return t.kind
	}
	results := map[row]Type{
		{KindText, "+", KindText}:         String(),
		{KindTime, "+", KindDuration}:     Time(),
		{KindDuration, "+", KindTime}:     Time(),
		{KindTime, "-", KindDuration}:     Time(),
		{KindTime, "-", KindTime}:         Duration(),
		{KindDuration, "+", KindDuration}: Duration(),
		{KindDuration, "-", KindDuration}: Duration(),
		{KindDuration, "*", KindNumber}:   Duration(),
		{KindNumber, "*", KindDuration}:   Duration(),
		{KindDuration, "/", KindNumber}:   Duration(),
		{KindDuration, "/", KindDuration}: Number(),
	}
	t, ok := results[row{number(left), operator, number(right)}]
	return t, ok
}
