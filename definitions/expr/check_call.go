package expr

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
)

// function is one function of the language that takes no predicate.
type function struct {
	// usage is shown when the arguments are wrong, for example `date(text)`.
	usage    string
	params   []param
	optional int  // how many of the last parameters may be left out
	variadic bool // whether the last parameter may be repeated
	// result derives the type of the result from those of the arguments, which are neither null nor of a wrong kind.
	result func(args []Type) Type
	// check looks at what the types do not show; it may be nil.
	check func(c *checker, call *ast.CallNode, args []Type)
	// usesRun says that the implementation gets the running evaluation as its first argument, to read facts or to pay
	// for its work.
	usesRun bool
	impl    func(args ...any) (any, error)
}

// param is the kinds that an argument may have; none means any kind.
type param []Kind

func (p param) accepts(t Type) bool {
	return len(p) == 0 || t.kind == KindAny || Want{kinds: p}.hasKind(t.kind)
}

func (p param) String() string { return Want{kinds: p}.String() }

func (c *checker) call(n *ast.CallNode) Type {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		c.reportf(n.Callee, CodeForbidden, "functions are called as `f(x)` or `x | f()`", "values have no methods")
		return Any()
	}
	fn, ok := c.functions[callee.Value]
	if !ok {
		c.unknownFunction(callee)
		return Any()
	}
	args := make([]Type, len(n.Arguments))
	for i, arg := range n.Arguments {
		args[i] = c.visit(arg)
	}
	if !c.arguments(n, fn, args) {
		return Any()
	}
	if fn.check != nil {
		fn.check(c, n, args)
	}
	if registerFunction(callee.Value) {
		return c.register(n, callee.Value, args)
	}
	return fn.result(args)
}

// arguments checks number and kinds, and takes nil away from args.
func (c *checker) arguments(n *ast.CallNode, fn function, args []Type) bool {
	most := len(fn.params)
	if len(args) < most-fn.optional || len(args) > most && !fn.variadic {
		c.reportf(n, CodeArguments, "", "%s was called with %d arguments", quote(fn.usage), len(args))
		return false
	}
	ok := true
	for i, t := range args {
		c.requireNonNull(n.Arguments[i], t)
		args[i] = t.NonNull()
		if p := fn.params[min(i, most-1)]; !p.accepts(t) {
			c.reportf(n.Arguments[i], CodeType, "", "%s needs %s here, this is %s", quote(fn.usage), p, t)
			ok = false
		}
	}
	return ok
}

// unknownFunction tells a function of expr-lang that this language leaves out from a misspelling.
func (c *checker) unknownFunction(callee *ast.IdentifierNode) {
	name := callee.Value
	if _, isName := c.lookup(name); isName {
		c.reportf(callee, CodeType, "write it without `()`", "%s is a value, not a function", quote(name))
		return
	}
	if _, exists := builtin.Index[name]; exists {
		c.reportf(callee, CodeForbidden, leftOut(name), "the function %s is not available", quote(name))
		return
	}
	c.reportf(callee, CodeUnknownName, didYouMean(name, Functions()), "there is no function %s", quote(name))
}

// leftOut says what to use instead of a function of expr-lang, or why there is none.
func leftOut(name string) string {
	switch name {
	case "now":
		return "the instant of the decision is the name `now`"
	case "keys", "values", "toPairs", "groupBy":
		return "it walks an object in random order; keep what must be walked in a list"
	case "reduce":
		return "use `sum`, `count`, `min`, `max`, `any` or `all`"
	case "get":
		return "use `?.` or `?.[…]`"
	case "type":
		return "types are known when the definition is published"
	}
	return "available are " + strings.Join(Functions(), ", ")
}

// Functions returns the names of all functions that an expression may call, sorted; documentation is checked against it.
func Functions() []string {
	names := slices.AppendSeq(predicateNames(), maps.Keys(functions()))
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "$") })
	slices.Sort(names)
	return names
}

// literalText reports a literal first argument that the function could not use, so that it is found before anything runs.
func literalText(parse func(string) error) func(*checker, *ast.CallNode, []Type) {
	return func(c *checker, call *ast.CallNode, _ []Type) {
		if len(call.Arguments) == 0 {
			return
		}
		if literal, ok := call.Arguments[0].(*ast.StringNode); ok {
			if err := parse(literal.Value); err != nil {
				c.reportf(literal, CodeType, "", "%v", fmt.Errorf("%q: %w", literal.Value, err))
			}
		}
	}
}
