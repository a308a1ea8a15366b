package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"steward/definitions"
)

// Change is one fact that a decision established. Its fold (apply) computes nothing and is never edited once released.
type Change interface {
	kind() string
	apply(s *State)
}

// Evolve folds one change into a state and answers the new state; s stays as it was.
func Evolve(s *State, c Change) *State {
	return Fold(s, c)
}

// Fold folds changes into a copy of s, in order.
func Fold(s *State, changes ...Change) *State {
	next := s.Clone()
	for _, c := range changes {
		c.apply(next)
	}
	return next
}

// Kind answers the stable name of a change, as it stands in the decision log.
func Kind(c Change) string { return c.kind() }

// EncodeChanges writes changes as the decision log keeps them: a JSON list of {"k": kind, …fields}.
func EncodeChanges(changes []Change) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, c := range changes {
		if i > 0 {
			b.WriteByte(',')
		}
		body, err := json.Marshal(c)
		if err != nil {
			return nil, fmt.Errorf("encode change %s: %w", c.kind(), err)
		}
		fmt.Fprintf(&b, `{"k":%q`, c.kind())
		if len(body) > 2 {
			b.WriteByte(',')
		}
		b.Write(body[1:])
	}
	b.WriteByte(']')
	return b.Bytes(), nil
}

// ErrNewerFormat says that a log or state was written by a newer build; another worker must take it.
var ErrNewerFormat = errors.New("written in a newer format than this build knows")

// DecodeChanges reads what EncodeChanges wrote. A kind that this build does not know yields ErrNewerFormat.
func DecodeChanges(text []byte) ([]Change, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("decode changes: %w", err)
	}
	changes := make([]Change, 0, len(raw))
	for _, r := range raw {
		var head struct {
			K string `json:"k"`
		}
		if err := json.Unmarshal(r, &head); err != nil {
			return nil, fmt.Errorf("decode change: %w", err)
		}
		c := newChange(head.K)
		if c == nil {
			return nil, fmt.Errorf("change %q: %w", head.K, ErrNewerFormat)
		}
		if err := json.Unmarshal(r, c); err != nil {
			return nil, fmt.Errorf("decode change %q: %w", head.K, err)
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// changeTypes maps the kind of every change to its type.
var changeTypes = typesByKind(
	new(ProcessStarted), new(ProcessEnding), new(ProcessEnded), new(ClockAdvanced), new(StoodStill), new(InputChanged),
	new(AnchorsChanged), new(VarsChanged), new(TitleChanged), new(BusinessKeySet), new(RoleResolved), new(RolePicked),
	new(EventTold), new(NodeOpened), new(NodeActivated), new(NodeSkipped), new(NodeClosed), new(NodeLeaving), new(GotoAwaits),
	new(NodeDue), new(EachStarted), new(OccurrenceCounted), new(OutputSet), new(OutputsCleared), new(OutputKept),
	new(TaskOpened), new(TaskAssigned), new(TaskDue), new(TaskOverdue), new(TaskClosed), new(Voted), new(Queued),
	new(DeadlineSet), new(LadderReset), new(ApprovalLeftOut), new(DeadlineCleared), new(RepetitionsMissed), new(Booked),
	new(BookingConfirmed), new(BookingEnded), new(Recorded), new(Messaged), new(ChildStarted), new(ChildEnded),
	new(ChildCancelled), new(ProposalOpened), new(ProposalClosed),
)

func typesByKind(changes ...Change) map[string]reflect.Type {
	types := make(map[string]reflect.Type, len(changes))
	for _, c := range changes {
		types[c.kind()] = reflect.TypeOf(c).Elem()
	}
	return types
}

// newChange makes an empty change of the kind, nil when the kind is not known.
func newChange(kind string) Change {
	t, known := changeTypes[kind]
	if !known {
		return nil
	}
	c, _ := reflect.TypeAssert[Change](reflect.New(t))
	return c
}

// ProcessStarted is the first change of every log.
type ProcessStarted struct {
	Format     int              `json:"format"`
	Process    string           `json:"process"`
	Definition Ref              `json:"definition"`
	Starter    string           `json:"starter"`
	Parent     *ParentRef       `json:"parent,omitempty"`
	Title      definitions.Text `json:"title"`
	At         time.Time        `json:"at"`
	Input      map[string]any   `json:"input,omitempty"`
	Parameters map[string]any   `json:"parameters,omitempty"`
}

// ClockAdvanced moves the time of the newest event; it never runs backwards.
type ClockAdvanced struct {
	At time.Time `json:"at"`
}

// StoodStill counts deadlines that fired one after the other without time going on.
type StoodStill struct {
	Times int `json:"times"`
}

// ProcessEnding says that the steps are over and `finally` runs.
type ProcessEnding struct {
	Outcome string    `json:"outcome"`
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty"`
}

// ProcessEnded is the last change of a log.
type ProcessEnded struct {
	Outcome string     `json:"outcome"`
	At      time.Time  `json:"at"`
	Parent  *ParentRef `json:"parent,omitempty"` // who is told
}

// InputChanged replaces fields of the input.
type InputChanged struct {
	Fields map[string]any `json:"fields"`
	By     string         `json:"by,omitempty"`
	Cause  string         `json:"cause"` // edit | set | proposal
}

// AnchorsChanged makes anchors known, moves them, or (nil) makes them unknown again.
type AnchorsChanged struct {
	Anchors map[string]*time.Time `json:"anchors"`
}

// VarsChanged replaces the values of formulas.
type VarsChanged struct {
	Vars map[string]any `json:"vars"`
}

// TitleChanged replaces the title of the instance.
type TitleChanged struct {
	Title definitions.Text `json:"title"`
}

// BusinessKeySet fixes what names the process among the open ones of its definition.
type BusinessKeySet struct {
	Key string `json:"key"`
}

// RoleResolved fixes whom a role means in this process.
type RoleResolved struct {
	Role       string   `json:"role"`
	Principals []string `json:"principals"`
}

// RolePicked fixes to whom of a role its tasks go in this process. Whom the role means otherwise stays as it is.
type RolePicked struct {
	Role string `json:"role"`
	User string `json:"user"`
}

// EventTold records that an event of the definition happened.
type EventTold struct {
	Event   string         `json:"event"`
	At      time.Time      `json:"at"`
	By      string         `json:"by,omitempty"`
	Assumed bool           `json:"assumed,omitempty"`
	Data    map[string]any `json:"data,omitempty"`
}

// NodeOpened adds a node instance.
type NodeOpened struct {
	Node     int            `json:"node"`
	Parent   int            `json:"parent,omitempty"`
	Path     string         `json:"path"`
	Slot     int            `json:"slot,omitempty"`
	At       time.Time      `json:"at"`
	Waiting  bool           `json:"waiting,omitempty"`
	Frame    bool           `json:"frame,omitempty"`
	Item     any            `json:"item,omitempty"`
	Index    int            `json:"index,omitempty"`
	Caller   string         `json:"caller,omitempty"`
	Extra    bool           `json:"extra,omitempty"`
	Proposal bool           `json:"proposal,omitempty"`
	Facts    map[string]any `json:"facts,omitempty"` // what the opening rested on, e.g. the value of `when`
}

// NodeActivated says that a waiting node may begin.
type NodeActivated struct {
	Node int       `json:"node"`
	At   time.Time `json:"at"`
}

// NodeSkipped says that a node did not run because its `when` was false.
type NodeSkipped struct {
	Path   string         `json:"path"`
	Parent int            `json:"parent,omitempty"`
	At     time.Time      `json:"at"`
	Reason string         `json:"reason"` // when | kept | not_needed
	Facts  map[string]any `json:"facts,omitempty"`
}

// NodeClosed removes a node instance; whatever lies under it has been closed before.
type NodeClosed struct {
	Node   int       `json:"node"`
	Path   string    `json:"path"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"` // done | until | ended | goto | replaced | superseded | failed
}

// NodeLeaving says that a node closes as soon as the finally of a group in it, or its own, is over.
type NodeLeaving struct {
	Node int `json:"node"`
	Leaving
}

// GotoAwaits has a sequence continue at the node with the path Target when nothing is open in it any more; an empty Target
// says that it does so now.
type GotoAwaits struct {
	Node   int    `json:"node"`
	Target string `json:"target,omitempty"`
}

// NodeDue fixes or moves the due date of a node that has no task, and marks a late start.
type NodeDue struct {
	Node int        `json:"node"`
	Due  *time.Time `json:"due"`
	Late bool       `json:"late,omitempty"`
}

// EachStarted fixes the list that an each block runs over.
type EachStarted struct {
	Node  int   `json:"node"`
	Items []any `json:"items"`
}

// OccurrenceCounted counts one more occurrence of a repeat block and how many were passed over.
type OccurrenceCounted struct {
	Node    int `json:"node"`
	Count   int `json:"count"`
	Skipped int `json:"skipped,omitempty"`
}

// OutputSet keeps what a step left behind; Item appends it to the list of the loop Step instead.
type OutputSet struct {
	Frame  int    `json:"frame,omitempty"`
	Step   string `json:"step"`
	Output Output `json:"output"`
	Item   bool   `json:"item,omitempty"`
	Keep   int    `json:"keep,omitempty"` // of an Item: how many of the list stay, the oldest go first; 0 keeps all
}

// OutputsCleared moves outputs into the earlier rounds. Mark is the frame in which a later round may keep them (-1 for
// the process itself), or 0 when the step simply runs again.
type OutputsCleared struct {
	Frame int      `json:"frame,omitempty"`
	Steps []string `json:"steps"`
	Mark  int      `json:"mark,omitempty"`
}

// OutputKept takes the output of the last round as that of this round: nothing that the step used has changed.
type OutputKept struct {
	Frame int    `json:"frame,omitempty"`
	Step  string `json:"step"`
}

// TaskOpened adds a task.
type TaskOpened struct {
	Task Task           `json:"task"`
	Why  map[string]any `json:"why,omitempty"` // how these people were found
}

// TaskAssigned changes who has or may take a task: claim, release, transfer, escalation.
type TaskAssigned struct {
	Task       string     `json:"task"`
	Assignee   string     `json:"assignee,omitempty"`
	Candidates []string   `json:"candidates,omitempty"`
	ClaimedAt  *time.Time `json:"claimedAt,omitempty"`
	Revision   int        `json:"revision"`
	By         string     `json:"by,omitempty"`
	Verb       string     `json:"verb"` // claim | release | transfer | escalate
	Comment    string     `json:"comment,omitempty"`
}

// TaskDue moves the due date of an open task.
type TaskDue struct {
	Task     string     `json:"task"`
	Due      *time.Time `json:"due"`
	Late     bool       `json:"late,omitempty"`
	Revision int        `json:"revision"`
}

// TaskOverdue marks a task whose due date has passed.
type TaskOverdue struct {
	Task     string    `json:"task"`
	At       time.Time `json:"at"`
	Revision int       `json:"revision"`
}

// TaskClosed removes a task.
type TaskClosed struct {
	Task     string    `json:"task"`
	Status   string    `json:"status"` // done by a person, or closed by the process
	Outcome  string    `json:"outcome,omitempty"`
	By       string    `json:"by,omitempty"`
	At       time.Time `json:"at"`
	Comment  string    `json:"comment,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Revision int       `json:"revision"`
}

// Voted adds one approver's decision to an approval of several, and says who is asked next.
type Voted struct {
	Node  int      `json:"node"`
	Vote  Vote     `json:"vote"`
	Queue []string `json:"queue,omitempty"`
}

// Queued fixes who is asked later in a sequential approval.
type Queued struct {
	Node  int      `json:"node"`
	Queue []string `json:"queue"`
}

// DeadlineSet plans a deadline, or moves the one that Was names; Why says which anchors, amounts and calendar led to the
// moment. A moved deadline has a new id: whatever became of the old one does not concern it.
type DeadlineSet struct {
	Deadline Deadline `json:"deadline"`
	Was      string   `json:"was,omitempty"`
	Why      any      `json:"why,omitempty"`
}

// LadderReset lets due date, reminders and rungs of a node come again: its due date has moved into the future.
type LadderReset struct {
	Node int `json:"node"`
}

// DeadlineCleared removes a deadline, because it fired or is no longer wanted.
type DeadlineCleared struct {
	ID    string `json:"id"`
	Node  int    `json:"node,omitempty"`
	Key   string `json:"key"`
	Fired bool   `json:"fired,omitempty"`
}

// RepetitionsMissed counts further repetitions of a reminder or a rung as passed: they were missed together with one that
// fired.
type RepetitionsMissed struct {
	Node  int    `json:"node"`
	Key   string `json:"key"`
	Count int    `json:"count"`
}

// Booked adds or replaces (same ID) a booking.
type Booked struct {
	Booking Booking `json:"booking"`
}

// BookingConfirmed turns a hold into a booking.
type BookingConfirmed struct {
	ID  string   `json:"id"`
	Was *Booking `json:"was,omitempty"` // the hold, for readers of the log; nil in logs of earlier builds
}

// BookingEnded ends a booking at At: what lies before stays on record, what lies after is free.
type BookingEnded struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`        // released | replaced | dropped
	Was    *Booking  `json:"was,omitempty"` // the booking, for readers of the log; nil in logs of earlier builds
}

// Recorded appends an entry to a register.
type Recorded struct {
	Register string         `json:"register"`
	Entry    string         `json:"entry"` // id
	Key      string         `json:"key,omitempty"`
	Data     map[string]any `json:"data"`
}

// Messaged asks for a message to each recipient. Text is rendered from Template and Args when it is read or sent.
type Messaged struct {
	To       []string         `json:"to"` // principals
	Template string           `json:"template"`
	Cause    string           `json:"cause"` // with the process and sequence it makes the message unique for a recipient
	Channel  string           `json:"channel"`
	Task     string           `json:"task,omitempty"`
	Text     definitions.Text `json:"text,omitzero"` // for messages whose text the definition gives
	Args     map[string]any   `json:"args,omitempty"`
}

// ChildStarted starts another process.
type ChildStarted struct {
	Child Child          `json:"child"`
	Input map[string]any `json:"input"`
}

// ChildEnded says that a child is over.
type ChildEnded struct {
	Process string `json:"process"`
	Outcome string `json:"outcome"`
}

// ChildCancelled asks a child to end, because nobody waits for it any more.
type ChildCancelled struct {
	Process string `json:"process"`
}

// ProposalOpened begins a proposal.
type ProposalOpened struct {
	Proposal Proposal `json:"proposal"`
}

// ApprovalLeftOut says that the proposal's block left an approval out, because the first one is asked again.
type ApprovalLeftOut struct {
	Path string `json:"path"`
}

// ProposalClosed ends a proposal, accepted or not.
type ProposalClosed struct {
	Event    string `json:"event"`
	Accepted bool   `json:"accepted"`
	Reason   string `json:"reason,omitempty"` // accepted | failed | superseded | ended
}
