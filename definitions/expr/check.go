package expr

import (
	"fmt"
	"maps"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// checker infers the type of every node and reports all problems. After a problem it goes on with the type that the
// author most likely meant, or Any, so that one mistake is reported once.
type checker struct {
	src       *source
	scope     Scope
	functions map[string]function
	types     map[ast.Node]Type
	lets      []variable
	elements  []Type // of the lists that the enclosing predicates walk, innermost last
	known     *fact
	chain     *chain
	registers map[string]Type
	divisors  []Path // promised values that something is divided by
	measures  map[measurement]string
	problems  []Problem
}

type variable struct {
	name  string
	typ   Type
	place string // of its value, if that has one: both mean the same
}

func newChecker(src *source, scope Scope) *checker {
	return &checker{
		src: src, scope: scope, functions: functions(), types: map[ast.Node]Type{}, registers: map[string]Type{},
		measures: map[measurement]string{},
	}
}

func (c *checker) reportf(node ast.Node, code Code, hint, format string, args ...any) {
	c.reportAtf(c.src.closed(span(node)), code, hint, format, args...)
}

func (c *checker) reportAtf(at file.Location, code Code, hint, format string, args ...any) {
	problem := c.src.problem(code, at.From, at.To, fmt.Sprintf(format, args...), hint)
	if !slices.Contains(c.problems, problem) {
		c.problems = append(c.problems, problem)
	}
}

// visit infers and remembers the type of a node.
func (c *checker) visit(node ast.Node) Type {
	t := c.infer(node)
	c.types[node] = t
	return t
}

func (c *checker) infer(node ast.Node) Type {
	switch n := node.(type) {
	case *ast.NilNode:
		return Null()
	case *ast.BoolNode:
		return Bool()
	case *ast.IntegerNode:
		return Int()
	case *ast.FloatNode:
		return Number()
	case *ast.StringNode:
		return Enum(n.Value)
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.PointerNode:
		return c.pointer(n)
	case *ast.ChainNode:
		return c.chainNode(n)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.SliceNode:
		return c.slice(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.CallNode:
		return c.call(n)
	case *ast.BuiltinNode:
		return c.predicateCall(n)
	case *ast.VariableDeclaratorNode:
		return c.let(n)
	case *ast.ArrayNode:
		return c.array(n)
	case *ast.MapNode:
		return c.object(n)
	}
	return c.unsupported(node)
}

func (c *checker) unsupported(node ast.Node) Type {
	what := "this construct"
	switch node.(type) {
	case *ast.BytesNode:
		what = "a literal of bytes"
	case *ast.SequenceNode:
		what = "a sequence with `;`"
	}
	c.reportf(node, CodeForbidden, "", "%s is not part of the language", what)
	return Any()
}

func (c *checker) identifier(n *ast.IdentifierNode) Type {
	if t, ok := c.lookup(n.Value); ok {
		return c.narrowed(n, t)
	}
	if _, isFunction := c.functions[n.Value]; isFunction {
		c.reportf(n, CodeUnknownName, "call it: "+quote(n.Value+"(…)"), "%s is a function", quote(n.Value))
		return Any()
	}
	c.reportf(n, CodeUnknownName, didYouMean(n.Value, c.names()), "there is no name %s here", quote(n.Value))
	return Any()
}

func (c *checker) lookup(name string) (Type, bool) {
	for _, let := range slices.Backward(c.lets) {
		if let.name == name {
			return let.typ, true
		}
	}
	return c.scope.Lookup(name)
}

func (c *checker) names() []string {
	names := c.scope.Names()
	for _, let := range c.lets {
		names = append(names, let.name)
	}
	return names
}

func (c *checker) let(n *ast.VariableDeclaratorNode) Type {
	if _, taken := c.lookup(n.Name); taken || c.isFunction(n.Name) {
		c.reportAtf(n.Location(), CodeShadowedName, "choose another name", "the name %s is taken", quote(n.Name))
	}
	value := c.visit(n.Value)
	place, _ := c.place(n.Value)
	c.lets = append(c.lets, variable{n.Name, value.withSign(c.signOf(n.Value)), place})
	defer func() { c.lets = c.lets[:len(c.lets)-1] }()
	return c.visit(n.Expr).withSign(c.signOf(n.Expr))
}

func (c *checker) isFunction(name string) bool {
	_, own := c.functions[name]
	return own || slices.Contains(predicateNames(), name)
}

func (c *checker) conditional(n *ast.ConditionalNode) Type {
	c.truth(n.Cond)
	var yes, no Type
	c.assuming(n.Cond, true, func() { yes = c.visit(n.Exp1) })
	c.assuming(n.Cond, false, func() { no = c.visit(n.Exp2) })
	return join(yes, no)
}

// truth visits a node that must be a bool.
func (c *checker) truth(node ast.Node) {
	t := c.visit(node)
	if t.kind != KindBool && t.kind != KindAny {
		c.reportf(node, CodeType, "", "a truth value is needed here, this is %s", t)
		return
	}
	if t.nullable {
		c.reportf(node, CodeNullable, "write `?? false`, or compare with `== true`", "this truth value may be missing")
	}
}

func (c *checker) array(n *ast.ArrayNode) Type {
	if len(n.Nodes) == 0 {
		return emptyList()
	}
	elem := c.visit(n.Nodes[0])
	for _, item := range n.Nodes[1:] {
		elem = join(elem, c.visit(item))
	}
	return List(elem)
}

func (c *checker) object(n *ast.MapNode) Type {
	fields := make(map[string]Type, len(n.Pairs))
	for _, node := range n.Pairs {
		pair, ok := node.(*ast.PairNode)
		if !ok {
			continue
		}
		key, isText := pair.Key.(*ast.StringNode)
		if !isText {
			c.reportf(pair.Key, CodeForbidden, "write the key as a name or a literal text", "a key cannot be computed")
			c.visit(pair.Value)
			continue
		}
		if _, twice := fields[key.Value]; twice {
			c.reportf(pair.Key, CodeArguments, "", "the key %s occurs twice", quote(key.Value))
		}
		c.types[key] = String()
		fields[key.Value] = c.visit(pair.Value)
	}
	return Object(fields)
}

// result compares the type of the whole expression with what is wanted.
func (c *checker) result(root ast.Node, t Type, want Want) {
	switch {
	case !want.accepts(t):
		c.reportf(root, CodeResultType, "", "%s is needed here, this is %s", want, t)
	case t.nullable && !want.acceptsNil():
		hint := "give a value for that case with `??`"
		if isQuotient(root) {
			hint = divisionHint
		}
		c.reportf(root, CodeNullable, hint, "the result may be missing, %s is needed", want)
	}
}

func (c *checker) registerNames() []string { return slices.Sorted(maps.Keys(c.scope.registers)) }
