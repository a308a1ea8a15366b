package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Edit says what became of something that was to be stored.
type Edit string

// What an edit can come to.
const (
	Added     Edit = "added"
	Changed   Edit = "changed"
	Unchanged Edit = "unchanged" // it was so already: nothing was written
)

// sqlOneEditor makes those who edit the house's directory at the same time wait for one another: what an edit keeps is what it read.
const sqlOneEditor = `SELECT pg_advisory_xact_lock(hashtextextended('steward/directory', 0))`

// InEdit runs work in a transaction in which nobody else edits people, groups, posts or rooms.
func (s *Store) InEdit(ctx context.Context, work func(ctx context.Context, tx pgx.Tx) error) error {
	return s.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlOneEditor); err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

// KeepEdit calls put and writes the change of target to the audit trail, in tx, unless after is what there was before; a nil before
// says that there was nothing. Both are stored as JSON.
func KeepEdit(ctx context.Context, tx pgx.Tx, by Actor, action, target string, before, after any, put func() error) (Edit, error) {
	is, err := json.Marshal(after)
	if err != nil {
		return "", fmt.Errorf("audit %s of %s: %w", action, target, err)
	}
	edit, was := Added, json.RawMessage(nil)
	if before != nil {
		edit = Changed
		if was, err = json.Marshal(before); err != nil {
			return "", fmt.Errorf("audit %s of %s: %w", action, target, err)
		}
	}
	if bytes.Equal(was, is) {
		return Unchanged, nil
	}
	if err := put(); err != nil {
		return "", err
	}
	return edit, Audit(ctx, tx, by, action, target, was, is)
}
