package expr

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
)

// listArg returns a list whose elements a function is about to visit, and charges for them.
func listArg(r *run, v any) ([]any, error) {
	list, err := listOf(v)
	if err != nil {
		return nil, err
	}
	return list, r.step(len(list))
}

func listOf(v any) ([]any, error) {
	switch list := v.(type) {
	case []any:
		return list, nil
	case []int: // a range
		items := make([]any, len(list))
		for i, item := range list {
			items[i] = item
		}
		return items, nil
	}
	return nil, fault(CodeEvaluation, "a list is needed, this is %s", describe(v))
}

// asList stands before the list of every predicate whose type is only known at run time.
func asList(args ...any) (any, error) { return listOf(args[0]) }

// elementsOf checks the elements of a list that is the first argument.
func elementsOf(allowed func(Type) bool, what string) func(*checker, *ast.CallNode, []Type) {
	return func(c *checker, call *ast.CallNode, args []Type) {
		elem := args[0].Elem()
		if elem.kind == KindAny || allowed(elem) && !elem.nullable {
			return
		}
		c.reportf(call.Arguments[0], CodeType, "", "%s needs %s, this is %s", quote(c.text(call.Callee)), what, args[0])
	}
}

func length(args ...any) (any, error) {
	switch v := args[0].(type) {
	case []any:
		return len(v), nil
	case string:
		return utf8.RuneCountInString(v), nil
	case map[string]any:
		return len(v), nil
	case []int:
		return len(v), nil
	}
	return nil, fault(CodeEvaluation, "%s has no length", describe(args[0]))
}

func first(args ...any) (any, error) { return elementAt(args[0], 0) }

func last(args ...any) (any, error) { return elementAt(args[0], -1) }

// elementAt counts from the end when i is negative, and yields nil beyond the ends.
func elementAt(v any, i int) (any, error) {
	list, err := listOf(v)
	if err != nil {
		return nil, err
	}
	if i < 0 {
		i += len(list)
	}
	if i < 0 || i >= len(list) {
		return nil, nil
	}
	return list[i], nil
}

// index is `x[key]`, where nothing is known of x but what the checker allowed.
func index(args ...any) (any, error) {
	switch base := args[0].(type) {
	case nil:
		return nil, nil
	case map[string]any:
		key, err := textArg(args[1])
		if err != nil {
			return nil, err
		}
		return base[key], nil
	}
	n, err := needNumber(args[1])
	if err != nil {
		return nil, err
	}
	if !n.whole {
		return nil, fault(CodeEvaluation, "an index must be a whole number")
	}
	return elementAt(args[0], n.i)
}

// slicePart is `list[from:to]`; to is nil when it was left out.
func slicePart(args ...any) (any, error) {
	list, err := listOf(args[0])
	if err != nil {
		return nil, err
	}
	from, err := bound(args[1], 0, len(list))
	if err != nil {
		return nil, err
	}
	to, err := bound(args[2], len(list), len(list))
	if err != nil {
		return nil, err
	}
	return list[from:max(from, to)], nil
}

func bound(v any, fallback, length int) (int, error) {
	if v == nil {
		return fallback, nil
	}
	n, err := needNumber(v)
	if err != nil {
		return 0, err
	}
	if n.i < 0 {
		n.i += length
	}
	return min(max(n.i, 0), length), nil
}

func reverse(args ...any) (any, error) {
	list, err := ownList(args)
	slices.Reverse(list)
	return list, err
}

// ownList returns a copy of the list that is the argument, paid for.
func ownList(args []any) ([]any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	list, err := listArg(r, args[0])
	if err != nil {
		return nil, err
	}
	return slices.Clone(list), r.grow(len(list))
}

func sortList(args ...any) (any, error) {
	list, err := ownList(args)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b any) int {
		order, failed := compareValues(a, b)
		if failed != nil {
			err = failed
		}
		return order
	})
	return list, err
}

// sortBy sorts the first list by the values of the second, stably, so that equal values keep their order.
func sortBy(args ...any) (any, error) {
	order := args[len(args)-1]
	list, err := ownList(args[:2])
	if err != nil {
		return nil, err
	}
	keys, err := listOf(args[2])
	if err != nil {
		return nil, err
	}
	positions := make([]int, len(list))
	for i := range positions {
		positions[i] = i
	}
	slices.SortStableFunc(positions, func(a, b int) int {
		result, failed := compareValues(keys[a], keys[b])
		if failed != nil {
			err = failed
		}
		if order == "desc" {
			return -result
		}
		return result
	})
	sorted := make([]any, len(list))
	for i, position := range positions {
		sorted[i] = list[position]
	}
	return sorted, err
}

func unique(args ...any) (any, error) {
	list, err := ownList(args)
	if err != nil {
		return nil, err
	}
	seen, kept := make(map[any]bool, len(list)), list[:0]
	for _, item := range list {
		key, err := uniqueKey(item)
		if err != nil {
			return nil, err
		}
		if !seen[key] {
			seen[key] = true
			kept = append(kept, item)
		}
	}
	return kept, nil
}

// uniqueKey returns a key that is the same for values that `==` holds equal.
func uniqueKey(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, time.Duration:
		return v, nil
	case time.Time:
		return v.UTC().Round(0), nil
	}
	n, err := needNumber(v)
	return n.f, err
}

func concat(args ...any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	joined := []any{}
	for _, arg := range args {
		list, err := listArg(r, arg)
		if err != nil {
			return nil, err
		}
		if err := r.grow(len(list)); err != nil {
			return nil, err
		}
		joined = append(joined, list...)
	}
	return joined, nil
}

// sum adds the elements of a list; of an empty one it is the third argument.
func sum(args ...any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	list, err := listArg(r, args[0])
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return args[1], nil
	}
	total := list[0]
	for _, item := range list[1:] {
		if total, err = plus(r, total, item); err != nil {
			return nil, err
		}
	}
	return total, nil
}
