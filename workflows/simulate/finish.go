package simulate

import (
	"slices"
	"strings"

	"steward/definitions"
	"steward/workflows/engine"
)

// finish sums up what happened and says why what is open is open.
func (r *rehearsal) finish() {
	s := &r.timeline.Summary
	if root := r.procs[0]; root.st != nil {
		s.Status, s.Outcome = string(root.st.Status), root.st.Outcome
		if root.st.EndedAt != nil {
			at := root.st.EndedAt.In(r.cal.Location())
			s.Ended, s.Lead = &at, first(span(at.Sub(s.Started)), "0s")
		}
	}
	for _, p := range r.procs {
		if p.st != nil && p.st.Status != engine.StatusEnded {
			s.Open = append(s.Open, r.stillOpen(p)...)
		}
	}
}

// stillOpen lists the steps of a process that wait for something.
func (r *rehearsal) stillOpen(p *process) []Open {
	var list []Open
	for _, n := range p.st.Nodes {
		def := p.def.Nodes[n.Path]
		if def == nil || slices.ContainsFunc(p.st.Nodes, func(m engine.Node) bool { return m.Parent == n.ID }) {
			continue
		}
		o := Open{Process: p.label, Step: first(stepID(def), n.Path), Since: n.OpenedAt.In(r.cal.Location())}
		tasks := 0
		for _, t := range p.st.Tasks {
			if t.Node == n.ID {
				list = append(list, r.openTask(o, t))
				tasks++
			}
		}
		if tasks == 0 {
			o.Why = r.whyOpen(p, n, def)
			list = append(list, o)
		}
	}
	return list
}

func (r *rehearsal) openTask(o Open, t engine.Task) Open {
	o.Who = holders(t)
	if t.Due != nil {
		due := t.Due.In(r.cal.Location())
		o.Due = &due
	}
	o.Why = definitions.Text{Zh: "演练结束时还没轮到处理", En: "the rehearsal ended before it was done"}
	if a := r.tasks[t.ID]; a != nil && a.problem != (definitions.Text{}) {
		o.Why = a.problem
	}
	return o
}

// whyOpen says what a step without a task waits for.
func (r *rehearsal) whyOpen(p *process, n engine.Node, def *definitions.Node) definitions.Text {
	var next *engine.Deadline
	for i, dl := range p.st.Deadlines {
		if dl.Node == n.ID && (next == nil || dl.At.Before(next.At)) {
			next = &p.st.Deadlines[i]
		}
	}
	switch {
	case next != nil:
		return textf("等到 %s", "it waits until %s", r.clock(next.At))
	case def.Wait != nil && def.Wait.Event != "":
		return textf("等待事件 %s，脚本没有登记它", "it waits for the event %s, which the script does not tell", def.Wait.Event)
	case n.Waiting:
		return textf("等待 %s，时间尚不可知", "it waits for a moment that is not known yet: %s", sources(def.NotBefore))
	case def.Child != nil:
		return textf("等待子流程 %s", "it waits for the child process %s", def.Child.Process)
	}
	return definitions.Text{Zh: "没有任何事情会使它继续", En: "nothing will ever make it go on"}
}

func sources(values []definitions.TimeValue) string {
	list := make([]string, len(values))
	for i, v := range values {
		if v.Time != nil {
			list[i] = v.Time.String()
		} else {
			list[i] = "=" + v.Expr.Source()
		}
	}
	return strings.Join(list, ", ")
}
