package expr

import (
	"slices"
	"strconv"
	"time"

	"github.com/expr-lang/expr/ast"
)

// lowering turns a checked syntax tree into the one that expr-lang compiles. It replaces the operators named in
// operators() where the types need it, and makes every element that a predicate visits cost a step.
type lowering struct {
	types     map[ast.Node]Type
	functions map[string]function
	usesRun   bool
	used      map[string]bool // functions and operators that the tree calls
	loops     int             // nesting of predicates around the node at hand
	lists     int             // names given to lists that are used twice
}

// runName is the name under which the running evaluation stands in the environment.
const runName = "$run"

// replace gives a new node the place of an old one, so that errors point into the text.
func replace[N ast.Node](old ast.Node, node N) N {
	node.SetLocation(old.Location())
	return node
}

func (l *lowering) callOf(old ast.Node, name string, args ...ast.Node) ast.Node {
	l.used[name] = true
	callee := replace(old, &ast.IdentifierNode{Value: name})
	return replace(old, &ast.CallNode{Callee: callee, Arguments: args})
}

// callWithRun passes the running evaluation as the first argument.
func (l *lowering) callWithRun(old ast.Node, name string, args ...ast.Node) ast.Node {
	l.usesRun = true
	running := replace(old, &ast.IdentifierNode{Value: runName})
	return l.callOf(old, name, append([]ast.Node{running}, args...)...)
}

func (l *lowering) node(node ast.Node) ast.Node {
	switch n := node.(type) {
	case *ast.ChainNode:
		return replace(n, &ast.ChainNode{Node: l.node(n.Node)})
	case *ast.MemberNode:
		return l.member(n)
	case *ast.SliceNode:
		return l.callOf(n, opSlice, l.node(n.Node), l.orNil(n, n.From), l.orNil(n, n.To))
	case *ast.UnaryNode:
		return l.unary(n)
	case *ast.BinaryNode:
		return l.binary(n)
	case *ast.ConditionalNode:
		return replace(n, &ast.ConditionalNode{
			Ternary: n.Ternary, Cond: l.node(n.Cond), Exp1: l.node(n.Exp1), Exp2: l.node(n.Exp2),
		})
	case *ast.CallNode:
		return l.call(n)
	case *ast.BuiltinNode:
		return l.predicateCall(n)
	case *ast.VariableDeclaratorNode:
		return replace(n, &ast.VariableDeclaratorNode{Name: n.Name, Value: l.node(n.Value), Expr: l.node(n.Expr)})
	case *ast.ArrayNode:
		return replace(n, &ast.ArrayNode{Nodes: l.nodes(n.Nodes)})
	case *ast.MapNode:
		return replace(n, &ast.MapNode{Pairs: l.nodes(n.Pairs)})
	case *ast.PairNode:
		return replace(n, &ast.PairNode{Key: n.Key, Value: l.node(n.Value)})
	}
	return node
}

func (l *lowering) nodes(nodes []ast.Node) []ast.Node {
	lowered := make([]ast.Node, len(nodes))
	for i, node := range nodes {
		lowered[i] = l.node(node)
	}
	return lowered
}

func (l *lowering) orNil(old, node ast.Node) ast.Node {
	if node == nil {
		return replace(old, &ast.NilNode{})
	}
	return l.node(node)
}

// member keeps field access as it is; an index that may lie outside the list yields nil instead of an error.
func (l *lowering) member(n *ast.MemberNode) ast.Node {
	if _, isField := n.Property.(*ast.StringNode); isField {
		return replace(n, &ast.MemberNode{Node: l.node(n.Node), Property: n.Property, Optional: n.Optional})
	}
	return l.callOf(n, opIndex, l.node(n.Node), l.node(n.Property))
}

func (l *lowering) unary(n *ast.UnaryNode) ast.Node {
	operand := l.node(n.Node)
	switch n.Operator {
	case "-":
		return l.callOf(n, opNegate, operand)
	case "+":
		return operand
	}
	return replace(n, &ast.UnaryNode{Operator: n.Operator, Node: operand})
}

func (l *lowering) binary(n *ast.BinaryNode) ast.Node {
	left, right := l.types[n.Left], l.types[n.Right]
	a, b := l.node(n.Left), l.node(n.Right)
	keep := func() ast.Node { return replace(n, &ast.BinaryNode{Operator: n.Operator, Left: a, Right: b}) }
	switch n.Operator {
	case "==", "!=":
		if !comparedDeeply(left, right) {
			return keep()
		}
		equal := l.callWithRun(n, opEqual, a, b)
		if n.Operator == "!=" {
			return replace(n, &ast.UnaryNode{Operator: "!", Node: equal})
		}
		return equal
	case "in":
		if list, ok := literalList(n.Right); ok {
			b = replace(n.Right, &ast.ConstantNode{Value: list})
			return keep()
		}
		return l.callWithRun(n, opIn, a, b)
	case "contains", "matches":
		if l.loops > 0 {
			a = l.callWithRun(n.Left, opText, a)
		}
		return keep()
	case "+":
		if !left.isNumeric() || !right.isNumeric() {
			return l.callWithRun(n, opPlus, a, b)
		}
		return l.callOf(n, opAdd, a, b)
	}
	if name, ok := l.arithmetic(n); ok {
		return l.callOf(n, name, a, b)
	}
	return keep()
}

// arithmetic names the function in place of an operator. A quotient whose type says so is missing where its divisor is 0;
// that of values about which nothing was known is an error.
func (l *lowering) arithmetic(n *ast.BinaryNode) (string, bool) {
	if l.types[n].nullable && isQuotient(n) {
		return map[string]string{"/": opQuotient, "%": opRest}[n.Operator], true
	}
	name, ok := arithmeticOperators()[n.Operator]
	return name, ok
}

func arithmeticOperators() map[string]string {
	return map[string]string{
		"-": opMinus, "*": opMultiply, "/": opDivide, "%": opModulo, "**": opPower, "^": opPower,
	}
}

// comparedDeeply reports whether `==` may meet lists or objects on both sides.
func comparedDeeply(left, right Type) bool {
	deep := func(t Type) bool { return t.kind == KindAny || t.kind == KindList || t.isRecord() }
	return deep(left) && deep(right)
}

// literalList returns the elements of a list of literals.
func literalList(node ast.Node) ([]any, bool) {
	array, ok := node.(*ast.ArrayNode)
	if !ok {
		return nil, false
	}
	list := make([]any, 0, len(array.Nodes))
	for _, item := range array.Nodes {
		switch n := item.(type) {
		case *ast.StringNode:
			list = append(list, n.Value)
		case *ast.IntegerNode:
			list = append(list, n.Value)
		case *ast.BoolNode:
			list = append(list, n.Value)
		default:
			return nil, false
		}
	}
	return list, true
}

func (l *lowering) call(n *ast.CallNode) ast.Node {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return n
	}
	args := l.nodes(n.Arguments)
	if l.functions[callee.Value].usesRun {
		return l.callWithRun(n, callee.Value, args...)
	}
	return l.callOf(n, callee.Value, args...)
}

func (l *lowering) predicateCall(n *ast.BuiltinNode) ast.Node {
	list := l.list(n.Arguments[0])
	switch n.Name {
	case "sum":
		values := list
		if len(n.Arguments) > 1 {
			values = l.loop(n, "map", list, n.Arguments[1])
		}
		return l.callWithRun(n, opSum, values, l.zero(n))
	case "sortBy":
		return l.sortBy(n, list)
	}
	if len(n.Arguments) == 1 {
		return replace(n, &ast.BuiltinNode{Name: n.Name, Arguments: []ast.Node{list}})
	}
	return l.loop(n, n.Name, list, n.Arguments[1])
}

// list makes sure that a predicate walks a list, where its type is not known before.
func (l *lowering) list(node ast.Node) ast.Node {
	if l.types[node].kind == KindAny {
		return l.callOf(node, opList, l.node(node))
	}
	return l.node(node)
}

// loop calls a predicate function with a body that pays for each element before it looks at it.
func (l *lowering) loop(old ast.Node, name string, list, predicate ast.Node) ast.Node {
	body := predicate
	if p, ok := predicate.(*ast.PredicateNode); ok {
		body = p.Node
	}
	l.loops++
	paid := replace(body, &ast.SequenceNode{Nodes: []ast.Node{l.callWithRun(body, opStep), l.node(body)}})
	l.loops--
	return replace(old, &ast.BuiltinNode{
		Name: name, Arguments: []ast.Node{list, replace(predicate, &ast.PredicateNode{Node: paid})},
	})
}

// zero is the sum of an empty list.
func (l *lowering) zero(n *ast.BuiltinNode) ast.Node {
	if l.types[n].kind == KindDuration {
		return replace(n, &ast.ConstantNode{Value: time.Duration(0)})
	}
	return replace(n, &ast.IntegerNode{})
}

// sortBy becomes `let list = …; $sortBy(list, map(list, predicate), order)`: the one of expr-lang is not stable.
func (l *lowering) sortBy(n *ast.BuiltinNode, list ast.Node) ast.Node {
	l.lists++
	name := opList + strconv.Itoa(l.lists)
	variable := func() ast.Node { return replace(n, &ast.IdentifierNode{Value: name}) }
	order := ast.Node(replace(n, &ast.StringNode{Value: "asc"}))
	if len(n.Arguments) > 2 {
		order = n.Arguments[2]
	}
	keys := l.loop(n, "map", variable(), n.Arguments[1])
	return replace(n, &ast.VariableDeclaratorNode{
		Name: name, Value: list, Expr: l.callWithRun(n, opSortBy, variable(), keys, order),
	})
}

// roots returns the names that the lowered tree reads from the environment.
func roots(references []Path) []string {
	names := make([]string, 0, len(references))
	for _, path := range references {
		names = append(names, path[0])
	}
	slices.Sort(names)
	return slices.Compact(names)
}
