package expr

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// shape checks what every later pass relies on: that the syntax tree is a tree, for expr-lang lets chained comparisons
// and `?:` share a node and each pass would then take exponential time, and that it is not too deep.
type shape struct {
	src      *source
	limits   Limits
	seen     map[ast.Node]bool
	problems []Problem
}

func checkShape(src *source, root ast.Node, limits Limits) []Problem {
	s := &shape{src: src, limits: limits, seen: map[ast.Node]bool{}}
	s.walk(root, 0, root.Location())
	return s.problems
}

func (s *shape) walk(node ast.Node, depth int, near file.Location) {
	if at := node.Location(); at.To > 0 {
		near = at
	}
	if s.seen[node] {
		s.problems = append(s.problems, s.src.problem(CodeForbidden, near.From, near.To,
			"comparisons cannot be chained, and `?:` needs both values", "write `a < b && b < c`, or `a ?? b`"))
		return
	}
	s.seen[node] = true
	if depth > s.limits.Depth {
		if len(s.problems) == 0 {
			s.problems = append(s.problems, s.src.tooDeep(near, s.limits))
		}
		return
	}
	for i, child := range children(node) {
		if _, operator := node.(*ast.BinaryNode); operator && i == 0 {
			s.walk(child, depth, near) // `a && b && c …` is long, not deep
			continue
		}
		s.walk(child, depth+1, near)
	}
}
