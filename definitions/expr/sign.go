package expr

import (
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"
)

// This file finds out the least value that a number or duration can have; it serves the check of divisors alone.

// signOf derives what is known about the least value of a node that was visited.
func (c *checker) signOf(node ast.Node) sign {
	if value, ok := constant(node); ok {
		return signOfConstant(value)
	}
	place, least := c.measured(node), c.signOfShape(node)
	switch {
	case c.isKnown(place, isPositive):
		return signPositive
	case c.isKnown(place, isNotNegative):
		least = max(least, signNotNegative)
	}
	if least == signNotNegative && c.isKnown(place, isNotZero) {
		return signPositive
	}
	return least
}

// signOfShape derives it from what the node computes, without what comparisons have shown.
func (c *checker) signOfShape(node ast.Node) sign {
	switch n := node.(type) {
	case *ast.BinaryNode:
		return c.signOfOperator(n)
	case *ast.ConditionalNode:
		return min(c.signOf(n.Exp1), c.signOf(n.Exp2))
	case *ast.CallNode:
		return c.signOfCall(n)
	case *ast.BuiltinNode:
		if n.Name == "count" {
			return signNotNegative
		}
	}
	return c.types[node].sign
}

func signOfConstant(value float64) sign {
	switch {
	case value > 0:
		return signPositive
	case value == 0:
		return signNotNegative
	}
	return signUnknown
}

// signOfOperator knows sums, products, quotients and defaults. The product of two small fractions may be rounded to 0; times a whole
// number from 1 on, nothing gets smaller.
func (c *checker) signOfOperator(n *ast.BinaryNode) sign {
	left, right := c.signOf(n.Left), c.signOf(n.Right)
	both := min(left, right)
	switch n.Operator {
	case "??":
		return both
	case "+":
		if both >= signNotNegative {
			return max(left, right)
		}
	case "*":
		if c.types[n.Left].kind == KindInt || c.types[n.Right].kind == KindInt {
			return both
		}
		return min(both, signNotNegative)
	case "/", "%":
		return min(both, signNotNegative)
	}
	return signUnknown
}

// signOfCall knows what rounding keeps: the ceiling of a positive number is at least 1, its floor may be 0.
func (c *checker) signOfCall(n *ast.CallNode) sign {
	callee, _ := n.Callee.(*ast.IdentifierNode)
	if callee == nil || len(n.Arguments) == 0 {
		return signUnknown
	}
	first := n.Arguments[0]
	switch callee.Value {
	case "len", "count":
		return signNotNegative
	case "abs":
		if c.differsFromZero(first) || c.signOf(first) == signPositive {
			return signPositive
		}
		return signNotNegative
	case "ceil", "float":
		return c.signOf(first)
	case "floor", "round", "int":
		return min(c.signOf(first), signNotNegative)
	case "max":
		return c.signOfExtreme(n.Arguments, slices.Max)
	case "min":
		return c.signOfExtreme(n.Arguments, slices.Min)
	}
	return signUnknown
}

// signOfExtreme is for several arguments; of a list nothing is known.
func (c *checker) signOfExtreme(args []ast.Node, pick func([]sign) sign) sign {
	if len(args) < 2 {
		return signUnknown
	}
	signs := make([]sign, len(args))
	for i, arg := range args {
		signs[i] = c.signOf(arg)
	}
	return pick(signs)
}

// constant answers the value of a literal number, or in seconds that of a literal duration such as hours(2).
func constant(node ast.Node) (float64, bool) {
	switch n := node.(type) {
	case *ast.IntegerNode:
		return float64(n.Value), true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.UnaryNode:
		value, ok := constant(n.Node)
		if n.Operator == "-" {
			value = -value
		}
		return value, ok && (n.Operator == "-" || n.Operator == "+")
	case *ast.CallNode:
		return constantDuration(n)
	}
	return 0, false
}

func constantDuration(n *ast.CallNode) (float64, bool) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || len(n.Arguments) != 1 {
		return 0, false
	}
	if text, isText := n.Arguments[0].(*ast.StringNode); isText && callee.Value == "duration" {
		value, err := toDuration(text.Value)
		length, _ := value.(time.Duration)
		return length.Seconds(), err == nil
	}
	unit, isUnit := map[string]time.Duration{"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": day}[callee.Value]
	if !isUnit {
		return 0, false
	}
	count, ok := constant(n.Arguments[0])
	if !ok {
		return 0, false
	}
	value, err := scaleDuration(count, unit)
	length, _ := value.(time.Duration)
	return length.Seconds(), err == nil
}
