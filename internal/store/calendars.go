package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"steward/internal/store/storesql"
)

// PutCalendar stores the next version of a working calendar and reports stored, or answers the latest version when its source is
// the same. Versions count from 1 without gaps: a recorded deadline names the one it was planned with.
func (s *Store) PutCalendar(ctx context.Context, id, source string) (calendar Calendar, stored bool, err error) {
	err = s.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := storesql.New(tx)
		if err := q.LockCalendar(ctx, id); err != nil {
			return err
		}
		calendar, err = q.LatestCalendar(ctx, id)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if stored = err != nil || calendar.Data != source; !stored {
			return nil
		}
		calendar, err = q.InsertCalendar(ctx, storesql.InsertCalendarParams{ID: id, Data: source})
		return err
	})
	if err != nil {
		return Calendar{}, false, err
	}
	return calendar, stored, nil
}

// Calendar reads one version. The error is ErrNotFound when there is none.
func (s *Store) Calendar(ctx context.Context, id string, version int32) (Calendar, error) {
	calendar, err := s.Queries().CalendarVersion(ctx, storesql.CalendarVersionParams{ID: id, Version: version})
	return found(calendar, err, "calendar %s version %d", id, version)
}

// LatestCalendars reads the newest version of every calendar, by id.
func (s *Store) LatestCalendars(ctx context.Context) ([]Calendar, error) {
	calendars, err := s.Queries().LatestCalendars(ctx)
	return calendars, Classify(err)
}
