package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/apptest"
	"steward/internal/storetest"
)

// tiny measures everything once, as little as possible.
var tiny = Plan{
	Name: "tiny", Clients: 2, Rounds: 1, Warm: 50 * time.Millisecond, Span: 300 * time.Millisecond, Burst: 300 * time.Millisecond, Alone: 3,
	Evicted: 4, Behind: 3, Samples: 8, Deadlines: 5, PerSecond: 10, Decisions: 10, Warmups: 1,
}

func testStack(t *testing.T) *Stack {
	t.Helper()
	return &Stack{
		ServerURL: storetest.ServerURL(t), Temporal: apptest.Temporal(t).Address(), Dir: t.TempDir(),
		database: func(context.Context, string) (string, error) { return storetest.NewURL(t), nil },
	}
}

// TestEveryPartMeasures runs the whole harness against real servers with next to no load. Its figures mean nothing; that
// each is there, and those that do not depend on the machine are met, does.
func TestEveryPartMeasures(t *testing.T) {
	t.Parallel()
	var rows, out bytes.Buffer
	s := &Site{Plan: tiny, Stack: testStack(t), Report: NewReport(t.Output(), &rows, Machine{Plan: "tiny"}), Log: t.Output()}
	only := []string{"throughput", "history", "alone", "deadlines", "evicted"}
	require.NoError(t, s.measureAll(t.Context(), only, &out))
	require.Empty(t, s.Houses, "nothing is left running")

	found := map[string]row{}
	for dec := json.NewDecoder(&rows); dec.More(); {
		var r row
		require.NoError(t, dec.Decode(&r))
		found[r.Name+" "+r.Unit] = r
	}
	for _, name := range []string{
		"throughput, decide: workflow, direct calls ×", "throughput, decide: workflow, HTTP with sign-in ×",
		"throughput, decide: api, HTTP with sign-in, sustained ×", "burst, then everything settled s",
		"history, decide: workflow events", "history, decide: workflow kB", "history, decide: api events", "history, decide: api kB",
		"complete a task alone, decide: workflow, p99 ms", "complete a task alone, decide: api, p50 ms",
		"10 deadlines a second, late, p99 ms", "complete a task, evicted, 3 steps behind, p99 ms",
	} {
		require.Contains(t, found, name)
		switch found[name].Unit {
		case "×": // on a busy machine nothing may end within so short a time
		case "events", "kB":
			require.Equal(t, "ok", found[name].Verdict, "%+v", found[name])
			fallthrough
		default:
			require.Positive(t, found[name].Value, name)
		}
	}
}

func TestOneFailingPartDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	var rows, out bytes.Buffer
	s := &Site{Plan: tiny, Stack: testStack(t), Report: NewReport(t.Output(), &rows, Machine{})}
	s.Plan.Evicted = 1 // one process never leaves the cache
	err := s.measureAll(t.Context(), []string{"evicted", "memory"}, &out)
	require.ErrorContains(t, err, "met an evicted workflow")
	require.Contains(t, rows.String(), "Decide + Evolve")
}
