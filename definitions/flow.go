package definitions

import (
	"maps"
	"slices"
)

// known is the set of steps that are certainly done when a place is reached, on every way that leads there. An id with
// filledMark says that its form was filled in too. nil means that nothing leads there.
type known map[string]bool

// filledMark cannot be part of an id.
const filledMark = "!"

// meet keeps what is certain on both ways; a way that does not exist says nothing.
func meet(a, b known) known {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	out := known{}
	for id := range a {
		if b[id] {
			out[id] = true
		}
	}
	return out
}

func (k known) with(ids ...string) known {
	out := maps.Clone(k)
	for _, id := range ids {
		out[id] = true
	}
	return out
}

// flow is the analysis of what leads where: it walks the definition until nothing changes any more.
type flow struct {
	c        *compiler
	in       map[*Node]known // on reaching a node
	jumpIn   map[*Node]known // by goto
	blockIn  map[*Node]known // of blocks, from their callers
	blockOut map[*Node]known
	changed  bool
	out      known // after the last step of the process
}

// analyze computes the flow of the whole definition.
func (c *compiler) analyze() {
	f := &flow{
		c: c, in: map[*Node]known{}, jumpIn: map[*Node]known{}, blockIn: map[*Node]known{}, blockOut: map[*Node]known{}, changed: true,
	}
	c.flow = f
	for f.changed {
		f.changed = false
		f.events()
		f.out = f.visit(c.def.Root, known{})
		for _, name := range sortedKeys(c.def.Blocks) {
			b := c.def.Blocks[name]
			f.note(f.blockOut, b, f.visit(b, f.blockIn[b]))
		}
		if c.def.Finally != nil {
			f.visit(c.def.Finally, known{})
		}
	}
}

// note meets a set at a place and remembers whether that changed anything.
func (f *flow) note(at map[*Node]known, n *Node, s known) {
	if s == nil {
		return
	}
	old := at[n]
	if next := meet(old, s); old == nil || len(next) != len(old) {
		at[n], f.changed = next, true
	}
}

// events may come at any time: nothing is certain then.
func (f *flow) events() {
	for _, e := range f.c.def.Events {
		if e.Via != nil {
			f.note(f.blockIn, e.Via, known{})
		}
		f.follow(e.Then, known{})
	}
}

// visit answers what is known after a node, nil when nothing goes on after it.
func (f *flow) visit(n *Node, in known) known {
	in = meet(in, f.jumpIn[n])
	f.in[n] = in
	if in == nil {
		f.visitDead(n)
		return nil
	}
	out := f.through(n, in)
	if f.c.passable(n) || n.Kind == Step && f.c.emptyRule(f.c.raw[n], "skip") {
		out = meet(out, in)
	}
	return out
}

// visitDead walks what nothing leads to, so that gotos into it are still found.
func (f *flow) visitDead(n *Node) {
	for _, child := range n.Children {
		f.visit(child, nil)
	}
}

func (f *flow) through(n *Node, in known) known {
	switch n.Kind {
	case Step:
		return f.step(n, in)
	case Parallel:
		return f.group(n, in, f.parallel(n, in))
	case Each, Repeat:
		f.visit(n.Children[0], in.with(own(n)...))
		return in.with(own(n)...)
	case End, Goto:
		return f.follow(n.Target, in)
	}
	if n.Finally != nil {
		return f.withFinally(n, in)
	}
	out := in
	for _, child := range n.Children {
		out = f.visit(child, out)
	}
	return f.group(n, in, out)
}

// withFinally visits a group that may be left at any moment: nothing in it is certain in its finally.
func (f *flow) withFinally(n *Node, in known) known {
	out, last := f.visit(n.Children[0], in), f.visit(n.Finally, in)
	if out == nil || last == nil {
		return nil
	}
	return out.with(sortedKeys(last)...)
}

// group follows the outcomes of a group: on those that cut it short, nothing in it is certain.
func (f *flow) group(n *Node, in, out known) known {
	if n.Outcomes == nil {
		return out
	}
	if out != nil {
		out = f.follow(n.On["done"], out)
	}
	for _, o := range n.allOutcomes()[1:] {
		if o != OutcomeUntil || n.On[o] != nil {
			out = meet(out, f.follow(n.On[o], in))
		}
	}
	return out
}

// own lists the facts that a loop leaves behind.
func own(n *Node) []string {
	if n.ID == "" {
		return nil
	}
	return []string{n.ID, n.ID + filledMark}
}

func (f *flow) parallel(n *Node, in known) known {
	out := in
	for _, child := range n.Children {
		got := f.visit(child, in)
		if got == nil {
			out = nil
		}
		if out != nil {
			out = out.with(sortedKeys(got)...)
		}
	}
	return out
}

// step follows every outcome; what several of them lead to is certain only when it is on all ways.
func (f *flow) step(n *Node, in known) known {
	var out known
	outcomes := n.allOutcomes()
	if len(outcomes) == 0 {
		return in.with(n.ID)
	}
	for _, o := range outcomes {
		out = meet(out, f.follow(n.On[o], in.with(f.facts(n, o)...)))
	}
	return out
}

// facts lists what is certain after a step has ended with an outcome: that it is done, and that its form is filled in.
func (f *flow) facts(n *Node, outcome string) []string {
	switch {
	case n.ID == "":
		return nil
	case slices.Contains(n.timed, outcome), f.c.emptyRule(f.c.raw[n], "auto-approve"), n.Table != nil && outcome == "no_match",
		n.Form != nil && !slices.Contains(n.Form.For, outcome):
		return []string{n.ID}
	}
	return []string{n.ID, n.ID + filledMark}
}

// follow answers what is known where an action lets the process go on, nil when it leads elsewhere.
func (f *flow) follow(a *Action, state known) known {
	switch {
	case a == nil:
		return state
	case a.End != "" || a.Fail:
		return nil
	case a.Goto != nil:
		f.note(f.jumpIn, a.Goto, f.forget(a.Goto, state))
		return nil
	case a.Do != nil:
		f.note(f.blockIn, a.Do, state)
		out := f.blockOut[a.Do]
		if out == nil {
			return nil
		}
		return f.follow(a.Then, out)
	}
	return state
}

// forget drops what a goto clears: the outputs from its target on.
func (f *flow) forget(target *Node, state known) known {
	out := maps.Clone(state)
	for id, s := range f.c.def.Steps {
		if s != target.Parent && within(s, target.Parent) && slotIn(s, target.Parent) >= target.Slot {
			delete(out, id)
			delete(out, id+filledMark)
		}
	}
	return out
}

func within(n, ancestor *Node) bool {
	for ; n != nil; n = n.Parent {
		if n == ancestor {
			return true
		}
	}
	return false
}

// slotIn answers the position of a node's ancestor among the children of a sequence.
func slotIn(n, sequence *Node) int {
	for n.Parent != sequence {
		n = n.Parent
	}
	return n.Slot
}

// isBody tells the body of a loop, which shares the mapping of the loop in YAML.
func isBody(n *Node) bool {
	return n.Parent != nil && (n.Parent.Kind == Each || n.Parent.Kind == Repeat)
}

// emptyRule tells whether one of the roles that a step is assigned to says `empty: <rule>`.
func (c *compiler) emptyRule(raw *item, rule string) bool {
	if !raw.isMap() {
		return false
	}
	for _, r := range raw.get("assign").elements() {
		if named, ok := c.roleItems[r.plainText()]; ok {
			r = named
		}
		if r.get("empty").plainText() == rule {
			return true
		}
	}
	return false
}
