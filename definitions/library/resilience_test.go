package library_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/definitions/library"
	"steward/workflows/simulate"
)

// sample is an input that each shipped process takes, for a process that starts at a moment.
func sample(t testing.TB, id string, at time.Time) map[string]any {
	t.Helper()
	meeting := map[string]any{
		"title": "Board", "room": "floor-13-large", "headcount": 12, "start": at.Add(30 * time.Hour).Format(time.RFC3339), "end": at.Add(32 * time.Hour).Format(time.RFC3339),
		"projector": true, "microphone": true, "coffee": true, "platform": 3,
	}
	switch id {
	case "meeting_service":
		meeting["large"] = true
		return meeting
	case "room_booking":
		meeting["department"], meeting["purpose"] = "sales", "figures"
		return meeting
	case "lost_found":
		return map[string]any{"item": "umbrella"}
	case "damage_report":
		return map[string]any{"item": "lamp", "place": "room-1"}
	case "complaint":
		return map[string]any{"customer": "Customer A", "phone": "12345678", "subject": "queue", "text": "half an hour"}
	}
	t.Fatalf("there is no sample input for %s: add one", id)
	return nil
}

// TestNothingFailsWhateverPeopleDo: with people of every kind, started in working time, at night and before a long holiday,
// no decision fails and whatever stays open waits for a person or a moment.
func TestNothingFailsWhateverPeopleDo(t *testing.T) {
	t.Parallel()
	lib := simulate.NewLibrary(library.FS(), registry())
	loc, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	for id, def := range compiled(t) {
		for _, start := range []string{"2026-03-02 09:00", "2026-03-06 17:29", "2026-02-14 23:50"} {
			for _, name := range simulate.ProfileNames() {
				t.Run(id+"/"+name+"/"+start, func(t *testing.T) {
					t.Parallel()
					at, err := simulate.ParseClock(start, loc)
					require.NoError(t, err)
					rehearse(t, lib, def, at, simulate.Profile(name))
				})
			}
		}
	}
}

func rehearse(t *testing.T, lib *simulate.Library, def *definitions.Definition, at time.Time, people simulate.Profile) {
	t.Helper()
	line, err := simulate.Run(context.Background(), simulate.Options{
		Definition: def, Child: lib.Process, Input: sample(t, def.ID, at), Start: at, People: simulate.Profiles{Default: people},
		Bounds: simulate.Bounds{Span: 200 * 24 * time.Hour, Events: 600},
	})
	require.NoError(t, err)
	require.Empty(t, line.Summary.Faults)
	require.Zero(t, line.Summary.Refusals, "nobody was asked for what the process then refuses")
	if people == simulate.Fast || people == simulate.Slow {
		require.NotNil(t, line.Summary.Ended, "it must end when people do their work: %+v", line.Summary.Open)
	}
	for _, o := range line.Summary.Open {
		require.NotEqual(t, "nothing will ever make it go on", o.Why.En, "%s %s", o.Process, o.Step)
	}
}
