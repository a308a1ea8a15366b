package library_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/definitions/library"
	"steward/workflows/simulate"
)

func tdef(t *testing.T, id string) *definitions.Definition {
	b, err := library.Bundle(id)
	require.NoError(t, err)
	d, p := definitions.Compile(b, definitions.NewRegistry(definitions.Builtin()...))
	if d == nil {
		definitions.Render(os.Stdout, p, "en")
	}
	require.NotNil(t, d)
	return d
}

func tmp(t *testing.T, id, start string, in map[string]any, prof simulate.Profile, s simulate.Script) {
	loc, _ := time.LoadLocation("Asia/Shanghai")
	at, err := simulate.ParseClock(start, loc)
	require.NoError(t, err)
	tl, err := simulate.Run(context.Background(), simulate.Options{Definition: tdef(t, id),
		Child:  func(id string) (*definitions.Definition, error) { return tdef(t, id), nil },
		Start:  at, Input: in, People: simulate.Profiles{Default: prof}, Script: s})
	require.NoError(t, err)
	tl.Render(os.Stdout, "en")
}
func ev(at, e string, d map[string]any) simulate.ScriptEvent {
	return simulate.ScriptEvent{At: simulate.When{Text: at}, Event: e, Data: d}
}

func TestTmpMeeting(t *testing.T) {
	tmp(t, "meeting_service", "2026-03-02 09:00", map[string]any{"title": "Board", "room": "room-1", "headcount": 10, "microphone": true, "start": "2026-03-04T14:00:00+08:00", "end": "2026-03-04T16:00:00+08:00"}, simulate.Fast,
		simulate.Script{Steps: map[string]simulate.Acts{"inspect": {Always: true, List: []simulate.Act{{Form: map[string]any{"found": []any{map[string]any{"item": "umbrella"}}, "damaged": []any{map[string]any{"item": "lamp"}}}}}}},
			Events: []simulate.ScriptEvent{ev("end+20m", "meeting_ended", nil)}})
}
func TestTmpBooking(t *testing.T) {
	tmp(t, "room_booking", "2026-03-02 09:00", map[string]any{"title": "Board", "room": "room-1", "headcount": 10, "department": "sales", "purpose": "board", "start": "2026-03-04T14:00:00+08:00", "end": "2026-03-04T16:00:00+08:00"}, simulate.Fast,
		simulate.Script{Events: []simulate.ScriptEvent{ev("2026-03-03 10:00", "reschedule", map[string]any{"start": "2026-03-05T14:00:00+08:00", "end": "2026-03-05T16:00:00+08:00"})}})
}
func TestTmpComplaint(t *testing.T) {
	tmp(t, "complaint", "2026-02-11 09:00", map[string]any{"customer": "a", "phone": "12345678", "subject": "queue", "text": "long queue"}, simulate.Fast,
		simulate.Script{Steps: map[string]simulate.Acts{"decide": {Always: true, List: []simulate.Act{{Outcome: "superior_bank"}}}, "opinion": {Always: true, List: []simulate.Act{{At: simulate.When{Text: "2026-03-02 09:00"}}}}}})
}
