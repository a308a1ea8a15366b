package activities

import (
	"time"

	"github.com/google/uuid"

	"steward/internal/advance"
)

// People first: while they wait for decisions of this program, Temporal is not told what it can do without for a moment. It has
// the whole machine's attention a little later, and often less to learn: a process that took its first step meanwhile is told of
// once, not twice. Until then the mark in Postgres stands, as for every nudge that is not delivered yet.

// lookAgain is how often deferred nudges are looked at.
const lookAgain = 10 * time.Millisecond

// deferred are nudges that wait, in the order in which they came. One that became urgent meanwhile keeps its place in line and is
// passed over.
type deferred struct {
	line  []queued
	begun chan struct{} // holds a value when the line may not be empty
}

// queued is a place in the line.
type queued struct {
	process uuid.UUID
	nudge   *waiting
}

func (d *deferred) add(process uuid.UUID, w *waiting) {
	d.line = append(d.line, queued{process, w})
	select {
	case d.begun <- struct{}{}:
	default:
	}
}

// urgent says that somebody waits for what the workflow will do: a decision, or a deadline that comes soon.
func (n *Nudger) urgent(wants advance.Effects) bool {
	soon := wants.Next != nil && !wants.Ended && time.Until(*wants.Next) < 2*n.opts.Defer
	return wants.Again || soon
}

// letGo hands deferred nudges to the workers when their time has come, until the Nudger stops.
func (n *Nudger) letGo() {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-n.stopping:
			return
		case <-n.deferred.begun:
		}
		for more := true; more; {
			select {
			case <-n.stopping:
				return
			case now := <-tick.C:
				more = n.releaseDue(now)
			}
		}
	}
}

// releaseDue hands over the nudges that need not wait any longer, and reports whether others do.
func (n *Nudger) releaseDue(now time.Time) (more bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.release(now)
	return len(n.deferred.line) > 0
}

// release hands the first of the line to the workers as long as they may go; all of them once the Nudger stops.
func (n *Nudger) release(now time.Time) {
	line := n.deferred.line
	for len(line) > 0 {
		head := line[0]
		if n.waiting[head.process] == head.nudge && !head.nudge.ready && !n.sending[head.process] {
			if !n.mayGo(head.nudge, now) {
				break
			}
			n.hand(head.process, head.nudge)
		}
		line = line[1:]
	}
	if n.deferred.line = line; len(line) == 0 {
		n.deferred.line = nil
	}
}

func (n *Nudger) mayGo(w *waiting, now time.Time) bool {
	return n.stopped || now.Sub(w.since) >= n.opts.Defer || len(n.waiting) >= n.opts.Queue/2 || !n.opts.Busy()
}
