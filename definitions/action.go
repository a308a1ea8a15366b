package definitions

import (
	"slices"
	"strings"
)

// pendingAction is an action whose targets are resolved once every node is known.
type pendingAction struct {
	action *Action
	item   *item
	owner  *Node // the node whose outcome it follows; nil for an event
}

// outcomeActions reads `on`. With known outcomes, one that the step cannot have is a problem.
func (c *compiler) outcomeActions(n *Node, it *item, known bool) {
	if it == nil || !c.isMap(it, "on") {
		return
	}
	n.On = map[string]*Action{}
	for _, e := range it.entries {
		outcome := e.key.text
		if all := n.allOutcomes(); known && !slices.Contains(all, outcome) {
			c.problems.suggest(e.key.at(), codeUnknownOutcome, outcome, all, outcome, nodeName(n), strings.Join(all, ", "))
			continue
		}
		path := n.Path + "#on/" + outcome
		if e.value.isText() && e.value.text == "next" {
			n.On[outcome] = &Action{Path: path}
			c.def.Actions[path] = n.On[outcome]
			continue
		}
		n.On[outcome] = &Action{Path: path} // even when what stands here is wrong, the outcome is not unhandled
		if a := c.action(e.value, path, n); a != nil {
			n.On[outcome] = a
		}
	}
}

// action reads what follows an outcome.
func (c *compiler) action(it *item, path string, owner *Node) *Action {
	if !c.keys(it, actionShape()) {
		return nil
	}
	return c.actionOf(it, path, owner)
}

func (c *compiler) actionOf(it *item, path string, owner *Node) *Action {
	var found []string
	for _, k := range []string{"goto", "do", "end", "fail"} {
		if it.has(k) {
			found = append(found, k)
		}
	}
	switch {
	case len(found) == 0 && !it.has("redo"):
		c.problems.add(it.at(), codeMissingKey, "goto, do, end or fail", "what follows an outcome")
		return nil
	case len(found) > 1:
		c.problems.add(it.keyOf(found[1]).at(), codeConflict, found[0], found[1])
		return nil
	}
	a := &Action{Path: path}
	if f := it.get("fail"); f != nil {
		a.Fail = c.flag(f, "fail")
	}
	if end := it.get("end"); end != nil {
		a.End = c.endOutcome(end)
	}
	if then := it.get("then"); then != nil {
		if !it.has("do") {
			c.problems.add(it.keyOf("then").at(), codeKeyNotHere, "then", "an action without do", keysText([]string{"do", "then"}))
		}
		a.Then = c.action(then, path+"#then", owner)
	}
	c.def.Actions[path] = a
	c.actions = append(c.actions, &pendingAction{a, it, owner})
	return a
}

// endOutcome checks the outcome that the process ends with.
func (c *compiler) endOutcome(it *item) string {
	name := c.word(it, "end")
	if name == "" {
		return ""
	}
	c.ended[name] = true
	if outcomes := c.def.processOutcomes(); !slices.Contains(outcomes, name) {
		c.problems.suggest(it.at(), codeOutcomeUndeclared, name, outcomes, name, strings.Join(outcomes, ", "))
	}
	return name
}

// processOutcomes are the declared outcomes; a definition that declares none ends as done.
func (d *Definition) processOutcomes() []string {
	if len(d.Outcomes) == 0 {
		return []string{"done"}
	}
	return d.Outcomes
}

// resolveActions finds the nodes that actions name.
func (c *compiler) resolveActions() {
	for _, p := range c.actions {
		if g := p.item.get("goto"); g != nil && c.word(g, "goto") != "" {
			p.action.Goto = c.gotoTarget(g, p.owner)
		}
		if d := p.item.get("do"); d != nil {
			p.action.Do = c.block(d)
		}
	}
	for _, name := range c.reachable(sortedKeys(c.viaBlocks)) { // a block that a proposal's block runs works on the proposal too
		c.viaBlocks[name] = true
	}
}

// block finds a named block and notes that something runs it.
func (c *compiler) block(it *item) *Node {
	name := c.word(it, "a block")
	if name == "" {
		return nil
	}
	b, ok := c.def.Blocks[name]
	if !ok {
		names := sortedKeys(c.def.Blocks)
		c.problems.suggest(it.at(), codeUnknownBlock, name, names, name)
		return nil
	}
	c.called[name] = true
	return b
}

// gotoTarget finds a step that stands in the same or an enclosing sequence; from an event, in the steps of the process.
func (c *compiler) gotoTarget(it *item, owner *Node) *Node {
	target := c.def.Steps[it.text]
	reachable := map[*Node]bool{}
	from := owner
	if owner != nil && len(owner.Children) > 0 { // a group that is over
		from = owner.Parent
	}
	for n := from; n != nil; n = n.Parent {
		reachable[n] = n.Kind == Sequence
		if isFinally(n) {
			break
		}
	}
	if owner == nil {
		reachable[c.def.Root] = true
	}
	if target == nil {
		names := sortedKeys(c.def.Steps)
		names = slices.DeleteFunc(names, func(id string) bool { return !reachable[c.def.Steps[id].Parent] })
		c.problems.suggest(it.at(), codeUnknownStep, it.text, names, it.text)
		return nil
	}
	if !reachable[target.Parent] {
		c.problems.add(it.at(), codeGotoTarget, it.text)
		return nil
	}
	return target
}
