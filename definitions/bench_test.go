package definitions_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
)

// BenchmarkCompile compiles the example: what publishing, and each first use of a version after a start, costs.
func BenchmarkCompile(b *testing.B) {
	bundle, kinds := loadExample(b), registry()
	b.ReportAllocs()
	for b.Loop() {
		if d, _ := definitions.Compile(bundle, kinds); d == nil {
			b.Fatal("the example does not compile")
		}
	}
}

// BenchmarkValidate checks the start form of the example.
func BenchmarkValidate(b *testing.B) {
	d, _ := definitions.Compile(loadExample(b), registry())
	require.NotNil(b, d)
	data := map[string]any{
		"title": "Review", "room": "r-1", "attendees": 12, "start": "2026-03-02T09:00:00+08:00", "end": "2026-03-02T11:00:00+08:00",
	}
	require.Empty(b, d.Input.Validate(data))
	b.ReportAllocs()
	for b.Loop() {
		d.Input.Validate(data)
	}
}
