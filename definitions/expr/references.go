package expr

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// references returns the static paths that a syntax tree reads, without the variables of `let`.
func references(root ast.Node) []Path {
	r := &reader{}
	r.walk(root)
	return mergePaths(r.paths)
}

// yields returns the static paths whose value a syntax tree may yield as it is.
func yields(root ast.Node) []Path {
	switch n := root.(type) {
	case *ast.ConditionalNode:
		return append(yields(n.Exp1), yields(n.Exp2)...)
	case *ast.BinaryNode:
		if n.Operator == "??" {
			return append(yields(n.Left), yields(n.Right)...)
		}
	case *ast.IdentifierNode, *ast.MemberNode, *ast.ChainNode:
		return references(root)
	}
	return nil
}

type reader struct {
	lets  []string
	paths []Path
}

func (r *reader) walk(node ast.Node) {
	switch n := node.(type) {
	case *ast.IdentifierNode, *ast.MemberNode, *ast.ChainNode:
		r.chain(n)
	case *ast.CallNode:
		r.all(n.Arguments)
	case *ast.VariableDeclaratorNode:
		r.walk(n.Value)
		r.lets = append(r.lets, n.Name)
		r.walk(n.Expr)
		r.lets = r.lets[:len(r.lets)-1]
	default:
		r.all(children(n))
	}
}

func (r *reader) all(nodes []ast.Node) {
	for _, node := range nodes {
		r.walk(node)
	}
}

// chain follows members down to their root; what is read beyond a computed or numeric index is not part of the path.
func (r *reader) chain(node ast.Node) {
	var names []string
	for {
		switch n := node.(type) {
		case *ast.ChainNode:
			node = n.Node
		case *ast.MemberNode:
			if name, ok := n.Property.(*ast.StringNode); ok {
				names = append(names, name.Value)
			} else {
				names = nil
				r.walk(n.Property)
			}
			node = n.Node
		case *ast.IdentifierNode:
			if !slices.Contains(r.lets, n.Value) {
				names = append(names, n.Value)
				slices.Reverse(names)
				r.paths = append(r.paths, names)
			}
			return
		default:
			r.walk(node)
			return
		}
	}
}
