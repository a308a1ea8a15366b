package expr

import (
	"fmt"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
)

// A division by 0 yields nil, like a field that is missing: a quotient may be missing unless its divisor certainly is not 0.
// This file finds out whether it is.

const divisionHint = "the divisor may be 0: write `(a / b) ?? …`, with the brackets, or ask before: `b != 0 ? … : …`"

// quotient gives the result of a division its type.
func (c *checker) quotient(n *ast.BinaryNode, t Type) Type {
	if !isQuotient(n) || c.notZero(n.Right) {
		return t
	}
	if value, ok := constant(n.Right); ok && value == 0 {
		c.reportf(n.Right, CodeType, "divide by something else", "nothing can be divided by 0")
	}
	return t.Nullable()
}

// isQuotient tells a value that may be missing because a divisor may be 0.
func isQuotient(node ast.Node) bool {
	n, ok := node.(*ast.BinaryNode)
	return ok && (n.Operator == "/" || n.Operator == "%")
}

// notZero reports whether a number or duration is certainly not 0.
func (c *checker) notZero(node ast.Node) bool {
	if value, ok := constant(node); ok {
		return value != 0
	}
	if negated, ok := node.(*ast.UnaryNode); ok {
		return c.notZero(negated.Node)
	}
	if c.isKnown(c.measured(node), isNotZero) || c.signOf(node) == signPositive {
		return true
	}
	return c.isPromised(node)
}

// isPromised tells a value of the scope that whoever supplies it keeps from being 0, and notes that this was relied on.
func (c *checker) isPromised(node ast.Node) bool {
	place, ok := c.place(node)
	if !ok || !c.types[node].promised {
		return false
	}
	path := strings.Split(place, ".")
	if _, ok = c.scope.Lookup(path[0]); ok {
		c.divisors = append(c.divisors, path)
	}
	return ok
}

// signOf derives what is known about the least value of a node that was visited.
func (c *checker) signOf(node ast.Node) sign {
	if value, ok := constant(node); ok {
		return signOfConstant(value)
	}
	if c.isKnown(c.measured(node), isPositive) {
		return signPositive
	}
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

// signOfOperator knows sums, products and defaults. The product of two small fractions may be rounded to 0, that of whole
// numbers not.
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
		if c.types[n.Left].kind == KindInt && c.types[n.Right].kind == KindInt || both == signNotNegative {
			return both
		}
	}
	return signUnknown
}

func (c *checker) signOfCall(n *ast.CallNode) sign {
	callee, _ := n.Callee.(*ast.IdentifierNode)
	switch {
	case callee == nil || len(n.Arguments) == 0:
		return signUnknown
	case callee.Value == "len" || callee.Value == "count":
		return signNotNegative
	case callee.Value == "abs":
		if c.notZero(n.Arguments[0]) {
			return signPositive
		}
		return signNotNegative
	case callee.Value == "max" && len(n.Arguments) > 1:
		best := signUnknown
		for _, arg := range n.Arguments {
			best = max(best, c.signOf(arg))
		}
		return best
	}
	return signUnknown
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

// learnSign adds what follows from a comparison with a constant that yields outcome.
func (c *checker) learnSign(n *ast.BinaryNode, outcome bool) {
	operator, node := n.Operator, n.Left
	value, ok := constant(n.Right)
	if !ok {
		node, operator = n.Right, mirrored(n.Operator)
		if value, ok = constant(n.Left); !ok {
			return
		}
	}
	if !outcome {
		operator = opposite(operator)
	}
	notZero, positive := follows(operator, value)
	place := c.measured(node)
	if positive {
		c.known = &fact{place: place, means: isPositive, next: c.known}
	}
	if notZero {
		c.known = &fact{place: place, means: isNotZero, next: c.known}
	}
}

// follows says what `x <operator> value` means for x.
func follows(operator string, value float64) (notZero, positive bool) {
	switch operator {
	case ">":
		positive = value >= 0
	case ">=":
		positive = value > 0
	case "==":
		return value != 0, value > 0
	case "!=":
		return value == 0, false
	case "<":
		return value <= 0, false
	case "<=":
		return value < 0, false
	}
	return positive, positive
}

// mirrored is the operator that says the same with its sides exchanged.
func mirrored(operator string) string {
	if m, ok := map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}[operator]; ok {
		return m
	}
	return operator
}

func opposite(operator string) string {
	return map[string]string{"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}[operator]
}

// orMissing makes a division yield nil where its divisor is 0.
func orMissing(division func(args ...any) (any, error)) func(args ...any) (any, error) {
	return func(args ...any) (any, error) {
		if n, ok := numericOf(args[1]); ok && n.f == 0 || args[1] == time.Duration(0) {
			return nil, nil
		}
		return division(args...)
	}
}

// measured names what a fact about a number is about: a place, or any other computation by its text. The language is pure,
// so the same text in the same surroundings has the same value.
func (c *checker) measured(node ast.Node) string {
	if place, ok := c.place(node); ok {
		return place
	}
	return fmt.Sprintf("%d/%d %s", len(c.elements), len(c.lets), c.written(node))
}
