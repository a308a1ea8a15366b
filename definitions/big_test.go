package definitions_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions"
)

// TestALargeDefinitionCompilesInReasonableTime: near the limit of values, with every step reading another's output.
func TestALargeDefinitionCompilesInReasonableTime(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("process: p\nname: P\nsteps:\n  - { id: s0, uses: task, assign: starter }\n")
	for i := 1; i < 200; i++ {
		fmt.Fprintf(&b, "  - { id: s%d, uses: task, assign: starter, when: outputs.s%d?.round != 1, due: s%d.done+1d }\n", i, i-1, i-1)
	}
	started := time.Now()
	d, problems := definitions.Compile(definitions.Bundle{Source: b.String()}, registry())
	require.NotNil(t, d, "%v", problems)
	require.Less(t, time.Since(started), 5*time.Second)
}
