package advance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/definitions"
	"steward/internal/store"
	"steward/workflows/engine"
)

// outcomeDropped is how a process ends whose start an operator gave up.
const outcomeDropped = "dropped"

// drop is an operator's decision to give up a parked event. The incident stays open, and the event parked, until the transaction
// that gives it up commits.
type drop struct {
	event   string
	by      string
	command uuid.UUID // that gives up a deadline
}

// openIncident reads an incident that an operator may deal with. The error wraps store.ErrNotFound when it is not open, and
// ErrNeedsRecovery or ErrNeedsPeople when no event is behind it.
func (a *Advancer) openIncident(ctx context.Context, id uuid.UUID) (store.Incident, error) {
	i, err := a.store.Incident(ctx, id)
	switch {
	case err != nil:
		return i, err
	case i.ResolvedAt != nil:
		return i, fmt.Errorf("open incident %s: %w", id, store.ErrNotFound)
	case i.Kind == store.IncidentWorkflowClosed:
		return i, fmt.Errorf("%w: incident %s stands for a workflow that is gone; `steward recover --temporal-lost` gives the process a new one and closes the incident", ErrNeedsRecovery, id)
	case i.Kind == store.IncidentBehind:
		return i, fmt.Errorf("%w: incident %s stands for a database that was restored; `steward recover --postgres-restored` closes it, and so does a database that catches up", ErrNeedsRecovery, id)
	case i.Kind == store.IncidentNobodyLeft:
		return i, fmt.Errorf("%w: incident %s stands for tasks that nobody can do; it closes by itself when they are transferred or somebody joins: %s", ErrNeedsPeople, id, i.Message)
	}
	return i, nil
}

// RetryIncident lets the parked event be decided again, now; by is the operator. The error wraps store.ErrNotFound,
// ErrNeedsRecovery or ErrNeedsPeople when there is no event to decide.
func (a *Advancer) RetryIncident(ctx context.Context, id uuid.UUID, by string) error {
	i, err := a.openIncident(ctx, id)
	if err != nil {
		return err
	}
	if _, err := a.store.Pool().Exec(ctx, sqlResolve, i.ProcessID, i.EventID, "retry", by); err != nil {
		return store.Classify(err)
	}
	_, err = a.Advance(ctx, i.ProcessID, Wake{})
	return err
}

// DropIncident gives the parked event up: a command is refused with the code `dropped`, a start ends its process, a deadline counts
// as passed without effect. by is the operator. The error is a *DropRefusedError, and the incident stays open, when the process
// cannot go on without the event.
func (a *Advancer) DropIncident(ctx context.Context, id uuid.UUID, by string) error {
	i, err := a.openIncident(ctx, id)
	if err != nil {
		return err
	}
	j := job{process: i.ProcessID, drop: &drop{event: i.EventID, by: by}}
	deadline, isDeadline := strings.CutPrefix(i.EventID, "due/")
	if isDeadline {
		j.insert = dropCommand(i.ProcessID, deadline, by)
		j.drop.command = j.insert.ID
	}
	out, err := a.run(ctx, j)
	if err != nil || !isDeadline {
		return err
	}
	return dropResult(out, j.insert.ID)
}

func dropCommand(process uuid.UUID, deadline, by string) *newCommand {
	key := "drop/" + uuid.NewString()
	body := encode(engine.DropData{Deadline: deadline})
	return &newCommand{
		ID: commandID(by, key), ProcessID: process, Actor: by, Key: key, BodyDigest: digestOf(key, 0, body), Type: engine.EventDrop, Payload: body,
	}
}

// DropRefusedError says why an event cannot be given up: the process could not go on, or it is not for this person to do.
type DropRefusedError struct{ Receipt engine.Receipt }

// Error gives the reason in English.
func (e *DropRefusedError) Error() string {
	return fmt.Sprintf("the incident stays open (%s): %s", e.Receipt.Code, e.Receipt.Message.En)
}

// dropResult answers what became of the command that gives up a deadline.
func dropResult(out outcome, command uuid.UUID) error {
	i := slices.IndexFunc(out.receipts, func(s settled) bool { return s.command == command })
	if i < 0 {
		return ErrNotDecidedYet
	}
	var refusal DropRefusedError
	if err := decodeReceipt(out.receipts[i].receipt, &refusal.Receipt); err != nil {
		return err
	}
	if gaveUp(refusal.Receipt) {
		return nil
	}
	return &refusal
}

// gaveUp says whether a deadline is out of the way: it was given up, or the process is over anyway.
func gaveUp(r engine.Receipt) bool { return r.Status == "applied" || r.Code == "ended" }

// dropped says whether what an operator gives up is out of the way by what this transaction decided.
func (t *transaction) dropped(d *drop) bool {
	if d.command == uuid.Nil {
		return true
	}
	return slices.ContainsFunc(t.records, func(r record) bool { return r.command == d.command }) ||
		slices.ContainsFunc(t.answers, func(r answer) bool { return r.command == d.command && gaveUp(r.receipt) })
}

// giveUp settles a command that an operator gives up, before anything else is decided.
func (t *transaction) giveUp() error {
	d := t.job.drop
	if d == nil {
		return nil
	}
	if !t.parked[d.event] {
		return fmt.Errorf("open incident of event %s: %w", d.event, store.ErrNotFound)
	}
	id, err := uuid.Parse(strings.TrimPrefix(d.event, "cmd/"))
	if d.command != uuid.Nil || err != nil {
		return nil //nolint:nilerr // a deadline's event carries no id of a command
	}
	var kind string
	err = t.conn.QueryRow(t.ctx, `SELECT type FROM commands WHERE id = $1 AND settled_at IS NULL FOR UPDATE`, id).Scan(&kind)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	t.answers = append(t.answers, answer{id, engine.Receipt{Status: "refused", Code: "dropped", Process: t.job.process.String(), Message: definitions.Text{
		Zh: "请求遇到流程定义错误，已由运维人员放弃", En: "the request met an error in the definition and was given up by an operator",
	}}})
	if kind == engine.EventStart {
		t.neverStarted(outcomeDropped)
	}
	return nil
}

// TemporalLost marks every open process as wanting to be driven, after Temporal has lost its workflows and forgotten that they were:
// the sweeper starts new ones from what Postgres knows. It answers how many processes there are. Workflows that Temporal still
// knows to be closed are not started again by this; app.Recover does that.
func (a *Advancer) TemporalLost(ctx context.Context) (int64, error) {
	tag, err := a.store.Lists().Exec(ctx, `UPDATE processes SET armed_at = NULL, unsettled_since = clock_timestamp() - interval '1 day' WHERE status <> 'ended'`)
	return tag.RowsAffected(), store.Classify(err)
}

// ReplanProvisional stores, for every open process, the command to plan its deadlines again: a year of a calendar was loaded.
func (a *Advancer) ReplanProvisional(ctx context.Context, calendar string, version int32) (int64, error) {
	key := fmt.Sprintf("calendar/%s/%d/", calendar, version)
	tag, err := a.store.Lists().Exec(ctx, `INSERT INTO commands (id, process_id, actor, key, body_digest, type, payload, received_at)
SELECT gen_random_uuid(), id, 'process/calendar', $1 || id, '', $2, '{}', clock_timestamp() - interval '1 minute' FROM processes WHERE status IN ('running', 'ending')
ON CONFLICT (actor, key) DO NOTHING`, key, engine.EventReplan)
	return tag.RowsAffected(), store.Classify(err)
}
