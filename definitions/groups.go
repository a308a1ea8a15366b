package definitions

// Keys of a loop around several steps, and of a group.
func loopKeys() []string { return []string{"id", "name", "when", "notBefore", "until"} }

func groupKeys() []string { return append(loopKeys(), "due", "remind", "escalate", "on", "finally") }

// OutcomeUntil is the outcome of a group that its `until` closed.
const OutcomeUntil = "until"

// group makes a parallel, or a sequence with keys of its own. One with `finally` becomes a sequence of two: what the group
// says stands in the first, and the second runs however the first ends.
func (c *compiler) group(it *item, parent *Node, slot int, kind NodeKind, key string) *Node {
	c.only(it, key, append(groupKeys(), key))
	f := it.get("finally")
	if f == nil {
		n := c.newNode(it, parent, slot, kind, it.get("id"))
		c.groupOutcomes(n, it)
		c.childrenOf(n, it.get(key))
		return n
	}
	whole := c.newNode(it, parent, slot, Sequence, it.get("id"))
	main := c.newNode(it, whole, 0, kind, nil)
	main.main = true
	c.groupOutcomes(main, it)
	c.childrenOf(main, it.get(key))
	whole.Finally = &Node{Kind: Sequence, Parent: whole, Slot: 1, Path: whole.Path + "/finally", Line: f.line}
	whole.Children = []*Node{main, whole.Finally}
	c.def.Tidies = true
	c.sequence(whole.Finally, f, it.keyOf("finally"))
	runAlways(whole.Finally)
	return whole
}

// runAlways keeps the steps of a finally from being passed over in a later round: what they tidy up is new.
func runAlways(n *Node) {
	if n.Kind == Step {
		n.Redo = "always"
	}
	for _, child := range n.Children {
		runAlways(child)
	}
}

// groupOutcomes finds how a group can end: its steps run out, its `until` comes, or a rung of its ladder closes it.
func (c *compiler) groupOutcomes(n *Node, it *item) {
	if !it.has("on") && !it.has("escalate") {
		return
	}
	n.Outcomes = []string{"done"}
	if it.has("until") {
		n.Outcomes = append(n.Outcomes, OutcomeUntil)
	}
	c.ladderOutcomes(n, it)
	c.outcomeActions(n, it.get("on"), true)
}

// expressGroup compiles the due date of a group and what counts from it.
func (c *compiler) expressGroup(n *Node, it *item, at scopeAt) {
	n.Due = c.times(it.get("due"), at, dueTime)
	n.Remind = c.reminders(it.get("remind"), at)
	n.Escalate = c.ladder(it.get("escalate"), at)
	c.checkDue(n, it)
}

// carriesGroup tells the node that has the due date, the ladder and the outcomes of a group.
func (c *compiler) carriesGroup(n *Node) bool {
	return (n.Kind == Sequence || n.Kind == Parallel) && n.Parent != nil && n.Finally == nil && !isBody(n) && c.raw[n].isMap()
}

// dueAbove answers the nearest group around a node that has a due date, nil when none has.
func dueAbove(n *Node) *Node {
	for n = n.Parent; n != nil; n = n.Parent {
		if len(n.Due) > 0 {
			return n
		}
	}
	return nil
}

// passable tells a node that need not run for the process to go on after it: `when` may skip it and `until` close it, unless
// `on` says what then.
func (c *compiler) passable(n *Node) bool {
	raw := c.raw[n]
	if !raw.isMap() || isBody(n) {
		return false
	}
	return raw.has("when") && !n.main || raw.has("until") && n.Finally == nil && n.On[OutcomeUntil] == nil
}

// inFinally tells what runs when something is over already: the process, or a group.
func (c *compiler) inFinally(n *Node) bool {
	for ; n != nil; n = n.Parent {
		if n == c.def.Finally || isFinally(n) {
			return true
		}
	}
	return false
}

// isFinally tells the `finally` of a group.
func isFinally(n *Node) bool { return n.Parent != nil && n.Parent.Finally == n }
