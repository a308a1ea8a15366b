package definitions

import "slices"

// lint looks for what is allowed, yet would surprise somebody while a process runs.
func (c *compiler) lint() {
	c.lintEnds()
	c.eachTree(c.lintReach)
	c.eachTree(c.lintOutcomes)
	c.eachTree(c.lintRepeats)
	c.lintBlocks()
	c.lintFails()
	c.eachTree(c.lintFinally)
	c.lintRoles()
	c.lintEvents()
	c.lintGraph()
	c.lintJoins(c.def.Root)
}

// lintRoles hints at roles that nothing uses.
func (c *compiler) lintRoles() {
	for name := range c.roleItems {
		if !c.usedRoles[name] {
			c.problems.add(c.file.root.get("roles").keyOf(name).at(), codeUnusedRole, name)
		}
	}
}

// lintEvents hints at events that nothing comes of.
func (c *compiler) lintEvents() {
	waited := map[string]bool{}
	for _, n := range c.def.Nodes {
		if n.Wait != nil {
			waited[n.Wait.Event] = true
		}
	}
	for _, e := range c.def.Events {
		it := c.eventItem(e)
		useful := waited[e.Name] || slices.ContainsFunc([]string{"set", "propose", "anchor", "end", "then"}, it.has)
		if !useful {
			c.problems.add(it.at(), codeTrapEventIdle, e.Name)
		}
	}
}

// lintEnds compares the declared outcomes with those that the process ends with.
func (c *compiler) lintEnds() {
	root := c.file.root
	for _, o := range root.get("outcomes").elements() {
		if !c.ended[o.text] && slices.Contains(c.def.Outcomes, o.text) {
			c.problems.add(o.at(), codeOutcomeUnused, o.text)
		}
	}
	if c.flow.out != nil && len(c.def.Outcomes) > 0 {
		at := root.keyOf("steps").at()
		if n := len(c.def.Root.Children); n > 0 {
			at = c.raw[c.def.Root.Children[n-1]].at()
		}
		c.problems.add(at, codeNoEnd, "{ end: "+c.def.Outcomes[0]+" }")
	}
}

// lintReach reports the first step of each stretch that nothing leads to.
func (c *compiler) lintReach(n *Node) {
	if c.flow.in[n] == nil && n.Parent != nil {
		c.problems.add(c.raw[n].at(), codeUnreachable, nodeName(n))
		return
	}
	if c.flow.in[n] == nil { // a block that nothing calls has a hint of its own
		return
	}
	for i, child := range n.Children {
		c.lintReach(child)
		if c.flow.in[child] == nil && n.Kind == Sequence && i+1 < len(n.Children) && c.flow.in[n.Children[i+1]] == nil {
			return
		}
	}
}

// lintOutcomes reports outcomes of which nothing is said: the first outcome goes on, each other one must be handled by
// `on` or read by an expression.
func (c *compiler) lintOutcomes(n *Node) {
	for _, child := range n.Children {
		c.lintOutcomes(child)
	}
	if n.Outcomes == nil || c.flow.in[n] == nil {
		return
	}
	all := n.allOutcomes()
	for i, o := range all {
		if i == 0 || n.On[o] != nil || n.Kind == Step && c.outcomeRead(n) || n.Kind != Step && o == OutcomeUntil {
			continue
		}
		code := codeOutcomeIgnored
		if grave(n, o) {
			code = codeOutcomeUnhandled
		}
		c.problems.add(c.raw[n].at(), code, o, nodeName(n))
	}
}

// grave outcomes say that what the next step counts on has not happened.
func grave(n *Node, outcome string) bool {
	return n.Uses == "approval" || slices.Contains(n.timed, outcome) || outcome == "conflict" || outcome == "no_match"
}

// outcomeRead tells whether some expression reads the outcome of a step, or of the loop around it.
func (c *compiler) outcomeRead(n *Node) bool {
	id := nodeName(n)
	for _, p := range c.readAnywhere {
		if p[0] == "outputs" && (len(p) == 1 || p[1] == id && (len(p) == 2 || p[2] == "outcome")) {
			return true
		}
	}
	return false
}

// lintRepeats reports repeats that nothing stops.
func (c *compiler) lintRepeats(n *Node) {
	for _, child := range n.Children {
		c.lintRepeats(child)
	}
	if n.Kind != Repeat || n.Repeat.While != nil || c.raw[n].get("repeat").has("max") || c.stopped(n) {
		return
	}
	c.problems.add(c.raw[n].keyOf("repeat").at(), codeTrapRepeatEndless, nodeName(n))
}

// stopped tells a node that an `until`, its own or of a group around it, closes.
func (c *compiler) stopped(n *Node) bool {
	for ; n != nil; n = n.Parent {
		if c.raw[n].isMap() && c.raw[n].has("until") {
			return true
		}
	}
	return false
}

// lintJoins hints at clock-anchored steps behind a join that nothing forces to end.
func (c *compiler) lintJoins(n *Node) {
	var open *Node // the first step of an earlier join that may stay open for ever
	for _, child := range n.Children {
		c.lintJoins(child)
		if n.Kind != Sequence {
			continue
		}
		if late := c.clocked(child); open != nil && late != nil {
			c.problems.add(c.raw[late].at(), codeTrapClockBehindJoin, nodeName(late), nodeName(open))
		}
		if open == nil && (child.Kind == Parallel || child.Kind == Each && !child.Each.Sequential) {
			open = c.unbounded(child)
		}
	}
}

// clocked finds a step in a tree whose times count from an anchor of the process rather than from its own opening.
func (c *compiler) clocked(n *Node) *Node {
	for _, v := range slices.Concat(n.NotBefore, n.Due) {
		if v.Time != nil && slices.ContainsFunc(v.Time.Anchors(), c.isNamed) {
			return n
		}
	}
	for _, child := range n.Children {
		if found := c.clocked(child); found != nil {
			return found
		}
	}
	return nil
}

func (c *compiler) isNamed(anchor string) bool {
	return slices.ContainsFunc(c.def.Anchors, func(a Anchor) bool { return a.Name == anchor })
}

// unbounded finds a human step in a tree that nothing closes but the person.
func (c *compiler) unbounded(n *Node) *Node {
	if raw := c.raw[n]; raw.isMap() && raw.has("until") || n.Kind != Step && len(n.timed) > 0 {
		return nil
	}
	if kind, ok := c.registry.Kind(baseKind(n.Uses)); n.Kind == Step && ok && kind.Human && len(n.timed) == 0 {
		return n
	}
	for _, child := range n.Children {
		if found := c.unbounded(child); found != nil {
			return found
		}
	}
	return nil
}
