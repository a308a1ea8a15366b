package engine

import "steward/definitions"

// A group with `finally` that is left early - by a goto, by an end, by what closes a group around it - is not closed at once:
// what is open in it is, then its finally runs, and only then the process goes on. Everything around it stays open until
// then, because its finally may use what stands there.

// shut closes a node with all that is open in it; where a group's finally has to run first, the node begins to leave.
func (d *decider) shut(id int, reason string) {
	n := d.st.node(id)
	switch {
	case n == nil || n.Leaving != nil || d.err != nil:
	case d.holdsFinally(id):
		d.depart(id, Leaving{Reason: reason})
	default:
		d.closeTree(id, reason)
	}
}

// holdsFinally says whether a group that has begun and has a finally is open at or under a node.
func (d *decider) holdsFinally(id int) bool {
	if !d.def.Tidies {
		return false
	}
	for i := range d.st.Nodes {
		n := &d.st.Nodes[i]
		if !n.Waiting && d.static(n).Finally != nil && d.st.inside(n.ID, id) {
			return true
		}
	}
	return false
}

// depart begins to leave a node: whatever is open in it closes or leaves, but for a finally that runs already.
func (d *decider) depart(id int, how Leaving) {
	def := d.static(d.st.node(id))
	children := d.childrenOf(id)
	for _, c := range children {
		how.Final = how.Final || d.isFinally(def, c)
	}
	d.emit(&NodeLeaving{Node: id, Leaving: how})
	d.clearDeadlines(id)
	for _, c := range children {
		if !d.isFinally(def, c) {
			d.shut(c, how.Reason)
		}
	}
	d.departed(id)
}

func (d *decider) isFinally(def *definitions.Node, child int) bool {
	n := d.st.node(child)
	return n != nil && def.Finally != nil && n.Path == def.Finally.Path
}

// departed goes on with a node that leaves, once nothing is open in it: its finally runs, then it closes.
func (d *decider) departed(id int) {
	n := d.st.node(id)
	if n == nil || n.Leaving == nil || d.err != nil || d.busy(id) {
		return
	}
	def, how := d.static(n), *n.Leaving
	if def.Finally != nil && !how.Final {
		how.Final = true
		d.emit(&NodeLeaving{Node: id, Leaving: how})
		d.open(def.Finally, place{parent: id, slot: def.Finally.Slot})
		return
	}
	gone := *n
	if how.Own {
		d.keepRun(id, def)
	}
	d.close(id, how.Reason)
	parent := d.st.node(gone.Parent)
	switch {
	case gone.Parent == 0:
		d.conclude()
	case parent != nil && parent.Leaving != nil:
		d.departed(gone.Parent)
	case how.Own:
		d.after(gone, def, how.Reason)
	default:
		d.childDone(gone.Parent, gone.Slot)
	}
}

// after does what the outcome of a group leads to, or goes on behind it.
func (d *decider) after(gone Node, def *definitions.Node, outcome string) {
	on := def.On
	if def.Finally != nil && outcome == definitions.OutcomeUntil { // closed before it began: what it says stands in its first part
		on = def.Children[0].On
	}
	if action := on[outcome]; action != nil && d.err == nil {
		d.perform(action, gone.Parent, gone.Slot)
		return
	}
	d.leave(gone, def)
}

// leaving says whether a node waits for the finally of a group in it, or for its own.
func (d *decider) leaving(id int) bool {
	n := d.st.node(id)
	return n != nil && n.Leaving != nil
}

// stopped says whether no more children may be opened under a node.
func (d *decider) stopped(id int) bool {
	n := d.st.node(id)
	return n == nil || n.Leaving != nil || d.err != nil
}

// await has a goto wait until nothing is open any more in the sequence that it leads to.
func (d *decider) await(seq int, target *definitions.Node) {
	d.emit(&GotoAwaits{Node: seq, Target: target.Path})
	for _, id := range d.childrenOf(seq) {
		d.shut(id, "goto")
	}
	d.resume(seq)
}

// resume carries out a goto that waited.
func (d *decider) resume(seq int) {
	n := d.st.node(seq)
	if n == nil || n.Goto == "" || d.err != nil || d.busy(seq) {
		return
	}
	target := d.def.Nodes[n.Goto]
	d.emit(&GotoAwaits{Node: seq})
	if target == nil {
		d.fault("goto_target", n.Path, errNotOpen)
		return
	}
	d.setAside(target, seq)
	d.open(target, place{parent: seq, slot: target.Slot, target: true})
}

// windUp ends a process in which a group's finally has to run: it is ending until that of the last is over, then the
// process's own finally runs.
func (d *decider) windUp(outcome string) {
	d.dropProposal("ended")
	d.emit(&ProcessEnding{Outcome: outcome, At: d.now, By: d.ev.Actor.User})
	for _, id := range d.childrenOf(0) {
		d.shut(id, "ended")
	}
	d.conclude()
}

// conclude goes on with an ending process in which nothing is open any more.
func (d *decider) conclude() {
	switch {
	case d.err != nil || len(d.st.Nodes) > 0 || d.st.Status != StatusEnding:
		return
	case d.def.Finally != nil:
		d.open(d.def.Finally, place{})
	default:
		d.ended()
	}
}
