package expr_test

import (
	"testing"

	"steward/definitions/expr"
)

func BenchmarkEval(b *testing.B) {
	for _, text := range []string{
		`input.start != before.start`,
		`outputs.layout?.outcome == "done"`,
		`ceil(input.attendees * (1 + parameters.cup_spare))`,
		`all(outputs.refill, .outcome == "done")`,
	} {
		b.Run(text, func(b *testing.B) {
			program, problems := expr.Compile(text, world(), expr.WantAny())
			if problems != nil {
				b.Fatal(problems)
			}
			env := worldEnv()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := program.Eval(env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	scope := world()
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := expr.Compile(`outputs.layout?.outcome == "done" && input.start > now`, scope, expr.WantBool()); problems != nil {
			b.Fatal(problems)
		}
	}
}

func BenchmarkBind(b *testing.B) {
	binder := expr.NewBinder(inputType())
	raw := map[string]any{
		"room": "A", "start": "2026-03-01T09:00:00Z", "end": "2026-03-01T10:00:00Z", "attendees": 100.0, "tags": []any{"a", "b"},
	}
	bound := binder.Bind(raw)
	b.Run("raw", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			binder.Bind(raw)
		}
	})
	b.Run("bound", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			binder.Bind(bound)
		}
	})
}
