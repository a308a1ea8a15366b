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
	// Behind says that Postgres holds less of the process than its workflow has seen: the workflow parks.
	Behind bool `json:"b,omitempty"`
}

// Input starts or continues the workflow of a process. Known carries what its workflow already knows, over continue-as-new or
// from an API that has decided the first step itself; with it no first Advance is needed.
type Input struct {
	Process string   `json:"p"`
	Known   *Effects `json:"k,omitempty"`
}

// Advance is the argument of the local activity.
type Advance struct {
	Process string `json:"p"`
	Seen    int64  `json:"s,omitempty"`
	Cancel  bool   `json:"c,omitempty"` // somebody cancelled the workflow in Temporal: turn it into a command
}
