package timex_test

import (
	"testing"

	"steward/definitions/timex"
)

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := timex.Parse("start-1wd 17:00"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvalElapsed(b *testing.B) {
	e, given := must(b, "start-1d 17:00"), env(b)
	for b.Loop() {
		if _, err := e.Eval(given); err != nil {
			b.Fatal(err)
		}
	}
}
