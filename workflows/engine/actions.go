package engine

import (
	"slices"

	"steward/definitions"
)

// perform does what follows an outcome; nil or an empty action means to go on in the parent.
func (d *decider) perform(a *definitions.Action, parent, slot int) {
	switch {
	case d.err != nil:
	case a == nil:
		d.childDone(parent, slot)
	case a.End != "":
		d.end(a.End)
	case a.Fail:
		d.proposalFailed("failed")
	case a.Do != nil:
		d.open(a.Do, place{parent: parent, slot: slot, caller: a.Path, target: true})
	case a.Goto != nil:
		d.jump(a.Goto, parent)
	default:
		d.childDone(parent, slot)
	}
}

// jump continues at target, which lies in a sequence at or above node from: what is open there is closed, the outputs
// from the target on become earlier rounds.
func (d *decider) jump(target *definitions.Node, from int) {
	seq := from
	for seq != 0 {
		n := d.st.node(seq)
		if n == nil || n.Path == target.Parent.Path {
			break
		}
		seq = n.Parent
	}
	if d.st.node(seq) == nil {
		d.fault("goto_target", target.Path, errNotOpen)
		return
	}
	if d.st.node(seq).Goto != "" || slices.ContainsFunc(d.childrenOf(seq), d.holdsFinally) {
		d.await(seq, target)
		return
	}
	for _, id := range d.childrenOf(seq) {
		d.closeTree(id, "goto")
	}
	d.setAside(target, seq)
	d.open(target, place{parent: seq, slot: target.Slot, target: true})
}

// childrenOf lists the open nodes directly under id, the newest first.
func (d *decider) childrenOf(id int) []int {
	var ids []int
	for _, n := range slices.Backward(d.st.Nodes) {
		if n.Parent == id {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

// setAside turns the outputs of target and of what comes after it into earlier rounds, where a step whose ground has
// not changed may later keep its own.
func (d *decider) setAside(target *definitions.Node, seq int) {
	frame := d.st.frame(seq)
	have := d.st.outputs(frame)
	var steps []string
	for _, sibling := range target.Parent.Children[target.Slot:] {
		walk(sibling, func(n *definitions.Node) {
			if _, ok := have[n.ID]; ok && n.ID != "" {
				steps = append(steps, n.ID)
			}
		})
	}
	if len(steps) == 0 {
		return
	}
	mark := frame
	if mark == 0 {
		mark = -1
	}
	d.emit(&OutputsCleared{Frame: frame, Steps: steps, Mark: mark})
}

// walk visits a static node and those under it.
func walk(n *definitions.Node, visit func(*definitions.Node)) {
	visit(n)
	for _, c := range n.Children {
		walk(c, visit)
	}
}

// keeps says whether a step reached again after a goto keeps what it left in the round before: it had simply gone on,
// is not marked `redo: always`, and nothing that it used has changed. A wait is never kept: its time is always a new one.
func (d *decider) keeps(def *definitions.Node, parent int) bool {
	rounds := d.st.rounds(d.st.frame(parent), def.ID)
	if def.ID == "" || len(rounds) == 0 || def.Kind != definitions.Step || def.Redo == "always" || def.Wait != nil {
		return false
	}
	last := rounds[len(rounds)-1]
	frame := d.st.frame(parent)
	if frame == 0 {
		frame = -1
	}
	return last.Frame == frame && !last.Handled && last.Used == d.usedDigest(def, parent)
}

// lastOutcome is the outcome of a process that runs off its end.
func (d *decider) lastOutcome() string {
	if len(d.def.Outcomes) > 0 {
		return d.def.Outcomes[0]
	}
	return "done"
}

// end ends the process: everything open is closed, then `finally` runs, then it is over.
func (d *decider) end(outcome string) {
	if d.err != nil || d.st.Status == StatusEnded {
		return
	}
	finishing := d.st.Status == StatusEnding
	if !finishing && slices.ContainsFunc(d.childrenOf(0), d.holdsFinally) {
		d.windUp(outcome)
		return
	}
	for len(d.st.Nodes) > 0 && d.err == nil {
		d.closeTree(d.root(d.st.Nodes[len(d.st.Nodes)-1].ID), "ended")
	}
	d.dropProposal("ended")
	if finishing {
		d.ended()
		return
	}
	d.emit(&ProcessEnding{Outcome: outcome, At: d.now, By: d.ev.Actor.User})
	if d.def.Finally != nil {
		d.open(d.def.Finally, place{})
		return
	}
	d.ended()
}

// root answers the topmost ancestor of a node.
func (d *decider) root(id int) int {
	for {
		n := d.st.node(id)
		if n == nil || n.Parent == 0 || d.st.node(n.Parent) == nil {
			return id
		}
		id = n.Parent
	}
}

func (d *decider) ended() {
	if d.err == nil && d.st.Status != StatusEnded {
		if d.st.Outcome == definitions.OutcomeCancelled {
			d.giveBack()
		}
		d.emit(&ProcessEnded{Outcome: d.st.Outcome, At: d.now, Parent: d.st.Parent})
	}
}

// giveBack ends what is still to come of the bookings of a cancelled process: nobody will need it any more. A process that
// ends otherwise keeps them, for what it booked may lie ahead.
func (d *decider) giveBack() {
	for _, b := range slices.Clone(d.st.Bookings) {
		if b.To.After(d.now) {
			d.emit(&BookingEnded{ID: b.ID, At: d.now, Reason: "released", Was: &b})
		}
	}
}

// cancel ends the process on request of its starter or an operator, or of the process that started it. People with
// something to do are told.
func (d *decider) cancel() {
	if d.ev.Actor.User != "" && d.ev.Actor.User != d.st.Starter && !d.actor().Operator {
		d.refuse("forbidden", "只有发起人或运维人员可以撤销此流程", "only the starter or an operator may cancel this process")
		return
	}
	if d.st.Status == StatusEnding {
		d.refuse("ended", "流程正在结束", "the process is ending already")
		return
	}
	d.tellEveryone("process.cancelled")
	d.end(definitions.OutcomeCancelled)
}
