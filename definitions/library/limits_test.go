package library_test

import (
	"context"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"steward/workflows/engine"
	"steward/workflows/simulate"
)

// monday is when the processes of these tests start: 2 March 2026, 09:00 in China.
func monday() time.Time { return time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC) }

// begin decides the start of a shipped process by a person who may do everything.
func begin(t *testing.T, id string, input, parameters map[string]any) (engine.Decision, error) {
	t.Helper()
	data, err := json.Marshal(engine.StartData{
		Definition: engine.Ref{ID: id, Version: 1}, Process: "5f0c2d1e-8c1a-5a51-9f57-6f1a2b3c4d5e", Input: input, Parameters: parameters,
	})
	require.NoError(t, err)
	world := simulate.NewWorld()
	world.People["ann"] = simulate.Person{Name: "Ann"}
	world.Groups["attendants"] = []string{"ann"}
	world.Invent = true
	return engine.New(engine.DefaultLimits, nil).Decide(context.Background(), compiled(t)[id], nil,
		engine.Event{ID: "cmd/start", Type: engine.EventStart, At: monday(), Actor: engine.Actor{User: "ann"}, Data: data}, world.For("p", monday()))
}

// TestLimitsOfABookingNameTheFieldAndTheRemedy: each limit is answered with the one field that is to be changed, in both
// languages, and a booking that is wrong in two ways is told both.
func TestLimitsOfABookingNameTheFieldAndTheRemedy(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		from, to time.Duration // after the moment of asking
		want     map[string]string
	}{
		"fits":                  {day, day + time.Hour, map[string]string{}},
		"begins now":            {0, time.Hour, map[string]string{"input.start": "lie in the future"}},
		"further than allowed":  {180*day + time.Second, 180*day + time.Hour, map[string]string{"input.start": "choose a time before 2026-08-29 09:00"}},
		"longer than allowed":   {day, day + 12*time.Hour + time.Second, map[string]string{"input.end": "or book in parts"}},
		"shorter than allowed":  {day, day + 15*time.Minute - time.Second, map[string]string{"input.end": "end at 2026-03-03 09:15 or later"}},
		"ends when it begins":   {day, day, map[string]string{"input.end": "later than the start"}},
		"for years":             {365 * day, 3 * 365 * day, map[string]string{"input.start": "choose a time before 2026-08-29 09:00", "input.end": "or book in parts"}},
		"since years, for more": {-365 * day, 365 * day, map[string]string{"input.start": "lie in the future", "input.end": "or book in parts"}},
	} {
		for _, id := range []string{"meeting_service", "room_booking"} {
			t.Run(id+"/"+name, func(t *testing.T) {
				t.Parallel()
				input := sample(t, id, monday())
				maps.Copy(input, map[string]any{"start": monday().Add(c.from).Format(time.RFC3339), "end": monday().Add(c.to).Format(time.RFC3339)})
				_, err := begin(t, id, input, nil)
				requireFields(t, err, c.want)
			})
		}
	}
}

// requireFields checks that a start was refused for these fields, each once, in words that contain these; without any, that
// it was taken.
func requireFields(t *testing.T, err error, want map[string]string) {
	t.Helper()
	if len(want) == 0 {
		require.NoError(t, err)
		return
	}
	var refusal *engine.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "invalid", refusal.Code)
	require.Len(t, refusal.Fields, len(want), "%+v", refusal.Fields)
	for _, f := range refusal.Fields {
		require.Contains(t, f.En, want[f.Field], f.Field)
		require.NotContains(t, f.En+f.Zh, "_", "who books a room does not know what parameters are called")
		require.Contains(t, want, f.Field)
		require.NotEmpty(t, f.Zh)
	}
}

// TestBothWaysToARoomHaveTheSameLimits: whoever is refused a booking must not get the room by asking for the service itself.
func TestBothWaysToARoomHaveTheSameLimits(t *testing.T) {
	t.Parallel()
	limits := func(id string) map[string]any {
		found := map[string]any{}
		for _, p := range compiled(t)[id].Parameters {
			switch p.Name {
			case "shortest_booking", "longest_booking", "furthest_ahead":
				found[p.Name] = p.Default
			}
		}
		return found
	}
	require.Len(t, limits("room_booking"), 3)
	require.Empty(t, cmp.Diff(limits("room_booking"), limits("meeting_service")))
}
