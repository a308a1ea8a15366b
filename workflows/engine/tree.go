package engine

import (
	"slices"

	"steward/definitions"
)

// place says where and how a node is opened.
type place struct {
	parent   int
	slot     int
	item     any
	index    int
	caller   string
	extra    bool
	proposal bool
	frame    bool
	target   bool // reached by goto: runs in any case
}

// open reaches a node: it is skipped, kept from an earlier round, made to wait, or begun.
func (d *decider) open(def *definitions.Node, at place) {
	if !d.burn(def.Path) {
		return
	}
	if !at.target && d.keeps(def, at.parent) {
		d.emit(&OutputKept{Frame: d.st.frame(at.parent), Step: def.ID})
		d.emit(&NodeSkipped{Path: def.Path, Parent: at.parent, At: d.now, Reason: "kept"})
		d.childDone(at.parent, at.slot)
		return
	}
	if def.When != nil && !d.truth(def.When, at.parent, d.loopNames(def, at)) {
		d.skip(def, at)
		return
	}
	if d.err != nil {
		return
	}
	id := d.st.NextNode
	d.emit(&NodeOpened{
		Node: id, Parent: at.parent, Path: def.Path, Slot: at.slot, At: d.now, Waiting: len(def.NotBefore) > 0,
		Frame: at.frame, Item: at.item, Index: at.index, Caller: at.caller, Extra: at.extra, Proposal: at.proposal,
	})
	d.reach(id, def)
}

func (d *decider) skip(def *definitions.Node, at place) {
	if d.err != nil {
		return
	}
	d.emit(&NodeSkipped{Path: def.Path, Parent: at.parent, At: d.now, Reason: "when", Facts: map[string]any{"when": def.When.Source()}})
	if at.extra {
		d.extraDone(at.parent)
		return
	}
	d.childDone(at.parent, at.slot)
}

// loopNames answers the loop's names for a body that has no instance yet.
func (d *decider) loopNames(def *definitions.Node, at place) map[string]any {
	if def.Parent == nil || def.Parent.Each == nil {
		return nil
	}
	return map[string]any{def.Parent.Each.As: at.item}
}

// reach goes on with a node just opened: past its `until` it closes, before its `notBefore` it waits.
func (d *decider) reach(id int, def *definitions.Node) {
	if until := d.moment(def.Until, id); until.known && !until.at.After(d.now) {
		d.finish(id, "until")
		return
	}
	if d.err != nil {
		return
	}
	if len(def.NotBefore) > 0 {
		from := d.moment(def.NotBefore, id)
		if !from.known || from.at.After(d.now) {
			d.plan(id)
			return
		}
		d.emit(&NodeActivated{Node: id, At: d.now})
	}
	d.begin(id)
}

// begin starts the work of a node whose time has come.
func (d *decider) begin(id int) {
	n := d.st.node(id)
	if n == nil || d.err != nil {
		return
	}
	def := d.static(n)
	if def.Kind != definitions.Step {
		d.dueOfBlock(id, def)
		d.plan(id)
	}
	switch def.Kind {
	case definitions.Sequence:
		d.next(id, def, 0)
	case definitions.Parallel:
		d.fill(id, func() {
			for i, c := range def.Children {
				if d.stopped(id) {
					return
				}
				d.open(c, place{parent: id, slot: i})
			}
		})
	case definitions.Each:
		d.beginEach(id, def)
	case definitions.Repeat:
		d.beginRepeat(id, def)
	case definitions.End, definitions.Goto:
		parent, slot := n.Parent, n.Slot
		d.close(id, "done")
		d.perform(def.Target, parent, slot)
	case definitions.Step:
		d.enter(id, def)
	}
}

// fill opens several children; the node is not looked at for completion before all are open.
func (d *decider) fill(id int, openAll func()) {
	if d.filling == nil {
		d.filling = make(map[int]bool)
	}
	d.filling[id] = true
	openAll()
	delete(d.filling, id)
	if n := d.st.node(id); n != nil && d.err == nil && !d.busy(id) {
		d.childDone(id, n.Slot)
	}
}

// busy says whether anything is open under a node.
func (d *decider) busy(id int) bool {
	return slices.ContainsFunc(d.st.Nodes, func(n Node) bool { return n.Parent == id })
}

// next opens child slot of a sequence, or finishes it when there is none left and nothing opened by redo is open.
func (d *decider) next(id int, def *definitions.Node, slot int) {
	if slot < len(def.Children) {
		d.open(def.Children[slot], place{parent: id, slot: slot})
		return
	}
	if !d.busy(id) {
		d.finish(id, "done")
	}
}

// childDone goes on after the child in slot of node id has closed in the normal course.
func (d *decider) childDone(id, slot int) {
	n := d.st.node(id)
	if n == nil || d.err != nil || d.filling[id] {
		return
	}
	if n.Leaving != nil {
		d.departed(id)
		return
	}
	if n.Goto != "" {
		d.resume(id)
		return
	}
	switch def := d.static(n); def.Kind {
	case definitions.Sequence:
		d.next(id, def, slot+1)
	case definitions.Each:
		d.eachDone(id, def)
	case definitions.Repeat:
		d.occurrenceDone(id, def)
	default:
		if !d.busy(id) {
			d.finish(id, "done")
		}
	}
}

// finish closes a block with all that is open in it and goes on after it.
func (d *decider) finish(id int, reason string) {
	n := d.st.node(id)
	if n == nil || n.Leaving != nil || d.err != nil {
		return
	}
	gone := *n
	def := d.static(n)
	if d.busy(id) && d.holdsFinally(id) {
		d.depart(id, Leaving{Reason: reason, Own: true})
		return
	}
	d.keepRun(id, def)
	d.closeTree(id, reason)
	d.after(gone, def, reason)
}

// leave goes on after a closed node: to what its caller says, to the root's end, or to the next in its parent.
func (d *decider) leave(gone Node, def *definitions.Node) {
	switch {
	case d.err != nil:
	case gone.Proposal:
		d.proposalDone()
	case gone.Caller != "":
		d.perform(d.def.Actions[gone.Caller].Then, gone.Parent, gone.Slot)
	case gone.Parent == 0 && def == d.def.Finally:
		d.ended()
	case gone.Parent == 0:
		d.end(d.lastOutcome())
	case gone.Extra:
		d.extraDone(gone.Parent)
	default:
		d.childDone(gone.Parent, gone.Slot)
	}
}

// extraDone looks whether a node that only waited for work opened by redo is now finished.
func (d *decider) extraDone(id int) {
	n := d.st.node(id)
	if n == nil || d.busy(id) {
		return
	}
	def := d.static(n)
	d.childDone(id, len(def.Children)-1)
}

// closeTree closes a node and everything under it, the innermost first.
func (d *decider) closeTree(id int, reason string) {
	for i := len(d.st.Nodes) - 1; i >= 0 && d.err == nil; i = min(i, len(d.st.Nodes)) - 1 {
		if d.st.Nodes[i].Parent == id {
			d.closeTree(d.st.Nodes[i].ID, reason)
			i = len(d.st.Nodes)
		}
	}
	d.close(id, reason)
}

// close removes one node with its task, deadlines and claim on children.
func (d *decider) close(id int, reason string) {
	n := d.st.node(id)
	if n == nil || d.err != nil { // closing costs no fuel: it is bounded by what is open, and must always be possible
		return
	}
	path := n.Path
	d.closeTasks(id, reason)
	d.clearDeadlines(id)
	d.dropChildren(id)
	d.emit(&NodeClosed{Node: id, Path: path, At: d.now, Reason: reason})
}

// keepRun appends the outputs of one run of a loop's body to the loop's list.
func (d *decider) keepRun(id int, def *definitions.Node) {
	loop := def.Parent
	if loop == nil || (loop.Each == nil && loop.Repeat == nil) || def.Kind == definitions.Step {
		return
	}
	n := d.st.node(id)
	d.append(loop, n.Parent, Output{DoneAt: d.now, Round: n.Index + 1, Steps: n.Frame})
}

// append adds the output of one run to the list of a loop. Of a repeat block the state keeps the newest.
func (d *decider) append(loop *definitions.Node, loopID int, o Output) {
	if loop.ID == "" {
		return
	}
	parent := 0
	if n := d.st.node(loopID); n != nil {
		parent = n.Parent
	}
	frame := d.st.frame(parent)
	keep := 0
	if loop.Repeat != nil {
		keep = d.engine.limits.Occurrences
	}
	d.emit(&OutputSet{Frame: frame, Step: loop.ID, Output: o, Item: true, Keep: keep})
}
