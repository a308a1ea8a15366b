package expr

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// hyphenated finds `outputs.av-check.ok`, which reads as outputs.av minus check.ok: names joined by `-` without a space,
// of which the one after it is not in scope. It reports the whole name once instead of its parts.
func (c *checker) hyphenated(n *ast.BinaryNode) bool {
	words, at, ok := c.hyphenWords(n)
	if !ok {
		return false
	}
	for _, word := range words[1:] {
		if _, known := c.lookup(word); !known {
			name := strings.Join(words, "-")
			hint := "ids are lower_snake: " + quote(strings.ReplaceAll(name, "-", "_")) + "; a subtraction has spaces around `-`"
			c.reportAtf(at, CodeHyphenatedName, hint, "%s reads as a subtraction", quote(name))
			return true
		}
	}
	return false
}

// hyphenWords returns the names that the hyphens of n join, from left to right, and where they stand.
func (c *checker) hyphenWords(n *ast.BinaryNode) ([]string, file.Location, bool) {
	if n.Operator != "-" {
		return nil, file.Location{}, false
	}
	first, ok := firstName(n.Right)
	hyphen := n.Location()
	if !ok || first.Location().From != hyphen.To {
		return nil, file.Location{}, false
	}
	words, at, ok := c.wordsBefore(n.Left)
	if !ok || at.To != hyphen.From {
		return nil, file.Location{}, false
	}
	return append(words, first.Value), file.Location{From: at.From, To: first.Location().To}, true
}

func (c *checker) wordsBefore(node ast.Node) ([]string, file.Location, bool) {
	switch left := node.(type) {
	case *ast.BinaryNode:
		return c.hyphenWords(left)
	case *ast.IdentifierNode:
		return []string{left.Value}, left.Location(), true
	case *ast.ChainNode:
		return c.wordsBefore(left.Node)
	case *ast.MemberNode:
		if name, ok := left.Property.(*ast.StringNode); ok {
			return []string{name.Value}, name.Location(), true
		}
	}
	return nil, file.Location{}, false
}

// firstName returns the name that a chain of members begins with.
func firstName(node ast.Node) (*ast.IdentifierNode, bool) {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		return n, true
	case *ast.ChainNode:
		return firstName(n.Node)
	case *ast.MemberNode:
		return firstName(n.Node)
	}
	return nil, false
}
