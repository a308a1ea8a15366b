package expr

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// Program is a compiled expression. It is immutable and safe for concurrent use.
type Program struct {
	src        *source
	typ        Type
	want       Want
	dynamic    bool // the type leaves open whether a result is what is wanted
	references []Path
	divisors   []Path
	yields     []Path
	roots      []string
	registers  map[string]*Binder
	limits     Limits
	code       *vm.Program
	usesRun    bool
	machines   sync.Pool
}

// Compile checks and compiles an expression. It returns a program only when there is no problem at all; otherwise every
// problem that could be found, in the order of the text.
func Compile(text string, scope Scope, want Want) (*Program, []Problem) {
	src, limits := newSource(text), scope.effectiveLimits()
	root, problems := src.parse(limits)
	if len(problems) > 0 {
		return nil, problems
	}
	if problems := checkShape(src, root, limits); len(problems) > 0 {
		return nil, problems
	}
	c := newChecker(src, scope)
	t := c.visit(root)
	c.result(root, t, want)
	if len(c.problems) > 0 {
		slices.SortStableFunc(c.problems, func(a, b Problem) int { return a.Offset - b.Offset })
		return nil, c.problems
	}
	p := &Program{
		src: src, typ: t.unpromised(), want: want, dynamic: leavesOpen(t) && (want.typ != nil || len(want.kinds) > 0),
		references: references(root), divisors: mergePaths(c.divisors), yields: mergePaths(yields(root)), registers: make(map[string]*Binder, len(c.registers)), limits: limits,
	}
	p.roots = roots(p.references)
	for name, row := range c.registers {
		p.registers[name] = NewBinder(row)
	}
	if err := p.generate(root, c); err != nil {
		return nil, []Problem{{Code: CodeSyntax, Length: len(text), Message: err.Error()}}
	}
	p.machines.New = func() any { return &machine{env: make(map[string]any, len(p.roots)+1)} }
	return p, nil
}

// leavesOpen reports whether a type is not fully known before an evaluation.
func leavesOpen(t Type) bool {
	switch t.kind {
	case KindAny:
		return true
	case KindList, KindMap:
		return t.elem != nil && leavesOpen(t.Elem())
	}
	for _, field := range t.fields {
		if leavesOpen(field) {
			return true
		}
	}
	return false
}

// generate has expr-lang compile the lowered tree. Its own checker is left out, for ours is stricter.
func (p *Program) generate(root ast.Node, c *checker) error {
	lower := &lowering{types: c.types, functions: c.functions, used: map[string]bool{}}
	tree := &parser.Tree{Node: lower.node(root), Source: file.NewSource(p.src.text)}
	config := &conf.Config{ShortCircuit: true, Functions: conf.FunctionsTable{}}
	config.WithEnv(map[string]any{})
	own := operators()
	for name := range lower.used {
		impl, ok := own[name]
		if !ok {
			impl = c.functions[name].impl
		}
		config.Functions[name] = &builtin.Function{Name: name, Func: impl}
	}
	code, err := compiler.Compile(tree, config)
	if err != nil {
		return fmt.Errorf("generate code: %w", err)
	}
	p.code, p.usesRun = code, lower.usesRun
	return nil
}

// Source returns the text that was compiled.
func (p *Program) Source() string { return p.src.text }

// Type returns the type of the results.
func (p *Program) Type() Type { return p.typ }

// References returns the static paths that the expression reads, sorted and distinct. The list is shared: do not change it.
func (p *Program) References() []Path { return p.references }

// Divisors returns the promised values (see [Type.Promised]) that must not be 0, sorted and distinct. The list is shared:
// do not change it.
func (p *Program) Divisors() []Path { return p.divisors }

// Yields returns the static paths whose value may be the result as it is, sorted and distinct: that of parameters.pause is
// itself, that of `input.fast ? minutes(5) : parameters.pause` too. The list is shared: do not change it.
func (p *Program) Yields() []Path { return p.yields }

// Registers returns the names of the registers that the expression reads, sorted.
func (p *Program) Registers() []string { return slices.Sorted(maps.Keys(p.registers)) }

// machine is what one evaluation needs and the next one can use again.
type machine struct {
	vm  vm.VM
	env map[string]any
	run run
}

// largestStack is the stack of a virtual machine, in values, that is worth keeping.
const largestStack = 1024

// Eval evaluates the expression. Results are nil, bool, int, float64, string, time.Time in UTC, time.Duration, []any or
// map[string]any, and may share parts with env: they must not be changed. Every error is an [*EvalError].
func (p *Program) Eval(env Env) (result any, err error) {
	m, ok := p.machines.Get().(*machine)
	if !ok {
		m = &machine{env: map[string]any{}}
	}
	defer func() {
		if r := recover(); r != nil {
			result, err = nil, p.failure(fmt.Errorf("%v", r))
			return // a machine that failed so is not used again
		}
		p.release(m)
	}()
	result, err = p.eval(m, env)
	if err != nil {
		return nil, p.failure(err)
	}
	return result, nil
}

func (p *Program) eval(m *machine, env Env) (any, error) {
	m.run = run{env: env, steps: p.limits.Steps, memory: p.limits.Memory, registers: p.registers}
	m.vm.MemoryBudget = uint(p.limits.Memory)
	values := env.Values
	if p.usesRun {
		for _, name := range p.roots {
			m.env[name] = env.Values[name]
		}
		m.env[runName] = &m.run
		values = m.env
	}
	raw, err := m.vm.Run(p.code, values)
	if err != nil {
		return nil, err
	}
	result, err := normalize(&m.run, raw, p.typ)
	if err != nil {
		return nil, err
	}
	return result, p.check(result)
}

// check compares a result with the type, which the values in the environment may contradict, and with what is wanted,
// where only the result can tell.
func (p *Program) check(result any) error {
	if result == nil {
		if p.typ.nullable || p.typ.kind == KindAny && p.want.acceptsNil() {
			return nil
		}
		return fault(CodeResultType, "the result is missing, %s is needed", p.expected())
	}
	if !kindFits(p.typ.kind, result) {
		return fault(CodeResultType, "the result is %s, %s is needed", describe(result), p.expected())
	}
	if p.dynamic && !p.want.accepts(TypeOf(result)) {
		return fault(CodeResultType, "the result is %s, %s is needed", TypeOf(result), p.want)
	}
	return nil
}

func (p *Program) expected() string {
	if p.typ.kind == KindAny {
		return p.want.String()
	}
	return p.typ.String()
}

func kindFits(kind Kind, v any) bool {
	switch kind {
	case KindAny:
		return true
	case KindObject, KindMap:
		_, ok := v.(map[string]any)
		return ok
	case KindList:
		_, ok := v.([]any)
		return ok
	}
	return TypeOf(v).kind == kind
}

// release makes a machine forget the values it has seen.
func (p *Program) release(m *machine) {
	if cap(m.vm.Stack) > largestStack {
		return
	}
	clear(m.vm.Stack[:cap(m.vm.Stack)])
	clear(m.vm.Variables)
	if p.usesRun {
		clear(m.env)
	}
	m.run = run{}
	p.machines.Put(m)
}

// failure gives an error its code and its place.
func (p *Program) failure(err error) error {
	failed := &EvalError{Code: CodeEvaluation, Source: p.src.text, Length: len(p.src.text), Message: err.Error()}
	var at *file.Error
	if errors.As(err, &at) {
		failed.Message = plain(at.Message)
		failed.Offset = p.src.offset(at.From)
		failed.Length = max(p.src.offset(at.To)-failed.Offset, 0)
	}
	var own *faultError
	switch {
	case errors.As(err, &own):
		failed.Code, failed.Message, failed.Cause = own.code, own.message, own.cause
	case strings.Contains(failed.Message, "memory budget exceeded"):
		failed.Code = CodeBudget
	}
	return failed
}

// plain rewords what Go says about a value of another type.
func plain(message string) string {
	conversion, found := strings.CutPrefix(message, "interface conversion: interface {} is ")
	if !found {
		return message
	}
	have, want, _ := strings.Cut(conversion, ", not ")
	return fmt.Sprintf("a value of type %s is needed, this is %s", want, have)
}
