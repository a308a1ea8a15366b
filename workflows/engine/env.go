package engine

import (
	"context"
	"encoding/json"
	"time"

	"steward/definitions"
	"steward/internal/calendar"
)

// Env is the one way in which Decide learns facts. In internal/advance it runs inside the transaction of the decision;
// in the simulator and the model checker it is a model. An error that it returns stops the decision: nothing is kept.
type Env interface {
	// Horizon is the moment up to which nothing else is known to happen: deadlines of a repeat block that lie between
	// the event and the horizon were missed together.
	Horizon() time.Time
	// Calendar answers the working calendar called name ("" is the house's).
	Calendar(ctx context.Context, name string) (*calendar.Calendar, error)
	// Members lists the active user ids behind a principal ("user:x", "group:x", "post:x"), sorted.
	Members(ctx context.Context, principal string) ([]string, error)
	// Anyone says whether anybody active stands behind a principal.
	Anyone(ctx context.Context, principal string) (bool, error)
	// Leader answers the user id of the leader of user, level steps up; "" when there is none.
	Leader(ctx context.Context, user string, level int) (string, error)
	// Person answers what expressions may know of a user.
	Person(ctx context.Context, user string) (Person, error)
	// Load counts the open tasks of each user.
	Load(ctx context.Context, users []string) (map[string]int, error)
	// ResourceName answers what people call a room or another resource; the empty Text when nobody knows its id.
	ResourceName(ctx context.Context, id string) (definitions.Text, error)
	// Reserve stores a booking, or answers what stands in its way and stores nothing.
	Reserve(ctx context.Context, b Booking, title definitions.Text) (*Conflict, error)
	// Definition answers the newest published version of a definition, for a child process.
	Definition(ctx context.Context, id string) (*definitions.Definition, Ref, error)
	// Decided says how a task that is not open any more was decided; nil when there never was such a task.
	Decided(ctx context.Context, task string) (*Decided, error)
	// Entry says whether a register has an entry with the key; a key claimed by Entry is locked until the decision is kept.
	Entry(ctx context.Context, register, key string) (bool, error)
	// Lookup, Count and Exists read registers for expressions.
	Lookup(register string, key any) (map[string]any, error)
	Count(register string, filter map[string]any) (int, error)
	Exists(register string, filter map[string]any) (bool, error)
}

// Person is what expressions and rules may know of a user.
type Person struct {
	ID         string
	Name       string
	Department string
	Principals []string // everything the person counts as: user:…, group:…, post:…
	Operator   bool     // may act for others where a rule says so
}

// Decided is how a task ended.
type Decided struct {
	Winner   Winner
	Revision int
	ByPerson bool // false when the process closed it
}

// Conflict is what stands in the way of a booking.
type Conflict struct {
	Process string           `json:"process"`
	Title   definitions.Text `json:"title"`
	From    time.Time        `json:"from"`
	To      time.Time        `json:"to"`
	Unknown bool             `json:"unknown,omitempty"` // the resource itself does not exist or is out of use
}

// The types of events that Decide knows.
const (
	EventStart      = "start"
	EventClaim      = "task.claim"
	EventRelease    = "task.release"
	EventComplete   = "task.complete"
	EventTransfer   = "task.transfer"
	EventTell       = "event"            // an event of the definition
	EventCancel     = "process.cancel"   // ends the process, running its `finally`
	EventChildEnded = "child.ended"      // told by the child's last decision
	EventReplan     = "calendar.changed" // plans every deadline again
	EventDeadline   = "deadline"
	EventDrop       = "incident.drop" // an operator gives a parked deadline up
)

// Event is one thing that happened to a process, from outside or by its own clock.
type Event struct {
	ID    string          `json:"id"` // unique in the log of the process
	Type  string          `json:"type"`
	At    time.Time       `json:"at"` // when it happened, by Postgres's clock; UTC
	Actor Actor           `json:"actor"`
	Data  json.RawMessage `json:"data,omitempty"`
}

// Actor is who or what caused an event. System actors (a deadline, another process) have no user id.
type Actor struct {
	User    string `json:"user,omitempty"`
	Process string `json:"process,omitempty"`
}

// StartData is the payload of EventStart.
type StartData struct {
	Definition Ref            `json:"definition"`
	Process    string         `json:"process"`
	Input      map[string]any `json:"input"`
	Parameters map[string]any `json:"parameters,omitempty"` // what differs from the defaults in this installation
	Parent     *ParentRef     `json:"parent,omitempty"`
	Starter    string         `json:"starter,omitempty"` // of a child: the starter of its parent
}

// TaskData is the payload of the events on a task.
type TaskData struct {
	Task     string         `json:"task"`
	Revision *int           `json:"expectedRevision,omitempty"`
	Outcome  string         `json:"outcome,omitempty"`
	Form     map[string]any `json:"form,omitempty"`
	Comment  string         `json:"comment,omitempty"`
	To       string         `json:"to,omitempty"` // user id, for transfer
}

// TellData is the payload of EventTell.
type TellData struct {
	Event string         `json:"event"`
	Data  map[string]any `json:"data,omitempty"`
}

// CancelData is the payload of EventCancel.
type CancelData struct {
	Reason string `json:"reason,omitempty"`
}

// ChildData is the payload of EventChildEnded.
type ChildData struct {
	Process string `json:"process"`
	Outcome string `json:"outcome"`
}

// DeadlineData is the payload of EventDeadline.
type DeadlineData struct {
	Deadline string `json:"deadline"`
	Key      string `json:"key"`
	Node     int    `json:"node,omitempty"`
}

// DropData is the payload of EventDrop.
type DropData struct {
	Deadline string `json:"deadline"` // id of the deadline
}

// Receipt is what a command's sender learns. A refused command changed nothing and has no place in the log.
type Receipt struct {
	Status   string                   `json:"status"` // applied | refused
	Code     string                   `json:"code,omitempty"`
	Message  definitions.Text         `json:"message,omitzero"`
	Fields   []definitions.FieldError `json:"fields,omitempty"`
	Process  string                   `json:"process,omitempty"`
	Task     string                   `json:"task,omitempty"`
	Revision int                      `json:"revision,omitempty"` // of the task, after the command or now
	Winner   *Winner                  `json:"winner,omitempty"`   // whose decision stood in the way
	Seq      int64                    `json:"seq,omitempty"`      // place in the log, when applied
}

// Winner says who decided first, what and when.
type Winner struct {
	By      string    `json:"by"`
	Outcome string    `json:"outcome,omitempty"`
	At      time.Time `json:"at"`
}

// Refusal is the error of a command that must not be carried out; it becomes the command's receipt.
type Refusal struct { //nolint:errname // a word of the domain: receipts, documents and the API speak of refusals
	Code     string // stable: forbidden, not_found, stale, closed, invalid, conflict …
	Message  definitions.Text
	Fields   []definitions.FieldError
	Revision int
	Winner   *Winner
	Task     string
}

// Error answers the English message with the code.
func (r *Refusal) Error() string { return r.Code + ": " + r.Message.En }

// Fault is a mistake in a definition or in the engine that shows while it runs. The event is rolled back and parked as
// an incident for an operator; the process itself stays as it was.
type Fault struct { //nolint:errname // a word of the domain, as Refusal
	Code string
	Path string // node of the definition
	Err  error
}

// Error answers the code, the place and the cause.
func (f *Fault) Error() string { return f.Code + " at " + f.Path + ": " + f.Err.Error() }

// Unwrap answers the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Limits bound what one event may do.
type Limits struct {
	Transitions int // nodes opened, closed or skipped and deadlines fired
	Items       int // of one each block
	Occurrences int // of one repeat block kept as outputs
	Depth       int // of children under children
	Still       int // deadlines that may fire one after the other without time going on
}

// DefaultLimits are the limits of architecture.md 1, rule 9.
var DefaultLimits = Limits{Transitions: 1000, Items: 200, Occurrences: 200, Depth: 16, Still: 5000}
