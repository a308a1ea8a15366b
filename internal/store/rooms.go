package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"steward/internal/store/storesql"
)

// KindRoom is the kind of the resources that people call rooms.
const KindRoom = "room"

var resourceID = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// EditRoom changes what is known of a room by edit, which learns whether there is one of that id and may refuse, and writes the change
// to the audit trail. The error is ErrInvalid when a field is not acceptable or the id belongs to another kind of resource.
func (s *Store) EditRoom(ctx context.Context, id string, by Actor, edit func(r *Resource, known bool) error) (result Edit, err error) {
	if !resourceID.MatchString(id) {
		return "", fmt.Errorf("%w: the id of a room must have 1 to 64 characters of a-z, 0-9, '.', '_' and '-' and begin with a letter or digit", ErrInvalid)
	}
	err = s.InEdit(ctx, func(ctx context.Context, tx pgx.Tx) error {
		room := Resource{ID: id, Kind: KindRoom, Active: true, Data: []byte("{}")}
		var before any
		found, err := storesql.New(tx).ResourceByID(ctx, id)
		switch {
		case err == nil:
			room, before = found, roomRecord(found)
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		}
		if err := edit(&room, before != nil); err != nil {
			return err
		}
		if err := checkRoom(room); err != nil {
			return err
		}
		result, err = KeepEdit(ctx, tx, by, "room.put", "room/"+id, before, roomRecord(room), func() error {
			_, err := storesql.New(tx).UpsertResource(ctx, storesql.UpsertResourceParams(room))
			return err
		})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("room %s: %w", id, Classify(err))
	}
	return result, nil
}

func checkRoom(r Resource) error {
	name := max(utf8.RuneCountInString(r.Name.Zh), utf8.RuneCountInString(r.Name.En))
	switch {
	case r.Kind != KindRoom:
		return fmt.Errorf("%w: the id belongs to a resource of kind %s, choose another one", ErrInvalid, r.Kind)
	case r.Name.Zh == "" || name > 200:
		return fmt.Errorf("%w: name must have 1 to 200 characters", ErrInvalid)
	case r.Capacity < 0:
		return fmt.Errorf("%w: capacity must be a number of seats, or 0 when it is not stated", ErrInvalid)
	case utf8.RuneCountInString(r.Layout) > 100:
		return fmt.Errorf("%w: layout must have at most 100 characters", ErrInvalid)
	}
	return nil
}

// roomRecord is what the audit trail keeps of a room.
func roomRecord(r Resource) map[string]any {
	return map[string]any{"name": r.Name, "capacity": r.Capacity, "layout": r.Layout, "active": r.Active}
}

// OpenBookings counts the bookings of a resource that have not ended yet.
func (s *Store) OpenBookings(ctx context.Context, id string) (int, error) {
	var n int
	err := s.pool.QueryRow(ctx, `SELECT count(*) FROM reservations WHERE resource_id = $1 AND upper(during) > clock_timestamp()`, id).Scan(&n)
	return n, Classify(err)
}
