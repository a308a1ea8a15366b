package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"steward/definitions"
)

// openTask opens a task of a step for principals. A single person gets it at once, several may claim it.
func (s *Step) openTask(to []string, why map[string]any) {
	d := s.d
	n := d.st.node(s.id)
	if n == nil || d.err != nil {
		return
	}
	m, late := d.due(*n, s.def)
	t := Task{
		ID: d.newID("task"), Node: s.id, Path: s.def.Path, Step: stepName(s.def), Kind: baseKind(s.def), Name: d.render(&s.def.Name, s.id, fallbackName(s.def)),
		Candidates: to, Exclude: d.excluded(s.def, s.id), Outcomes: s.def.Outcomes, Details: jsonSafeMap(s.details()),
		OpenedAt: d.now, Late: late, Priority: s.def.Priority, Revision: 1, Prefill: s.prefill(),
	}
	if m.known {
		at := m.at.UTC()
		t.Due = &at
	}
	if user, only := single(to); only {
		t.Assignee, t.Candidates = user, nil
	}
	d.emit(&TaskOpened{Task: t, Why: why})
}

func fallbackName(def *definitions.Node) definitions.Text {
	name := stepName(def)
	return definitions.Text{Zh: name, En: name}
}

// stepName is the id that people know a step by: the body of a loop has that of its loop.
func stepName(def *definitions.Node) string {
	if def.ID == "" && def.Parent != nil {
		return def.Parent.ID
	}
	return def.ID
}

// details are the step's parameters as the person sees them; an approval's own settings are not among them.
func (s *Step) details() map[string]any {
	if baseKind(s.def) == "approval" {
		return nil
	}
	return s.With()
}

// prefill is what the form starts with: the present values of the input fields that it edits.
func (s *Step) prefill() map[string]any {
	if s.def.Form == nil || len(s.def.Form.Input) == 0 {
		return nil
	}
	raw := s.d.view(s.id).raw
	values := make(map[string]any, len(s.def.Form.Input))
	for _, f := range s.def.Form.Input {
		if v, ok := raw[f]; ok {
			values[f] = v
		}
	}
	return values
}

func (d *decider) closeTasks(id int, reason string) {
	for _, t := range slices.Clone(d.st.Tasks) {
		if t.Node == id {
			d.emit(&TaskClosed{Task: t.ID, Status: "closed", At: d.now, Reason: reason, Revision: t.Revision + 1})
		}
	}
}

// taskEvent carries out what a person does with a task: rule 3 of architecture.md 1, everything is checked again.
func (d *decider) taskEvent() {
	data := decode[TaskData](d)
	if d.err != nil {
		return
	}
	t := d.st.task(data.Task)
	if t == nil {
		d.refuseClosedTask(data.Task)
		return
	}
	task := *t
	d.receipt.Task = task.ID
	if data.Revision != nil && *data.Revision != task.Revision {
		d.fail(&Refusal{Code: "stale", Task: task.ID, Revision: task.Revision, Message: definitions.Text{
			Zh: "任务已被更新，请查看最新内容后再操作", En: "the task has changed since you saw it: look again, then decide",
		}, Winner: d.holder(task)})
		return
	}
	switch d.ev.Type {
	case EventClaim:
		d.claim(task)
	case EventRelease:
		d.release(task)
	case EventTransfer:
		d.transfer(task, data)
	case EventComplete:
		d.completeTask(task, data)
	}
	if now := d.st.task(task.ID); now != nil {
		d.receipt.Revision = now.Revision
	}
}

// holder names who has a task, for a refusal that must say who was first.
func (d *decider) holder(t Task) *Winner {
	if t.Assignee == "" || t.ClaimedAt == nil {
		return nil
	}
	return &Winner{By: t.Assignee, Outcome: "claimed", At: *t.ClaimedAt}
}

// refuseClosedTask says how a task that is not open was decided.
func (d *decider) refuseClosedTask(id string) {
	decided, err := d.env.Decided(d.ctx, id)
	switch {
	case err != nil:
		d.fail(fmt.Errorf("read task %s: %w", id, err))
	case decided == nil:
		d.refuse("not_found", "没有这个任务", "there is no such task")
	case decided.ByPerson:
		w := decided.Winner
		d.fail(&Refusal{Code: "decided", Task: id, Revision: decided.Revision, Winner: &w, Message: definitions.Text{
			Zh: "任务已由他人处理", En: "somebody else has completed the task",
		}})
	default:
		d.fail(&Refusal{Code: "closed", Task: id, Revision: decided.Revision, Message: definitions.Text{
			Zh: "任务已关闭，无需处理", En: "the task was closed, nothing remains to be done",
		}})
	}
}

// mayDo says whether a person has the task or may take it.
func mayDo(t Task, p Person) bool {
	if p.ID == "" || slices.Contains(t.Exclude, p.ID) {
		return false
	}
	if t.Assignee != "" {
		return t.Assignee == p.ID
	}
	return slices.ContainsFunc(t.Candidates, func(c string) bool { return slices.Contains(p.Principals, c) })
}

func (d *decider) forbid(t Task) {
	msg := definitions.Text{Zh: "这个任务不由您处理", En: "this task is not yours to do"}
	code := "forbidden"
	w := d.holder(t)
	if w != nil && w.By != d.ev.Actor.User {
		code, msg = "taken", definitions.Text{Zh: "任务已被他人认领", En: "somebody else has claimed the task"}
	}
	d.fail(&Refusal{Code: code, Task: t.ID, Revision: t.Revision, Winner: w, Message: msg})
}

// refuseTask refuses a command on a task, telling how the task stands.
func (d *decider) refuseTask(t Task, code, zh, en string) {
	d.fail(&Refusal{Code: code, Task: t.ID, Revision: t.Revision, Winner: d.holder(t), Message: definitions.Text{Zh: zh, En: en}})
}

func (d *decider) claim(t Task) {
	p := d.actor()
	if t.Assignee == p.ID && p.ID != "" && d.err == nil {
		d.refuseTask(t, "claimed", "您已认领此任务", "you have the task already")
		return
	}
	if !mayDo(t, p) {
		d.forbid(t)
		return
	}
	at := d.now
	d.emit(&TaskAssigned{Task: t.ID, Assignee: p.ID, Candidates: t.Candidates, ClaimedAt: &at, Revision: t.Revision + 1, By: p.ID, Verb: "claim"})
	d.stepped = true
}

func (d *decider) release(t Task) {
	p := d.actor()
	if t.Assignee == "" && d.err == nil && (mayDo(t, p) || p.Operator) {
		d.refuseTask(t, "unclaimed", "任务尚未被认领，无需退回", "nobody has the task: there is nothing to give back")
		return
	}
	if t.Assignee == "" || (t.Assignee != p.ID && !p.Operator) {
		d.forbid(t)
		return
	}
	if len(t.Candidates) == 0 {
		d.refuseTask(t, "no_pool", "此任务直接指派给您，无法退回任务池，可转办他人", "the task was given to you directly: there is no pool to return it to, transfer it instead")
		return
	}
	d.emit(&TaskAssigned{Task: t.ID, Candidates: t.Candidates, Revision: t.Revision + 1, By: p.ID, Verb: "release"})
}

func (d *decider) transfer(t Task, data TaskData) {
	p := d.actor()
	if !mayDo(t, p) && !p.Operator {
		d.forbid(t)
		return
	}
	to, err := d.env.Members(d.ctx, "user:"+data.To)
	if err != nil {
		d.fail(fmt.Errorf("read user %s: %w", data.To, err))
		return
	}
	if len(to) == 0 || slices.Contains(t.Exclude, data.To) {
		d.refuseInvalid([]definitions.FieldError{{Field: "to", Code: "unknown", Zh: "没有这个人，或此人不得处理该任务", En: "there is no such person, or they may not do this task"}})
		return
	}
	at := d.now
	d.emit(&TaskAssigned{
		Task: t.ID, Assignee: data.To, Candidates: t.Candidates, ClaimedAt: &at, Revision: t.Revision + 1, By: p.ID, Verb: "transfer", Comment: data.Comment,
	})
	d.message("task.transferred", []string{"user:" + data.To}, d.st.task(t.ID), map[string]any{"by": p.ID, "comment": data.Comment})
	d.stepped = true
}

func (d *decider) completeTask(t Task, data TaskData) {
	p := d.actor()
	if d.err != nil {
		return
	}
	if !mayDo(t, p) {
		d.forbid(t)
		return
	}
	if data.Outcome == "" && len(t.Outcomes) == 1 {
		data.Outcome = t.Outcomes[0]
	}
	if !slices.Contains(t.Outcomes, data.Outcome) {
		d.refuseInvalid([]definitions.FieldError{{
			Field: "outcome", Code: "enum", Zh: "请选择结果：" + strings.Join(t.Outcomes, "、"), En: "choose one of " + strings.Join(t.Outcomes, ", "),
		}})
		return
	}
	n := d.st.node(t.Node)
	if n == nil {
		d.fault("no_node", t.Path, errNotOpen)
		return
	}
	def := d.static(n)
	form := d.checkForm(def, t, data)
	if d.err != nil {
		return
	}
	d.emit(&TaskClosed{Task: t.ID, Status: "done", Outcome: data.Outcome, By: p.ID, At: d.now, Comment: data.Comment, Revision: t.Revision + 1})
	d.receipt.Revision = t.Revision + 1
	d.signal(t.Node, Signal{Kind: SignalTask, Task: t, Outcome: data.Outcome, Data: form, Comment: data.Comment, By: p.ID})
}

// checkForm validates what was filled in. A form over input fields starts from their present values; the outcomes with
// which a form is owed are the definition's.
func (d *decider) checkForm(def *definitions.Node, t Task, data TaskData) map[string]any {
	if def.Form == nil {
		if len(data.Form) > 0 {
			d.refuseInvalid([]definitions.FieldError{{Field: "form", Code: "unknown", Zh: "此任务没有表单", En: "this task has no form"}})
		}
		return nil
	}
	if len(data.Form) == 0 && !slices.Contains(def.Form.For, data.Outcome) {
		return nil
	}
	form := data.Form
	if len(def.Form.Input) > 0 {
		form = maps.Clone(t.Prefill)
		if form == nil {
			form = map[string]any{}
		}
		maps.Copy(form, data.Form)
	}
	form = def.Form.Schema.ApplyDefaults(form)
	d.refuseInvalid(inForm(def.Form.Schema.Validate(form)))
	if d.err == nil && len(def.Form.Input) > 0 {
		d.refuseInvalid(inForm(d.wrongInput(form)))
	}
	return form
}

// inForm names fields as the request does.
func inForm(fields []definitions.FieldError) []definitions.FieldError {
	for i := range fields {
		fields[i].Field = "form." + fields[i].Field
	}
	return fields
}

// wrongInput says what would be wrong with the process input if some fields were replaced.
func (d *decider) wrongInput(fields map[string]any) []definitions.FieldError {
	v := d.viewOf(fields)
	if wrong := d.def.Input.Validate(v.raw); len(wrong) > 0 || d.err != nil {
		return wrong
	}
	changed := []string{}
	for f, value := range fields {
		if !sameJSON(value, d.st.Input[f]) {
			changed = append(changed, f)
		}
	}
	return d.brokenRules(v, changed)
}

// taskKind is the kind `task`: one person does it and says how it went.
type taskKind struct{}

func (taskKind) Enter(s *Step) {
	if to, why := s.people(); len(to) > 0 {
		s.openTask(to, why)
	}
}

func (taskKind) Handle(s *Step, sig Signal) {
	if sig.Kind == SignalTask {
		s.finishWith(sig)
	}
}

// finishWith completes the step with what a person decided.
func (s *Step) finishWith(sig Signal) {
	r := result{outcome: sig.Outcome, by: sig.By, data: sig.Data, claimed: sig.Task.ClaimedAt}
	if r.claimed == nil && sig.By != "" {
		at := s.d.now
		r.claimed = &at
	}
	if f := s.def.Form; f != nil && len(f.Input) > 0 && len(sig.Data) > 0 {
		r.input = sig.Data
	}
	s.d.completeStep(s.id, r)
}

// jsonSafe answers a value as JSON would give it back, times as RFC 3339 in UTC.
func jsonSafe(v any) any {
	switch x := v.(type) {
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano)
	case time.Duration:
		return x.String()
	case map[string]any:
		return jsonSafeMap(x)
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = jsonSafe(x[i])
		}
		return out
	case int:
		return float64(x)
	case int64:
		return float64(x)
	default:
		return v
	}
}

func jsonSafeMap(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = jsonSafe(v)
	}
	return out
}
