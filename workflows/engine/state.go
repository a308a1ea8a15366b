package engine

import (
	"maps"
	"slices"
	"time"

	"steward/definitions"
)

// StateFormat is the newest format of State and of changes that this build can read and write. A worker that meets a
// higher one must leave the process to another.
const StateFormat = 1

// Status is the stage of a process.
type Status string

// The stages of a process: it runs, then its `finally` block runs, then it is over.
const (
	StatusRunning Status = "running"
	StatusEnding  Status = "ending"
	StatusEnded   Status = "ended"
)

// Ref names one published version of a definition.
type Ref struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	Digest  string `json:"digest,omitempty"`
}

// ParentRef names the process and the node in it that started this process and waits for its end, if Wait.
type ParentRef struct {
	Process string `json:"process"`
	Node    int    `json:"node"`
	Wait    bool   `json:"wait,omitempty"`
	Depth   int    `json:"depth,omitempty"` // of the child: 1 for the child of a process that people started
}

// State is all that is known of one process: the fold of its decision log. All times are UTC.
// Slices and maps inside elements are never changed in place, only replaced, so that Clone may share them.
type State struct {
	Format      int                  `json:"format"`
	Process     string               `json:"process"`
	Definition  Ref                  `json:"definition"`
	Status      Status               `json:"status"`
	Outcome     string               `json:"outcome,omitempty"`
	Starter     string               `json:"starter"`
	Parent      *ParentRef           `json:"parent,omitempty"`
	Title       definitions.Text     `json:"title"`
	BusinessKey string               `json:"businessKey,omitempty"`
	StartedAt   time.Time            `json:"startedAt"`
	EndedAt     *time.Time           `json:"endedAt,omitempty"`
	LastAt      time.Time            `json:"lastAt"`          // time of the newest event, which never runs backwards
	Still       int                  `json:"still,omitempty"` // deadlines fired at LastAt, against loops that time does not end
	Input       map[string]any       `json:"input,omitempty"`
	Parameters  map[string]any       `json:"parameters,omitempty"`
	Anchors     map[string]time.Time `json:"anchors,omitempty"`
	Vars        map[string]any       `json:"vars,omitempty"`
	Roles       map[string][]string  `json:"roles,omitempty"`  // principals of the roles resolved so far
	Picked      map[string]string    `json:"picked,omitempty"` // who of a role has its tasks, where one is picked for all
	Nodes       []Node               `json:"nodes,omitempty"`  // open nodes, by ID
	Tasks       []Task               `json:"tasks,omitempty"`  // open tasks, in order of opening
	Outputs     map[string]Output    `json:"outputs,omitempty"`
	Rounds      map[string][]Output  `json:"rounds,omitempty"` // outputs of earlier rounds, oldest first, by step; inside loops by <frame>/<step>
	Deadlines   []Deadline           `json:"deadlines,omitempty"`
	Bookings    []Booking            `json:"bookings,omitempty"`
	Children    []Child              `json:"children,omitempty"` // children started and not yet ended
	Proposal    *Proposal            `json:"proposal,omitempty"`
	Events      map[string]Told      `json:"events,omitempty"`
	NextNode    int                  `json:"nextNode"`
	NextItem    int                  `json:"nextItem"` // counter behind the ids of tasks, bookings and deadlines
}

// Node is one open node of the process: an instance of a node of the definition.
type Node struct {
	ID       int               `json:"id"`
	Parent   int               `json:"parent,omitempty"` // 0 for the roots: the steps, finally, a proposal's block
	Path     string            `json:"path"`             // of the definition's node
	Slot     int               `json:"slot,omitempty"`   // position among the parent's children
	Waiting  bool              `json:"waiting,omitempty"`
	OpenedAt time.Time         `json:"openedAt"` // when its work could begin; while Waiting, when it was reached
	Item     any               `json:"item,omitempty"`
	Index    int               `json:"index,omitempty"` // of the item or occurrence
	Items    []any             `json:"items,omitempty"` // what an each block runs over
	Frame    map[string]Output `json:"frame,omitzero"`  // not nil: keeps outputs of its own, those of one run of a loop's body
	Count    int               `json:"count,omitempty"` // occurrences that a repeat block has opened
	Skipped  int               `json:"skipped,omitempty"`
	Caller   string            `json:"caller,omitempty"` // for a block run by `do`: the action that called it
	Extra    bool              `json:"extra,omitempty"`  // opened by redo beside the normal course
	Proposal bool              `json:"proposal,omitempty"`
	Votes    []Vote            `json:"votes,omitempty"`
	Queue    []string          `json:"queue,omitempty"` // approvers still to be asked, in order
	Fired    map[string]int    `json:"fired,omitempty"` // how often each deadline (by key) has passed
	Due      *time.Time        `json:"due,omitempty"`
	Late     bool              `json:"late,omitempty"` // its due date had passed when it opened
	Leaving  *Leaving          `json:"leaving,omitempty"`
	Goto     string            `json:"goto,omitempty"` // of a sequence: path of the node at which it continues when nothing is open in it
}

// Leaving says how a node closes that waits for the finally of a group.
type Leaving struct {
	Reason string `json:"reason"`
	Own    bool   `json:"own,omitempty"`   // what its outcome leads to follows; else it makes way for something else
	Final  bool   `json:"final,omitempty"` // its own finally has been opened
}

// Vote is one approver's decision inside an approval of several.
type Vote struct {
	By      string    `json:"by"`
	Outcome string    `json:"outcome"`
	At      time.Time `json:"at"`
	Comment string    `json:"comment,omitempty"`
}

// Task is one open piece of work for a person.
type Task struct {
	ID         string           `json:"id"`
	Node       int              `json:"node"`
	Path       string           `json:"path"`
	Step       string           `json:"step"` // id of the step, for the body of a loop that of the loop
	Kind       string           `json:"kind"`
	Name       definitions.Text `json:"name"`
	Assignee   string           `json:"assignee,omitempty"`   // user id
	Candidates []string         `json:"candidates,omitempty"` // principals
	Exclude    []string         `json:"exclude,omitempty"`    // user ids
	Outcomes   []string         `json:"outcomes"`
	Details    map[string]any   `json:"details,omitempty"` // what the step's `with` says, for the person
	Prefill    map[string]any   `json:"prefill,omitempty"`
	OpenedAt   time.Time        `json:"openedAt"`
	ClaimedAt  *time.Time       `json:"claimedAt,omitempty"`
	Due        *time.Time       `json:"due,omitempty"`
	Late       bool             `json:"late,omitempty"`
	Overdue    bool             `json:"overdue,omitempty"`
	Priority   int              `json:"priority,omitempty"`
	Revision   int              `json:"revision"`
}

// Output is what a step left behind, and for an each or repeat block the list of what its runs left behind.
type Output struct {
	Outcome   string            `json:"outcome,omitempty"`
	By        string            `json:"by,omitempty"`
	ClaimedAt *time.Time        `json:"claimedAt,omitempty"`
	OpenedAt  *time.Time        `json:"openedAt,omitempty"`
	DoneAt    time.Time         `json:"doneAt"`
	Round     int               `json:"round,omitempty"`
	Data      map[string]any    `json:"data,omitempty"`
	Handled   bool              `json:"handled,omitempty"` // its outcome had a consequence of its own, so a later round does not keep it
	Used      string            `json:"used,omitempty"`    // digest of what it read of the input
	Frame     int               `json:"frame,omitempty"`   // of an earlier round that a goto set aside: where it belongs; -1 is the process
	Loop      bool              `json:"loop,omitempty"`    // of an each or repeat block: Items counts, also when empty
	Items     []Output          `json:"items,omitempty"`
	Dropped   int               `json:"dropped,omitempty"` // the oldest items of a long list are only in the log
	Steps     map[string]Output `json:"steps,omitzero"`    // of one run of a body with several steps
}

// Deadline is one moment at which the process acts by itself.
type Deadline struct {
	ID          string    `json:"id"` // unique in the process for ever: the event that fires it is "due/<process>/<ID>"
	Node        int       `json:"node,omitempty"`
	Key         string    `json:"key"` // what it is for, e.g. "due", "remind/0", "event/meeting_ended/default"
	At          time.Time `json:"at"`
	Provisional bool      `json:"provisional,omitempty"` // computed over a year without calendar data
}

// Booking is a resource that the process holds for a time.
type Booking struct {
	ID       string    `json:"id"`
	Node     int       `json:"node"`
	Key      string    `json:"key"` // what it is for: a later booking with the same key replaces it
	Resource string    `json:"resource"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Hold     bool      `json:"hold,omitempty"` // made for a proposal that is not decided yet
}

// Child is a process started by this one.
type Child struct {
	Process    string `json:"process"`
	Definition Ref    `json:"definition"`
	Node       int    `json:"node,omitempty"`
	Wait       bool   `json:"wait,omitempty"`
}

// Proposal is a change of the input that waits for its block to end well.
type Proposal struct {
	Event  string         `json:"event"`
	By     string         `json:"by"`
	Fields map[string]any `json:"fields"`
	Node   int            `json:"node"`
	// Approval is the path of the first approval, when it was still open as the proposal was made: it is then asked
	// again with the new values, and the block's own approvals are left out.
	Approval string `json:"approval,omitempty"`
	LeftOut  bool   `json:"leftOut,omitempty"` // an approval of the block was left out for it
}

// Told says that an event of the definition has happened.
type Told struct {
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty"`
	Count   int       `json:"count"`
	Assumed bool      `json:"assumed,omitempty"` // nobody told; the default was taken
}

// Clone answers a copy that may be evolved without touching s. Maps are shared: a fold replaces a map instead of writing
// into it (see with).
func (s *State) Clone() *State {
	c := *s
	c.Nodes = slices.Clone(s.Nodes)
	c.Tasks = slices.Clone(s.Tasks)
	c.Deadlines = slices.Clone(s.Deadlines)
	c.Bookings = slices.Clone(s.Bookings)
	c.Children = slices.Clone(s.Children)
	return &c
}

// with answers a copy of a map with one more entry.
func with[K comparable, V any](m map[K]V, key K, value V) map[K]V {
	c := make(map[K]V, len(m)+1)
	maps.Copy(c, m)
	c[key] = value
	return c
}

// depth says how many processes stand above this one.
func (s *State) depth() int {
	if s.Parent == nil {
		return 0
	}
	return s.Parent.Depth
}

// ChildOf is what a child keeps of its parent.
func (s *State) ChildOf(c Child) *ParentRef {
	return &ParentRef{Process: s.Process, Node: c.Node, Wait: c.Wait, Depth: s.depth() + 1}
}

// node answers the open node with the id, or nil. The pointer is good until the next change.
func (s *State) node(id int) *Node {
	i, ok := slices.BinarySearchFunc(s.Nodes, id, func(n Node, id int) int { return n.ID - id })
	if !ok {
		return nil
	}
	return &s.Nodes[i]
}

// Node answers a copy of the open node with the id.
func (s *State) Node(id int) (Node, bool) {
	if n := s.node(id); n != nil {
		return *n, true
	}
	return Node{}, false
}

func (s *State) task(id string) *Task {
	i := slices.IndexFunc(s.Tasks, func(t Task) bool { return t.ID == id })
	if i < 0 {
		return nil
	}
	return &s.Tasks[i]
}

// Task answers a copy of the open task with the id.
func (s *State) Task(id string) (Task, bool) {
	if t := s.task(id); t != nil {
		return *t, true
	}
	return Task{}, false
}

// Parked says which deadlines wait for an operator and do not fire; nil means none.
type Parked func(deadline string) bool

// NextDeadline is the earliest moment at which the process acts by itself, or nil.
func (s *State) NextDeadline(parked Parked) *time.Time {
	if d := s.earliest(parked); d != nil {
		at := d.At
		return &at
	}
	return nil
}

// EarliestDue answers the deadline that fires next, if its time has come at now.
func (s *State) EarliestDue(now time.Time, parked Parked) (Deadline, bool) {
	if d := s.earliest(parked); d != nil && !d.At.After(now) {
		return *d, true
	}
	return Deadline{}, false
}

// earliest finds the deadline to fire first; among equal times the one that was set first.
func (s *State) earliest(parked Parked) *Deadline {
	var first *Deadline
	for i, d := range s.Deadlines {
		if (first == nil || d.At.Before(first.At)) && (parked == nil || !parked(d.ID)) {
			first = &s.Deadlines[i]
		}
	}
	return first
}

// frame answers the id of the nearest node at or above id that keeps its own outputs, or 0 for the process itself.
func (s *State) frame(id int) int {
	for id != 0 {
		n := s.node(id)
		if n == nil {
			return 0
		}
		if n.Frame != nil {
			return id
		}
		id = n.Parent
	}
	return 0
}

// outputs answers the outputs kept in frame (see frame).
func (s *State) outputs(frame int) map[string]Output {
	if n := s.node(frame); n != nil {
		return n.Frame
	}
	return s.Outputs
}

// inside says whether node id lies at or below ancestor.
func (s *State) inside(id, ancestor int) bool {
	for id != 0 {
		if id == ancestor {
			return true
		}
		n := s.node(id)
		if n == nil {
			return false
		}
		id = n.Parent
	}
	return false
}
