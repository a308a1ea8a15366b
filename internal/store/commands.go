package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"steward/internal/store/storesql"
)

// Command reads one command. The error is ErrNotFound when there is none.
func (s *Store) Command(ctx context.Context, id uuid.UUID) (Command, error) {
	c, err := s.Queries().CommandByID(ctx, id)
	return found(c, err, "command %s", id)
}

// UndoCommand deletes a command that is still held back. The error is ErrNotFound when it is not the actor's, its undo window has
// ended, or it was decided.
func (s *Store) UndoCommand(ctx context.Context, id uuid.UUID, actor string) error {
	deleted, err := s.Queries().DeleteHeldCommand(ctx, storesql.DeleteHeldCommandParams{ID: id, Actor: actor})
	return oneRow(deleted, err, "held command %s", id)
}

// MarkSettled says that Temporal has what the process wanted at the time seen. It reports false,
// and changes nothing, when the process has wanted something new since.
func (s *Store) MarkSettled(ctx context.Context, id uuid.UUID, seen time.Time) (bool, error) {
	changed, err := s.Queries().MarkSettled(ctx, storesql.MarkSettledParams{ID: id, Seen: seen})
	return changed > 0, Classify(err)
}
