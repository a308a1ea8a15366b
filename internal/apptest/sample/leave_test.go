package sample_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/internal/apptest/sample"
)

// TestSamplesCompile: a mistake in a sample shows here and not as a riddle in the packages that publish it.
func TestSamplesCompile(t *testing.T) {
	t.Parallel()
	bundle := definitions.Bundle{Name: "leave.yaml", Source: sample.Leave, Files: map[string]string{}}
	def, problems := definitions.Compile(bundle, definitions.NewRegistry(definitions.Builtin()...))
	require.Empty(t, problems)
	require.Equal(t, "leave", def.ID)
	require.Equal(t, []string{"granted", "refused"}, def.Outcomes)
}
