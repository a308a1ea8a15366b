package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAFrozenRoleStaysAsItWas when it was first needed, for the whole process or, per task, for each; a role that is not frozen is the
// group, whoever is in it.
func TestAFrozenRoleStaysAsItWas(t *testing.T) {
	t.Parallel()
	b := run(t, `  crew: { group: attendants, frozen: true }
  each: { group: attendants, frozen: true, per: task }
  chosen: { group: '="attendants"', frozen: true }
  open: { group: attendants }
steps:
  - { id: first, uses: task, assign: [crew, chosen] }
  - parallel:
      - { id: a, uses: task, assign: crew }
      - { id: b, uses: task, assign: each }
      - { id: c, uses: task, assign: chosen }
      - { id: d, uses: task, assign: open }
      - { id: e, uses: task, assign: { group: attendants, frozen: true } }
  - { end: good }
`)
	b.start("ann", nil)
	before, after := []string{"user:bob", "user:cyd"}, []string{"user:cyd", "user:eve"}
	require.Equal(t, before, b.task("first").Candidates)
	b.world.Groups["attendants"] = []string{"cyd", "eve"}
	b.complete("first", "bob", "done", nil)
	require.Equal(t, before, b.task("a").Candidates, "once per process")
	require.Equal(t, after, b.task("b").Candidates, "per task")
	require.Equal(t, before, b.task("c").Candidates, "a group that is computed, too")
	require.Equal(t, []string{"group:attendants"}, b.task("d").Candidates)
	require.Equal(t, after, b.task("e").Candidates, "a rule in place counts when its task opens")
	require.NoError(t, b.tryComplete("a", "bob", "done", nil), "who has left the group since may act all the same")
	require.ErrorContains(t, b.tryComplete("c", "eve", "done", nil), "not yours")
}
