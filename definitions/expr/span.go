package expr

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// children returns the direct children of a node in the order of the text.
func children(node ast.Node) []ast.Node {
	switch n := node.(type) {
	case *ast.UnaryNode:
		return []ast.Node{n.Node}
	case *ast.BinaryNode:
		return []ast.Node{n.Left, n.Right}
	case *ast.ChainNode:
		return []ast.Node{n.Node}
	case *ast.MemberNode:
		return []ast.Node{n.Node, n.Property}
	case *ast.SliceNode:
		return present(n.Node, n.From, n.To)
	case *ast.CallNode:
		return append([]ast.Node{n.Callee}, n.Arguments...)
	case *ast.BuiltinNode:
		return n.Arguments
	case *ast.PredicateNode:
		return []ast.Node{n.Node}
	case *ast.ConditionalNode:
		return []ast.Node{n.Cond, n.Exp1, n.Exp2}
	case *ast.VariableDeclaratorNode:
		return []ast.Node{n.Value, n.Expr}
	case *ast.SequenceNode:
		return n.Nodes
	case *ast.ArrayNode:
		return n.Nodes
	case *ast.MapNode:
		return n.Pairs
	case *ast.PairNode:
		return []ast.Node{n.Key, n.Value}
	}
	return nil
}

func present(nodes ...ast.Node) []ast.Node {
	kept := nodes[:0]
	for _, node := range nodes {
		if node != nil {
			kept = append(kept, node)
		}
	}
	return kept
}

// span returns the part of the text, in runes, that a node covers; expr-lang itself keeps one token per node.
func span(node ast.Node) file.Location {
	at := node.Location()
	if c, ok := node.(*ast.ConditionalNode); ok {
		at = span(c.Cond) // its own token is the one after it
	}
	for _, child := range children(node) {
		inner := span(child)
		if at.To == 0 {
			at = inner
		}
		if inner.To > 0 {
			at.From, at.To = min(at.From, inner.From), max(at.To, inner.To)
		}
	}
	return at
}
