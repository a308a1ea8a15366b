package advance

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

const sqlPark = `INSERT INTO incidents (process_id, event_id, kind, message, detail) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (process_id, event_id) WHERE resolved_at IS NULL DO UPDATE SET message = excluded.message, detail = excluded.detail`

// park records an incident: the event waits for an operator, the process goes on without it.
func (a *Advancer) park(ctx context.Context, process uuid.UUID, p *parkedError) error {
	a.log.ErrorContext(ctx, "event parked", "process", process, "event", p.event.ID, "type", p.event.Type, "code", p.fault.Code, "path", p.fault.Path, "error", p.fault.Err)
	_, err := a.store.Pool().Exec(ctx, sqlPark, process, p.event.ID, p.fault.Code, fmt.Sprintf("%s at %s", p.fault.Code, p.fault.Path), p.fault.Err.Error())
	if err != nil {
		return fmt.Errorf("record incident of process %s: %w", process, err)
	}
	return nil
}
