package bench

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	require.True(t, math.IsNaN(median(nil)))
	require.InDelta(t, 5, median([]float64{5}), 0)
	require.InDelta(t, 2.5, median([]float64{4, 1, 3, 2}), 0)
	values := []float64{9, 1, 5}
	require.InDelta(t, 5, median(values), 0)
	require.Equal(t, []float64{9, 1, 5}, values, "the order of rounds is kept")
}

// TestPercentile compares with the definition: the smallest value that a share p of all do not exceed.
func TestPercentile(t *testing.T) {
	t.Parallel()
	require.True(t, math.IsNaN(percentile(nil, 0.5)))
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfN(rapid.IntRange(0, 50), 1, 60).Draw(t, "values")
		p := rapid.SampledFrom([]float64{0.01, 0.5, 0.9, 0.99, 1}).Draw(t, "p")
		all := make([]time.Duration, len(numbers))
		for i, n := range numbers {
			all[i] = time.Duration(n) * time.Millisecond
		}
		want := -1
		for candidate := range 51 {
			below, present := 0, false
			for _, n := range numbers {
				if n <= candidate {
					below++
				}
				present = present || n == candidate
			}
			if present && float64(below) >= p*float64(len(numbers)) {
				want = candidate
				break
			}
		}
		if got := percentile(all, p); got != float64(want) {
			t.Fatalf("percentile %v of %v is %v, want %v", p, numbers, got, want)
		}
	})
}

func TestRatiosPairRounds(t *testing.T) {
	t.Parallel()
	require.Equal(t, []float64{2, 0.5}, ratios([]float64{20, 5}, []float64{10, 10, 99}))
	require.Empty(t, ratios(nil, []float64{1}))
}
