package definitions

import (
	"slices"
	"strings"
)

// kindKeys reads the parameters of a step that shape the tree: outcomes depend on them.
func (c *compiler) kindKeys(n *Node, it *item) {
	with := it.get("with")
	if with != nil && !c.isMap(with, "with") {
		return
	}
	switch n.Uses {
	case "approval":
		c.approvalKeys(n, with)
	case "choose":
		c.chooseKeys(n, with)
	case "wait":
		c.waitKeys(n, with)
	case "process":
		c.processKeys(n, with)
	case "record":
		if r := with.get("register"); r != nil {
			if book := c.register(r); book != nil && len(book.Key) == 0 && !with.has("key") {
				n.Outcomes = []string{"done"}
			}
		}
	}
}

func (c *compiler) approvalKeys(n *Node, with *item) {
	n.Mode, n.Self = "any", "allow"
	if m := c.oneOf(with.get("mode"), "mode", []string{"any", "all", "sequential"}); m != "" {
		n.Mode = m
	}
	if s := c.oneOf(with.get("self"), "self", []string{"forbid", "allow"}); s != "" {
		n.Self = s
	}
}

func (c *compiler) chooseKeys(n *Node, with *item) {
	t := with.get("table")
	name := c.word(t, "table")
	if name == "" {
		return
	}
	table, ok := c.def.Tables[name]
	if !ok {
		c.problems.suggest(t.at(), codeUnknownTable, name, sortedKeys(c.def.Tables), name)
		return
	}
	n.Table = table
	n.Outcomes = c.tableOutcomes(c.file.root.get("tables").get(name))
}

func (c *compiler) waitKeys(n *Node, with *item) {
	n.Wait = &WaitSpec{}
	if e := with.get("event"); e != nil {
		n.Wait.Event = c.word(e, "event")
		if !slices.Contains(c.eventIDs(), n.Wait.Event) {
			c.problems.suggest(e.at(), codeUnknownEvent, n.Wait.Event, c.eventIDs(), n.Wait.Event)
		}
		n.Outcomes = append(n.Outcomes, "received")
	}
	if with.has("until") {
		n.Outcomes = append(n.Outcomes, "elapsed")
	}
	if len(n.Outcomes) == 0 {
		c.problems.add(with.atOr(c.raw[n]), codeMissingKey, "until or event", "wait")
		n.Outcomes = []string{"elapsed"}
	}
}

func (c *compiler) processKeys(n *Node, with *item) {
	n.Child = &ChildSpec{Wait: c.flag(with.get("wait"), "wait")}
	n.Outcomes = []string{"started"}
	p := with.get("process")
	n.Child.Process = c.word(p, "process")
	if n.Child.Process == "" {
		return
	}
	c.checkCircle(p, n.Child.Process)
	iface := c.child(p, n.Child.Process)
	if iface == nil {
		return
	}
	n.Child.Outcomes = iface.outcomes()
	if n.Child.Wait {
		n.Outcomes = slices.Clone(n.Child.Outcomes)
	}
}

// checkCircle reports a child that starts this process again: each would start the next until the limit of depth.
func (c *compiler) checkCircle(it *item, child string) {
	way := c.bundle.Circles[child]
	if child == c.def.ID {
		way = []string{child}
	}
	if way != nil {
		c.problems.add(it.at(), codeProcessCircle, strings.Join(append([]string{c.def.ID}, way...), " → "))
	}
}

// outcomes of a child that declares none are those of a process that runs out of steps.
func (i *Interface) outcomes() []string {
	if len(i.Outcomes) == 0 {
		return []string{"done"}
	}
	return i.Outcomes
}

// atOr is the place of an item, or of another one when it is missing.
func (it *item) atOr(other *item) place {
	if it == nil {
		return other.at()
	}
	return it.at()
}

func sortedKeys[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
