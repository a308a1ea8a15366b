package expr

import (
	"cmp"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
)

// compareValues orders two values of one kind.
func compareValues(a, b any) (int, error) {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), nil
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y), nil
		}
	case time.Duration:
		if y, ok := b.(time.Duration); ok {
			return cmp.Compare(x, y), nil
		}
	}
	x, xOK := numericOf(a)
	y, yOK := numericOf(b)
	switch {
	case !xOK || !yOK:
		return 0, fault(CodeEvaluation, "%s and %s have no order", describe(a), describe(b))
	case x.whole && y.whole:
		return cmp.Compare(x.i, y.i), nil
	}
	return cmp.Compare(x.f, y.f), nil
}

func extremeOf(sign int, args []any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	if len(args) == 1 {
		if args, err = listArg(r, args[0]); err != nil || len(args) == 0 {
			return nil, err
		}
	}
	best := args[0]
	for _, v := range args {
		order, err := compareValues(v, best)
		if err != nil {
			return nil, err
		}
		if order*sign > 0 {
			best = v
		}
	}
	return best, nil
}

func checkExtreme(c *checker, call *ast.CallNode, args []Type) {
	if len(args) == 0 {
		c.reportf(call, CodeArguments, "", "%s needs a list or several values", quote(c.text(call.Callee)))
		return
	}
	if len(args) == 1 && args[0].kind != KindAny {
		if args[0].kind != KindList {
			c.reportf(call, CodeArguments, "", "%s of one value needs a list, this is %s", quote(c.text(call.Callee)), args[0])
			return
		}
		elementsOf(Type.isOrdered, "numbers, texts, times or durations")(c, call, args)
		return
	}
	for i, t := range args {
		if t.kind == KindAny {
			continue
		}
		if !t.isOrdered() || !t.comparableTo(args[0]) {
			c.reportf(call.Arguments[i], CodeType, "", "%s and %s have no order", args[0], t)
			return
		}
	}
}

func extremeResult(args []Type) Type {
	if len(args) == 0 {
		return Any()
	}
	if len(args) == 1 {
		return args[0].Elem().Nullable()
	}
	joined := args[0]
	for _, t := range args[1:] {
		joined = join(joined, t)
	}
	return joined
}
