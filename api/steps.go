package api

import (
	"slices"
	"time"

	"steward/definitions"
	"steward/definitions/expr"
	"steward/workflows/engine"
)

// stepTree draws the steps of a process: what is done, what goes on now and with whom, and what is still to come.
type stepTree struct {
	def   *definitions.Definition
	state *engine.State
	names *nameBook
	input any
	open  map[string][]engine.Node // open instances by path
	ran   map[string]bool          // steps done in a run of a loop that is still open
}

func newStepTree(def *definitions.Definition, state *engine.State, names *nameBook) *stepTree {
	t := &stepTree{def: def, state: state, names: names, open: make(map[string][]engine.Node), ran: make(map[string]bool)}
	if def.Input != nil {
		t.input = expr.Bind(def.Input.TypeOf(), state.Input)
	}
	for _, n := range state.Nodes {
		t.open[n.Path] = append(t.open[n.Path], n)
		for id := range n.Frame {
			t.ran[id] = true
		}
	}
	return t
}

// steps answers the tree: the steps, then what runs at the end. Blocks that are at work now stand under the step that
// called them.
func (t *stepTree) steps() []ProcessStep {
	over := t.state.Status != engine.StatusRunning
	list := t.children(t.def.Root, over)
	if t.def.Finally != nil {
		list = append(list, t.children(t.def.Finally, t.state.Status == engine.StatusEnded)...)
	}
	for _, name := range sortedKeys(t.def.Blocks) {
		if block := t.def.Blocks[name]; len(t.open[block.Path]) > 0 {
			list = append(list, t.step(block, false))
		}
	}
	return list
}

// children draws what lies under a node; over says that nothing more can open there.
func (t *stepTree) children(n *definitions.Node, over bool) []ProcessStep {
	list := []ProcessStep{}
	if n == nil {
		return list
	}
	last := t.furthest(n)
	for i, c := range n.Children {
		list = append(list, t.step(c, over || (n.Kind == definitions.Sequence && i < last) || t.leftOut(n, c)))
	}
	return list
}

// leftOut says whether a part of a parallel block was skipped: all its parts open at once, so that one which is neither
// open nor done while another is will not come any more.
func (t *stepTree) leftOut(block, part *definitions.Node) bool {
	return block.Kind == definitions.Parallel && len(t.open[block.Path]) > 0 && !t.waits(block) && !t.touched(part)
}

func (t *stepTree) waits(n *definitions.Node) bool {
	return !slices.ContainsFunc(t.open[n.Path], func(open engine.Node) bool { return !open.Waiting })
}

// furthest answers the slot of the last child of a sequence that was reached.
func (t *stepTree) furthest(n *definitions.Node) int {
	last := -1
	for i, c := range n.Children {
		if t.touched(c) {
			last = i
		}
	}
	return last
}

// touched says whether a node or anything under it is open or was done.
func (t *stepTree) touched(n *definitions.Node) bool {
	if len(t.open[n.Path]) > 0 {
		return true
	}
	if _, done := t.state.Outputs[n.ID]; (done || t.ran[n.ID]) && n.ID != "" {
		return true
	}
	return slices.ContainsFunc(n.Children, t.touched)
}

func (t *stepTree) step(n *definitions.Node, passed bool) ProcessStep {
	view := ProcessStep{Path: n.Path, ID: n.ID, Kind: StepKind(n.Kind), Uses: n.Uses, Name: plainName(n, filling{t.def, t.input, t.names}), Round: len(t.state.Rounds[n.ID])}
	output, done := t.state.Outputs[n.ID]
	done = done && n.ID != ""
	now := t.open[n.Path]
	switch {
	case len(now) > 0:
		t.showOpen(&view, n, now)
	case done:
		t.showDone(&view, n, output)
	case t.endedAt(n):
		view.State, view.Outcome, view.DoneAt = StepStateDone, t.state.Outcome, at(t.state.EndedAt)
	case len(n.Children) > 0 && slices.ContainsFunc(n.Children, t.touched):
		view.State = StepStateDone
	case passed:
		view.State = StepStateSkipped
	default:
		view.State = StepStateComing
		view.Who = t.expected(n)
	}
	if output.Loop {
		view.Runs = len(output.Items)
	}
	if len(n.Children) > 0 {
		view.Children = t.children(n, len(now) == 0 && (passed || done || view.State == StepStateDone))
	}
	return view
}

// endedAt says whether a process ended at a node that ends it.
func (t *stepTree) endedAt(n *definitions.Node) bool {
	return n.Kind == definitions.End && n.Target != nil && t.state.Status != engine.StatusRunning && n.Target.End == t.state.Outcome
}

// automatic says whether a step is done by the system: nobody is asked, although its output names whose command led to it.
func automatic(n *definitions.Node) bool { return n.Kind == definitions.Step && len(n.Assign) == 0 }

func (t *stepTree) showDone(view *ProcessStep, n *definitions.Node, o engine.Output) {
	view.State, view.Outcome, view.OpenedAt, view.DoneAt = StepStateDone, o.Outcome, at(o.OpenedAt), o.DoneAt.UTC()
	if o.By != "" && !automatic(n) {
		view.By = t.names.person(o.By)
	}
	if o.Loop && len(o.Items) > 0 {
		last := o.Items[len(o.Items)-1]
		view.Outcome, view.DoneAt = last.Outcome, last.DoneAt.UTC()
	}
}

func (t *stepTree) showOpen(view *ProcessStep, n *definitions.Node, now []engine.Node) {
	first := now[0]
	view.State, view.OpenedAt, view.DueAt, view.Late = StepStateNow, first.OpenedAt.UTC(), at(first.Due), first.Late
	if t.waits(n) {
		view.State, view.OpenedAt, view.Who = StepStateWaiting, time.Time{}, t.expected(n)
		return
	}
	for _, task := range t.state.Tasks {
		if task.Path != n.Path {
			continue
		}
		view.Name = Text(task.Name)
		if view.DueAt.IsZero() || (task.Due != nil && task.Due.Before(view.DueAt)) {
			view.DueAt = at(task.Due)
		}
		view.Late = view.Late || task.Late
		view.Who = append(view.Who, t.names.holders(task)...)
	}
}

// expected answers who will get a step, as far as its roles say so before it opens.
func (t *stepTree) expected(n *definitions.Node) []Principal {
	var to []Principal
	for _, r := range n.Assign {
		for _, p := range knownPrincipals(r, t.state) {
			to = append(to, t.names.principal(p))
		}
	}
	return to
}

// knownPrincipals answers whom a role means when that can be told without a decision; nil when it cannot.
func knownPrincipals(r *definitions.Role, state *engine.State) []string {
	if r.Ref != nil {
		r = r.Ref
	}
	switch {
	case r.Name != "" && len(state.Roles[r.Name]) > 0:
		return state.Roles[r.Name]
	case r.Starter:
		return []string{"user:" + state.Starter}
	case r.User != "":
		return []string{"user:" + r.User}
	case r.Group != "":
		return []string{"group:" + r.Group}
	case r.Post != "":
		return []string{"post:" + r.Post}
	case r.ActorOf != "" && state.Outputs[r.ActorOf].By != "":
		return []string{"user:" + state.Outputs[r.ActorOf].By}
	case r.Field != "":
		return inputPrincipal(r.Field, state)
	}
	return nil
}
