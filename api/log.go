package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"steward/definitions"
	"steward/definitions/expr"
	"steward/internal/store"
	"steward/workflows/engine"
)

// logTasks bounds how many tasks of a process are named in its log; older ones are shown by their step.
const logTasks = 2000

// GetProcessLog answers a page of the decision log, told in words.
func (s *Server) GetProcessLog(ctx context.Context, r GetProcessLogRequestObject) (GetProcessLogResponseObject, error) {
	process := subjectOf(ctx).process
	slice, err := s.store.Log(ctx, process.ID, page(r.Params.Cursor, r.Params.Limit))
	if err != nil {
		return nil, err
	}
	def, err := s.catalog.Get(ctx, process.DefinitionID, int(process.Version))
	if err != nil {
		return nil, err
	}
	tasks, err := s.store.ProcessTasks(ctx, process.ID, logTasks)
	if err != nil {
		return nil, err
	}
	rows, err := decodeLog(slice.Items)
	if err != nil {
		return nil, err
	}
	state, err := stateOf(process)
	if err != nil {
		return nil, err
	}
	children, err := s.childNames(ctx, rows)
	if err != nil {
		return nil, err
	}
	answer, err := named(ctx, s, func(names *nameBook) LogPage {
		t := newTeller(def, tasks, names)
		t.zone, t.children = s.config.Location, children
		t.read(state, rows)
		p := LogPage{Items: make([]LogEntry, len(rows)), NextCursor: slice.Next}
		for i, row := range rows {
			p.Items[i] = t.entry(row)
		}
		return p
	})
	if err != nil {
		return nil, err
	}
	return GetProcessLog200JSONResponse(answer), nil
}

// logRow is one row of the decision log, read.
type logRow struct {
	store.LogEntry
	event   engine.Event
	changes []engine.Change
}

func decodeLog(entries []store.LogEntry) ([]logRow, error) {
	rows := make([]logRow, len(entries))
	for i, e := range entries {
		rows[i].LogEntry = e
		if err := json.Unmarshal([]byte(e.Event), &rows[i].event); err != nil {
			return nil, fmt.Errorf("read event %d of process %s: %w", e.Seq, e.ProcessID, err)
		}
		changes, err := engine.DecodeChanges([]byte(e.Changes))
		if err != nil {
			return nil, fmt.Errorf("read changes %d of process %s: %w", e.Seq, e.ProcessID, err)
		}
		rows[i].changes = changes
	}
	return rows, nil
}

// teller puts a log into words.
type teller struct {
	def      *definitions.Definition
	names    *nameBook
	tasks    map[string]store.Task // by id
	zone     *time.Location
	children map[string]Text // names of the definitions of child processes, by id
	input    any
	paths    map[int]string // of nodes, as far as the page of the log and the state tell
}

func newTeller(def *definitions.Definition, tasks []store.Task, names *nameBook) *teller {
	t := &teller{def: def, names: names, zone: time.UTC, tasks: make(map[string]store.Task, len(tasks)), paths: make(map[int]string)}
	for _, task := range tasks {
		t.tasks[task.ID.String()] = task
	}
	return t
}

// read takes from the state and the rows what names of steps are made of.
func (t *teller) read(state *engine.State, rows []logRow) {
	if t.def.Input != nil {
		t.input = expr.Bind(t.def.Input.TypeOf(), state.Input)
	}
	for _, n := range state.Nodes {
		t.paths[n.ID] = n.Path
	}
	for _, row := range rows {
		for _, c := range row.changes {
			if opened, ok := c.(*engine.NodeOpened); ok {
				t.paths[opened.Node] = opened.Path
			}
		}
	}
}

// childNames answers the names of the definitions that the rows start children of, by id.
func (s *Server) childNames(ctx context.Context, rows []logRow) (map[string]Text, error) {
	names := make(map[string]Text)
	for _, row := range rows {
		for _, c := range row.changes {
			started, ok := c.(*engine.ChildStarted)
			if !ok || names[started.Child.Definition.ID] != (Text{}) {
				continue
			}
			ref := started.Child.Definition
			def, _, err := s.catalog.Latest(ctx, ref.ID)
			if err != nil {
				return nil, err
			}
			names[ref.ID] = Text{Zh: ref.ID, En: ref.ID}
			if def != nil {
				names[ref.ID] = Text(def.Name)
			}
		}
	}
	return names, nil
}

func (t *teller) entry(row logRow) LogEntry {
	e := LogEntry{
		Seq: row.Seq, At: row.At.UTC(), RecordedAt: row.RecordedAt.UTC(), Action: row.event.Type, Person: t.names.person(row.event.Actor.User),
		Process: parsedID(row.event.Actor.Process), Effects: []LogEffect{},
	}
	var data engine.TaskData // its fields serve every command on a task; other payloads leave it empty
	_ = json.Unmarshal(row.event.Data, &data)
	data.Outcome = decidedOutcome(row.changes, data)
	if task, ok := t.tasks[data.Task]; ok {
		e.Task, e.Step, e.Outcome, e.Comment = task.ID, task.Step, data.Outcome, data.Comment
	}
	e.Summary = t.summary(row.event, data)
	for _, c := range row.changes {
		if effect, ok := t.effect(c); ok {
			e.Effects = append(e.Effects, effect)
		}
		if d, ok := logDeadline(c); ok {
			e.Deadlines = append(e.Deadlines, d)
		}
	}
	return e
}

// decidedOutcome answers the outcome that a task was closed with: a command may leave it out when there is only one.
func decidedOutcome(changes []engine.Change, data engine.TaskData) string {
	for _, c := range changes {
		if closed, ok := c.(*engine.TaskClosed); ok && closed.Task == data.Task && closed.Outcome != "" {
			return closed.Outcome
		}
	}
	return data.Outcome
}

// say fills a sentence in both languages. Texts are given as they are, everything else as fmt does.
func say(zh, en string, args ...any) Text {
	fill := func(format, lang string) string {
		local := make([]any, len(args))
		for i, a := range args {
			if text, ok := a.(Text); ok {
				a = in(text, lang)
			}
			local[i] = a
		}
		return fmt.Sprintf(format, local...)
	}
	return Text{Zh: fill(zh, langZh), En: fill(en, langEn)}
}

// summary tells what happened.
func (t *teller) summary(ev engine.Event, data engine.TaskData) Text {
	who, task := t.actor(ev.Actor), t.taskName(data.Task)
	switch ev.Type {
	case engine.EventStart:
		return say("%s发起了流程", "%s started the process", who)
	case engine.EventClaim:
		return say("%s认领了“%s”", "%s claimed “%s”", who, task)
	case engine.EventRelease:
		return say("%s退回了“%s”", "%s released “%s”", who, task)
	case engine.EventComplete:
		return say("%s办理了“%s”：%s", "%s completed “%s”: %s", who, task, outcomeWord(data.Outcome))
	case engine.EventTransfer:
		return say("%s把“%s”转办给%s", "%s transferred “%s” to %s", who, task, t.names.name("user:"+data.To))
	case engine.EventCancel:
		return say("%s撤销了流程", "%s cancelled the process", who)
	case engine.EventTell:
		var told engine.TellData
		_ = json.Unmarshal(ev.Data, &told)
		return say("%s登记：%s", "%s told: %s", who, t.eventName(told.Event))
	case engine.EventChildEnded:
		return say("子流程已结束", "a child process ended")
	case engine.EventReplan:
		return say("工作日历有变，重新计算时限", "the working calendar changed: deadlines were planned again")
	case engine.EventDrop:
		return say("%s放弃了一个无法执行的时限", "%s gave up a deadline that could not be acted on", who)
	case engine.EventDeadline:
		var due engine.DeadlineData
		_ = json.Unmarshal(ev.Data, &due)
		return t.timeCame(due)
	}
	return say("%s", "%s", ev.Type)
}

func (t *teller) actor(a engine.Actor) Text {
	switch {
	case a.User != "":
		return t.names.name("user:" + a.User)
	case a.Process != "":
		return Text{Zh: "另一流程", En: "another process"}
	}
	return Text{Zh: "系统", En: "the system"}
}

func (t *teller) taskName(id string) Text {
	if task, ok := t.tasks[id]; ok {
		return Text(task.Title)
	}
	return Text{Zh: "任务", En: "a task"}
}

func (t *teller) eventName(name string) Text {
	return eventNamed(t.def.Events, name)
}

// timeCame tells which deadline of which step fired.
func (t *teller) timeCame(due engine.DeadlineData) Text {
	what := deadlineWord(due.Key, t.def.Events)
	if step := t.stepName(t.paths[due.Node]); step != (Text{}) {
		return say("“%s”：%s", "“%s”: %s", step, what)
	}
	return say("时间到：%s", "the time came: %s", what)
}

// everyone names principals in a row.
func (t *teller) everyone(principals []string) Text {
	var all Text
	for i, p := range principals {
		name := t.names.principal(p).Name
		if i > 0 {
			all.Zh, all.En = all.Zh+"、", all.En+", "
		}
		all.Zh, all.En = all.Zh+in(name, langZh), all.En+in(name, langEn)
	}
	return all
}

func (t *teller) step(path string) string { return stepID(t.def.Nodes[path], path) }

// stepName is what people call the step at a path: its name, or that of the nearest block around it that has one; empty
// when there is none.
func (t *teller) stepName(path string) Text {
	for n := t.def.Nodes[path]; n != nil; n = n.Parent {
		if n.ID == "" && n.Name == (definitions.Template{}) {
			continue
		}
		return plainName(n, filling{t.def, t.input, t.names})
	}
	return Text{}
}

// fieldTitles lists what people call fields of the input.
func (t *teller) fieldTitles(fields map[string]any) Text {
	var all Text
	for i, name := range sortedKeys(fields) {
		title := Text{Zh: name, En: name}
		if t.def.Input != nil {
			for _, f := range t.def.Input.Fields {
				if f.Name == name && f.Title != (definitions.Text{}) {
					title = Text(f.Title)
				}
			}
		}
		if i > 0 {
			all.Zh, all.En = all.Zh+"、", all.En+", "
		}
		all.Zh, all.En = all.Zh+in(title, langZh), all.En+in(title, langEn)
	}
	return all
}

func logDeadline(c engine.Change) (LogDeadline, bool) {
	switch c := c.(type) {
	case *engine.DeadlineSet:
		return LogDeadline{Key: c.Deadline.Key, At: c.Deadline.At.UTC(), Provisional: c.Deadline.Provisional, Why: c.Why}, true
	case *engine.DeadlineCleared:
		return LogDeadline{Key: c.Key, Fired: c.Fired}, true
	}
	return LogDeadline{}, false
}
