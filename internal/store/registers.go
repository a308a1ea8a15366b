package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"steward/internal/store/storesql"
)

// PutRegister stores a register, or its new name and schema.
func (s *Store) PutRegister(ctx context.Context, r Register) error {
	return Classify(s.Queries().UpsertRegister(ctx, storesql.UpsertRegisterParams(r)))
}

// Register reads one register. The error is ErrNotFound when there is none.
func (s *Store) Register(ctx context.Context, id string) (Register, error) {
	r, err := s.Queries().RegisterByID(ctx, id)
	return found(r, err, "register %s", id)
}

// Registers lists all registers by id.
func (s *Store) Registers(ctx context.Context) ([]Register, error) {
	registers, err := s.Queries().Registers(ctx)
	return registers, Classify(err)
}

// NewEntry is an entry to record. The caller has checked Data against the register's schema.
type NewEntry = storesql.InsertRegisterEntryParams

// Record appends an entry to a register, in db. The error is ErrConflict when the register has an entry with this key, ErrInvalid
// when the register does not exist.
func Record(ctx context.Context, db DBTX, e NewEntry) (RegisterEntry, error) {
	entry, err := storesql.New(db).InsertRegisterEntry(ctx, e)
	return found(entry, err, "record in register %s", e.Register)
}

// Lookup reads the entry with a key, in db. The error is ErrNotFound when there is none.
func Lookup(ctx context.Context, db DBTX, register, key string) (RegisterEntry, error) {
	entry, err := storesql.New(db).RegisterEntryByKey(ctx, storesql.RegisterEntryByKeyParams{Register: register, Key: key})
	return found(entry, err, "register %s, key %q", register, key)
}

// CountForGuard counts the entries whose data holds the given JSON, in the transaction of db, after it has locked the register
// and key until that transaction ends: two guards that forbid each other's outcome cannot both pass.
func CountForGuard(ctx context.Context, db DBTX, register, key string, matching json.RawMessage) (int64, error) {
	q := storesql.New(db)
	if err := q.LockRegisterKey(ctx, storesql.LockRegisterKeyParams{Register: register, Key: key}); err != nil {
		return 0, fmt.Errorf("lock register %s: %w", register, Classify(err))
	}
	count, err := q.CountRegisterEntries(ctx, storesql.CountRegisterEntriesParams{Register: register, Matching: matching})
	return count, Classify(err)
}

// RegisterEntry reads one entry. The error is ErrNotFound when there is none.
func (s *Store) RegisterEntry(ctx context.Context, register string, id uuid.UUID) (RegisterEntry, error) {
	entry, err := s.Queries().RegisterEntryByID(ctx, storesql.RegisterEntryByIDParams{Register: register, ID: id})
	return found(entry, err, "register %s, entry %s", register, id)
}

// EntryFilter narrows a list of entries. Zero fields do not narrow.
type EntryFilter struct {
	Key      string
	Matching json.RawMessage // a JSON object that the entry's data holds
	Query    string          // text that the data holds, letter case ignored; at most 100 characters
}

// Entries lists the entries of a register, newest first.
func (s *Store) Entries(ctx context.Context, register string, filter EntryFilter, page Page) (Slice[RegisterEntry], error) {
	if len([]rune(filter.Query)) > maxQueryLength {
		return Slice[RegisterEntry]{}, fmt.Errorf("%w: search text must have at most %d characters", ErrInvalid, maxQueryLength)
	}
	return listNewest(ctx, s, "register/"+register, `SELECT e.* FROM register_entries e WHERE true`, "e.created_at", "e.id", page,
		func(stmt *statement) {
			stmt.add("e.register = " + stmt.arg(register))
			when(stmt, equals("e.key"), filter.Key)
			when(stmt, func(p string) string { return "e.data @> " + p + "::text::jsonb" }, string(filter.Matching))
			when(stmt, func(p string) string { return "e.data::text ILIKE " + p }, containing(filter.Query))
		},
		func(e RegisterEntry) timeKey { return timeKey{At: e.CreatedAt, ID: e.ID} })
}
