package api

import (
	"context"
	"encoding/json"
	"fmt"

	"steward/definitions"
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
	answer, err := named(ctx, s, func(names *nameBook) LogPage {
		t := newTeller(def, tasks, names)
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
	def   *definitions.Definition
	names *nameBook
	tasks map[string]store.Task // by id
}

func newTeller(def *definitions.Definition, tasks []store.Task, names *nameBook) *teller {
	t := &teller{def: def, names: names, tasks: make(map[string]store.Task, len(tasks))}
	for _, task := range tasks {
		t.tasks[task.ID.String()] = task
	}
	return t
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
		return say("%s办理了“%s”：%s", "%s completed “%s”: %s", who, task, data.Outcome)
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
	case engine.EventDeadline:
		var due engine.DeadlineData
		_ = json.Unmarshal(ev.Data, &due)
		return say("时间到：%s", "the time came for %s", due.Key)
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
	for _, e := range t.def.Events {
		if e.Name == name {
			return eventTitle(e)
		}
	}
	return Text{Zh: name, En: name}
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

func logDeadline(c engine.Change) (LogDeadline, bool) {
	switch c := c.(type) {
	case *engine.DeadlineSet:
		return LogDeadline{Key: c.Deadline.Key, At: c.Deadline.At.UTC(), Provisional: c.Deadline.Provisional, Why: c.Why}, true
	case *engine.DeadlineCleared:
		return LogDeadline{Key: c.Key, Fired: c.Fired}, true
	}
	return LogDeadline{}, false
}
