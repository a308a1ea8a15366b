package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"steward/definitions"
	"steward/internal/advance"
	"steward/internal/store"
	"steward/workflows/engine"
)

// ListTasks answers one of the caller's lists.
func (s *Server) ListTasks(ctx context.Context, r ListTasksRequestObject) (ListTasksResponseObject, error) {
	who := callerOf(ctx)
	list := store.TaskList(orDefault(r.Params.Scope, TaskScopeMine))
	slice, err := s.store.Tasks(ctx, who.viewer(), list, store.TaskFilter{DefinitionID: r.Params.Definition, Query: r.Params.Query}, page(r.Params.Cursor, r.Params.Limit))
	if err != nil {
		return nil, err
	}
	answer, err := named(ctx, s, func(names *nameBook) TaskPage {
		p := TaskPage{Items: make([]TaskSummary, len(slice.Items)), NextCursor: slice.Next}
		for i, t := range slice.Items {
			p.Items[i] = taskSummary(t, who, names)
		}
		return p
	})
	if err != nil {
		return nil, err
	}
	return ListTasks200JSONResponse(answer), nil
}

func taskSummary(t store.TaskItem, who *caller, names *nameBook) TaskSummary {
	return TaskSummary{
		ID: t.ID, Process: t.ProcessID, Definition: t.DefinitionID, Step: t.Step, Kind: t.Kind, Title: Text(t.Title),
		ProcessTitle: Text(t.ProcessTitle), Status: TaskStatus(t.Status), Outcome: deref(t.Outcome), Assignee: names.personOr(t.Assignee),
		DueAt: at(t.DueAt), Overdue: t.Status == "open" && t.DueAt != nil && t.DueAt.Before(time.Now()), LateStart: t.LateStart,
		OpenedAt: t.OpenedAt.UTC(), ClaimedAt: at(t.ClaimedAt), ClosedAt: at(t.ClosedAt), ClosedBy: names.personOr(t.ClosedBy),
		Revision: int(t.Revision), Priority: int(t.Priority), AllowedActions: taskActions(t, nil, who),
	}
}

// GetTask answers one task with its form.
func (s *Server) GetTask(ctx context.Context, _ GetTaskRequestObject) (GetTaskResponseObject, error) {
	item := subjectOf(ctx).task
	d, err := s.taskDetail(ctx, item)
	if err != nil {
		return nil, err
	}
	who := callerOf(ctx)
	view, err := named(ctx, s, func(names *nameBook) Task { return taskView(item.TaskItem, d, who, names) })
	if err != nil {
		return nil, err
	}
	return GetTask200JSONResponse(view), nil
}

// taskDetail is what the state and the definition know of an open task. All is nil for a closed one.
type taskDetail struct {
	task *engine.Task
	node *definitions.Node
	def  *definitions.Definition
}

func (s *Server) taskDetail(ctx context.Context, item store.TaskInProcess) (taskDetail, error) {
	if item.Status != "open" {
		return taskDetail{}, nil
	}
	state, err := decodeState(item.ProcessID, item.State)
	if err != nil {
		return taskDetail{}, err
	}
	task, ok := state.Task(item.ID.String())
	if !ok {
		return taskDetail{}, nil
	}
	def, err := s.catalog.Get(ctx, item.DefinitionID, int(item.Version))
	if err != nil {
		return taskDetail{}, err
	}
	return taskDetail{task: &task, node: def.Nodes[task.Path], def: def}, nil
}

// stateOf reads a process's state. One that has only been stored yet has an empty state: it is about to run.
func stateOf(p store.Process) (*engine.State, error) {
	state, err := decodeState(p.ID, p.State)
	if err == nil && state.Status == "" {
		state.Status, state.Starter = engine.StatusRunning, p.Starter
	}
	return state, err
}

func decodeState(process uuid.UUID, text string) (*engine.State, error) {
	state := &engine.State{}
	if err := json.Unmarshal([]byte(text), state); err != nil {
		return nil, fmt.Errorf("read state of process %s: %w", process, err)
	}
	return state, nil
}

func taskView(item store.TaskItem, d taskDetail, who *caller, names *nameBook) Task {
	sum := taskSummary(item, who, names)
	view := Task{
		ID: sum.ID, Process: sum.Process, Definition: sum.Definition, Step: sum.Step, Kind: sum.Kind, Title: sum.Title,
		ProcessTitle: sum.ProcessTitle, Status: sum.Status, Outcome: sum.Outcome, Assignee: sum.Assignee, DueAt: sum.DueAt,
		Overdue: sum.Overdue, LateStart: sum.LateStart, OpenedAt: sum.OpenedAt, ClaimedAt: sum.ClaimedAt, ClosedAt: sum.ClosedAt,
		ClosedBy: sum.ClosedBy, Revision: sum.Revision, Priority: sum.Priority, AllowedActions: taskActions(item, d.task, who),
		Candidates: names.principals(item.Candidates), Outcomes: []string{},
	}
	if d.task != nil {
		view.Outcomes, view.Prefill, view.Details = orEmpty(d.task.Outcomes), d.task.Prefill, d.task.Details
	}
	if d.node != nil {
		view.DetailsForm = detailsForm(d)
		if d.node.Form != nil {
			view.Form = formView(d.node)
		}
		for _, text := range d.node.Checks {
			view.Checklist = append(view.Checklist, Text(text))
		}
	}
	return view
}

// formView is the form of a task. x-required-for names the outcomes with which its required fields are demanded, when they are not
// demanded with all.
func formView(n *definitions.Node) JSONSchema {
	view := schemaView(n.Form.Schema)
	if slices.ContainsFunc(n.Outcomes, func(o string) bool { return !slices.Contains(n.Form.For, o) }) {
		view["x-required-for"] = n.Form.For
	}
	return view
}

// taskCommand sends a command on the task that the request names.
func (s *Server) taskCommand(ctx context.Context, event, key string, data engine.TaskData, hold int32) (outcome, error) {
	item := subjectOf(ctx).task
	data.Task = item.ID.String()
	command := advance.Command{Process: item.ProcessID, Type: event, Key: key, Payload: data}
	if hold > 0 {
		until := time.Now().Add(time.Duration(hold) * time.Second)
		command.HoldUntil = &until
	}
	out, err := s.submit(ctx, command)
	if err != nil || out.stored {
		return out, err
	}
	return s.withTask(ctx, out, event)
}

// withTask adds to an answer what may be done with the task next, while it is open.
func (s *Server) withTask(ctx context.Context, out outcome, event string) (outcome, error) {
	item := subjectOf(ctx).task
	out.result.Task = item.ID
	if event == engine.EventComplete {
		return out, nil
	}
	who := callerOf(ctx)
	fresh, err := s.store.Task(ctx, store.Viewer{UserID: who.ID, All: true}, item.ID)
	if err != nil {
		return out, err
	}
	out.result.DueAt, out.result.AllowedActions = at(fresh.DueAt), taskActions(fresh.TaskItem, nil, who)
	return out, nil
}

func revision(expected ExpectedRevision) *int {
	if expected == 0 {
		return nil
	}
	r := int(expected)
	return &r
}

// ClaimTask takes a task.
func (s *Server) ClaimTask(ctx context.Context, r ClaimTaskRequestObject) (ClaimTaskResponseObject, error) {
	body := deref(r.Body)
	out, err := s.taskCommand(ctx, engine.EventClaim, r.Params.IdempotencyKey, engine.TaskData{Revision: revision(body.ExpectedRevision)}, 0)
	switch {
	case err != nil:
		return nil, err
	case out.stored:
		return ClaimTask202JSONResponse{out.pending()}, nil
	}
	return ClaimTask200JSONResponse{out.decided()}, nil
}

// ReleaseTask gives a task back.
func (s *Server) ReleaseTask(ctx context.Context, r ReleaseTaskRequestObject) (ReleaseTaskResponseObject, error) {
	body := deref(r.Body)
	data := engine.TaskData{Revision: revision(body.ExpectedRevision), Comment: body.Comment}
	out, err := s.taskCommand(ctx, engine.EventRelease, r.Params.IdempotencyKey, data, 0)
	switch {
	case err != nil:
		return nil, err
	case out.stored:
		return ReleaseTask202JSONResponse{out.pending()}, nil
	}
	return ReleaseTask200JSONResponse{out.decided()}, nil
}

// TransferTask hands a task over.
func (s *Server) TransferTask(ctx context.Context, r TransferTaskRequestObject) (TransferTaskResponseObject, error) {
	data := engine.TaskData{To: r.Body.To, Comment: r.Body.Comment, Revision: revision(r.Body.ExpectedRevision)}
	out, err := s.taskCommand(ctx, engine.EventTransfer, r.Params.IdempotencyKey, data, 0)
	switch {
	case err != nil:
		return nil, err
	case out.stored:
		return TransferTask202JSONResponse{out.pending()}, nil
	}
	return TransferTask200JSONResponse{out.decided()}, nil
}

// CompleteTask finishes a task. A form that is not valid is refused before anything is stored.
func (s *Server) CompleteTask(ctx context.Context, r CompleteTaskRequestObject) (CompleteTaskResponseObject, error) {
	data := engine.TaskData{
		Outcome: r.Body.Outcome, Form: r.Body.Form, Comment: r.Body.Comment, Revision: revision(r.Body.ExpectedRevision),
	}
	if err := s.checkTaskForm(ctx, data); err != nil {
		return nil, err
	}
	out, err := s.taskCommand(ctx, engine.EventComplete, r.Params.IdempotencyKey, data, r.Body.HoldSeconds)
	switch {
	case err != nil:
		return nil, err
	case out.stored:
		return CompleteTask202JSONResponse{out.pending()}, nil
	}
	return CompleteTask200JSONResponse{out.decided()}, nil
}

// checkTaskForm validates what was filled in, as Decide does. A closed task is left to the decision, which knows whether
// the request is a repetition.
func (s *Server) checkTaskForm(ctx context.Context, data engine.TaskData) error {
	d, err := s.taskDetail(ctx, subjectOf(ctx).task)
	if err != nil || d.task == nil || d.node == nil {
		return err
	}
	if data.Outcome == "" && len(d.task.Outcomes) == 1 {
		data.Outcome = d.task.Outcomes[0]
	}
	if !slices.Contains(d.task.Outcomes, data.Outcome) {
		return invalidForm("", []definitions.FieldError{{
			Field: "outcome", Code: "enum", Zh: "请选择结果：" + strings.Join(d.task.Outcomes, "、"), En: "choose one of " + strings.Join(d.task.Outcomes, ", "),
		}})
	}
	if form := d.node.Form; form != nil && (len(data.Form) > 0 || slices.Contains(form.For, data.Outcome)) {
		return invalidForm("form.", form.Schema.Validate(form.Schema.ApplyDefaults(filled(form, d.task, data.Form))))
	}
	if d.node.Form == nil && len(data.Form) > 0 {
		return invalidForm("", []definitions.FieldError{{Field: "form", Code: "unknown", Zh: "此任务没有表单", En: "this task has no form"}})
	}
	return nil
}

// filled is the form as it will be checked: one over input fields starts from their present values.
func filled(form *definitions.Form, t *engine.Task, data map[string]any) map[string]any {
	if len(form.Input) == 0 {
		return data
	}
	all := maps.Clone(t.Prefill)
	if all == nil {
		all = make(map[string]any, len(data))
	}
	maps.Copy(all, data)
	return all
}

// invalidForm reports faulty fields of a form, nil when there are none.
func invalidForm(prefix string, found []definitions.FieldError) error {
	if len(found) == 0 {
		return nil
	}
	f := fail(codeInvalidForm)
	for _, e := range found {
		f.fields = append(f.fields, fieldFailure{prefix + e.Field, e.Code, Text{e.Zh, e.En}})
	}
	return f
}
