package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/apptest"
	"steward/internal/apptest/sample"
)

const leave = sample.Leave

// TestStartTaskApprovalEnd is the shortest whole course, decided by the workflow and by the API.
func TestStartTaskApprovalEnd(t *testing.T) {
	t.Parallel()
	for _, mode := range []advance.Mode{advance.ModeWorkflow, advance.ModeAPI} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			h := apptest.Start(t, func(c *app.Config) { c.Decide = mode })
			h.Publish(leave)
			asker, office := h.SignIn("ahua"), h.SignIn("ali")
			p := asker.Start("leave", map[string]any{"days": 2})
			asker.Complete(p, "plan", "done", nil)
			office.Complete(p, "approve", "approved", nil)
			require.Equal(t, "granted", asker.Ended(p))
		})
	}
}
