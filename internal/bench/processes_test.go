package bench

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/internal/app"
)

func TestDefinitionsHaveNoProblem(t *testing.T) {
	t.Parallel()
	for _, source := range []string{approvalSource, timerSource, chainSource(chainProcess, 220), longSource(memorySteps, rehearsalDays)} {
		def, problems := definitions.Compile(bundle(source), app.Kinds())
		require.Empty(t, problems, source[:40])
		require.NotNil(t, def)
	}
}

func TestCompileNamesProblems(t *testing.T) {
	t.Parallel()
	_, err := compile("process: x\n")
	require.ErrorContains(t, err, "bench.yaml has")
}

// TestMemory measures without servers: the figures are all there and of a credible size.
func TestMemory(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := &Site{Plan: Plan{Decisions: 20}, Report: NewReport(&out, io.Discard, Machine{})}
	require.NoError(t, s.Memory(t.Context()))
	for _, unit := range []string{"µs", "allocs", "ms"} {
		require.Contains(t, out.String(), unit)
	}
}

func TestMissesCountsOneMetric(t *testing.T) {
	t.Parallel()
	m := newMisses()
	m.WithTags(map[string]string{"queue": "x"}).Counter(missCounter).Inc(2)
	m.Counter("temporal_sticky_cache_hit").Inc(5)
	m.Gauge("size").Update(9)
	m.Timer("latency").Record(9)
	require.EqualValues(t, 2, m.count.Load())
}
