package library_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/workflows/engine"
)

// TestQuantitiesOfAMeeting holds the supplies against the catalogue: cups for everybody and spares, a flask for three to four
// persons, paper for everybody; in the large room tea is for the platform only.
func TestQuantitiesOfAMeeting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		input, parameters map[string]any
		want              map[string]float64
	}{
		"ten people": {
			input: map[string]any{"headcount": 10},
			want:  map[string]float64{"cups": 11, "saucers": 11, "tea_bags": 11, "flasks": 3, "stationery": 10, "paper_cups": 10, "teapots": 2, "towels": 2},
		},
		"one person": {input: map[string]any{"headcount": 1}, want: map[string]float64{"cups": 2, "flasks": 1, "stationery": 1}},
		"a tenth of a hundred is ten": {
			input: map[string]any{"headcount": 100}, want: map[string]float64{"cups": 110, "flasks": 29},
		},
		"a house with four to a flask and no spares": {
			input: map[string]any{"headcount": 10}, parameters: map[string]any{"persons_per_flask": 4, "cup_spare": 0, "teapots": 5},
			want: map[string]float64{"cups": 10, "flasks": 3, "teapots": 5},
		},
		"a house without flasks": {
			input: map[string]any{"headcount": 10}, parameters: map[string]any{"persons_per_flask": 0},
			want: map[string]float64{"cups": 11, "flasks": 0},
		},
		"the large room": {
			input: map[string]any{"headcount": 200, "platform": 5, "large": true},
			want:  map[string]float64{"cups": 6, "flasks": 2, "stationery": 200},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := supplies(t, c.input, c.parameters)
			for article, n := range c.want {
				require.InDelta(t, n, got[article], 0, article)
			}
		})
	}
}

// supplies starts a booked meeting and answers what its supplies task asks for.
func supplies(t *testing.T, input, parameters map[string]any) map[string]any {
	t.Helper()
	full := map[string]any{"title": "Board", "room": "room-1", "start": "2026-03-04T14:00:00+08:00", "end": "2026-03-04T16:00:00+08:00", "booked": true}
	maps.Copy(full, input)
	decided, err := begin(t, "meeting_service", full, parameters)
	require.NoError(t, err)
	i := slices.IndexFunc(decided.State.Tasks, func(k engine.Task) bool { return k.Step == "supplies" })
	require.GreaterOrEqual(t, i, 0)
	return decided.State.Tasks[i].Details
}
