package simulate

import (
	"strings"

	"steward/definitions"
	"steward/workflows/engine"
)

// line adds a line about a process, now.
func (r *rehearsal) line(p *process, l Line) {
	l.At, l.Process = r.now.In(r.cal.Location()), p.label
	if l.Due != nil {
		due := l.Due.In(r.cal.Location())
		l.Due = &due
	}
	r.timeline.Lines = append(r.timeline.Lines, l)
}

// fault notes a decision that failed.
func (r *rehearsal) fault(p *process, event string, f *engine.Fault) {
	msg := f.Err.Error()
	if i := strings.IndexByte(msg, '\n'); i >= 0 && f.Code != "panic" {
		msg = msg[:i]
	}
	r.timeline.Summary.Faults = append(r.timeline.Summary.Faults, Fault{
		At: r.now.In(r.cal.Location()), Process: p.label, Event: event, Code: f.Code, Path: f.Path, Message: msg,
	})
	r.line(p, Line{Kind: FaultKind, Name: event, Outcome: f.Code, Text: textf("%s：%s", "%s: %s", f.Path, firstLine(msg))})
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// note turns the changes of one decision into lines.
func (r *rehearsal) note(p *process, before *engine.State, ev engine.Event, d engine.Decision) {
	n := &noting{rehearsal: r, p: p, before: before, ev: ev, d: d}
	for _, c := range d.Changes {
		if !n.task(c) && !n.step(c) {
			n.process(c)
		}
	}
}

// noting is one decision being noted.
type noting struct {
	*rehearsal
	p        *process
	before   *engine.State
	ev       engine.Event
	d        engine.Decision
	answered []string // steps whose completion by a person is noted
}

func (n *noting) add(l Line) { n.line(n.p, l) }

// stepOf names the step of a task that was open before, or was opened by this very decision.
func (n *noting) stepOf(task string) (engine.Task, bool) {
	if n.before != nil {
		if t, ok := n.before.Task(task); ok {
			return t, true
		}
	}
	for _, c := range n.d.Changes {
		if o, ok := c.(*engine.TaskOpened); ok && o.Task.ID == task {
			return o.Task, true
		}
	}
	return engine.Task{}, false
}

func plain(principals []string) []string {
	out := make([]string, len(principals))
	for i, p := range principals {
		out[i] = strings.TrimPrefix(p, "user:")
	}
	return out
}

func one(user string) []string {
	if user == "" {
		return nil
	}
	return []string{user}
}

func holders(t engine.Task) []string {
	if t.Assignee != "" {
		return []string{t.Assignee}
	}
	return plain(t.Candidates)
}

// task notes what happens to tasks.
func (n *noting) task(c engine.Change) bool {
	switch c := c.(type) {
	case *engine.TaskOpened:
		l := Line{Step: c.Task.Step, Kind: Opened, Who: holders(c.Task), Due: c.Task.Due, Text: c.Task.Name}
		l.Why = n.whyDue(c.Task.Node, c.Task.OpenedAt, c.Task.Due, c.Task.Late)
		n.add(l)
	case *engine.TaskAssigned:
		t, _ := n.stepOf(c.Task)
		who := one(c.Assignee)
		if c.Assignee == "" {
			who = plain(c.Candidates)
		}
		n.add(Line{Step: t.Step, Kind: Assigned, Who: who, Name: c.Verb, Text: verbText(c.Verb)})
	case *engine.TaskDue:
		t, _ := n.stepOf(c.Task)
		n.add(Line{Step: t.Step, Kind: Moved, Who: holders(t), Due: c.Due, Why: n.whyDue(t.Node, t.OpenedAt, c.Due, c.Late)})
	case *engine.TaskOverdue:
		t, _ := n.stepOf(c.Task)
		n.timeline.Summary.Overdue++
		n.add(Line{Step: t.Step, Kind: Overdue, Who: holders(t), Due: t.Due})
	case *engine.TaskClosed:
		n.closed(c)
	case *engine.Messaged:
		n.message(c)
	default:
		return false
	}
	return true
}

func (n *noting) closed(c *engine.TaskClosed) {
	t, _ := n.stepOf(c.Task)
	if c.Status == "done" {
		n.answered = append(n.answered, t.Step)
		n.add(Line{Step: t.Step, Kind: Completed, Who: one(c.By), Outcome: c.Outcome, Text: definitions.Text{Zh: c.Comment, En: c.Comment}})
		return
	}
	n.add(Line{Step: t.Step, Kind: Closed, Who: holders(t), Name: c.Reason, Text: reasonText(c.Reason)})
}

func (n *noting) message(c *engine.Messaged) {
	l := Line{Kind: Message, Who: plain(c.To), Name: c.Template, Text: c.Text}
	n.timeline.Summary.Messages += len(c.To)
	if t, ok := n.stepOf(c.Task); ok {
		l.Step = t.Step
	}
	switch c.Template {
	case "task.reminder":
		l.Kind = Reminded
	case "task.escalated", "task.escalated_to":
		l.Kind = Escalated
	case "event.reminder":
		l.Text = textf("请登记：%v", "please tell: %v", c.Args["event"])
	}
	n.add(l)
}

// step notes what happens to steps that no person does, and to what they hold.
func (n *noting) step(c engine.Change) bool {
	switch c := c.(type) {
	case *engine.NodeOpened:
		if def := n.p.def.Nodes[c.Path]; def != nil && def.Wait != nil && !c.Waiting {
			n.add(Line{Step: stepID(def), Kind: Waiting, Name: def.Wait.Event})
		}
	case *engine.NodeSkipped:
		if def := n.p.def.Nodes[c.Path]; def != nil && stepID(def) != "" {
			n.add(Line{Step: stepID(def), Kind: Skipped, Name: c.Reason, Text: reasonText(c.Reason)})
		}
	case *engine.OutputSet:
		n.output(c)
	case *engine.Booked:
		b := c.Booking
		n.add(Line{Kind: Booked, Name: b.Resource, Text: n.span(b)})
	case *engine.BookingEnded:
		n.released(c)
	case *engine.Recorded:
		n.add(Line{Kind: Recorded, Name: c.Register, Text: definitions.Text{Zh: c.Key, En: c.Key}})
	case *engine.ChildStarted:
		n.add(Line{Kind: ChildKind, Name: c.Child.Definition.ID})
	default:
		return false
	}
	return true
}

// output notes a step that finished by itself; one that a person completed has its line already.
func (n *noting) output(c *engine.OutputSet) {
	if (c.Output.Outcome == "" && !c.Item) || c.Output.Steps != nil || c.Output.Loop {
		return
	}
	for i, step := range n.answered {
		if step == c.Step {
			n.answered = append(n.answered[:i:i], n.answered[i+1:]...)
			return
		}
	}
	n.add(Line{Step: c.Step, Kind: Completed, Outcome: c.Output.Outcome})
}

func (n *noting) span(b engine.Booking) definitions.Text {
	from, to := n.clock(b.From), n.clock(b.To)
	return textf("%s 至 %s", "%s to %s", from, to)
}

func (n *noting) released(c *engine.BookingEnded) {
	if n.before == nil {
		return
	}
	for _, b := range n.before.Bookings {
		if b.ID == c.ID {
			n.add(Line{Kind: Released, Name: b.Resource, Text: reasonText(c.Reason)})
		}
	}
}

// process notes what happens to the process as a whole.
func (n *noting) process(c engine.Change) {
	by := one(n.ev.Actor.User)
	switch c := c.(type) {
	case *engine.ProcessStarted:
		n.add(Line{Kind: Started, Who: one(c.Starter), Text: n.d.State.Title})
	case *engine.EventTold:
		l := Line{Kind: Told, Name: c.Event, Who: one(c.By)}
		if c.Assumed {
			l.Text = definitions.Text{Zh: "无人登记，按默认时间认定", En: "nobody told it: taken as having happened now"}
		}
		n.add(l)
	case *engine.ProposalOpened:
		n.add(Line{Kind: Proposed, Name: c.Proposal.Event, Who: one(c.Proposal.By)})
	case *engine.ProposalClosed:
		kind := Dropped
		if c.Accepted {
			kind = Accepted
		}
		n.add(Line{Kind: kind, Name: c.Event, Text: reasonText(c.Reason)})
	case *engine.ProcessEnding:
		if n.p.def.Finally != nil {
			n.add(Line{Kind: Ending, Outcome: c.Outcome, Who: by})
		}
	case *engine.ProcessEnded:
		n.add(Line{Kind: Ended, Outcome: c.Outcome})
	}
}

// stepID is the name by which people know a node: the body of a loop has its loop's.
func stepID(def *definitions.Node) string {
	if def.ID == "" && def.Parent != nil && (def.Parent.Kind == definitions.Each || def.Parent.Kind == definitions.Repeat) {
		return def.Parent.ID
	}
	return def.ID
}

func verbText(verb string) definitions.Text {
	switch verb {
	case "claim":
		return definitions.Text{Zh: "认领", En: "claimed"}
	case "release":
		return definitions.Text{Zh: "退回任务池", En: "given back to the pool"}
	case "transfer":
		return definitions.Text{Zh: "转办", En: "transferred"}
	}
	return definitions.Text{Zh: "升级改派", En: "given to them by the escalation"}
}

func reasonText(reason string) definitions.Text {
	switch reason {
	case "done":
		return definitions.Text{Zh: "步骤已有结果", En: "the step is decided"}
	case "until":
		return definitions.Text{Zh: "本组结束", En: "its group is over"}
	case "ended":
		return definitions.Text{Zh: "流程结束", En: "the process ends"}
	case "goto":
		return definitions.Text{Zh: "流程跳转", En: "the process goes elsewhere"}
	case "replaced":
		return definitions.Text{Zh: "被下一次取代", En: "replaced by the next"}
	case "superseded":
		return definitions.Text{Zh: "被新的申请取代", En: "superseded"}
	case "when":
		return definitions.Text{Zh: "条件不成立", En: "its condition is false"}
	case "kept":
		return definitions.Text{Zh: "沿用上一轮结果", En: "its earlier result stands"}
	case "failed":
		return definitions.Text{Zh: "未通过", En: "it came to nothing"}
	case "accepted", "released":
		return definitions.Text{}
	}
	return definitions.Text{Zh: reason, En: reason}
}
