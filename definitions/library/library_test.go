package library_test

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/definitions/library"
)

// TestEveryShippedProcessCompiles holds for whatever files the folder has: they have no problem, not even a hint.
func TestEveryShippedProcessCompiles(t *testing.T) {
	t.Parallel()
	report, err := definitions.Lint(library.FS(), definitions.NewRegistry(definitions.Builtin()...))
	require.NoError(t, err)
	require.Empty(t, report.Problems)
}

func TestBundlesAndBundleAgree(t *testing.T) {
	t.Parallel()
	all, err := library.Bundles()
	require.NoError(t, err)
	for _, b := range all {
		d, _ := definitions.Compile(b, definitions.NewRegistry(definitions.Builtin()...))
		require.NotNil(t, d, b.Name)
		one, err := library.Bundle(d.ID)
		require.NoError(t, err)
		require.Equal(t, b.Digest(), one.Digest())
	}
	_, err = library.Bundle("no_such_process")
	require.ErrorIs(t, err, fs.ErrNotExist)
}
