package advance

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/definitions"
	"steward/internal/store"
	"steward/workflows/engine"
)

const sqlResolve = `UPDATE incidents SET resolved_at = clock_timestamp(), resolution = $2, resolved_by = $3
WHERE id = $1 AND resolved_at IS NULL RETURNING process_id, event_id`

// resolve marks an incident as dealt with. The error wraps store.ErrNotFound when it is not open.
func (a *Advancer) resolve(ctx context.Context, db store.DBTX, id uuid.UUID, resolution, by string) (process uuid.UUID, event string, err error) {
	err = db.QueryRow(ctx, sqlResolve, id, resolution, by).Scan(&process, &event)
	if errors.Is(err, pgx.ErrNoRows) {
		return process, event, fmt.Errorf("open incident %s: %w", id, store.ErrNotFound)
	}
	return process, event, store.Classify(err)
}

// RetryIncident lets the parked event be decided again, now; by is the operator.
func (a *Advancer) RetryIncident(ctx context.Context, id uuid.UUID, by string) error {
	process, _, err := a.resolve(ctx, a.store.Pool(), id, "retry", by)
	if err != nil {
		return err
	}
	_, err = a.Advance(ctx, process, Wake{})
	return err
}

// DropIncident gives the parked event up: a command is refused with the code `dropped`, a deadline counts as passed without
// effect. by is the operator.
func (a *Advancer) DropIncident(ctx context.Context, id uuid.UUID, by string) error {
	var process uuid.UUID
	err := a.store.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var event string
		var err error
		if process, event, err = a.resolve(ctx, tx, id, "drop", by); err != nil {
			return err
		}
		return dropEvent(ctx, tx, process, event, by)
	})
	if err != nil {
		return err
	}
	_, err = a.Advance(ctx, process, Wake{})
	return err
}

func dropEvent(ctx context.Context, tx pgx.Tx, process uuid.UUID, event, by string) error {
	if command, ok := strings.CutPrefix(event, "cmd/"); ok {
		receipt := engine.Receipt{Status: "refused", Code: "dropped", Process: process.String(), Message: definitions.Text{
			Zh: "请求遇到流程定义错误,已由运维人员放弃", En: "the request met an error in the definition and was given up by an operator",
		}}
		_, err := tx.Exec(ctx, sqlSettle, command, encode(receipt))
		if err == nil {
			_, err = tx.Exec(ctx, "SELECT pg_notify('steward_receipt', $1)", command)
		}
		return err
	}
	if deadline, ok := strings.CutPrefix(event, "due/"); ok {
		body := encode(engine.DropData{Deadline: deadline})
		key := "drop/" + process.String() + "/" + deadline
		_, err := tx.Exec(ctx, sqlCommand, commandID(by, key), process, by, key, digestOf(key, 0, body), engine.EventDrop, body)
		return err
	}
	return nil
}

// TemporalLost marks every open process as wanting to be driven, after Temporal has lost its workflows: the sweeper starts
// fresh ones from what Postgres knows. It answers how many there are.
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
