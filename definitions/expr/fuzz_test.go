package expr_test

import (
	"testing"

	"steward/definitions/expr"
)

func FuzzCompile(f *testing.F) {
	for _, tc := range problemCases() {
		f.Add(tc.text)
	}
	for _, text := range []string{
		`ceil(input.attendees * (1 + parameters.cup_spare))`,
		`outputs.layout?.outcome == "done" && outputs.clear?.outcome != "done"`,
		`sortBy(filter(outputs.refill, .round > 1), .by, "desc") | map(.by) | join("、")`,
		`let a = input.remark; a == nil ? "none" : a[0:1]`,
		`count("dunning", {customer: input.room}) > 2 ?? x.y[3]`,
		`if x.a { 1..3 } else { {a: [nil]} }`,
	} {
		f.Add(text)
	}
	scope, env := world().WithLimits(expr.Limits{Steps: 1000, Memory: 10_000}), worldEnv()
	f.Fuzz(func(t *testing.T, text string) {
		program, problems := expr.Compile(text, scope, expr.WantAny())
		requireHonestProblems(t, text, problems)
		if program != nil {
			_, err := program.Eval(env)
			requireEvalError(t, err)
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for _, text := range []string{
		`{{input.room}} 续茶`, `\{{x}} {{"}}"}}`, `{{`, `}}{{}}`, "{{`a`}}{{'\\''}}", `{{ {a: {b: 1}}.a.b }}`, `{{x.n}}{{nope}}`,
	} {
		f.Add(text)
	}
	scope, env := world().WithLimits(expr.Limits{Steps: 1000, Memory: 10_000}), worldEnv()
	f.Fuzz(func(t *testing.T, text string) {
		template, problems := expr.CompileTemplate(text, scope)
		requireHonestProblems(t, text, problems)
		if template != nil {
			_, err := template.Render(env)
			requireEvalError(t, err)
		}
	})
}
