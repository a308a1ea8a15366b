package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheBinaryLinksNoTemporalServer: the server belongs to the development program, which has a module of its own. Linked here it
// would more than double the binary and tie our libraries' versions to its own.
func TestTheBinaryLinksNoTemporalServer(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	packages := strings.Fields(string(out))
	require.Contains(t, packages, "go.temporal.io/sdk/client", "the list is that of the product")
	for _, p := range packages {
		require.False(t, p == "go.temporal.io/server" || strings.HasPrefix(p, "go.temporal.io/server/"), "%s is linked", p)
		require.False(t, strings.HasPrefix(p, "github.com/temporalio/ui-server"), "%s is linked", p)
	}
}
