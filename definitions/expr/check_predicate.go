package expr

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// predicateNames lists the functions that take a list and an expression about its elements.
func predicateNames() []string {
	return []string{
		"all", "any", "count", "filter", "find", "findIndex", "findLast", "map", "none", "one", "sortBy", "sum",
	}
}

// predicateCall checks a call such as any(outputs.refill, .outcome == "done").
func (c *checker) predicateCall(n *ast.BuiltinNode) Type {
	if !slices.Contains(predicateNames(), n.Name) {
		c.reportf(n, CodeForbidden, leftOut(n.Name), "the function %s is not available", quote(n.Name))
		return Any()
	}
	list := c.visit(n.Arguments[0])
	c.requireNonNull(n.Arguments[0], list)
	if list.kind != KindList && list.kind != KindAny {
		c.reportf(n.Arguments[0], CodeType, "", "%s needs a list, this is %s", quote(n.Name), list)
		list = Any()
	}
	elem := list.NonNull().Elem()
	body := elem
	if len(n.Arguments) > 1 {
		body = c.body(n, elem)
	}
	if len(n.Arguments) > 2 {
		c.sortOrder(n.Arguments[2])
	}
	return c.predicateResult(n, elem, body)
}

// body visits the predicate with `#` bound to an element.
func (c *checker) body(n *ast.BuiltinNode, elem Type) Type {
	predicate, ok := n.Arguments[1].(*ast.PredicateNode)
	if !ok {
		return Any()
	}
	c.elements = append(c.elements, elem)
	outer := c.chain
	c.chain = nil
	defer func() {
		c.elements, c.chain = c.elements[:len(c.elements)-1], outer
	}()
	switch n.Name {
	case "map":
		return c.visit(predicate.Node)
	case "sum", "sortBy":
		t := c.visit(predicate.Node)
		c.requireNonNull(predicate.Node, t)
		return t.NonNull()
	}
	c.truth(predicate.Node)
	return Bool()
}

func (c *checker) sortOrder(node ast.Node) {
	c.visit(node)
	if order, ok := node.(*ast.StringNode); !ok || order.Value != "asc" && order.Value != "desc" {
		c.reportf(node, CodeArguments, "", "the order is `\"asc\"` or `\"desc\"`")
	}
}

func (c *checker) predicateResult(n *ast.BuiltinNode, elem, body Type) Type {
	switch n.Name {
	case "filter":
		return List(elem)
	case "map":
		return List(body)
	case "find", "findLast":
		return elem.Nullable()
	case "findIndex":
		return Int().Nullable()
	case "count":
		if body.kind != KindBool && body.kind != KindAny || body.nullable {
			c.reportf(n.Arguments[0], CodeType, "use `len(list)`", "without a predicate `count` needs a list of bool")
		}
		return Int()
	case "sum":
		if !body.isNumeric() && body.kind != KindDuration && body.kind != KindAny || body.nullable {
			c.reportf(n, CodeType, "", "only numbers and durations have a sum, these are %s", body)
		}
		return Type{kind: body.kind}
	case "sortBy":
		if !body.isOrdered() && body.kind != KindAny {
			c.reportf(n, CodeType, "", "only numbers, texts, times and durations have an order, these are %s", body)
		}
		return List(elem)
	}
	return Bool()
}
