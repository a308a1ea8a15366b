package simulate_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/workflows/simulate"
)

// TestShippedScenarios runs the scenarios beside the definitions of testdata, which show every part of the format.
func TestScenariosOfTestdata(t *testing.T) {
	t.Parallel()
	l := simulate.NewLibrary(os.DirFS("testdata/library"), registry())
	files, err := l.TestFiles()
	require.NoError(t, err)
	require.Equal(t, []string{"office/leave_request.test.yaml"}, files)
	results, err := l.Test(context.Background(), files[0], nil)
	require.NoError(t, err)
	require.Len(t, results, 6)
	for _, r := range results {
		require.Empty(t, r.Failures, r.Name)
	}
}
