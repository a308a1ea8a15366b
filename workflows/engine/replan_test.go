package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/workflows/engine"
)

// TestPlanningAgainWithoutAChangeLeavesNoTrace: who reads the timeline is not told of a calendar that does not concern the process.
func TestPlanningAgainWithoutAChangeLeavesNoTrace(t *testing.T) {
	t.Parallel()
	b := run(t, "steps:\n  - { id: a, uses: task, assign: me, due: +2wd, remind: [-1wh] }\n  - { end: good }\n")
	b.start("ann", nil)
	log, state := len(b.log), encoded(t, b.st)
	b.now = b.now.Add(time.Hour)
	require.NoError(t, b.decide(engine.Event{ID: "replan", Type: engine.EventReplan, At: b.now}))
	require.Len(t, b.log, log)
	require.Equal(t, state, encoded(t, b.st))
	require.Equal(t, "applied", b.last.Receipt.Status)
}
