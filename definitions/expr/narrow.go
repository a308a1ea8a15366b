package expr

import (
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// fact is what is certain about the value at a place, within the part of the expression that is only reached then.
type fact struct {
	place string
	means meaning
	next  *fact
}

type meaning uint8

const (
	isPresent meaning = iota // not nil
	isNotZero
	isNotNegative
	isPositive
)

// isKnown looks a fact up.
func (c *checker) isKnown(place string, means meaning) bool {
	for f := c.known; f != nil; f = f.next {
		if f.place == place && f.means == means {
			return true
		}
	}
	return false
}

// narrowed returns the type of a node with what is known about its place.
func (c *checker) narrowed(node ast.Node, t Type) Type {
	if !t.nullable || c.known == nil {
		return t
	}
	place, ok := c.place(node)
	if ok && c.isKnown(place, isPresent) {
		return t.NonNull()
	}
	return t
}

// place returns a canonical name for what can be named: x, x."y", x[0] and elements, whether written with `.`, `?.` or `["y"]`. Keys
// are quoted, for one key may hold what looks like several.
func (c *checker) place(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		return c.placeOf(n.Value), true
	case *ast.PointerNode:
		return "#" + n.Name + strconv.Itoa(len(c.elements)), true
	case *ast.ChainNode:
		return c.place(n.Node)
	case *ast.MemberNode:
		base, ok := c.place(n.Node)
		if !ok {
			return "", false
		}
		switch key := n.Property.(type) {
		case *ast.StringNode:
			return base + "." + strconv.Quote(key.Value), true
		case *ast.IntegerNode:
			return base + "[" + strconv.Itoa(key.Value) + "]", true
		}
	}
	return "", false
}

// pathOf answers the static path that a place stands for; ok is false where an index is on the way.
func pathOf(place string) (path Path, ok bool) {
	root, _, _ := strings.Cut(place, ".")
	path = Path{root}
	for rest := place[len(root):]; rest != ""; {
		quoted, err := strconv.QuotedPrefix(strings.TrimPrefix(rest, "."))
		if err != nil {
			return nil, false
		}
		name, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, false
		}
		path, rest = append(path, name), rest[len(".")+len(quoted):]
	}
	return path, true
}

// placeOf answers the place behind a name: that of a `let` is the place of its value.
func (c *checker) placeOf(name string) string {
	for _, let := range slices.Backward(c.lets) {
		if let.name == name && let.place != "" {
			return let.place
		}
	}
	return name
}

// assuming runs visit with all that follows from the condition having been true, or false.
func (c *checker) assuming(condition ast.Node, outcome bool, visit func()) {
	before := c.known
	c.learn(condition, outcome)
	visit()
	c.known = before
}

// learn adds what is certain about places when the condition yields outcome.
func (c *checker) learn(condition ast.Node, outcome bool) {
	switch n := condition.(type) {
	case *ast.UnaryNode:
		if n.Operator == "!" || n.Operator == "not" {
			c.learn(n.Node, !outcome)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "&&", "and":
			if outcome {
				c.learn(n.Left, true)
				c.learn(n.Right, true)
			}
		case "||", "or":
			if !outcome {
				c.learn(n.Left, false)
				c.learn(n.Right, false)
			}
		case "==", "!=":
			c.learnEquality(n, outcome == (n.Operator == "=="))
			c.learnSign(n, outcome)
		case "<", "<=", ">", ">=":
			c.learnSign(n, outcome)
		case "in":
			c.learnMembership(n, outcome)
		}
	}
}

func (c *checker) learnEquality(n *ast.BinaryNode, equal bool) {
	for _, pair := range [][2]ast.Node{{n.Left, n.Right}, {n.Right, n.Left}} {
		place, other := pair[0], c.types[pair[1]]
		_, againstNil := pair[1].(*ast.NilNode)
		if againstNil && !equal || equal && !other.nullable && other.kind != KindAny {
			c.present(place)
		}
	}
}

// present records that a place is not nil, and neither is what it was read from.
func (c *checker) present(node ast.Node) {
	if chained, ok := node.(*ast.ChainNode); ok {
		node = chained.Node
	}
	if place, ok := c.place(node); ok {
		c.known = &fact{place: place, means: isPresent, next: c.known}
	}
	if member, ok := node.(*ast.MemberNode); ok {
		c.present(member.Node)
	}
}
