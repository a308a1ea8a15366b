package definitions

import (
	"fmt"
	"slices"
	"strings"
)

// build makes the tree of nodes: ids, paths, kinds, outcomes, forms and actions, everything that needs no expression.
func (c *compiler) build(root *item) {
	c.roleNames(root.get("roles"))
	c.tableNames(root.get("tables"))
	if blocks := root.get("blocks"); blocks != nil && c.isMap(blocks, "blocks") {
		for _, e := range blocks.entries {
			if c.checkID(e.key) {
				c.def.Blocks[e.key.text] = &Node{Path: "blocks/" + e.key.text, Kind: Sequence, Line: e.key.line}
			}
		}
	}
	c.eventNames(root.get("events"))
	c.def.Root = &Node{Path: "steps", Kind: Sequence}
	c.sequence(c.def.Root, root.get("steps"), root)
	for _, e := range mapEntries(root.get("blocks")) {
		if b := c.def.Blocks[e.key.text]; b != nil {
			c.sequence(b, e.value, e.key)
		}
	}
	if f := root.get("finally"); f != nil {
		c.def.Finally = &Node{Path: "finally", Kind: Sequence}
		c.sequence(c.def.Finally, f, f)
	}
	c.eventActions()
	c.resolveActions()
}

// sequence fills a node with the steps of a list.
func (c *compiler) sequence(n *Node, it, owner *item) {
	c.def.Nodes[n.Path] = n
	c.raw[n] = owner
	if n.Line == 0 && it != nil {
		n.Line = it.line
	}
	c.childrenOf(n, it)
}

func (c *compiler) childrenOf(n *Node, it *item) {
	list := c.list(it, "a list of steps")
	if it != nil && it.isList() && len(list) == 0 {
		c.problems.add(it.at(), codeMissingKey, "a step", "a list of steps")
	}
	for _, e := range list {
		if child := c.node(e, n, len(n.Children)); child != nil {
			n.Children = append(n.Children, child)
		}
	}
}

// form of a step's mapping: which of the exclusive keys it carries.
func blockKeys() []string { return []string{"uses", "steps", "parallel", "end", "goto"} }

func (c *compiler) node(it *item, parent *Node, slot int) *Node {
	if !c.keys(it, stepShape()) {
		return nil
	}
	var found []string
	for _, k := range blockKeys() {
		if it.has(k) {
			found = append(found, k)
		}
	}
	switch {
	case len(found) == 0:
		if !it.has("race") { // reported as not supported
			c.problems.add(it.at(), codeMissingKey, "uses", "a step")
		}
		return nil
	case len(found) > 1:
		c.problems.add(it.keyOf(found[1]).at(), codeConflict, found[0], found[1])
		return nil
	}
	if it.has("each") || it.has("repeat") {
		return c.loop(it, parent, slot, found[0])
	}
	switch found[0] {
	case "end", "goto":
		return c.jump(it, parent, slot, found[0])
	case "parallel":
		return c.group(it, parent, slot, Parallel, "parallel")
	case "steps":
		return c.group(it, parent, slot, Sequence, "steps")
	}
	n := c.newNode(it, parent, slot, Step, it.get("id"))
	c.needID(it, n)
	c.step(n, it)
	return n
}

// newNode makes a node with its path, which is unique: an id is used once, and a kind with its slot is no id.
func (c *compiler) newNode(it *item, parent *Node, slot int, kind NodeKind, id *item) *Node {
	n := &Node{Kind: kind, Parent: parent, Slot: slot, Line: it.line}
	name := fmt.Sprintf("%s%d", kind, slot)
	if id != nil && c.word(id, "id") != "" && c.claimID(id) {
		n.ID, name = id.text, id.text
		c.def.Steps[n.ID] = n
	}
	n.Path = parent.Path + "/" + name
	c.def.Nodes[n.Path] = n
	c.raw[n] = it
	return n
}

// claimID checks an id and that nobody has it.
func (c *compiler) claimID(id *item) bool {
	if !c.checkID(id) {
		return false
	}
	if first, taken := c.first[id.text]; taken {
		c.problems.add(id.at(), codeDuplicateID, id.text, first.line)
		return false
	}
	c.first[id.text] = id
	return true
}

func (c *compiler) needID(it *item, n *Node) {
	if n.ID == "" && !it.has("id") {
		c.problems.add(it.at(), codeMissingKey, "id", "a step")
	}
}

// jump makes an end or a goto that stands as an item of a list.
func (c *compiler) jump(it *item, parent *Node, slot int, key string) *Node {
	c.only(it, key, []string{key, "when", "name"})
	n := c.newNode(it, parent, slot, map[string]NodeKind{"end": End, "goto": Goto}[key], nil)
	n.Target = c.action(&item{
		file: it.file, line: it.line, column: it.column, path: it.path, kind: mapItem,
		entries: slices.DeleteFunc(slices.Clone(it.entries), func(e entry) bool { return e.key.text != key }),
	}, n.Path+"#target", n)
	return n
}

// loop makes an each or repeat with its body: one step, or a sequence of steps.
func (c *compiler) loop(it *item, parent *Node, slot int, body string) *Node {
	kind, key := Each, "each"
	if it.has("repeat") {
		kind, key = Repeat, "repeat"
	}
	if it.has("each") && it.has("repeat") {
		c.problems.add(it.keyOf("repeat").at(), codeConflict, "each", "repeat")
	}
	if body != "uses" && body != "steps" {
		c.problems.add(it.keyOf(body).at(), codeConflict, key, body)
		return nil
	}
	n := c.newNode(it, parent, slot, kind, it.get("id"))
	c.needID(it, n)
	if kind == Each {
		c.eachSpec(n, it.get("each"), body == "uses")
	} else {
		c.repeatSpec(n, it.get("repeat"), body == "uses")
	}
	if body == "steps" {
		c.only(it, key, append(loopKeys(), key, "steps"))
		b := c.newNode(it, n, 0, Sequence, nil)
		n.Children = []*Node{b}
		c.childrenOf(b, it.get("steps"))
		return n
	}
	b := c.newNode(it, n, 0, Step, nil)
	n.Children = []*Node{b}
	c.step(b, it)
	return n
}

func (c *compiler) eachSpec(n *Node, it *item, single bool) {
	n.Each = &EachSpec{Single: single}
	if !c.keys(it, eachShape()) {
		return
	}
	if as := it.get("as"); as != nil && c.word(as, "as") != "" && c.checkID(as) {
		n.Each.As = as.text
	}
	n.Each.Sequential = c.oneOf(it.get("mode"), "mode", []string{"parallel", "sequential"}) == "sequential"
}

// defaultMax is the greatest number of occurrences of a repeat that names none.
const defaultMax = 1000

func (c *compiler) repeatSpec(n *Node, it *item, single bool) {
	n.Repeat = &RepeatSpec{Single: single, Max: defaultMax}
	if !c.keys(it, repeatShape()) {
		return
	}
	n.Repeat.Overlap = c.oneOf(it.get("overlap"), "overlap", []string{"replace", "skip"})
	if !it.has("overlap") {
		c.problems.add(it.at(), codeTrapRepeatOverlap, nodeName(n))
	}
	if m := it.get("max"); m != nil {
		n.Repeat.Max = c.whole(m, "max", 1)
	}
}

// only reports keys that mean nothing where they stand.
func (c *compiler) only(it *item, what string, allowed []string) {
	for _, e := range it.entries {
		if !slices.Contains(allowed, e.key.text) && slices.Contains(stepShape().keys, e.key.text) {
			c.problems.add(e.key.at(), codeKeyNotHere, e.key.text, what, keysText(allowed))
		}
	}
}

func keysText(keys []string) Text {
	list := strings.Join(keys, ", ")
	return Text{Zh: "此处可用：" + list, En: "keys here are: " + list}
}

// nodeName is how messages name a node.
func nodeName(n *Node) string {
	if n.ID != "" {
		return n.ID
	}
	if n.Parent != nil && n.Parent.ID != "" && (n.Parent.Kind == Each || n.Parent.Kind == Repeat) {
		return n.Parent.ID
	}
	return n.Path
}
