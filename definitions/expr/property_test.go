package expr_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/definitions/expr"
)

// texts draws expressions that are mostly well typed: a leaf of the wanted kind, or an operation that yields it.
type texts struct{ t *rapid.T }

func (g texts) pick(options ...string) string { return rapid.SampledFrom(options).Draw(g.t, "form") }

// fill replaces each verb by an expression: %b bool, %n number, %i integer, %s text, %t time, %d duration, %l list of
// integers, %o nullable object, %u nullable text; %% is a percent sign.
func (g texts) fill(form string, depth int) string {
	var b strings.Builder
	for i := 0; i < len(form); i++ {
		if form[i] != '%' {
			b.WriteByte(form[i])
			continue
		}
		if i++; form[i] == '%' {
			b.WriteByte('%')
			continue
		}
		b.WriteString(g.of(form[i], depth-1))
	}
	return b.String()
}

func (g texts) of(kind byte, depth int) string {
	leaves := map[byte][]string{
		'b': {"true", "input.coffee", "input.vip == true", "input.vip ?? false"},
		'n': {"1.5", "input.price", "parameters.cup_spare", "0.0"},
		'i': {"3", "0", "input.attendees", "vars.cups", "rounds.call ?? 0", "-1", "9223372036854775807"},
		's': {`"a"`, "input.room", "input.visit", `input.remark ?? "-"`},
		't': {"now", "input.start", "anchors.meeting_ended ?? now"},
		'd': {"parameters.tea_every", "hours(2)", "days(1)"},
		'l': {"input.counts", "[1, 2]", "1..5", "map(outputs.refill, .round)", "[]"},
		'o': {"outputs.layout", "outputs.clear", "outputs.refill[0]", `find(outputs.refill, .round > 1)`},
		'u': {"input.remark", "input.contact?.phone", "outputs.clear?.by", "first(input.tags)"},
	}
	if depth <= 0 {
		return "(" + g.pick(leaves[kind]...) + ")"
	}
	forms := map[byte][]string{
		'b': {
			"%b && %b", "%b || %b", "!%b", "%i < %n", "%t > %t", "%d <= %d", "%s == %u", "%s contains %s", "%i in %l", "any(%l, # > %i)",
			"all(%l, %b)", "%b ? %b : %b", "%o != nil", "%o?.outcome == \"done\"", "%l == %l", "let v = %o; v != nil && v.round > %i",
			`outputs.clear == nil || outputs.clear.round > %i`, `outputs.clear?.outcome == "done" && outputs.clear.done_at < %t`,
			`input.remark != nil && %b ? len(input.remark) > %i : %b`, `!(input.contact == nil || input.vip == nil) && input.contact.name == %s`,
			`exists("customers", {limit: %i})`, "%u in input.tags == %b",
		},
		'n': {"%n + %i", "%n * %n", "(%i / %i) ?? %n", "%i > 0 ? %i / %i : %n", "%n ** 2", "%b ? %n : %i", "max(%n, %i)", "abs(%n)", "(%d / %d) ?? %n", "%n / max(1, %i)", "sum(%l, # * %n)", "mean(%l) ?? %n"},
		'i': {
			"%i + %i", "%i - %i", "%i * %i", "(%i %% %i) ?? %i", "ceil(%n)", "round(%n)", "len(%s)", "len(%l)", "sum(%l)", "max(%l) ?? %i",
			"%o?.round ?? %i", "%l[%i] ?? 0", `count("dunning", {a: %s})`, "count(%l, # != %i)", "%b ? %i : %i",
			`lookup("customers", %s)?.limit ?? %i`,
		},
		's': {"%s + %s", "upper(%s)", "%u ?? %s", "%b ? %s : %s", "join(%l, %s)", "string(%t)", "day(%t)", "%o?.by ?? %s", "string(%n)"},
		't': {"%t + %d", "%t - %d", "%o?.done_at ?? %t", "max(%t, %t)", "%b ? %t : %t"},
		'd': {"%t - %t", "%d + %d", "%d * %n", "(%d / %i) ?? %d", "-%d", "minutes(%i)", "sum(%l, minutes(#))"},
		'l': {"filter(%l, # > %i)", "map(%l, # + %i)", "sort(%l)", "uniq(%l)", "concat(%l, %l)", "%l[%i:%i]", "sortBy(%l, -#)", "reverse(%l)", "%b ? %l : %l"},
		'o': {"%b ? %o : %o", "%o ?? %o"},
		'u': {"%b ? %u : nil", "%o?.by"},
	}
	return "(" + g.fill(g.pick(forms[kind]...), depth) + ")"
}

// drawEnv is the world in which each value that may be missing is there or not.
func drawEnv(t *rapid.T) expr.Env {
	env := worldEnv()
	input, _ := env.Values["input"].(map[string]any)
	outputs, _ := env.Values["outputs"].(map[string]any)
	anchors, _ := env.Values["anchors"].(map[string]any)
	for _, optional := range []struct {
		in    map[string]any
		name  string
		value any
	}{
		{input, "remark", "note"},
		{input, "vip", true},
		{input, "contact", map[string]any{"name": "a"}},
		{outputs, "clear", doneStep("chen", 2)},
		{anchors, "meeting_ended", nine},
	} {
		if rapid.Bool().Draw(t, optional.name) {
			optional.in[optional.name] = optional.value
		}
	}
	return env
}

// What the checker accepts must evaluate: to a value of the type that it found, or to an error that no type can prevent.
func TestCheckedExpressionsEvaluate(t *testing.T) {
	t.Parallel()
	scope := world()
	rapid.Check(t, func(t *rapid.T) {
		env := drawEnv(t)
		kind := rapid.SampledFrom([]byte("bnistdlou")).Draw(t, "kind")
		text := texts{t}.of(kind, rapid.IntRange(0, 4).Draw(t, "depth"))
		program, problems := expr.Compile(text, scope, expr.WantAny())
		requireHonestProblems(t, text, problems)
		if program == nil {
			return
		}
		requireHonestResult(t, program, env)
	})
}

// Any text at all must give problems that point into it, or a program.
func TestCompileNeverPanics(t *testing.T) {
	t.Parallel()
	scope, env := world(), worldEnv()
	words := strings.Fields(`input . room start ?. [ ] ( ) { } , : ; ? ?? ! != == < > <= in not and or && || + - * / % ** .. | # #index . nil
		true 1 2.5 "a" '会' let v = if else map filter count sum sortBy lookup max date ( x outputs layout - av_check now parameters`)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 14).Draw(t, "words"), rapid.SampledFrom([]string{"", " "}).Draw(t, "glue"))
		program, problems := expr.Compile(text, scope, expr.WantAny())
		requireHonestProblems(t, text, problems)
		require.Equal(t, program == nil, len(problems) > 0)
		if program != nil {
			_, err := program.Eval(env)
			requireEvalError(t, err)
		}
	})
}

type tester interface {
	require.TestingT
	Helper()
}

func requireHonestProblems(t tester, text string, problems []expr.Problem) {
	t.Helper()
	for _, p := range problems {
		if p.Offset < 0 || p.Length < 0 || p.Offset+p.Length > len(text) || p.Message == "" || p.Code == "" {
			require.Fail(t, "a problem outside the text", "%q: %+v", text, p)
		}
	}
}

func requireEvalError(t tester, err error) {
	t.Helper()
	var failed *expr.EvalError
	if err != nil && !errors.As(err, &failed) {
		require.Fail(t, "an error without a code", "%v", err)
	}
}

func requireHonestResult(t tester, program *expr.Program, env expr.Env) {
	t.Helper()
	result, err := program.Eval(env)
	if err != nil {
		var failed *expr.EvalError
		require.ErrorAs(t, err, &failed)
		require.Contains(t, []expr.Code{expr.CodeNumber, expr.CodeBudget, expr.CodeFact}, failed.Code, "%v", err)
		return
	}
	if found := expr.TypeOf(result); !found.AssignableTo(program.Type()) {
		require.Failf(t, "a result of another type", "%s: %v is %s, not %s", program.Source(), result, found, program.Type())
	}
}
