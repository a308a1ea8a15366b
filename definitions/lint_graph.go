package definitions

import "slices"

// point is a vertex of the graph of control: the beginning or the end of a node.
type point struct {
	node *Node
	end  bool
}

// graph is who comes after whom, without regard to conditions.
type graph struct {
	c     *compiler
	next  map[point][]point
	stop  point // the process, a proposal or finally has ended
	order []point
}

// lintGraph looks for circles in which nothing waits and for steps from which nothing leads to an end.
func (c *compiler) lintGraph() {
	g := &graph{c: c, next: map[point][]point{}}
	c.eachTree(g.add)
	g.edge(point{c.def.Root, true}, g.stop)
	if c.def.Finally != nil {
		g.edge(point{c.def.Finally, true}, g.stop)
	}
	for name := range c.viaBlocks {
		if b := c.def.Blocks[name]; b != nil {
			g.edge(point{b, true}, g.stop)
		}
	}
	g.circles()
	g.deadEnds()
	g.lintBookings()
}

func (g *graph) edge(from, to point) {
	if len(g.next[from]) == 0 {
		g.order = append(g.order, from)
	}
	if !slices.Contains(g.next[from], to) {
		g.next[from] = append(g.next[from], to)
	}
}

func (g *graph) add(n *Node) {
	for _, child := range n.Children {
		g.add(child)
	}
	begin, end := point{n, false}, point{n, true}
	if g.c.passable(n) || n.Kind == Each || n.Kind == Repeat {
		g.edge(begin, end)
	}
	if n.Finally != nil {
		g.edge(begin, point{n.Finally, false})
	}
	done := g.addGroup(n)
	switch n.Kind {
	case Step:
		g.addStep(n)
	case End, Goto:
		g.follow(n.Target, begin, end)
	case Sequence:
		last := begin
		for _, child := range n.Children {
			g.edge(last, point{child, false})
			last = point{child, true}
		}
		done(last)
	default:
		for _, child := range n.Children {
			g.edge(begin, point{child, false})
			done(point{child, true})
		}
	}
}

// addGroup adds where the outcomes of a group lead that cut it short, and answers how it goes on when it is done.
func (g *graph) addGroup(n *Node) (done func(last point)) {
	begin, end := point{n, false}, point{n, true}
	if n.Kind == Step || n.Outcomes == nil {
		return func(last point) { g.edge(last, end) }
	}
	for _, o := range n.allOutcomes()[1:] {
		g.follow(n.On[o], begin, end)
	}
	return func(last point) { g.follow(n.On["done"], last, end) }
}

func (g *graph) addStep(n *Node) {
	begin, end := point{n, false}, point{n, true}
	outcomes := n.allOutcomes()
	if len(outcomes) == 0 {
		g.edge(begin, end)
	}
	for _, o := range outcomes {
		g.follow(n.On[o], begin, end)
	}
}

// follow adds the edges of an action: from is where it starts, on is where the process goes on without it.
func (g *graph) follow(a *Action, from, on point) {
	switch {
	case a == nil:
		g.edge(from, on)
	case a.End != "" || a.Fail:
		g.edge(from, g.stop)
	case a.Goto != nil:
		g.edge(from, point{a.Goto, false})
	case a.Do != nil:
		g.edge(from, point{a.Do, false})
		g.follow(a.Then, point{a.Do, true}, on)
	default:
		g.edge(from, on)
	}
}

// waits tells a point at which time passes: a person, a clock, another process.
func (g *graph) waits(p point) bool {
	n := p.node
	if n == nil || p.end || n.Kind != Step {
		return false
	}
	kind, ok := g.c.registry.Kind(baseKind(n.Uses))
	return !ok || kind.Human || n.Uses == "wait" || n.Child != nil && n.Child.Wait || len(n.NotBefore) > 0
}

// circles reports gotos that close a circle in which nothing waits.
func (g *graph) circles() {
	for _, p := range g.c.actions {
		if p.action.Goto == nil || p.owner == nil || g.c.flow.in[p.owner] == nil {
			continue
		}
		if g.leads(point{p.action.Goto, false}, point{p.owner, false}, true) && !g.waits(point{p.owner, false}) && !g.throughBlock(p) {
			g.c.problems.add(p.item.keyOf("goto").at(), codeGotoLoop, nodeName(p.owner))
		}
	}
}

// throughBlock tells the goto of a `then`, before which a block ran: whether that block waits decides.
func (g *graph) throughBlock(p *pendingAction) bool {
	for _, q := range g.c.actions {
		if q.action.Then == p.action && q.action.Do != nil {
			return !g.leads(point{q.action.Do, false}, point{q.action.Do, true}, true)
		}
	}
	return false
}

// leads tells whether there is a way; idle allows only ways on which nothing waits.
func (g *graph) leads(from, to point, idle bool) bool {
	seen := map[point]bool{}
	var walk func(p point) bool
	walk = func(p point) bool {
		if p == to {
			return true
		}
		if seen[p] || idle && g.waits(p) {
			return false
		}
		seen[p] = true
		return slices.ContainsFunc(g.next[p], walk)
	}
	return walk(from)
}

// deadEnds reports steps that are reached and from which no way leads to an end.
func (g *graph) deadEnds() {
	before := map[point][]point{}
	for _, from := range g.order {
		for _, to := range g.next[from] {
			before[to] = append(before[to], from)
		}
	}
	out := map[point]bool{g.stop: true}
	for work := []point{g.stop}; len(work) > 0; work = work[1:] {
		for _, p := range before[work[0]] {
			if !out[p] {
				out[p] = true
				work = append(work, p)
			}
		}
	}
	for _, path := range sortedKeys(g.c.def.Nodes) {
		n := g.c.def.Nodes[path]
		if n.Kind == Step && g.c.flow.in[n] != nil && !out[point{n, false}] {
			g.c.problems.add(g.c.raw[n].at(), codeTrapNoWayOut, nodeName(n))
		}
	}
}
