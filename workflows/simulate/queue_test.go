package simulate

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestQueueKeepsTheOrderOfTimesAndThenOfQueueing compares the queue with a stable sort of what is in it.
func TestQueueKeepsTheOrderOfTimesAndThenOfQueueing(t *testing.T) {
	t.Parallel()
	type entry struct{ minute, n int }
	start := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var model, did []entry
		for _, minute := range rapid.SliceOf(rapid.IntRange(-1, 4)).Draw(t, "minutes, or -1 to take one") {
			if minute >= 0 {
				e := entry{minute, q.n}
				q.put(command{at: start.Add(time.Duration(minute) * time.Minute), do: func() { did = append(did, e) }})
				model = append(model, e)
				slices.SortStableFunc(model, func(a, b entry) int { return cmp.Compare(a.minute, b.minute) })
				continue
			}
			next, ok := q.peek()
			require.Equal(t, len(model) > 0, ok)
			if !ok {
				continue
			}
			require.True(t, next.at.Equal(start.Add(time.Duration(model[0].minute)*time.Minute)))
			q.pop().do()
			require.Equal(t, model[0], did[len(did)-1])
			model = model[1:]
		}
	})
}
