package advance

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"steward/workflows/engine"
)

// writes gathers the statements of a transaction, which go to Postgres in one round trip.
type writes struct {
	batch   pgx.Batch
	brought pgx.Batch // the rows that the job brought along
	state   []byte
	digest  []byte
	nudge   []uuid.UUID
	// entries says that a register entry is among the statements: an expression of a later event must be able to read it.
	entries bool
	ended   bool // a process that never started was ended
}

const sqlLog = `INSERT INTO decision_log (process_id, seq, event_id, event, changes, receipt, at, chain_hash, state_digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

func (w *writes) log(process uuid.UUID, r record, event []byte) {
	var receipt *string
	if r.receipt != nil {
		text := encode(r.receipt)
		receipt = &text
	}
	w.batch.Queue(sqlLog, process, r.seq, r.event.ID, string(event), string(r.text), receipt, r.event.At, r.hash, r.digest)
}

// settledPayload is what remains of a command's payload: the log has it.
const settledPayload = "{}"

const sqlSettle = `UPDATE commands SET settled_at = clock_timestamp(), receipt = $2, payload = '` + settledPayload + `' WHERE id = $1`

const sqlUpdateProcess = `UPDATE processes SET state = $2, state_format = $3, seq = $4, head_hash = $5, state_digest = $6, status = $7,
 outcome = $8, ended_at = $9, next_at = $10, armed_at = $11, unsettled_since = CASE WHEN $14 THEN NULL ELSE coalesce($12, unsettled_since) END,
 title = $13, updated_at = clock_timestamp() WHERE id = $1`

// sqlNewProcess stores a process together with what its start came to; the first 13 parameters are those of sqlUpdateProcess.
const sqlNewProcess = `INSERT INTO processes (id, state, state_format, seq, head_hash, state_digest, status, outcome, ended_at, next_at, armed_at,
 unsettled_since, title, definition_id, version, digest, business_key, starter, started_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`

const sqlResolve = `UPDATE incidents SET resolved_at = clock_timestamp(), resolution = $3, resolved_by = $4
WHERE process_id = $1 AND event_id = $2 AND resolved_at IS NULL`

// A mark that something is wanted from Temporal goes only when the workflow itself asked: whoever else decides does not know
// whether an earlier nudge ever arrived.
const sqlSettleProcess = `UPDATE processes SET armed_at = $2, next_at = $5, unsettled_since = CASE WHEN $4 THEN NULL ELSE coalesce($3, unsettled_since) END
WHERE id = $1 AND (armed_at IS DISTINCT FROM $2 OR next_at IS DISTINCT FROM $5 OR unsettled_since IS DISTINCT FROM CASE WHEN $4 THEN NULL ELSE coalesce($3, unsettled_since) END)`

// flush writes what is queued when a later event may have to read it, and before it the process, which triggers look for.
func (t *transaction) flush() error {
	w := &t.write
	if !w.entries {
		return nil
	}
	if t.unsaved {
		t.insertProcess(t.notStarted(nil, nil, &t.now))
	}
	err := w.send(t.ctx, t.conn)
	t.unsaved, w.entries = t.unsaved && err != nil, false
	return err
}

// send writes what is queued. What the job brought comes first: whoever was overtaken by a twin learns it from these rows, not from
// what follows from them.
func (w *writes) send(ctx context.Context, conn *pgxpool.Conn) error {
	all := pgx.Batch{QueuedQueries: append(w.brought.QueuedQueries, w.batch.QueuedQueries...)}
	w.brought, w.batch = pgx.Batch{}, pgx.Batch{}
	return conn.SendBatch(ctx, &all).Close()
}

// insertProcess stores the process that the job brought.
func (t *transaction) insertProcess(args []any) {
	c := t.job.create
	t.write.brought.Queue(sqlNewProcess, append(args, c.ref.ID, c.ref.Version, c.ref.Digest, t.row.key, c.starter, t.row.created)...)
}

// finish writes everything that was decided and commits.
func (t *transaction) finish(again bool) (outcome, error) {
	out := outcome{events: len(t.events)}
	w := &t.write
	for _, r := range t.records {
		if r.receipt != nil {
			out.receipts = append(out.receipts, settled{r.command, encode(r.receipt)})
		}
	}
	for _, r := range t.answers {
		if r.command != uuid.Nil {
			out.receipts = append(out.receipts, settled{r.command, encode(r.receipt)})
		}
	}
	t.settleCommands(out.receipts)
	out.dropped = t.closeIncidents()
	out.effects = t.effects(again)
	out.nudge = t.settle(len(t.records) > 0, &out.effects)
	out.children = w.nudge
	t.hook(PointBeforeCommit, t.job.process)
	w.batch.Queue("COMMIT")
	return out, w.send(t.ctx, t.conn)
}

// settleCommands writes what became of commands, and the one that the job brought in any case.
func (t *transaction) settleCommands(receipts []settled) {
	var own *string
	c := t.job.insert
	for _, s := range receipts {
		if c != nil && c.fresh && s.command == c.ID {
			own = &s.receipt
			continue
		}
		t.write.batch.Queue(sqlSettle, s.command, s.receipt)
	}
	if c != nil && c.fresh {
		t.write.brought.Queue(sqlInsertKnown, c.argsAt(t.now, own)...)
	}
}

// closeIncidents resolves what this transaction has dealt with: the event that an operator gave up, and a database that was behind
// its workflow and no longer is. It answers whether the former is so.
func (t *transaction) closeIncidents() (dropped bool) {
	d := t.job.drop
	if dropped = d != nil && t.dropped(d); dropped {
		t.write.batch.Queue(sqlResolve, t.job.process, d.event, "drop", d.by)
	}
	if t.job.wake.Workflow && t.parked[eventBehind] {
		t.write.batch.Queue(sqlResolve, t.job.process, eventBehind, "caught up", "process/"+t.job.process.String())
	}
	return dropped
}

// effects answers what the process wants from its workflow.
func (t *transaction) effects(again bool) Effects {
	st := t.row.state
	return Effects{
		Seq: t.row.seq, Head: hex.EncodeToString(t.row.head[:min(8, len(t.row.head))]), Next: st.NextDeadline(t.isParked), Again: again, Waits: waits(st),
		Ended: st.Status == engine.StatusEnded || t.row.status == string(engine.StatusEnded),
	}
}

// waits names the steps that the process waits at, for Temporal's UI.
func waits(st *engine.State) string {
	var steps []string
	for _, n := range st.Nodes {
		if len(steps) == 8 {
			steps = append(steps, "…")
			break
		}
		if i := strings.LastIndexByte(n.Path, '/'); i >= 0 && (n.Waiting || hasTask(st, n.ID)) {
			steps = append(steps, n.Path[i+1:])
		}
	}
	return strings.Join(steps, ", ")
}

func hasTask(st *engine.State, node int) bool {
	for _, t := range st.Tasks {
		if t.Node == node {
			return true
		}
	}
	return false
}

// settle writes the process row and answers whether Temporal has to be told: when somebody else than the workflow decided
// and the process now wants something earlier than Temporal was told of, or has ended.
func (t *transaction) settle(changed bool, e *Effects) bool {
	armed, unsettled, nudge := t.row.armed, (*time.Time)(nil), false
	e.Start = t.row.fresh
	switch {
	case t.job.wake.Workflow:
		armed = e.Next
	case t.row.fresh || e.Again || (e.Ended && (changed || t.write.ended)) || (e.Next != nil && (armed == nil || e.Next.Before(*armed))):
		nudge, unsettled, armed = true, &t.now, e.Next
	}
	e.Unsettled = unsettled
	switch {
	case t.unsaved:
		args := t.notStarted
		if changed {
			args = t.processArgs
		}
		t.insertProcess(args(e.Next, armed, unsettled))
	case changed:
		t.write.batch.Queue(sqlUpdateProcess, append(t.processArgs(e.Next, armed, unsettled), t.job.wake.Workflow)...)
	default:
		t.write.batch.Queue(sqlSettleProcess, t.job.process, armed, unsettled, t.job.wake.Workflow, e.Next)
	}
	return nudge
}

// processArgs are the first parameters of sqlNewProcess and sqlUpdateProcess. The format is the one of this build, which may have
// written fields that an older build does not know.
func (t *transaction) processArgs(next, armed, unsettled *time.Time) []any {
	st := t.row.state
	return []any{
		t.job.process, string(t.write.state), engine.StateFormat, t.row.seq, t.row.head, t.write.digest,
		string(st.Status), nullable(st.Outcome), st.EndedAt, next, armed, unsettled, encode(st.Title),
	}
}

// notStarted are the same of a process whose start was refused, or is left to a later transaction.
func (t *transaction) notStarted(next, armed, unsettled *time.Time) []any {
	var ended *time.Time
	if t.row.outcome != "" {
		ended = &t.now
	}
	return []any{
		t.job.process, "{}", engine.StateFormat, t.row.seq, t.row.head,
		[]byte{},
		t.row.status, nullable(t.row.outcome), ended, next, armed, unsettled, t.job.create.title,
	}
}
