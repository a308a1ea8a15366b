package definitions

import (
	"encoding/json"

	"steward/definitions/expr"
	"steward/definitions/timex"
)

// Text is a name or message in the two languages of the product. An empty language falls back to the other one.
type Text struct {
	Zh string `json:"zh,omitempty"`
	En string `json:"en,omitempty"`
}

// In returns the text in lang ("zh" or "en"), or the other language when that one is empty.
func (t Text) In(lang string) string {
	if (lang == "en" && t.En != "") || t.Zh == "" {
		return t.En
	}
	return t.Zh
}

// Template is a Text whose languages are compiled templates with {{expressions}}.
type Template struct {
	Zh *expr.Template
	En *expr.Template
}

// Definition is one compiled, immutable process definition. Every reference in it is resolved, every expression typed.
// It is safe for concurrent use.
type Definition struct {
	ID          string
	Name        Text
	Description Text
	Domain      string
	Covers      []string
	Outcomes    []string       // declared outcomes of the process
	Title       *Template      // title of an instance; nil means Name
	BusinessKey *expr.Template // nil means none
	Input       *Schema
	Rules       []Rule
	Parameters  []Parameter
	Anchors     []Anchor // in an order in which each uses only earlier ones
	Vars        []Var    // in an order in which each uses only earlier ones
	Roles       map[string]*Role
	Calendar    string
	Tables      map[string]*Table
	Registers   []string             // registers that the definition writes or reads
	Books       map[string]*Register // the same registers with their schemas, by name
	Root        *Node                // the sequence under `steps`
	Blocks      map[string]*Node
	Events      []*Event
	Finally     *Node // sequence, nil when there is none

	Tidies         bool // some group has a finally
	VarsUseOutputs bool // some anchor or var reads outputs or rounds: compute them again when a step is done

	Nodes   map[string]*Node   // every static node by Path
	Steps   map[string]*Node   // every node with an ID, by ID
	Actions map[string]*Action // every action by Path

	paces []pace // distances of repetitions that parameters alone make up

	Source []byte // the YAML text as published
	Digest string // sha256 of the canonical source with all that it includes, hex
}

// Schema is a JSON Schema 2020-12 object used for the start form and for the forms of steps.
type Schema struct {
	Raw    map[string]any // the schema as written, defaults included
	Fields []Field        // the properties in the order written
	Type   expr.Type      // the type that expressions see

	validate func(data map[string]any) []FieldError
}

// TypeOf is the type that expressions see; that of a missing schema is an object without fields.
func (s *Schema) TypeOf() expr.Type {
	if s == nil {
		return expr.Object(nil)
	}
	return s.Type
}

// ResourceOf answers the kind of resource that a path such as input.room holds the id of; "" when it holds none.
func (d *Definition) ResourceOf(path expr.Path) string {
	if d.Input == nil || len(path) != 2 || (path[0] != "input" && path[0] != "before") {
		return ""
	}
	for _, f := range d.Input.Fields {
		if f.Name == path[1] {
			return f.Resource
		}
	}
	return ""
}

// Field is one property of a Schema, as pages and lists need it.
type Field struct {
	Name     string
	Title    Text
	Required bool
	Default  any
	Resource string // x-resource: kind of resource that the value names, "" when none
}

// FieldError says what is wrong with one field of submitted data; Field is a path such as "rows.2.name".
type FieldError struct {
	Field string `json:"field"`
	Code  string `json:"code"` // stable: required, type, minimum, format, rule, unknown …
	Zh    string `json:"zh"`
	En    string `json:"en"`
}

// Validate checks data against the schema and answers every problem, ordered by field; nil means valid.
func (s *Schema) Validate(data map[string]any) []FieldError {
	if s == nil || s.validate == nil {
		return nil
	}
	return s.validate(data)
}

// Register is a book that people keep: entries of one schema. No two entries have the same Key; without Key all are kept.
type Register struct {
	Name   string
	Title  Text
	Key    []string // fields that identify an entry
	Schema *Schema
}

// Rule is a condition between fields, checked at start, at every edit and at every proposal.
type Rule struct {
	Field   string
	Must    *expr.Program // bool
	Message Template      // empty means a message made from the expression
}

// Parameter is a house standard; an installation or a site may override Default.
type Parameter struct {
	Name    string
	Type    string // string, integer, number, boolean, duration ("30m", fixed units) or time (a time expression as text)
	Default any    // JSON value
	Title   Text

	NotZero  bool // something is divided by it: no value of it may be 0
	Interval bool // something is repeated at this distance: every value is a duration of at least ShortestInterval

	Anchors []string // when it gives a time of the process: what every value may count from; otherwise nil
	Window  bool     // that time may be a window a..b
}

// Anchor is a named moment. Exactly one of Expr and Event is set.
type Anchor struct {
	Name  string
	Expr  *expr.Program // yields a Time, nil (not yet known) allowed
	Event string        // the event that makes it known
}

// Var is a formula, recomputed when what it uses changes.
type Var struct {
	Name string
	Expr *expr.Program
}

// NodeKind says what a static node of the definition's tree is.
type NodeKind string

// The kinds of static nodes.
const (
	Sequence NodeKind = "sequence" // children one after the other; also the body of a group, block and finally
	Parallel NodeKind = "parallel" // children at once, joined when all are closed
	Each     NodeKind = "each"     // Children[0] once per item
	Repeat   NodeKind = "repeat"   // Children[0] again and again
	Step     NodeKind = "step"     // a task kind at work
	End      NodeKind = "end"      // ends the process with an outcome
	Goto     NodeKind = "goto"     // continues at another node of the same or an enclosing sequence
)

// Node is one static node: a block or a step. Common keys that a node does not carry are zero.
type Node struct {
	ID     string // "" for an anonymous block; the body of an each or repeat with a single step has "" too
	Path   string // unique in the definition and stable, e.g. "steps/3/prepare/0/layout"; state and logs refer to nodes by it
	Kind   NodeKind
	Parent *Node
	Slot   int // position in Parent.Children
	Name   Template
	Line   int

	When      *expr.Program // bool; nil means always
	NotBefore []TimeValue   // earliest of the known; not known makes the node wait
	Until     []TimeValue   // closes the node with everything open in it
	Due       []TimeValue
	Remind    []Remind
	Escalate  []Escalation
	On        map[string]*Action // by outcome; of a group: done, until, and what its ladder gives
	Assign    []*Role
	Form      *Form
	Outcomes  []string // that people may choose or the kind may answer; the first goes on when On says nothing
	Ladder    []string // further outcomes, which only an escalation gives
	Redo      string   // "" or "always"
	Priority  int
	Exclude   []*Role // people who may not do it

	Children []*Node
	Finally  *Node // of a group: the second of its two children, which runs however the first ends

	Each   *EachSpec
	Repeat *RepeatSpec

	Uses          string            // kind of a step
	With          expr.Value        // the step's parameters, a map; evaluated when the step opens
	Params        json.RawMessage   // constant parameters checked against the kind's schema (what has no expression)
	Task          *TaskDefinition   // set for uses: task/<name>
	Target        *Action           // what a goto or end node does
	Message       Template          // kind notify: the text
	To            []*Role           // kind notify: the recipients
	Wait          *WaitSpec         // kind wait
	Child         *ChildSpec        // kind process
	Mode          string            // kind approval: any | all | sequential
	Self          string            // kind approval: allow | forbid the starter as approver
	Table         *Table            // kind choose
	Type          expr.Type         // what outputs.<ID> is
	Used          []expr.Path       // everything that the step's expressions, times and form read; sorted, unique
	Checks        []Text            // checklist items of the task
	Fields        map[string]string // field → read | write | hidden
	WaitsForSteps bool              // one of its times counts from a step being opened, claimed or done
	ResourceKey   string            // kind reserve: the source text of with.resource, e.g. "=input.room"; a later booking with the same key replaces the earlier
	timed         []string          // outcomes that an escalation may give
	main          bool              // the first of the two parts of a group with finally
	Enclose       *Node             // nearest enclosing each/repeat body root (frame of outputs), nil at top level
}

// EachSpec says how an each block runs over its list.
type EachSpec struct {
	In         *expr.Program // a list
	As         string
	Sequential bool
	Single     bool // the body is one step: outputs.<id> is a list of its outputs; otherwise a list of maps by step id
}

// RepeatSpec says when a repeat block opens its body.
type RepeatSpec struct {
	Every   *Interval
	While   *expr.Program // checked before each further occurrence; nil means always
	Overlap string        // replace | skip
	Max     int           // most occurrences, a limit against run-aways
	Single  bool
}

// WaitSpec says what a wait step waits for: a moment, an event of the process, or whichever comes first.
type WaitSpec struct {
	Until []TimeValue
	Event string
}

// ChildSpec says which process a process step starts.
type ChildSpec struct {
	Process  string
	Outcomes []string // of the child, known when the definition was published
	Wait     bool
}

// TimeValue is one moment of a list, either a time expression or an `=` expression that yields a time or the text of a time expression.
type TimeValue struct {
	Time *timex.Expr
	Expr *expr.Program
}

// Remind is one reminder rule of a step: At is relative to due unless it names an anchor; Every repeats it from At on until due.
type Remind struct {
	At    TimeValue
	From  *TimeValue // first moment when Every is set
	Every *Interval
	To    []*Role // nil: those who may do the task
}

// Escalation is one rung of the ladder of a step; At is relative to due ("+0" is the due date itself).
type Escalation struct {
	At      TimeValue
	Every   *Interval // repeats the rung from At on while the task is open
	Notify  []*Role
	To      []*Role // re-assigns the task
	Outcome string  // closes the task with this outcome
}

// Action is what follows an outcome. At most one of Goto, Do, End, Fail is set; none means "go on".
type Action struct {
	Path string
	Goto *Node
	Do   *Node // the block's sequence
	Then *Action
	End  string
	Fail bool
}

// Role is a rule that finds people. Exactly one source is set.
type Role struct {
	Name     string // "" for a rule written in place
	Starter  bool
	User     string
	Group    string
	Post     string
	LeaderOf *Role
	Level    int           // for LeaderOf, from 1
	ActorOf  string        // the person who completed that step
	Assignee bool          // the present assignee of the task (in remind and escalate)
	Ref      *Role         // another named role
	Expr     *expr.Program // yields a user id, a principal ("group:x") or a list of them
	ExprOf   string        // what Expr names: user, group or post; "" for user ids and principals
	Field    string        // form field or input that names the person, e.g. "input.host"
	Pick     string        // "" or claim (first comes), least-loaded
	PerTask  bool          // resolved per task instead of once per process
	Frozen   bool          // the members of the group or post at that moment, and nobody who joins later
	Empty    *Role         // whom to take when nobody is found
	EmptyDo  string        // "" | skip | auto-approve | incident
}

// Form is what a task asks for.
type Form struct {
	Schema *Schema
	Input  []string // fields of the process input that the form edits
	Ref    string
	For    []string // outcomes with which the required fields are demanded; with the others they may be left empty
}

// TaskDefinition is a reusable human task of the library (`uses: task/<name>`).
type TaskDefinition struct {
	ID   string
	Name Text
	With *Schema // what the step's With may give to it
	Node *Node   // the form; everything else of it is already merged into the steps that use it
}

// Event is something that people or other processes may tell a running process.
type Event struct {
	Name        string
	Title       Text
	By          []*Role
	Set         *Schema // payload fields that replace input fields
	Propose     []string
	Schema      *Schema // schema of the payload: the fields of Set or Propose, nil when it carries none
	Via         *Node   // block for Propose
	Anchor      bool    // makes the anchor of the same name known
	At          *expr.Program
	Correctable bool
	Default     []TimeValue // when nobody told by then, it is taken as having happened then
	Remind      []Remind
	Then        *Action  // after Set, Anchor or a successful proposal
	Redo        []string // steps to do again after a successful proposal
	End         string   // ends the process with this outcome
}

// Table is a decision table.
type Table struct {
	Name    string
	Hit     string // first | unique
	Inputs  []TableInput
	Outputs []string
	Rows    []TableRow
	Type    expr.Type // of one result
}

// TableInput is one column that is compared.
type TableInput struct {
	Name string
	Expr *expr.Program
}

// TableRow is one rule: When holds one condition per input (nil matches anything), Then one value per output.
type TableRow struct {
	When []*expr.Program // bool, with `value` in scope beside the names of the definition
	Then []expr.Value
	Line int
}
