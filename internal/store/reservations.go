package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store/storesql"
)

// Booking asks for a resource on behalf of a node of a process.
type Booking struct {
	ID         uuid.UUID
	ResourceID string
	ProcessID  uuid.UUID
	Node       int32
	Span       Span
	Hold       bool // beside the node's own booking, until PromoteHold or DropHolds
	Title      Text
}

// TakenError says that another process has the resource at that time. errors.Is reports ErrConflict.
type TakenError struct {
	ResourceID string
	By         []Reservation // who has it, in order of time; may be empty when the other one has gone since
}

// Error names the resource.
func (e *TakenError) Error() string {
	return fmt.Sprintf("resource %s is taken at that time", e.ResourceID)
}

// Unwrap makes the error an ErrConflict.
func (e *TakenError) Unwrap() error { return ErrConflict }

// Reserve books a resource within tx. It replaces what the same node has booked before (with Hold: what it holds), atomically:
// when the time is taken the error is a *TakenError, the node's earlier booking stands, and tx can go on, because everything
// happens under a savepoint. The error is ErrNotFound when the resource does not exist or is out of service, ErrInvalid when the
// span is empty. A rival that has not committed yet is waited for, as long as the lock timeout allows.
func Reserve(ctx context.Context, tx pgx.Tx, b Booking) error {
	if !b.Span.From.Before(b.Span.To) {
		return fmt.Errorf("%w: the booking of %s must end after it begins", ErrInvalid, b.ResourceID)
	}
	err := pgx.BeginFunc(ctx, tx, func(savepoint pgx.Tx) error { return replaceBooking(ctx, savepoint, b) })
	var constraint *ConstraintError
	if err = Classify(err); errors.As(err, &constraint) && constraint.Constraint == "reservations_no_overlap" {
		return taken(ctx, tx, b)
	}
	if err != nil {
		return fmt.Errorf("reserve %s: %w", b.ResourceID, err)
	}
	return nil
}

func replaceBooking(ctx context.Context, tx pgx.Tx, b Booking) error {
	_, err := tx.Exec(ctx, `DELETE FROM reservations WHERE process_id = $1 AND node = $2 AND hold = $3`, b.ProcessID, b.Node, b.Hold)
	if err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `INSERT INTO reservations (id, resource_id, process_id, node, during, hold, title)
		SELECT $1, r.id, $3, $4, tstzrange($5, $6), $7, $8 FROM resources r WHERE r.id = $2 AND r.active`,
		b.ID, b.ResourceID, b.ProcessID, b.Node, b.Span.From, b.Span.To, b.Hold, b.Title)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNotFound
	}
	return err
}

func taken(ctx context.Context, tx pgx.Tx, b Booking) error {
	rows, err := storesql.New(tx).ReservationsWithin(ctx, storesql.ReservationsWithinParams{
		ResourceIDs: []string{b.ResourceID}, FromAt: b.Span.From, ToAt: b.Span.To,
	})
	if err != nil {
		return fmt.Errorf("find who has %s: %w", b.ResourceID, Classify(err))
	}
	conflict := &TakenError{ResourceID: b.ResourceID}
	for _, row := range rows {
		if row.ProcessID != b.ProcessID {
			conflict.By = append(conflict.By, row)
		}
	}
	return conflict
}

// PromoteHold makes what a node holds its own booking and drops the one it replaces. It reports false, and changes nothing, when
// the node holds nothing.
func PromoteHold(ctx context.Context, tx pgx.Tx, processID uuid.UUID, node int32) (bool, error) {
	tag, err := tx.Exec(ctx, `WITH held AS (
			UPDATE reservations SET hold = false WHERE process_id = $1 AND node = $2 AND hold RETURNING id
		), replaced AS (
			DELETE FROM reservations WHERE process_id = $1 AND node = $2 AND NOT hold AND EXISTS (SELECT 1 FROM held)
		)
		SELECT id FROM held`, processID, node)
	return err == nil && tag.RowsAffected() > 0, Classify(err)
}

// DropHolds gives up everything a process holds beside its own bookings.
func DropHolds(ctx context.Context, db DBTX, processID uuid.UUID) error {
	_, err := db.Exec(ctx, `DELETE FROM reservations WHERE process_id = $1 AND hold`, processID)
	return Classify(err)
}

// Release ends the bookings of a process for one resource ("" means all) at the given time and keeps their past: what has begun
// ends then, what lies ahead goes. It answers how many bookings it touched.
func Release(ctx context.Context, db DBTX, processID uuid.UUID, resourceID string, at time.Time) (int, error) {
	ahead, err := db.Exec(ctx, `DELETE FROM reservations WHERE process_id = $1 AND ($2 = '' OR resource_id = $2) AND lower(during) >= $3`,
		processID, resourceID, at)
	if err != nil {
		return 0, fmt.Errorf("release: %w", Classify(err))
	}
	begun, err := db.Exec(ctx, `UPDATE reservations SET during = tstzrange(lower(during), $3)
		WHERE process_id = $1 AND ($2 = '' OR resource_id = $2) AND upper(during) > $3`, processID, resourceID, at)
	if err != nil {
		return 0, fmt.Errorf("release: %w", Classify(err))
	}
	return int(ahead.RowsAffected() + begun.RowsAffected()), nil
}
