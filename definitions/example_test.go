package definitions_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
)

func loadExample(t testing.TB) definitions.Bundle {
	t.Helper()
	b, err := definitions.LoadBundle(os.DirFS("testdata/example"), "meeting/meeting_service.yaml")
	require.NoError(t, err)
	return b
}

func registry() *definitions.Registry { return definitions.NewRegistry(definitions.Builtin()...) }

func TestTheExampleCompilesWithoutProblems(t *testing.T) {
	t.Parallel()
	d, problems := definitions.Compile(loadExample(t), registry())
	require.NoError(t, definitions.Render(os.Stderr, problems, "en"))
	require.Empty(t, problems)
	require.NotNil(t, d)
}
