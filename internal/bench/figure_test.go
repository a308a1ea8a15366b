package bench

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		value float64
		bound Bound
		want  string
	}{
		{"enough", 2, AtLeast, "ok"},
		{"exactly enough", 1.5, AtLeast, "ok"},
		{"not enough", 1.49, AtLeast, "short"},
		{"quick", 1, AtMost, "ok"},
		{"exactly at the limit", 1.5, AtMost, "ok"},
		{"slow", 1.51, AtMost, "short"},
		{"not measured", math.NaN(), AtMost, "short"},
		{"over a baseline of nothing", math.Inf(1), AtLeast, "short"},
		{"for orientation", 7, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, Figure{Value: c.value, Bound: c.bound, Target: 1.5}.Verdict())
		})
	}
}

func TestLineOfAFigure(t *testing.T) {
	t.Parallel()
	f := Figure{Name: "throughput", Value: 0.7349, Unit: "×", Bound: AtLeast, Target: 0.8, Baseline: "101/s", Note: "74.2/s"}
	require.Equal(t, "throughput 0.73 × ≥ 0.80 × short (baseline: 101/s) 74.2/s", strings.Join(strings.Fields(f.String()), " "))
	require.Equal(t, "events 17 events ≤ 22 events ok",
		strings.Join(strings.Fields(Figure{Name: "events", Value: 17, Unit: "events", Bound: AtMost, Target: 22}.String()), " "))
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 0.123: "0.12", 3: "3", 9.994: "9.99", 12.34: "12.3", 123.4: "123", 22000: "22000", -0.5: "-0.50"} {
		require.Equal(t, want, number(v))
	}
	require.Equal(t, "none", number(math.NaN()))
	require.Equal(t, "none", number(math.Inf(1)))
}

func TestReportKeepsRowsAndCountsWhatFallsShort(t *testing.T) {
	t.Parallel()
	var lines, rows bytes.Buffer
	r := NewReport(&lines, &rows, Machine{At: time.Unix(0, 0).UTC(), Plan: "quick", CPUs: 2})
	require.NoError(t, r.Add(
		Figure{Name: "a", Value: 1, Bound: AtLeast, Target: 2, Runs: []float64{1, 1}},
		Figure{Name: "b", Value: math.NaN(), Bound: AtMost, Target: 2},
		Figure{Name: "c", Value: 3},
	))
	require.Equal(t, 2, r.Short())
	require.Equal(t, 3, strings.Count(lines.String(), "\n"))
	var got []map[string]any
	for dec := json.NewDecoder(&rows); dec.More(); {
		var row map[string]any
		require.NoError(t, dec.Decode(&row))
		got = append(got, row)
	}
	require.Len(t, got, 3)
	require.Equal(t, "quick", got[0]["plan"])
	require.Equal(t, "short", got[0]["verdict"])
	require.Equal(t, "short", got[1]["verdict"], "a figure that could not be measured is not met")
	require.Contains(t, got[1]["note"], "not measured")
	require.NotContains(t, got[2], "verdict")
}
