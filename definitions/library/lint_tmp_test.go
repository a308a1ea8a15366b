package library_test

import (
	"os"
	"testing"

	"steward/definitions"
	"steward/definitions/library"
)

func TestTmpLint(t *testing.T) {
	report, err := definitions.Lint(library.FS(), definitions.NewRegistry(definitions.Builtin()...))
	if err != nil {
		t.Fatal(err)
	}
	definitions.Render(os.Stdout, report.Problems, "en")
}
