package activities_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/activities"
	"steward/internal/advance"
	"steward/workflows"
)

// crowd is a house in which people wait.
type crowd struct{ here atomic.Bool }

func gathered() *crowd {
	c := &crowd{}
	c.here.Store(true)
	return c
}

// known is what a workflow may take over; there is nothing that it must do soon.
func known(seq int64) advance.Effects {
	later := time.Now().UTC().Add(24 * time.Hour)
	return advance.Effects{Start: true, Seq: seq, Next: &later}
}

func TestPeopleFirst(t *testing.T) {
	t.Parallel()
	b, people := newBed(t), gathered()
	n := b.nudger(activities.NudgerOptions{Busy: people.here.Load, Defer: time.Hour})
	inBackground(t, n.Run)
	patient, acted := uuid.New(), uuid.New()
	n.Nudge(t.Context(), patient, known(1))
	n.Nudge(t.Context(), acted, known(1))
	n.Nudge(t.Context(), acted, advance.Effects{Again: true}) // a first step: somebody waits for the workflow
	eventually(t, func() bool { return len(b.history(t, acted)) > 0 }, "a decision does not wait")
	input, nudges := b.told(t, acted)
	require.Nil(t, input.Known, "it has to look for itself")
	require.Empty(t, nudges, "start and step became one")
	require.Empty(t, b.history(t, patient), "what came earlier can wait")
	require.True(t, n.Holds(patient))

	people.here.Store(false)
	eventually(t, func() bool { return len(b.history(t, patient)) > 0 }, "the crowd is gone")
	eventually(t, func() bool { return !n.Holds(patient) }, "it was told")
}

func TestADeferredNudgeGoesInTheEnd(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]activities.NudgerOptions{
		"after its time":            {Defer: 50 * time.Millisecond},
		"when the queue fills up":   {Defer: time.Hour, Queue: 2},
		"when its deadline is near": {Defer: 24 * time.Hour}, // that of known comes within twice that time
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, people := newBed(t), gathered()
			opts.Busy = people.here.Load
			n := b.nudger(opts)
			inBackground(t, n.Run)
			process := uuid.New()
			n.Nudge(t.Context(), process, known(1))
			eventually(t, func() bool { return len(b.history(t, process)) > 0 }, "sent although people still wait")
		})
	}
}

func TestAProcessThatEndsWhileItsStartWaitsIsToldOfOnce(t *testing.T) {
	t.Parallel()
	b, people := newBed(t), gathered()
	n := b.nudger(activities.NudgerOptions{Busy: people.here.Load, Defer: time.Hour})
	process := uuid.New()
	n.Nudge(t.Context(), process, known(1))
	n.Nudge(t.Context(), process, advance.Effects{Seq: 3, Ended: true})
	stopped, stop := context.WithCancel(t.Context())
	stop()
	n.Run(stopped) // which sends what waits, people or not
	input, nudges := b.told(t, process)
	require.Equal(t, &workflows.Effects{Seq: 3, Ended: true}, input.Known)
	require.Empty(t, nudges)
}
