package definitions

import "slices"

// OutcomeCancelled is the outcome of a process that was cancelled, by the command or by an `end` of its own; such a process
// gives back what is still to come of its bookings.
const OutcomeCancelled = "cancelled"

// lintBookings hints at bookings that a process can keep although it ends as nobody would want the room for: by another
// than its first outcome, without a `release` on the way or in a finally.
func (g *graph) lintBookings() {
	for _, path := range sortedKeys(g.c.def.Nodes) {
		n := g.c.def.Nodes[path]
		if n.Uses != "reserve" || g.c.flow.in[n] == nil || g.c.viaBlocks[blockOf(n)] || g.c.inFinally(n) || g.c.givenBack(n) {
			continue
		}
		if outcome := g.endKeeping(n); outcome != "" {
			g.c.problems.add(g.c.raw[n].at(), codeTrapBookingKept, nodeName(n), outcome)
		}
	}
}

// givenBack tells whether a finally around a step, or what it runs, releases something.
func (c *compiler) givenBack(n *Node) bool {
	finally := []*Node{c.def.Finally}
	for ; n != nil; n = n.Parent {
		finally = append(finally, n.Finally)
	}
	for name := range c.finallyBlocks() {
		finally = append(finally, c.def.Blocks[name])
	}
	return slices.ContainsFunc(finally, releases)
}

func releases(n *Node) bool {
	return n != nil && (n.Uses == "release" || slices.ContainsFunc(n.Children, releases))
}

// endKeeping answers an outcome with which the process can end after a reservation while it still stands, "" when there is
// none.
func (g *graph) endKeeping(n *Node) string {
	for _, e := range g.c.def.Events { // may be told at any time
		if g.c.keepsInVain(e.End) {
			return e.End
		}
	}
	held := g.heldFrom(g.afterBooking(n))
	for _, p := range g.c.actions {
		if p.owner != nil && g.c.keepsInVain(p.action.End) && held[point{p.owner, false}] {
			return p.action.End
		}
	}
	return ""
}

// keepsInVain tells an outcome that is neither what the process is for, nor one with which the engine gives bookings back.
func (c *compiler) keepsInVain(outcome string) bool {
	return outcome != "" && outcome != c.def.processOutcomes()[0] && outcome != OutcomeCancelled
}

// afterBooking is where the process goes on with a booking.
func (g *graph) afterBooking(n *Node) point {
	switch a := n.On["done"]; {
	case a != nil && a.Goto != nil:
		return point{a.Goto, false}
	case a != nil && a.Do != nil:
		return point{a.Do, false}
	}
	return point{n, true}
}

// heldFrom answers the points that are reached from one without passing a release.
func (g *graph) heldFrom(from point) map[point]bool {
	held := map[point]bool{from: true}
	for work := []point{from}; len(work) > 0; work = work[1:] {
		if n := work[0].node; n != nil && n.Uses == "release" {
			continue
		}
		for _, next := range g.next[work[0]] {
			if !held[next] {
				held[next] = true
				work = append(work, next)
			}
		}
	}
	return held
}
