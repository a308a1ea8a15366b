package api

import (
	"time"

	"steward/definitions"
	"steward/workflows/engine"
)

// effect tells one consequence of a decision; the inner workings (nodes, formulas, outputs) are left out.
func (t *teller) effect(c engine.Change) (LogEffect, bool) {
	text, step := t.taskEffect(c)
	if text == (Text{}) {
		text = t.processEffect(c)
	}
	if text == (Text{}) {
		text = t.bookingEffect(c)
	}
	if out, ok := c.(*engine.OutputSet); ok {
		text, step = t.obstacle(out), out.Step
	}
	if text == (Text{}) {
		return LogEffect{}, false
	}
	return LogEffect{Kind: engine.Kind(c), Step: step, Text: text}, true
}

func (t *teller) taskEffect(c engine.Change) (text Text, step string) {
	switch c := c.(type) {
	case *engine.TaskOpened:
		to := c.Task.Candidates
		if c.Task.Assignee != "" {
			to = []string{"user:" + c.Task.Assignee}
		}
		return say("新任务“%s”，由%s办理", "new task “%s” for %s", Text(c.Task.Name), t.everyone(to)), t.step(c.Task.Path)
	case *engine.TaskAssigned:
		if c.Verb != "escalate" {
			return Text{}, ""
		}
		return say("“%s”升级", "“%s” was escalated", t.taskName(c.Task)), ""
	case *engine.TaskDue:
		return say("“%s”的期限：%s", "“%s” is now due %s", t.taskName(c.Task), t.moment(c.Due)), ""
	case *engine.TaskOverdue:
		return say("“%s”已逾期", "“%s” is overdue", t.taskName(c.Task)), ""
	case *engine.TaskClosed:
		if c.Status == "done" {
			return Text{}, ""
		}
		return say("“%s”已关闭", "“%s” was closed", t.taskName(c.Task)), ""
	case *engine.Voted:
		return say("%s：%s", "%s: %s", t.names.name("user:"+c.Vote.By), outcomeWord(c.Vote.Outcome)), ""
	case *engine.NodeSkipped:
		return t.skipped(c), t.step(c.Path)
	case *engine.RepetitionsMissed:
		return say("%s：另有 %d 次已错过，不再补发", "%s: %d more were missed and are not made up for", deadlineWord(c.Key, t.def.Events), c.Count), t.step(t.paths[c.Node])
	}
	return Text{}, ""
}

func (t *teller) processEffect(c engine.Change) Text {
	switch c := c.(type) {
	case *engine.ProcessEnding:
		return say("流程收尾：%s", "the process is ending: %s", outcomeWord(c.Outcome))
	case *engine.ProcessEnded:
		return say("流程结束：%s", "the process has ended: %s", outcomeWord(c.Outcome))
	case *engine.InputChanged:
		return say("内容有变：%s", "changed: %s", t.fieldTitles(c.Fields))
	case *engine.EventTold:
		if !c.Assumed {
			return Text{}
		}
		return say("无人登记，视为已发生：%s", "nobody told, taken as having happened: %s", t.eventName(c.Event))
	case *engine.RoleResolved:
		return say("确定由%s负责", "it falls to %s", t.everyone(c.Principals))
	case *engine.ProposalOpened:
		return say("提出变更：%s", "proposed: %s", t.eventName(c.Proposal.Event))
	case *engine.ProposalClosed:
		if c.Accepted {
			return say("变更生效", "the change took effect")
		}
		return say("变更未生效", "the change did not take effect")
	case *engine.ChildStarted:
		return say("启动子流程“%s”", "the child process “%s” was started", t.children[c.Child.Definition.ID])
	case *engine.ChildEnded:
		return say("子流程结束：%s", "the child process ended: %s", outcomeWord(c.Outcome))
	case *engine.Messaged:
		return say("通知%s", "%s were told", t.everyone(c.To))
	case *engine.Recorded:
		return say("登记到“%s”", "recorded in “%s”", t.register(c.Register))
	}
	return Text{}
}

func (t *teller) bookingEffect(c engine.Change) Text {
	switch c := c.(type) {
	case *engine.Booked:
		if c.Booking.Hold {
			return t.booking(&c.Booking, "暂留%s：%s 至 %s", "%s is held from %s to %s")
		}
		return t.booking(&c.Booking, "预订%s：%s 至 %s", "%s is booked from %s to %s")
	case *engine.BookingConfirmed:
		return t.booking(c.Was, "%s的暂留转为预订：%s 至 %s", "the hold of %s became a booking from %s to %s")
	case *engine.BookingEnded:
		return t.givenBack(c)
	}
	return Text{}
}

// givenBack tells of the end of a booking: what was still to come of it is free again, what had passed stays on record.
func (t *teller) givenBack(c *engine.BookingEnded) Text {
	switch {
	case c.Was == nil:
		return t.booking(nil, "", "")
	case c.Was.Hold:
		return t.booking(c.Was, "取消暂留%s：%s 至 %s", "%s is not held any more from %s to %s")
	case c.At.After(c.Was.From) && c.At.Before(c.Was.To):
		rest := *c.Was
		rest.From = c.At
		return t.booking(&rest, "归还%s：%s 至 %s", "%s was given back from %s to %s")
	case !c.At.Before(c.Was.To):
		return t.booking(c.Was, "%s的预订已用完：%s 至 %s", "%s was used as booked from %s to %s")
	}
	return t.booking(c.Was, "退订%s：%s 至 %s", "%s was given back from %s to %s")
}

// booking fills a sentence with what is booked, from when and to when. Logs of earlier builds do not say it of every change.
func (t *teller) booking(b *engine.Booking, zh, en string) Text {
	if b == nil {
		return say("预订有变", "a booking changed")
	}
	return say(zh, en, t.names.resource(b.Resource), t.moment(&b.From), t.moment(&b.To))
}

// moment writes a time of the house for a sentence; clients that want another form find it in the fields of the log.
func (t *teller) moment(at *time.Time) Text {
	if at == nil {
		return Text{Zh: "–", En: "–"}
	}
	return clock(*at, t.zone)
}

// skipped tells why a step did not run. What has no name is an inner part of what has, and is left out.
func (t *teller) skipped(c *engine.NodeSkipped) Text {
	name := t.stepName(c.Path)
	switch {
	case name == (Text{}):
		return Text{}
	case c.Reason == "kept":
		return say("沿用上一轮：“%s”", "“%s” stands from the round before", name)
	}
	return say("跳过“%s”", "“%s” was skipped", name)
}

func (t *teller) register(name string) Text {
	if book := t.def.Books[name]; book != nil && book.Title != (definitions.Text{}) {
		return Text(book.Title)
	}
	return Text{Zh: name, En: name}
}

// obstacle tells of an automatic step whose outcome turned the process from its usual way, and why.
func (t *teller) obstacle(c *engine.OutputSet) Text {
	n := t.def.Steps[c.Step]
	if n == nil || !automatic(n) || n.On[c.Output.Outcome] == nil {
		return Text{}
	}
	if c.Output.Outcome != "conflict" || n.Uses != "reserve" {
		return say("“%s”：%s", "“%s”: %s", t.stepName(n.Path), outcomeWord(c.Output.Outcome))
	}
	data := c.Output.Data
	room, _ := data["resource"].(string)
	holder, _ := data["holder"].(string)
	from, to := timeIn(data["held_from"]), timeIn(data["held_to"])
	if from.IsZero() {
		return say("没有“%s”，或已停用", "there is no “%s”, or it is out of use", t.names.resource(room))
	}
	return say("%[1]s没有订上：%[3]s 至 %[4]s 已被“%[2]s”占用", "%s could not be booked: “%s” has it from %s to %s",
		t.names.resource(room), holder, t.moment(&from), t.moment(&to))
}

// timeIn reads a time that was kept as a value; the zero time when it is none.
func timeIn(v any) time.Time {
	switch v := v.(type) {
	case time.Time:
		return v
	case string:
		at, err := time.Parse(time.RFC3339Nano, v)
		if err == nil {
			return at
		}
	}
	return time.Time{}
}
