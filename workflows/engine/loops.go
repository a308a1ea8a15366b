package engine

import (
	"fmt"
	"math"
	"slices"
	"time"

	"steward/definitions"
	"steward/definitions/timex"
)

// beginEach fixes the list and opens the body for each item, or for the first.
func (d *decider) beginEach(id int, def *definitions.Node) {
	list, ok := d.eval(def.Each.In, id, nil).([]any)
	if d.err != nil {
		return
	}
	if !ok {
		list = nil
	}
	if len(list) > d.engine.limits.Items {
		d.fault("too_many_items", def.Path, fmt.Errorf("%d items, at most %d are allowed", len(list), d.engine.limits.Items))
		return
	}
	d.openList(id, def)
	d.emit(&EachStarted{Node: id, Items: unbound(list)})
	switch {
	case len(list) == 0:
		d.finish(id, "done")
	case def.Each.Sequential:
		d.openItem(id, def, 0)
	default:
		d.fill(id, func() {
			for i := range list {
				if d.stopped(id) {
					return
				}
				d.openItem(id, def, i)
			}
		})
	}
}

// openList starts the list of a loop's outputs; an earlier one becomes a round.
func (d *decider) openList(id int, def *definitions.Node) {
	if def.ID == "" {
		return
	}
	frame := d.st.frame(d.st.node(id).Parent)
	d.rerun(frame, def.ID)
	d.emit(&OutputSet{Frame: frame, Step: def.ID, Output: Output{Loop: true, DoneAt: d.now}})
}

// rerun makes an earlier output of a step that runs again a round.
func (d *decider) rerun(frame int, step string) {
	if _, ok := d.st.outputs(frame)[step]; ok {
		d.emit(&OutputsCleared{Frame: frame, Steps: []string{step}})
	}
}

func (d *decider) openItem(id int, def *definitions.Node, i int) {
	item := d.st.node(id).Items[i]
	d.open(def.Children[0], place{parent: id, index: i, item: item, frame: !def.Each.Single})
}

// eachDone goes on after the body has closed for one item.
func (d *decider) eachDone(id int, def *definitions.Node) {
	n := d.st.node(id)
	if d.busy(id) {
		return
	}
	if def.Each.Sequential {
		if next := n.Count + 1; next < len(n.Items) {
			d.emit(&OccurrenceCounted{Node: id, Count: next})
			d.openItem(id, def, next)
			return
		}
	}
	d.finish(id, "done")
}

// beginRepeat opens the first occurrence.
func (d *decider) beginRepeat(id int, def *definitions.Node) {
	d.openList(id, def)
	d.occur(id, def, 0)
}

// occur opens the next occurrence, having passed over skipped ones.
func (d *decider) occur(id int, def *definitions.Node, skipped int) {
	n := d.st.node(id)
	if n == nil || d.err != nil {
		return
	}
	if n.Count > 0 && def.Repeat.While != nil && !d.truth(def.Repeat.While, id, nil) {
		d.finish(id, "done")
		return
	}
	index := n.Count + skipped
	if def.Repeat.Max > 0 && index >= def.Repeat.Max {
		if !d.busy(id) {
			d.finish(id, "done")
		}
		return
	}
	d.emit(&OccurrenceCounted{Node: id, Count: index + 1, Skipped: skipped})
	d.plan(id)
	d.open(def.Children[0], place{parent: id, index: index, frame: !def.Repeat.Single})
}

// occurrenceDone goes on after the body has closed: a repeat without a clock opens the next at once.
func (d *decider) occurrenceDone(id int, def *definitions.Node) {
	n := d.st.node(id)
	if d.busy(id) {
		return
	}
	if !d.clocked(id, def) {
		d.occur(id, def, 0)
		return
	}
	if len(d.nextOccurrence(*n, def)) == 0 {
		d.finish(id, "done")
	}
}

// clocked says whether occurrences come by the clock.
func (d *decider) clocked(id int, def *definitions.Node) bool { return d.every(id, def) != nil }

// every answers the distance between occurrences, nil when they follow each other directly.
func (d *decider) every(id int, def *definitions.Node) timex.Amount {
	return d.interval(def.Repeat.Every, id, def.Path)
}

// interval answers a distance between repetitions; nil when there is none, or after a fault.
func (d *decider) interval(every *definitions.Interval, id int, path string) timex.Amount {
	if every == nil || d.err != nil {
		return nil
	}
	amount := every.Amount
	if every.Expr != nil {
		switch x := d.eval(every.Expr, id, nil).(type) {
		case time.Duration:
			amount = timex.Amount{{N: int64(x / time.Second), Unit: timex.Seconds}}
		case string:
			var err error
			if amount, err = timex.ParseDuration(x); err != nil {
				d.fault("time", path, err)
				return nil
			}
		default:
			return nil
		}
	}
	return d.forward(amount, path)
}

// forward refuses a distance at which time would stand still.
func (d *decider) forward(every timex.Amount, path string) timex.Amount {
	if !definitions.LongEnough(every) {
		d.fault("time", path, fmt.Errorf("every %s: the shortest distance is one second", every))
		return nil
	}
	return every
}

// occurrence answers the moment of occurrence k (from 0), counted from the opening of the repeat block.
func (d *decider) occurrence(n Node, every timex.Amount, k int) moment {
	m := moment{known: true, at: n.OpenedAt, why: why{Expr: "every " + every.String()}}
	if every.NeedsCalendar() {
		cal, err := d.env.Calendar(d.ctx, d.def.Calendar)
		if err != nil {
			d.fail(fmt.Errorf("calendar %q: %w", d.def.Calendar, err))
			return moment{}
		}
		m.why = why{Expr: "every " + every.String(), Calendar: cal.Version()}
	}
	return d.stride(m, every, k, n.Path)
}

// stride answers the moment that lies n distances of a repetition behind m.
func (d *decider) stride(m moment, every timex.Amount, n int, path string) moment {
	if fixed, ok := every.Fixed(); ok {
		m.at = m.at.Add(time.Duration(n) * fixed)
		return m
	}
	cal, err := d.env.Calendar(d.ctx, d.def.Calendar)
	if err != nil {
		d.fail(fmt.Errorf("calendar %q: %w", d.def.Calendar, err))
		return moment{}
	}
	for range n {
		r, err := every.Add(m.at, cal)
		if err != nil {
			d.fault("time", path, err)
			return moment{}
		}
		m.at, m.provisional = r.At, m.provisional || r.Provisional
	}
	return m
}

// missed counts the repetitions behind the one at `at` that came before anything else happened, at most `most` of them.
func (d *decider) missed(at time.Time, every timex.Amount, most int, path string) int {
	horizon := d.env.Horizon()
	if every == nil || !at.Before(horizon) {
		return 0
	}
	if fixed, ok := every.Fixed(); ok {
		return min(int(horizon.Sub(at)/fixed), most)
	}
	n := 0
	for m := (moment{at: at}); n < most; n++ {
		m = d.stride(m, every, 1, path)
		if d.err != nil || m.at.After(horizon) {
			break
		}
	}
	return n
}

func (d *decider) nextOccurrence(n Node, def *definitions.Node) []wish {
	every := d.every(n.ID, def)
	if every == nil || n.Count == 0 || (def.Repeat.Max > 0 && n.Count >= def.Repeat.Max) {
		return nil
	}
	m := d.occurrence(n, every, n.Count)
	if !m.known {
		return nil
	}
	return []wish{{"repeat", m}}
}

// nextDue acts on the moment of the next occurrence. Occurrences missed before anything else happened are passed over
// in favor of the last of them. An occurrence still open is replaced, or keeps its place and the new one is skipped; so is
// one that would come while the finally of an earlier one is still at work: they would pile up.
func (d *decider) nextDue(dl Deadline, def *definitions.Node) {
	id := dl.Node
	n := d.st.node(id)
	most := math.MaxInt
	if def.Repeat.Max > 0 {
		most = max(def.Repeat.Max-n.Count-1, 0)
	}
	skipped := d.missed(dl.At, d.every(id, def), most, def.Path)
	switch {
	case d.err != nil:
	case !d.busy(id):
		d.occur(id, def, skipped)
	case def.Repeat.Overlap == "skip" || slices.ContainsFunc(d.childrenOf(id), d.leaving):
		d.emit(&OccurrenceCounted{Node: id, Count: n.Count + skipped + 1, Skipped: skipped + 1})
		d.plan(id)
	default:
		for _, child := range d.childrenOf(id) {
			d.shut(child, "replaced")
		}
		d.occur(id, def, skipped)
	}
}

// skipOccurrence counts the next occurrence of a repeat block as one that never opened. When it was the last that may come and
// nothing is open, the block is over.
func (d *decider) skipOccurrence(id int) {
	n := d.st.node(id)
	if n == nil || d.err != nil {
		return
	}
	def := d.static(n)
	d.emit(&OccurrenceCounted{Node: id, Count: n.Count + 1, Skipped: 1})
	d.plan(id)
	d.occurrenceDone(id, def)
}

// unbound answers a list in JSON-safe form, as the log keeps it.
func unbound(list []any) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = jsonSafe(v)
	}
	return out
}
