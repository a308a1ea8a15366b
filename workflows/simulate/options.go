package simulate

import (
	"errors"
	"time"

	"steward/definitions"
	"steward/internal/calendar"
	"steward/workflows/engine"
)

// Options say what to rehearse. Definition and Start are required.
type Options struct {
	Definition *definitions.Definition
	// Child answers the definition of a child process, nil when there is none. A nil func knows none.
	Child      func(id string) (*definitions.Definition, error)
	Input      map[string]any // JSON values
	Parameters map[string]any // what differs from the defaults
	Starter    string         // "" means the model person Starter
	Start      time.Time

	People    Profiles
	House     House
	Script    Script
	Bookings  []Booking          // what is taken already
	Registers map[string][]Entry // what is in the books already

	Bounds    Bounds
	Engine    *engine.Engine                // nil means the built-in kinds with the default limits
	Calendars map[string]*calendar.Calendar // by name; the shipped ones need not be given
}

// Bounds end a rehearsal that does not end by itself.
type Bounds struct {
	Events int           // decisions; 0 means 10,000
	Span   time.Duration // of virtual time; 0 means 400 days
}

const (
	defaultEvents = 10_000
	defaultSpan   = 400 * 24 * time.Hour
)

// withDefaults fills in what was left out and refuses what cannot be rehearsed.
func (o Options) withDefaults() (Options, error) {
	if o.Definition == nil {
		return o, errors.New("rehearse: no definition was given")
	}
	if o.Start.IsZero() {
		return o, errors.New("rehearse: start is missing: say when the process begins, for example 2026-03-02 09:00")
	}
	o.Start = o.Start.UTC()
	o.Starter = first(o.Starter, Starter)
	if o.Bounds.Events <= 0 {
		o.Bounds.Events = defaultEvents
	}
	if o.Bounds.Span <= 0 {
		o.Bounds.Span = defaultSpan
	}
	if o.Engine == nil {
		o.Engine = engine.New(engine.DefaultLimits, nil)
	}
	return o, nil
}
