package expr

import (
	"fmt"
	"slices"
	"strconv"
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

// notZero reports whether a number or duration is certainly not 0, if need be by a promise.
func (c *checker) notZero(node ast.Node) bool {
	if c.signOf(node) == signPositive {
		return true
	}
	switch n := node.(type) {
	case *ast.UnaryNode:
		return c.notZero(n.Node)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok && callee.Value == "abs" && len(n.Arguments) == 1 {
			return c.notZero(n.Arguments[0])
		}
	}
	return c.differsFromZero(node) || c.isPromised(node)
}

// differsFromZero reports whether a literal is not 0, or a comparison has shown that a value is not.
func (c *checker) differsFromZero(node ast.Node) bool {
	if value, ok := constant(node); ok {
		return value != 0
	}
	return c.isKnown(c.measured(node), isNotZero)
}

// isPromised tells a value of the scope that whoever supplies it keeps from being 0, and notes that this was relied on.
// The promise is the scope's: a type that merely came from there, through a formula, promises nothing.
func (c *checker) isPromised(node ast.Node) bool {
	place, ok := c.place(node)
	if !ok {
		return false
	}
	path, ok := pathOf(place)
	if !ok {
		return false
	}
	t, ok := c.scope.Lookup(path[0])
	for _, name := range path[1:] {
		if ok {
			t, ok = t.Field(name)
		}
	}
	if !ok || !t.promised {
		return false
	}
	c.divisors = append(c.divisors, path)
	return true
}

// learnSign adds what follows from a comparison that yields outcome, for either side.
func (c *checker) learnSign(n *ast.BinaryNode, outcome bool) {
	operator := n.Operator
	if !outcome {
		operator = opposite(operator)
	}
	c.learnOrder(n.Left, operator, n.Right)
	c.learnOrder(n.Right, mirrored(operator), n.Left)
}

// learnOrder adds what `node <operator> other` says about node.
func (c *checker) learnOrder(node ast.Node, operator string, other ast.Node) {
	if value, ok := constant(other); ok {
		c.learnMeaning(node, follows(operator, value))
		return
	}
	if !slices.Contains([]string{">", ">=", "=="}, operator) { // of the other side only its least value is known
		return
	}
	switch c.signOf(other) {
	case signPositive:
		c.learnMeaning(node, isPositive)
	case signNotNegative:
		c.learnMeaning(node, follows(operator, 0))
	}
}

// learnMembership adds what follows from being one of some literals, or none of them.
func (c *checker) learnMembership(n *ast.BinaryNode, outcome bool) {
	list, ok := n.Right.(*ast.ArrayNode)
	if !ok || len(list.Nodes) == 0 {
		return
	}
	least := isPositive
	for _, node := range list.Nodes {
		value, ok := constant(node)
		switch {
		case !ok && outcome:
			return
		case ok && !outcome && value == 0:
			c.learnMeaning(n.Left, isNotZero)
			return
		case value < 0 && least == isPositive:
			least = isNotZero
		case value == 0:
			least = isPresent
		}
	}
	if outcome {
		c.learnMeaning(n.Left, least)
	}
}

// learnMeaning adds a fact about a number; isPresent stands for nothing learned. What is positive is not 0 as well.
func (c *checker) learnMeaning(node ast.Node, means meaning) {
	if means != isPresent {
		c.known = &fact{place: c.measured(node), means: means, next: c.known}
	}
}

// follows says what `x <operator> value` means for x; isPresent stands for nothing.
func follows(operator string, value float64) meaning {
	switch operator {
	case ">":
		if value >= 0 {
			return isPositive
		}
	case ">=":
		return atLeast(value)
	case "==":
		if value < 0 {
			return isNotZero
		}
		return atLeast(value)
	case "!=":
		if value == 0 {
			return isNotZero
		}
	case "<":
		if value <= 0 {
			return isNotZero
		}
	case "<=":
		if value < 0 {
			return isNotZero
		}
	}
	return isPresent
}

func atLeast(value float64) meaning {
	switch {
	case value > 0:
		return isPositive
	case value == 0:
		return isNotNegative
	}
	return isPresent
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

// measured names what a fact about a number is about: a place, or any other computation by its parts. The language is pure and no
// name hides another, so what has the same name has the same value: `list | len()` is `len(list)`.
func (c *checker) measured(node ast.Node) string {
	if place, ok := c.place(node); ok {
		return place
	}
	at := measurement{node, len(c.elements), len(c.lets)}
	if name, ok := c.measures[at]; ok {
		return name
	}
	parts := []string{fmt.Sprintf("%T", node), distinction(node)}
	for _, child := range children(node) {
		parts = append(parts, c.measured(child))
	}
	name := "(" + strings.Join(parts, " ") + ")"
	c.measures[at] = name
	return name
}

// measurement is a node and from where it is looked at: a variable of `let` has its place only within, an element its number.
type measurement struct {
	node           ast.Node
	elements, lets int
}

// distinction tells nodes apart that have the same type and the same children.
func distinction(node ast.Node) string {
	switch n := node.(type) {
	case *ast.BoolNode:
		return strconv.FormatBool(n.Value)
	case *ast.IntegerNode:
		return strconv.Itoa(n.Value)
	case *ast.FloatNode:
		return strconv.FormatFloat(n.Value, 'g', -1, 64)
	case *ast.StringNode:
		return strconv.Quote(n.Value)
	case *ast.UnaryNode:
		return n.Operator
	case *ast.BinaryNode:
		return n.Operator
	case *ast.BuiltinNode:
		return n.Name
	case *ast.VariableDeclaratorNode:
		return n.Name
	case *ast.SliceNode:
		return fmt.Sprint(n.From != nil, n.To != nil)
	}
	return ""
}
