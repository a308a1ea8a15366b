package simulate

import (
	"time"

	"steward/definitions"
	"steward/internal/calendar"
)

// Kind says what an entry of a timeline is about.
type Kind string

// The kinds of entries; docs/simulate.md says what each means.
const (
	Started   Kind = "started"
	Opened    Kind = "opened"
	Waiting   Kind = "waiting"
	Assigned  Kind = "assigned"
	Moved     Kind = "moved"
	Reminded  Kind = "reminded"
	Escalated Kind = "escalated"
	Overdue   Kind = "overdue"
	Completed Kind = "completed"
	Closed    Kind = "closed"
	Skipped   Kind = "skipped"
	Booked    Kind = "booked"
	Released  Kind = "released"
	Recorded  Kind = "recorded"
	Message   Kind = "message"
	Told      Kind = "told"
	Proposed  Kind = "proposed"
	Accepted  Kind = "accepted"
	Dropped   Kind = "dropped"
	ChildKind Kind = "child"
	Ending    Kind = "ending"
	Ended     Kind = "ended"
	Refused   Kind = "refused"
	FaultKind Kind = "fault"
)

// Kinds lists the kinds of entries.
func Kinds() []Kind {
	return []Kind{
		Started, Opened, Waiting, Assigned, Moved, Reminded, Escalated, Overdue, Completed, Closed, Skipped, Booked, Released,
		Recorded, Message, Told, Proposed, Accepted, Dropped, ChildKind, Ending, Ended, Refused, FaultKind,
	}
}

// Line is one entry of a timeline. Times are in the zone of the process's calendar.
type Line struct {
	At      time.Time        `json:"at"`
	Process string           `json:"process"` // id of the definition; "<id>#2" for the second process of it, and so on
	Step    string           `json:"step,omitempty"`
	Kind    Kind             `json:"kind"`
	Who     []string         `json:"who,omitempty"`  // user ids and principals ("group:x")
	Name    string           `json:"name,omitempty"` // of an event, resource, register, message or child
	Outcome string           `json:"outcome,omitempty"`
	Text    definitions.Text `json:"text,omitzero"`
	Due     *time.Time       `json:"due,omitempty"`
	Why     definitions.Text `json:"why,omitzero"` // how the due date came about
}

// Timeline is what happened in a rehearsal, in order.
type Timeline struct {
	Definition string  `json:"definition"`
	Lines      []Line  `json:"timeline"`
	Summary    Summary `json:"summary"`

	cal     *calendar.Calendar
	anchors map[string]time.Time // known when the process had started
	started time.Time
}

// Summary is how a rehearsal ended.
type Summary struct {
	Status   string           `json:"status"`            // running, ending or ended; "" when the start itself failed
	Outcome  string           `json:"outcome,omitempty"` // of the process
	Started  time.Time        `json:"started"`
	Ended    *time.Time       `json:"ended,omitempty"`
	Lead     string           `json:"lead,omitempty"` // from start to end, e.g. "2d 7h 10m"
	Done     map[string]int   `json:"done"`           // tasks completed by each person
	Open     []Open           `json:"open,omitempty"`
	Stopped  definitions.Text `json:"stopped,omitzero"` // which bound ended the rehearsal
	Faults   []Fault          `json:"faults,omitempty"` // decisions that failed
	Refusals int              `json:"refusals"`         // commands that were refused
	Events   int              `json:"events"`           // decisions made
	Children int              `json:"children"`         // processes besides the first
	Overdue  int              `json:"overdue"`          // tasks whose due date passed
	Messages int              `json:"messages"`         // one a recipient
}

// Open is what had not ended when the rehearsal did.
type Open struct {
	Process string           `json:"process"`
	Step    string           `json:"step"`
	Who     []string         `json:"who,omitempty"`
	Since   time.Time        `json:"since"`
	Due     *time.Time       `json:"due,omitempty"`
	Why     definitions.Text `json:"why"`
}

// Fault is a decision that failed: a mistake in the definition that only shows while it runs.
type Fault struct {
	At      time.Time `json:"at"`
	Process string    `json:"process"`
	Event   string    `json:"event"`
	Code    string    `json:"code"`
	Path    string    `json:"path,omitempty"`
	Message string    `json:"message"`
}
