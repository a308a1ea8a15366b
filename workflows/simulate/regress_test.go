package simulate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/workflows/simulate"
)

// restless is a definition whose rung gives its outcome at a moment of the process instead of one after the opening: once
// that moment has passed, every round is over as it opens.
const restless = `process: restless
name: { zh: 不休, en: Restless }
outcomes: [done]
input: { type: object, required: [start], properties: { start: { type: string, format: date-time } } }
anchors: { start: input.start }
steps:
  - { id: a, uses: approval, assign: { leader-of: starter }, escalate: [{ at: start, outcome: late }], on: { late: { goto: a }, rejected: next, returned: next } }
  - { end: done }
`

// TestARestlessDefinitionIsStopped was found by random definitions: each deadline is an event of its own, so the fuel of a
// decision does not end it. A rehearsal must, with a sentence or as a fault of the engine.
func TestARestlessDefinitionIsStopped(t *testing.T) {
	t.Parallel()
	tl := run(t, simulate.Options{
		Definition: define(t, restless), Start: clock(t, "2026-03-02 09:00"), Input: map[string]any{"start": "2026-03-02T08:00:00+08:00"},
		Bounds: simulate.Bounds{Events: 500},
	})
	require.NotEqual(t, "ended", tl.Summary.Status)
	require.True(t, tl.Summary.Stopped.En != "" || len(tl.Summary.Faults) > 0)
}

// TestAWaitBehindASkippedTaskWaitsInEveryRound was found by random definitions: a wait that kept its result of the first round
// made a circle in which nothing waited.
func TestAWaitBehindASkippedTaskWaitsInEveryRound(t *testing.T) {
	t.Parallel()
	def := define(t, `process: circle
name: { zh: 圈, en: Circle }
outcomes: [done]
input: { type: object, properties: { who: { type: string }, n: { type: integer } } }
roles: { host: { field: input.who, empty: skip } }
steps:
  - { id: a, uses: task, assign: host }
  - { id: b, uses: wait, with: { until: +1h } }
  - { goto: a, when: "rounds.a < 3" }
  - { end: done }
`)
	tl := run(t, simulate.Options{Definition: def, Start: clock(t, "2026-03-02 09:00"), Bounds: simulate.Bounds{Events: 200}})
	require.Empty(t, tl.Summary.Faults)
	require.Equal(t, "running", tl.Summary.Status)
	require.NotEmpty(t, tl.Summary.Stopped.En, "the bound of the rehearsal ends it, after many hours of waiting")
}
