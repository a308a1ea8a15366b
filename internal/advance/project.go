package advance

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/google/uuid"

	"steward/workflows/engine"
)

// The projections: what a change means to tables beside the log. Each statement says the same when the log is read again.
const (
	sqlTaskOpened = `INSERT INTO tasks (id, process_id, node, definition_id, step, kind, title, process_title, status, assignee, due_at, opened_at, claimed_at, revision, priority, late_start, excluded)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $11, $12, $13, $14, $15, coalesce($16::text[], '{}'))`
	sqlCandidate = `INSERT INTO task_candidates (task_id, principal, due_at, claimed, excluded, process_id, process_started_at)
SELECT $1, unnest($2::text[]), $3, $4, $5, $6, $7 ON CONFLICT (task_id, principal) DO NOTHING`
	// Whoever could have taken a task is remembered in tasks.former when that ends: by another's escalation, transfer or decision.
	sqlDropCandidates = `WITH gone AS (
 DELETE FROM task_candidates WHERE task_id = $1 AND principal <> ALL(coalesce($2::text[], '{}')) RETURNING principal)
UPDATE tasks SET former = ARRAY(SELECT unnest(former) UNION SELECT principal FROM gone ORDER BY 1) WHERE id = $1 AND EXISTS (SELECT FROM gone)`
	sqlTaskAssigned = `UPDATE tasks SET assignee = $2, claimed_at = $3, revision = $4,
 former = CASE WHEN assignee <> coalesce($2, '') THEN array_append(array_remove(former, 'user:' || assignee), 'user:' || assignee) ELSE former END
WHERE id = $1`
	sqlTaskDue     = `UPDATE tasks SET due_at = $2, late_start = $3, revision = $4, overdue_notified = false WHERE id = $1`
	sqlTaskOverdue = `UPDATE tasks SET overdue_notified = true WHERE id = $1`
	sqlTaskClosed  = `UPDATE tasks SET status = $2, outcome = $3, closed_by = $4, closed_at = $5, revision = $6,
 former = ARRAY(SELECT unnest(former) UNION SELECT principal FROM task_candidates WHERE task_id = $1 ORDER BY 1) WHERE id = $1`
	sqlBookingEnded = `WITH gone AS (DELETE FROM reservations WHERE id = $1 AND (hold OR lower(during) >= $2))
UPDATE reservations SET during = tstzrange(lower(during), least(upper(during), $2)) WHERE id = $1 AND NOT hold AND lower(during) < $2`
	sqlBookingConfirmed = `UPDATE reservations SET hold = false WHERE id = $1`
	sqlRecorded         = `INSERT INTO register_entries (id, register, key, data, process_id, seq, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`
	sqlMessaged         = `INSERT INTO outbox (process_id, seq, cause, recipient, channel, template, args)
SELECT DISTINCT $1::uuid, $2::bigint, $3, m.user_id, $4, $5, $6 FROM (
 SELECT substr(p, 6) AS user_id FROM unnest($7::text[]) p WHERE p LIKE 'user:%'
 UNION SELECT g.user_id FROM memberships g JOIN users u ON u.id = g.user_id AND u.active WHERE 'group:' || g.group_id = ANY($7::text[])
 UNION SELECT h.user_id FROM post_holders h JOIN users u ON u.id = h.user_id AND u.active WHERE 'post:' || h.post_id = ANY($7::text[])
) m ON CONFLICT DO NOTHING`
	sqlChild = `INSERT INTO processes (id, definition_id, version, digest, title, status, starter, parent_id, parent_node, parent_seq, state, state_format, started_at, unsettled_since)
VALUES ($1, $2, $3, $4, '{}', 'starting', $5, $6, $7, $8, '{}', $9, clock_timestamp(), clock_timestamp())`
	sqlTitle = `UPDATE tasks SET process_title = $2 WHERE process_id = $1 AND status = 'open'`
)

// project queues what the changes of a record mean to the other tables. The error is an *encodeError.
func (t *transaction) project(r record) (err error) {
	defer func() {
		if v := recover(); v != nil {
			broken, ok := v.(*encodeError)
			if !ok {
				panic(v)
			}
			err = broken
		}
	}()
	for _, c := range r.changes {
		t.projectTask(c)
		t.projectOther(r, c)
	}
	return nil
}

func (t *transaction) projectTask(c engine.Change) {
	b := &t.write.batch
	switch c := c.(type) {
	case *engine.TaskOpened:
		k := c.Task
		b.Queue(sqlTaskOpened, k.ID, t.job.process, k.Node, t.row.ref.ID, k.Step, k.Kind, encode(k.Name), encode(t.row.state.Title),
			nullable(k.Assignee), k.Due, k.OpenedAt, k.ClaimedAt, k.Revision, k.Priority, k.Late, k.Exclude)
		t.candidates(k.ID, k.Candidates, k.Due, k.Assignee != "", k.Exclude)
	case *engine.TaskAssigned:
		b.Queue(sqlTaskAssigned, c.Task, nullable(c.Assignee), c.ClaimedAt, c.Revision)
		if c.Verb == "escalate" {
			b.Queue(sqlDropCandidates, c.Task, c.Candidates)
			if k, open := t.row.state.Task(c.Task); open {
				t.candidates(c.Task, c.Candidates, k.Due, c.Assignee != "", k.Exclude)
			}
		}
	case *engine.TaskDue:
		b.Queue(sqlTaskDue, c.Task, c.Due, c.Late, c.Revision)
	case *engine.TaskOverdue:
		b.Queue(sqlTaskOverdue, c.Task)
	case *engine.TaskClosed:
		b.Queue(sqlTaskClosed, c.Task, c.Status, nullable(c.Outcome), nullable(c.By), c.At, c.Revision)
	case *engine.TitleChanged:
		b.Queue(sqlTitle, t.job.process, encode(c.Title))
	}
}

func (t *transaction) candidates(task string, principals []string, due *time.Time, claimed bool, exclude []string) {
	if len(principals) == 0 {
		return
	}
	if exclude == nil {
		exclude = []string{}
	}
	t.write.batch.Queue(sqlCandidate, task, principals, due, claimed, exclude, t.job.process, t.row.created)
}

func (t *transaction) projectOther(r record, c engine.Change) {
	b := &t.write.batch
	switch c := c.(type) {
	case *engine.BookingEnded:
		b.Queue(sqlBookingEnded, c.ID, c.At)
	case *engine.BookingConfirmed:
		b.Queue(sqlBookingConfirmed, c.ID)
	case *engine.Recorded:
		t.write.entries = true
		b.Queue(sqlRecorded, c.Entry, c.Register, nullable(c.Key), encode(c.Data), t.job.process, r.seq, r.event.At)
	case *engine.Messaged:
		args := map[string]any{"args": c.Args, "task": c.Task}
		if c.Template == "text" {
			args["text"] = c.Text
		}
		b.Queue(sqlMessaged, t.job.process, r.seq, c.Cause, c.Channel, c.Template, encode(args), c.To)
	case *engine.ChildStarted:
		t.startChild(r, c)
	case *engine.ChildCancelled:
		t.command(c.Process, engine.EventCancel, engine.CancelData{Reason: "parent"}, "cancel")
	case *engine.ProcessEnded:
		if p := c.Parent; p != nil && p.Wait {
			t.tellParent(p.Process, c.Outcome)
		}
	}
}

// startChild inserts the row and the start command of a child process.
func (t *transaction) startChild(r record, c *engine.ChildStarted) {
	ref := c.Child.Definition
	t.write.batch.Queue(sqlChild, c.Child.Process, ref.ID, ref.Version, ref.Digest, t.row.starter, t.job.process, c.Child.Node, r.seq, engine.StateFormat)
	t.command(c.Child.Process, engine.EventStart, engine.StartData{
		Definition: ref, Process: c.Child.Process, Input: c.Input, Parameters: t.catalog.Parameters(ref.ID),
		Parent:  t.row.state.ChildOf(c.Child),
		Starter: t.row.starter,
	}, "start")
}

// command stores a command of this process to another one and remembers to nudge it.
func (t *transaction) command(process, kind string, payload any, what string) {
	body := encode(payload)
	sum := sha256.Sum256([]byte(body))
	key := what + "/" + process
	id := uuid.NewSHA1(t.job.process, []byte(key))
	t.write.batch.Queue(sqlInsertCommand, id, process, "process/"+t.job.process.String(), key, sum[:], kind, body, nil, nil)
	if p, err := uuid.Parse(process); err == nil {
		t.write.nudge = append(t.write.nudge, p)
	}
}

// tellParent says that this process is over.
func (t *transaction) tellParent(parent, outcome string) {
	t.command(parent, engine.EventChildEnded, engine.ChildData{Process: t.job.process.String(), Outcome: outcome}, "ended")
}

const sqlNeverStarted = `UPDATE processes SET status = 'ended', outcome = $2, ended_at = clock_timestamp() WHERE id = $1`

// neverStarted ends a process whose row was stored and whose start was then refused, or given up by an operator, and tells the
// process that started it. Its business key is free again.
func (t *transaction) neverStarted(outcome string) {
	if !t.row.fresh || t.row.seq != 0 {
		return
	}
	t.row.status, t.row.outcome, t.row.fresh, t.write.ended = string(engine.StatusEnded), outcome, false, true
	if !t.unsaved {
		t.write.batch.Queue(sqlNeverStarted, t.job.process, outcome)
	}
	if t.row.parent != nil {
		t.tellParent(t.row.parent.String(), outcome)
	}
}

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func cutProcess(actor string) (string, bool) { return strings.CutPrefix(actor, "process/") }
