package expr

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Value is a value of a definition that may be literal, computed, or a list or object of such values, as the `with` of a
// step. It is immutable and safe for concurrent use.
type Value struct {
	typ      Type
	constant any
	program  *Program
	template *Template
	list     []Value
	object   map[string]Value
	refs     []Path // of the whole value, kept by CompileValue
}

// CompileValue compiles a value as YAML or JSON yields it. One rule holds for every text in it: a text that begins with
// `=` is the expression after it; a text with `{{` is a template; `\=` at the beginning stands for a literal `=`;
// anything else is itself. Problem.Path leads to the text, such as `input.item[0]`. On problems the value is unusable.
func CompileValue(raw any, scope Scope) (Value, []Problem) {
	value, problems := compileValue(raw, scope, "", 0)
	value.refs = value.References()
	return value, problems
}

// LiteralText returns the text that means text and nothing computed, by the rule of CompileValue.
func LiteralText(text string) string {
	text = strings.ReplaceAll(text, openMark, escapedOpen)
	if strings.HasPrefix(text, "=") || escapesEquals(text) {
		return `\` + text
	}
	return text
}

// escapesEquals reports whether text begins with backslashes before a `=`; the first one is then taken away.
func escapesEquals(text string) bool {
	after := strings.TrimLeft(text, `\`)
	return len(after) < len(text) && strings.HasPrefix(after, "=")
}

func compileValue(raw any, scope Scope, path string, depth int) (Value, []Problem) {
	if limit := scope.effectiveLimits().Depth; depth > limit {
		return Value{}, []Problem{{
			Code: CodeTooDeep, Path: path, Message: fmt.Sprintf("the value is nested deeper than %d", limit),
		}}
	}
	switch v := raw.(type) {
	case string:
		value, problems := compileText(v, scope)
		for i := range problems {
			problems[i].Path = path
		}
		return value, problems
	case []any:
		return compileList(v, scope, path, depth)
	case map[string]any:
		return compileObject(v, scope, path, depth)
	}
	constant, err := normalize(&run{}, raw, Any())
	if err != nil {
		return Value{}, []Problem{{
			Code: CodeType, Path: path, Message: err.Error(), Hint: "write a text, a number, true, false, a list or an object",
		}}
	}
	return Value{typ: TypeOf(constant), constant: constant}, nil
}

func compileText(text string, scope Scope) (Value, []Problem) {
	if source, isExpression := strings.CutPrefix(text, "="); isExpression {
		program, problems := Compile(source, scope, WantAny())
		for i := range problems {
			problems[i].Offset++
		}
		if program == nil {
			return Value{}, problems
		}
		return Value{typ: program.typ, program: program}, nil
	}
	skipped := 0
	if escapesEquals(text) {
		skipped = 1
	}
	if !strings.Contains(text, openMark) {
		return Value{typ: Enum(text[skipped:]), constant: text[skipped:]}, nil
	}
	template, problems := CompileTemplate(text[skipped:], scope)
	for i := range problems {
		problems[i].Offset += skipped
	}
	return Value{typ: String(), template: template}, problems
}

func compileList(items []any, scope Scope, path string, depth int) (Value, []Problem) {
	value := Value{list: make([]Value, len(items))}
	var problems []Problem
	elem := Any()
	for i, item := range items {
		compiled, more := compileValue(item, scope, path+"["+strconv.Itoa(i)+"]", depth+1)
		problems = append(problems, more...)
		value.list[i] = compiled
		if i == 0 {
			elem = compiled.typ
		}
		elem = join(elem, compiled.typ)
	}
	value.typ = List(elem)
	return value, problems
}

func compileObject(items map[string]any, scope Scope, path string, depth int) (Value, []Problem) {
	value := Value{object: make(map[string]Value, len(items))}
	var problems []Problem
	fields := make(map[string]Type, len(items))
	for _, name := range slices.Sorted(maps.Keys(items)) {
		compiled, more := compileValue(items[name], scope, within(path, name), depth+1)
		problems = append(problems, more...)
		value.object[name], fields[name] = compiled, compiled.typ
	}
	value.typ = Object(fields)
	return value, problems
}

// Type returns the type of the results; that of a literal text is an [Enum] of itself.
func (v Value) Type() Type { return v.typ }

// IsConstant reports whether nothing in the value is computed.
func (v Value) IsConstant() bool {
	constant := v.program == nil && v.template == nil
	v.each(func(inner Value) { constant = constant && inner.IsConstant() })
	return constant
}

// References returns the static paths that the value reads, sorted and distinct. The list is shared: do not change it.
func (v Value) References() []Path {
	if v.refs != nil {
		return v.refs
	}
	var paths []Path
	if v.program != nil {
		paths = v.program.references
	}
	if v.template != nil {
		paths = v.template.references
	}
	v.each(func(inner Value) { paths = append(slices.Clip(paths), inner.References()...) })
	return mergePaths(paths)
}

// Divisors returns the promised values (see [Type.Promised]) that must not be 0, sorted and distinct.
func (v Value) Divisors() []Path {
	var paths []Path
	if v.program != nil {
		paths = append(paths, v.program.divisors...)
	}
	if v.template != nil {
		paths = append(paths, v.template.Divisors()...)
	}
	v.each(func(inner Value) { paths = append(paths, inner.Divisors()...) })
	return mergePaths(paths)
}

// Registers returns the names of the registers that the value reads, sorted and distinct. The list is shared: do not change it.
func (v Value) Registers() []string {
	var names []string
	if v.program != nil {
		names = v.program.Registers()
	}
	if v.template != nil {
		names = v.template.Registers()
	}
	v.each(func(inner Value) { names = append(names, inner.Registers()...) })
	slices.Sort(names)
	return slices.Compact(names)
}

func (v Value) each(visit func(Value)) {
	for _, item := range v.list {
		visit(item)
	}
	for _, name := range slices.Sorted(maps.Keys(v.object)) {
		visit(v.object[name])
	}
}

// Eval evaluates every part. Lists and objects in the result are new; the rest follows [Program.Eval]. The error, an
// [*EvalError], is that of the first part that fails, objects in the order of their names.
func (v Value) Eval(env Env) (any, error) {
	switch {
	case v.program != nil:
		return v.program.Eval(env)
	case v.template != nil:
		text, err := v.template.Render(env)
		if err != nil {
			return nil, err
		}
		return text, nil
	case v.list != nil:
		return v.evalList(env)
	case v.object != nil:
		return v.evalObject(env)
	}
	return v.constant, nil
}

func (v Value) evalList(env Env) (any, error) {
	list := make([]any, len(v.list))
	for i, item := range v.list {
		result, err := item.Eval(env)
		if err != nil {
			return nil, inside("["+strconv.Itoa(i)+"]", err)
		}
		list[i] = result
	}
	return list, nil
}

func (v Value) evalObject(env Env) (any, error) {
	object := make(map[string]any, len(v.object))
	for _, name := range slices.Sorted(maps.Keys(v.object)) {
		result, err := v.object[name].Eval(env)
		if err != nil {
			return nil, inside(name, err)
		}
		object[name] = result
	}
	return object, nil
}

// inside extends the path of an error by the name or position of the part that it comes from.
func inside(name string, err error) error {
	var failed *EvalError
	if !errors.As(err, &failed) {
		return err
	}
	outer := *failed
	switch {
	case failed.Path == "", strings.HasPrefix(failed.Path, "["):
		outer.Path = name + failed.Path
	default:
		outer.Path = name + "." + failed.Path
	}
	return &outer
}
