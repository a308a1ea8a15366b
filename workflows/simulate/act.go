package simulate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"steward/definitions"
	"steward/workflows/engine"
)

// agenda is what somebody means to do with an open task.
type agenda struct {
	process *process
	task    engine.Task
	def     *definitions.Node
	act     Act
	ruled   bool // the script says something
	from    time.Time
	version int // a plan made before the task changed hands is void
	problem definitions.Text
}

// follow queues what the changes of a process lead to: people's plans, and what its children and parent have to do.
func (r *rehearsal) follow(p *process, changes []engine.Change) {
	for _, c := range changes {
		switch c := c.(type) {
		case *engine.TaskOpened:
			r.newTask(p, c.Task)
		case *engine.TaskAssigned:
			r.replan(p, c.Task, true)
		case *engine.TaskDue:
			r.replan(p, c.Task, false)
		case *engine.TaskClosed:
			r.closeTask(c)
		case *engine.ChildStarted:
			r.startChild(p, c)
		case *engine.ChildCancelled:
			r.send(c.Process, engine.EventCancel, p, engine.CancelData{Reason: "parent"})
		case *engine.ProcessEnded:
			if c.Parent != nil && c.Parent.Wait {
				r.send(c.Parent.Process, engine.EventChildEnded, p, engine.ChildData{Process: p.id, Outcome: c.Outcome})
			}
		}
	}
}

// newTask notes an open task with what the script says of it.
func (r *rehearsal) newTask(p *process, t engine.Task) {
	key := t.Step
	if p != r.procs[0] {
		key = p.def.ID + "." + t.Step
	}
	a := &agenda{process: p, task: t, def: p.def.Nodes[t.Path], from: t.OpenedAt}
	a.act, a.ruled = r.opts.Script.Steps[key].nth(r.opened[key])
	r.opened[key]++
	r.tasks[t.ID] = a
	r.carry(t.Assignee, 1)
	r.plan(a)
}

// carry counts open tasks of a person.
func (r *rehearsal) carry(user string, n int) {
	if user != "" {
		r.world.Open[user] += n
	}
}

// replan plans again after a task changed hands or got another due date.
func (r *rehearsal) replan(p *process, task string, handed bool) {
	a, open := r.tasks[task]
	now, still := p.st.Task(task)
	if !open || !still {
		return
	}
	r.carry(a.task.Assignee, -1)
	r.carry(now.Assignee, 1)
	a.task = now
	if handed {
		a.from = r.now
	}
	if a.ruled && (a.act.After != "" || a.act.At.Text != "") {
		return
	}
	r.plan(a)
}

func (r *rehearsal) closeTask(c *engine.TaskClosed) {
	if a, ok := r.tasks[c.Task]; ok {
		r.carry(a.task.Assignee, -1)
		delete(r.tasks, c.Task)
	}
	if c.Status == "done" {
		r.timeline.Summary.Done[c.By]++
	}
}

// plan decides who does a task, and when.
func (r *rehearsal) plan(a *agenda) {
	a.version++
	a.problem = definitions.Text{}
	who := r.doer(a)
	profile := r.opts.People.of(a.task.Step, who)
	switch {
	case who == "":
		a.problem = textf("%s 里没有可以处理的人", "there is nobody in %s who may do it", strings.Join(a.task.Candidates, ", "))
		return
	case a.act.Never:
		a.problem = definitions.Text{Zh: "脚本写明无人处理", En: "the script says that nobody does it"}
		return
	}
	at, ok := r.time(a, profile)
	if !ok {
		a.problem = textf("%s 不在（absent）", "%s is absent", who)
		return
	}
	version := a.version
	r.queue.put(command{at: at, process: a.process.id, do: func() {
		if r.tasks[a.task.ID] == a && a.version == version {
			r.complete(a, who, profile)
		}
	}})
}

// time answers when a task is done: as the script says, else as the profile has it. Somebody whom the script makes act is
// not absent.
func (r *rehearsal) time(a *agenda, profile Profile) (time.Time, bool) {
	switch {
	case a.act.After != "":
		at, err := after(a.act.After, a.task.OpenedAt, a.process.cal)
		if err != nil {
			r.err = fmt.Errorf("script: step %s: %w", a.task.Step, err)
		}
		return at, true
	case a.act.At.Text != "":
		at, err := r.moments().resolve(a.act.At)
		if err != nil {
			r.err = a.act.At.spot.wrap(fmt.Errorf("script: step %s: %w", a.task.Step, err))
		}
		if at.Before(r.now) {
			at = r.now
		}
		return at, true
	case a.ruled && profile == Absent:
		profile = Fast
	}
	return profile.actsAt(a.task, a.def, a.from, a.process.cal)
}

// doer answers who does a task: whom the script names, who has it, or the least busy of those who may take it.
func (r *rehearsal) doer(a *agenda) string {
	if by := first(a.act.By, a.task.Assignee); by != "" {
		return by
	}
	var users []string
	for _, c := range a.task.Candidates {
		members, err := r.world.Members(r.ctx, c)
		if err != nil {
			r.err = err
		}
		for _, m := range members {
			if !slices.Contains(users, m) && !slices.Contains(a.task.Exclude, m) {
				users = append(users, m)
			}
		}
	}
	if len(users) == 0 {
		return ""
	}
	done := r.timeline.Summary.Done
	return slices.MinFunc(users, func(x, y string) int {
		return cmp.Or(cmp.Compare(r.world.Open[x], r.world.Open[y]), cmp.Compare(done[x], done[y]), cmp.Compare(x, y))
	})
}

// complete does a task. A refusal leaves it open, with the reason.
func (r *rehearsal) complete(a *agenda, who string, profile Profile) {
	outcome := first(a.act.Outcome, profile.decides(a.task))
	var form *definitions.Form
	if a.def != nil {
		form = a.def.Form
	}
	data := engine.TaskData{
		Task: a.task.ID, Outcome: outcome, Form: fillForm(form, a.task, outcome, a.act.Form, r.now), Comment: a.act.Comment,
	}
	ev := engine.Event{ID: fmt.Sprintf("cmd/%d", r.queue.n), Type: engine.EventComplete, Actor: engine.Actor{User: who}}
	_, err := r.decide(a.process, ev, data)
	if msg, refused := r.answer(a.process, a.task.Step, "", who, err); refused {
		a.problem = definitions.Text{Zh: "处理被拒绝：" + msg.Zh, En: "completing it was refused: " + msg.En}
	}
}

// tell sends an event of the script.
func (r *rehearsal) tell(p *process, e ScriptEvent) {
	ev := engine.Event{ID: fmt.Sprintf("cmd/%d", r.queue.n), Type: engine.EventTell, Actor: engine.Actor{User: first(e.By, r.teller(p, e.Event))}}
	var data any = engine.TellData{Event: e.Event, Data: jsonValues(e.Data)}
	name := e.Event
	if e.Event == "" {
		ev.Type, data, name = engine.EventCancel, engine.CancelData{Reason: e.Cancel}, "cancel"
		ev.Actor.User = first(e.By, p.st.Starter)
	}
	_, err := r.decide(p, ev, data)
	r.answer(p, "", name, ev.Actor.User, err)
}

// teller answers somebody who may tell an event: the starter if possible, else a member, else an operator.
func (r *rehearsal) teller(p *process, event string) string {
	for _, e := range p.def.Events {
		if e.Name != event {
			continue
		}
		for _, role := range e.By {
			if role.Ref != nil {
				role = role.Ref
			}
			switch {
			case role.Starter:
				return p.st.Starter
			case role.User != "":
				return role.User
			case role.Group != "" && len(r.world.Groups[role.Group]) > 0:
				return r.world.Groups[role.Group][0]
			case role.Post != "" && len(r.world.Posts[role.Post]) > 0:
				return r.world.Posts[role.Post][0]
			}
		}
	}
	return Operator
}

// answer notes a command that was refused or failed; what else goes wrong ends the rehearsal.
func (r *rehearsal) answer(p *process, step, name, who string, err error) (definitions.Text, bool) {
	var refusal *engine.Refusal
	var fault *engine.Fault
	switch {
	case err == nil:
		return definitions.Text{}, false
	case errors.As(err, &refusal):
		msg := refusalText(refusal)
		r.timeline.Summary.Refusals++
		r.line(p, Line{Step: step, Name: name, Kind: Refused, Who: []string{who}, Outcome: refusal.Code, Text: msg})
		return msg, true
	case errors.As(err, &fault):
		r.fault(p, first(step, name), fault)
		return definitions.Text{Zh: fault.Error(), En: fault.Error()}, true
	}
	r.err = fmt.Errorf("rehearse %s: %w", p.label, err)
	return definitions.Text{}, true
}

// refusalText is the message of a refusal with every field that is wrong.
func refusalText(r *engine.Refusal) definitions.Text {
	if len(r.Fields) < 2 {
		return r.Message
	}
	zh, en := make([]string, len(r.Fields)), make([]string, len(r.Fields))
	for i, f := range r.Fields {
		zh[i], en[i] = f.Field+"："+f.Zh, f.Field+": "+f.En
	}
	return definitions.Text{Zh: strings.Join(zh, "；"), En: strings.Join(en, "; ")}
}
