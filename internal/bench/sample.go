package bench

import (
	"math"
	"slices"
	"time"
)

// median is the middle of values, the mean of the two middle ones for an even count, and NaN for none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}

// percentile is the smallest duration that at least p of all (0 < p ≤ 1) do not exceed, in milliseconds; NaN for none.
func percentile(all []time.Duration, p float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(all))
	at := int(math.Ceil(p*float64(len(sorted)))) - 1
	return milliseconds(sorted[min(max(at, 0), len(sorted)-1)])
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// ratios divides run by run: product and baseline of one round met the same neighbors.
func ratios(product, baseline []float64) []float64 {
	out := make([]float64, 0, len(product))
	for i, value := range product {
		if i < len(baseline) {
			out = append(out, value/baseline[i])
		}
	}
	return out
}
