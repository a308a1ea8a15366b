package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store/storesql"
)

// NewCommand is what the API stores before anything is decided. Received is stamped by the database.
type NewCommand = storesql.InsertCommandParams

// ErrKeyReused says that the actor used this Idempotency-Key before, with another body: send a new key.
var ErrKeyReused = errors.New("idempotency key used for another request")

// StoreCommand stores a command once per actor and key and reports stored; the same request again answers the first row, with its
// receipt if it is settled. The error is ErrKeyReused when the body differs. Give a transaction to store it together with a new
// process, or the pool.
func StoreCommand(ctx context.Context, db DBTX, c NewCommand) (command Command, stored bool, err error) {
	q := storesql.New(db)
	command, err = q.InsertCommand(ctx, c)
	if err == nil {
		return command, true, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return Command{}, false, fmt.Errorf("store command: %w", Classify(err))
	}
	command, err = q.CommandByKey(ctx, storesql.CommandByKeyParams{Actor: c.Actor, Key: c.Key})
	if err != nil {
		return Command{}, false, fmt.Errorf("read command by key: %w", Classify(err))
	}
	if !bytes.Equal(command.BodyDigest, c.BodyDigest) || command.Type != c.Type || command.ProcessID != c.ProcessID {
		return Command{}, false, ErrKeyReused
	}
	return command, false, nil
}

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

// UnsettledCommand is one that no Advance has applied yet.
type UnsettledCommand = storesql.UnsettledCommandsRow

// UnsettledCommands lists commands received before the given time that nobody has applied although nothing holds them back,
// oldest first, for the sweeper.
func (s *Store) UnsettledCommands(ctx context.Context, before time.Time, limit int) ([]UnsettledCommand, error) {
	commands, err := s.Queries().UnsettledCommands(ctx, storesql.UnsettledCommandsParams{Before: before, MaxRows: int32(limit)})
	return commands, Classify(err)
}

// UnsettledProcess wants something from Temporal that it may not have.
type UnsettledProcess = storesql.UnsettledProcessesRow

// UnsettledProcesses lists processes whose want is older than the given time, oldest first, for the sweeper.
func (s *Store) UnsettledProcesses(ctx context.Context, before time.Time, limit int) ([]UnsettledProcess, error) {
	processes, err := s.Queries().UnsettledProcesses(ctx, storesql.UnsettledProcessesParams{Before: before, MaxRows: int32(limit)})
	return processes, Classify(err)
}

// MarkSettled says that Temporal has what the process wanted at the time seen, as UnsettledProcesses gave it. It reports false,
// and changes nothing, when the process has wanted something new since.
func (s *Store) MarkSettled(ctx context.Context, id uuid.UUID, seen time.Time) (bool, error) {
	changed, err := s.Queries().MarkSettled(ctx, storesql.MarkSettledParams{ID: id, Seen: seen})
	return changed > 0, Classify(err)
}
