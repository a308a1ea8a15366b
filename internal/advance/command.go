package advance

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"

	"steward/workflows/engine"
)

// Errors of commands that were not stored. Anything that Decide refuses is a receipt instead.
var (
	// ErrNewerFormat says that a newer build has written the process; another worker must take it.
	ErrNewerFormat = engine.ErrNewerFormat

	ErrKeyReused     = errors.New("the idempotency key was used for a different request")
	ErrNoProcess     = errors.New("no such process")
	ErrNoDefinition  = errors.New("no such definition")
	ErrBusinessKey   = errors.New("another open process of this definition has the same business key")
	ErrUnavailable   = errors.New("the database cannot be reached")
	ErrParked        = errors.New("the command met an error in the definition and waits for an operator")
	ErrNotDecidedYet = errors.New("the command is stored but not decided yet")
	ErrNeedsRecovery = errors.New("only `steward recover` can mend this")
	// ErrNeedsPeople says that an incident stands for tasks that nobody can do.
	ErrNeedsPeople = errors.New("only people can mend this")
)

// Command is a request to change one process, made by a person or by another process.
type Command struct {
	Process   uuid.UUID
	Type      string // one of engine.Event…
	Actor     string // user id
	Key       string // Idempotency-Key, unique per actor
	Payload   any    // engine.TaskData, TellData, CancelData …; stored as JSON
	HoldUntil *time.Time
}

// Start is a request to start a process.
type Start struct {
	Definition string
	Version    int // 0 for the newest published
	Input      map[string]any
	Actor      string
	Key        string
}

// Result is what became of a command.
type Result struct {
	Command uuid.UUID
	Process uuid.UUID
	Receipt engine.Receipt
	Replay  bool // the key had been used before with the same request: this is the first answer
}

// Commander takes commands and answers their receipts. ErrNotDecidedYet carries a Result whose receipt is still empty:
// the command is safe and its receipt can be read later.
type Commander interface {
	Start(ctx context.Context, s Start) (Result, error)
	Submit(ctx context.Context, c Command) (Result, error)
	// Receipt answers what became of a command; a zero Receipt means that it is not decided yet.
	Receipt(ctx context.Context, command uuid.UUID) (Result, error)
	// Withdraw deletes a command whose HoldUntil has not passed; it answers false when it is too late.
	Withdraw(ctx context.Context, command uuid.UUID, actor string) (bool, error)
}

// Nudge tells the Temporal workflow of a process that there is something to do. It never fails: what gets lost the sweeper repeats.
// It may wait for room in a queue, until ctx ends at the latest; who must not wait gives a ctx with a short time.
type Nudge func(ctx context.Context, process uuid.UUID, wants Effects)

// Effects is what a process wants from its workflow now: a level, not an edge.
type Effects struct {
	Seq   int64
	Head  string     // the first characters of the chain hash at Seq, hex; "" before the first event
	Next  *time.Time // earliest deadline that does not wait for an operator, UTC
	Ended bool
	Again bool   // there is something to advance: more is stored than one call takes, or a command was just stored
	Waits string // step ids, for Temporal's UI; no personal data

	Start     bool       // the workflow does not exist yet
	Unsettled *time.Time // the mark in processes.unsettled_since that may be cleared once Temporal knows

	Causes []trace.SpanContext // the requests of which a nudge is a part; never told to the workflow
}
