package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/apptest"
)

const leave = `process: leave
name: { zh: 请假, en: Leave }
domain: office
outcomes: [granted, refused]
input:
  type: object
  required: [days]
  properties: { days: { type: integer, minimum: 1, x-title: { zh: 天数, en: Days } } }
roles:
  asker: { starter: true }
  office: { group: meeting-office }
steps:
  - { id: plan, name: { zh: 计划, en: Plan }, uses: task, assign: asker }
  - { id: approve, name: { zh: 批准, en: Approve }, uses: approval, assign: office, due: +1wd,
      on: { rejected: { end: refused }, returned: { goto: plan } } }
  - { end: granted }
`

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
