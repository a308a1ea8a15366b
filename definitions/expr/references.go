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
func yields(root ast.Node) []Path { return yielded(root, nil) }

// origin is a variable of `let` with the paths that its value may be.
type origin struct {
	name  string
	paths []Path
}

func yielded(root ast.Node, lets []origin) []Path {
	switch n := root.(type) {
	case *ast.ConditionalNode:
		return slices.Concat(yielded(n.Exp1, lets), yielded(n.Exp2, lets))
	case *ast.BinaryNode:
		if n.Operator == "??" {
			return slices.Concat(yielded(n.Left, lets), yielded(n.Right, lets))
		}
	case *ast.VariableDeclaratorNode:
		value := mergePaths(yielded(n.Value, lets)) // each path once, however often the variables double them
		return yielded(n.Expr, append(slices.Clip(lets), origin{n.Name, value}))
	case *ast.IdentifierNode:
		for _, let := range slices.Backward(lets) {
			if let.name == n.Value {
				return let.paths
			}
		}
		return []Path{{n.Value}}
	case *ast.MemberNode, *ast.ChainNode:
		base, names, _ := stem(n)
		var paths []Path
		for _, path := range yielded(base, lets) {
			paths = append(paths, slices.Concat(path, names))
		}
		return paths
	}
	return nil
}

// stem follows members down to what they are read from. names are those up to the first computed or numeric index; what is read
// beyond that is not part of a path.
func stem(node ast.Node) (base ast.Node, names Path, indexes []ast.Node) {
	for {
		switch n := node.(type) {
		case *ast.ChainNode:
			node = n.Node
		case *ast.MemberNode:
			if name, ok := n.Property.(*ast.StringNode); ok {
				names = append(names, name.Value)
			} else {
				names, indexes = nil, append(indexes, n.Property)
			}
			node = n.Node
		default:
			slices.Reverse(names)
			return node, names, indexes
		}
	}
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

// chain reads a path of members, and what their indexes and their root are computed from.
func (r *reader) chain(node ast.Node) {
	base, names, indexes := stem(node)
	r.all(indexes)
	root, isName := base.(*ast.IdentifierNode)
	switch {
	case !isName:
		r.walk(base)
	case !slices.Contains(r.lets, root.Value):
		r.paths = append(r.paths, slices.Concat(Path{root.Value}, names))
	}
}
