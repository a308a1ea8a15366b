package library_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/definitions/library"
	"steward/workflows/simulate"
)

// TestScenarios runs the scenarios beside the shipped definitions on the model of the world.
func TestScenarios(t *testing.T) {
	t.Parallel()
	lib := simulate.NewLibrary(library.FS(), definitions.NewRegistry(definitions.Builtin()...))
	files, err := lib.TestFiles()
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".test.yaml"), func(t *testing.T) {
			t.Parallel()
			results, err := lib.Test(context.Background(), file, nil)
			require.NoError(t, err)
			for _, r := range results {
				for _, failure := range r.Failures {
					t.Errorf("%s:%d %s\n%s", r.File, r.Line, r.Name, failure)
				}
			}
		})
	}
}
