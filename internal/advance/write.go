package advance

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/workflows/engine"
)

// writes gathers the statements of a transaction, which go to Postgres in one round trip.
type writes struct {
	batch  pgx.Batch
	state  []byte
	digest []byte
	nudge  []uuid.UUID
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

// encode writes a value that is known to be encodable.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("advance: encode %T: %v", v, err))
	}
	return string(b)
}

const sqlSettle = `UPDATE commands SET settled_at = clock_timestamp(), receipt = $2, payload = '{}' WHERE id = $1`

const sqlUpdateProcess = `UPDATE processes SET state = $2, state_format = $3, seq = $4, head_hash = $5, state_digest = $6, status = $7,
 outcome = $8, ended_at = $9, next_at = $10, armed_at = $11, unsettled_since = CASE WHEN $14 THEN NULL ELSE coalesce($12, unsettled_since) END, title = $13, updated_at = clock_timestamp() WHERE id = $1`

// A mark that something is wanted from Temporal goes only when the workflow itself asked: whoever else decides does not know
// whether an earlier nudge ever arrived.
const sqlSettleProcess = `UPDATE processes SET armed_at = $2, unsettled_since = CASE WHEN $4 THEN NULL ELSE coalesce($3, unsettled_since) END
WHERE id = $1 AND (armed_at IS DISTINCT FROM $2 OR unsettled_since IS DISTINCT FROM CASE WHEN $4 THEN NULL ELSE coalesce($3, unsettled_since) END)`

// finish writes everything that was decided and commits.
func (t *transaction) finish(records []record, refusals []refused, again bool) (outcome, error) {
	out := outcome{}
	w := &t.write
	for _, r := range records {
		t.project(r)
		if r.receipt != nil {
			out.receipts = append(out.receipts, settled{r.command, encode(r.receipt)})
		}
	}
	for _, r := range refusals {
		if r.command != uuid.Nil {
			out.receipts = append(out.receipts, settled{r.command, encode(r.receipt)})
		}
		t.refusedStart(r)
	}
	for _, s := range out.receipts {
		w.batch.Queue(sqlSettle, s.command, s.receipt)
	}
	out.effects = t.effects(again)
	out.nudge = t.settle(len(records) > 0, &out.effects)
	out.children = w.nudge
	t.hook(PointBeforeCommit, t.job.process)
	w.batch.Queue("COMMIT")
	results := t.conn.SendBatch(t.ctx, &w.batch)
	return out, results.Close()
}

// effects answers what the process wants from its workflow.
func (t *transaction) effects(again bool) Effects {
	st := t.row.state
	return Effects{
		Seq: t.row.seq, Next: st.NextDeadline(nil), Again: again, Waits: waits(st),
		Ended: st.Status == engine.StatusEnded || t.row.status == "ended",
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
	case t.row.fresh || e.Again || (e.Ended && changed) || (e.Next != nil && (armed == nil || e.Next.Before(*armed))):
		nudge, unsettled, armed = true, &t.now, e.Next
	}
	e.Unsettled = unsettled
	if !changed {
		t.write.batch.Queue(sqlSettleProcess, t.job.process, armed, unsettled, t.job.wake.Workflow)
		return nudge
	}
	st := t.row.state
	var outcome *string
	if st.Outcome != "" {
		outcome = &st.Outcome
	}
	t.write.batch.Queue(sqlUpdateProcess, t.job.process, string(t.write.state), st.Format, t.row.seq, t.row.head, t.write.digest,
		string(st.Status), outcome, st.EndedAt, e.Next, armed, unsettled, encode(st.Title), t.job.wake.Workflow)
	return nudge
}
