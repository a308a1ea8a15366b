package advance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/store"
	"steward/workflows/engine"
)

// codeUnstorable is the kind of an incident over an event whose consequences Postgres refuses: a text that it cannot keep, a key
// that is taken, a register that does not exist.
const codeUnstorable = "unstorable"

// eventBehind stands in for an event in the incident of a process whose workflow has seen more than Postgres holds.
const eventBehind = "behind"

// parkedError says that an event must wait for an operator; what was decided before it stands.
type parkedError struct {
	event engine.Event
	fault *engine.Fault
}

func (e *parkedError) Error() string { return "event " + e.event.ID + " is parked: " + e.fault.Error() }

// splitError says that one of several events cannot be stored: deciding them one by one shows which.
type splitError struct{ cause error }

func (e *splitError) Error() string {
	return "one of several events cannot be stored: " + e.cause.Error()
}

// Unwrap answers what Postgres said.
func (e *splitError) Unwrap() error { return e.cause }

// encodeError says that a value that a decision wants to write is not JSON.
type encodeError struct{ cause error }

func (e *encodeError) Error() string { return "not to be written as JSON: " + e.cause.Error() }

// Unwrap answers what the encoder said.
func (e *encodeError) Unwrap() error { return e.cause }

// blame finds the event behind an error of what was written, so that it waits for an operator and the others go on. Every other
// error is answered as it is, also that of what the job brought along: it is no event's fault that a rival was faster.
func (t *transaction) blame(err error) error {
	if err == nil || !ofData(err) || len(t.events) == 0 || t.ofRival(err) {
		return err
	}
	if len(t.events) > 1 {
		return &splitError{err}
	}
	return &parkedError{t.events[0], &engine.Fault{Code: codeUnstorable, Path: t.events[0].Type, Err: err}}
}

// ofRival tells an error over the rows of the command and the process that the job brought.
func (t *transaction) ofRival(err error) bool {
	err = store.Classify(err)
	var c *store.ConstraintError
	if t.job.insert == nil || !errors.As(err, &c) {
		return false
	}
	switch c.Constraint {
	case "processes_pkey", businessKeyIndex:
		return t.unsaved
	}
	return overtaken(err)
}

// ofData tells an error that will come again with the same values (SQLSTATE classes 22, 23 and 54, and values that do not fit
// their parameter) from one that may pass.
func ofData(err error) bool {
	var parked *parkedError
	if errors.As(err, &parked) {
		return false
	}
	var unencodable *encodeError
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &unencodable):
		return true
	case errors.As(err, &pg):
		return strings.HasPrefix(pg.Code, "22") || strings.HasPrefix(pg.Code, "23") || strings.HasPrefix(pg.Code, "54")
	}
	return strings.Contains(err.Error(), "failed to encode args[")
}

// encode writes a value as JSON. What a decision made has been encoded once before, for the log; should it fail here all the same,
// the panic ends in transaction.project.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(&encodeError{fmt.Errorf("%T: %w", v, err)})
	}
	return string(b)
}

// park records an incident: the event waits for an operator. What comes after it goes on, but for the commands of a process whose
// start is parked: they wait with it.
func (a *Advancer) park(ctx context.Context, process uuid.UUID, p *parkedError) error {
	a.log.ErrorContext(ctx, "event parked", "process", process, "event", p.event.ID, "type", p.event.Type, "code", p.fault.Code, "path", p.fault.Path, "error", p.fault.Err)
	return a.report(ctx, store.NewIncident{
		ProcessID: process, EventID: p.event.ID, Kind: p.fault.Code,
		Message: fmt.Sprintf("%s at %s", p.fault.Code, p.fault.Path), Detail: p.fault.Err.Error(),
	})
}

func (a *Advancer) reportBehind(ctx context.Context, process uuid.UUID, cause error) error {
	return a.report(ctx, store.NewIncident{
		ProcessID: process, EventID: eventBehind, Kind: store.IncidentBehind, Detail: cause.Error(),
		Message: "Postgres does not hold what the workflow of this process has seen decided. If it was restored from a backup, " +
			"run `steward recover --postgres-restored`; if it only lags behind, the process goes on by itself.",
	})
}

func (a *Advancer) report(ctx context.Context, i store.NewIncident) error {
	i.Message, i.Detail = storable(i.Message), storable(i.Detail)
	_, err := a.store.ReportIncident(ctx, i)
	return err
}

// storable leaves out what a text in Postgres cannot hold.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
