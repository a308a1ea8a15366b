package workflows

import (
	"time"
)

// Names that the API, the worker and Temporal's UI share. They are part of recorded histories and never change.
const (
	ProcessWorkflow = "steward.Process"
	AdvanceActivity = "steward.Advance"
	NudgeSignal     = "nudge"
	TaskQueue       = "steward"
)

// Effects is what a process wants from its workflow: a level, not an edge.
type Effects struct {
	Seq   int64      `json:"s,omitempty"`
	Next  *time.Time `json:"n,omitempty"` // earliest deadline, UTC
	Ended bool       `json:"e,omitempty"`
	Again bool       `json:"a,omitempty"` // Advance has more to do
	Waits string     `json:"w,omitempty"` // the steps it waits at
	Head  string     `json:"h,omitempty"` // names the row of the log at Seq: a restored database may hold another one
	// Behind says that Postgres holds less of the process than its workflow has seen: the workflow parks.
	Behind bool `json:"b,omitempty"`
}

// Input starts or continues the workflow of a process. Known carries what its workflow already knows, over continue-as-new or
// from an API that has decided the first step itself; with it no first Advance is needed.
type Input struct {
	Process string   `json:"p"`
	Known   *Effects `json:"k,omitempty"`
	Seen    *Mark    `json:"n,omitempty"` // what an Advance last confirmed, when Known is newer than that
	// Events is the length of history at which the run continues as new. It is said here, not in code, so that a run that began under
	// another limit replays; whoever starts a run says EventsPerRun. 0 means 2,000.
	Events int `json:"e,omitempty"`
}

// EventsPerRun is what a new run's history may grow to, some fifty steps: what a worker replays that has not kept the process in memory.
const EventsPerRun = 250

// Mark names a row of a decision log: its sequence, and the first characters of its chain hash ("" when they are not known).
type Mark struct {
	Seq  int64  `json:"s"`
	Head string `json:"h,omitempty"`
}

// Advance is the argument of the local activity.
type Advance struct {
	Process string `json:"p"`
	Seen    int64  `json:"s,omitempty"` // what this workflow saw with its own eyes: the last sequence …
	Head    string `json:"h,omitempty"` // … and what names its row
	Told    *Mark  `json:"t,omitempty"` // newer news from the API
	Cancel  bool   `json:"c,omitempty"` // somebody cancelled the workflow in Temporal: turn it into a command
}
