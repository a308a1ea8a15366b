package definitions_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
)

// TestBookingsThatAreKeptInVain: a hint says where a process can end by a refusal and keep the room.
func TestBookingsThatAreKeptInVain(t *testing.T) {
	t.Parallel()
	const (
		head = `process: p
name: P
outcomes: [held, rejected, cancelled]
input:
  type: object
  required: [room, start, end]
  properties: { room: { type: string }, start: { type: string, format: date-time }, end: { type: string, format: date-time } }
`
		hold    = "{ id: hold, uses: reserve, with: { resource: =input.room, from: =input.start, to: =input.end }, on: { conflict: { end: cancelled } } }\n"
		back    = "{ id: back, uses: release, with: { resource: =input.room } }\n"
		ask     = "{ id: ask, uses: task, assign: starter, outcomes: [yes, no], on: { no: { end: rejected } } }\n"
		refused = "{ end: rejected, when: 'input.room == \"x\"' }\n"
	)
	for name, tc := range map[string]struct {
		body string
		hint bool
	}{
		"refused after it":            {"steps:\n  - " + hold + "  - " + ask + "  - { end: held }\n", true},
		"refused before it":           {"steps:\n  - " + ask + "  - " + hold + "  - { end: held }\n", false},
		"released before the refusal": {"steps:\n  - " + hold + "  - " + back + "  - " + ask + "  - { end: held }\n", false},
		"released in finally":         {"steps:\n  - " + hold + "  - " + ask + "  - { end: held }\nfinally:\n  - " + back, false},
		"released in a group's finally": {
			"steps:\n  - steps:\n      - " + hold + "      - " + ask + "    finally:\n      - " + back + "  - { end: held }\n", false,
		},
		"the group's finally is another's": {
			"steps:\n  - " + hold + "  - steps:\n      - " + ask + "    finally:\n      - " + back + "  - { end: held }\n", true,
		},
		"an end of its own":       {"steps:\n  - " + hold + "  - " + refused + "  - { end: held }\n", true},
		"refused through a block": {"steps:\n  - " + hold + "  - { id: a, uses: task, assign: starter, outcomes: [yes, no], on: { no: { do: sorry } } }\n  - { end: held }\nblocks:\n  sorry:\n    - " + ask, true},
		"a block that releases": {
			"steps:\n  - " + hold + "  - { id: a, uses: task, assign: starter, outcomes: [yes, no], on: { no: { do: sorry, then: { end: cancelled } } } }\n  - { end: held }\nblocks:\n  sorry:\n    - " + back + "    - " + ask, false,
		},
		"an event that ends it": {
			"steps:\n  - " + ask + "  - " + hold + "  - { end: held }\nevents:\n  stop: { by: starter, end: rejected }\n", true,
		},
		"an event that cancels it": {
			"steps:\n  - " + ask + "  - " + hold + "  - { end: held }\nevents:\n  stop: { by: starter, end: cancelled }\n", false,
		},
	} {
		d, problems := definitions.Compile(definitions.Bundle{Source: head + tc.body}, registry())
		require.NotNil(t, d, "%s: %v", name, problems)
		found := slices.ContainsFunc(problems, func(p definitions.Problem) bool { return p.Code == "trap_booking_kept" })
		require.Equal(t, tc.hint, found, "%s: %v", name, problems)
	}
}
