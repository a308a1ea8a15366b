package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store/storesql"
)

// PutResource stores a resource, or replaces what is known of it.
func (s *Store) PutResource(ctx context.Context, r Resource) (Resource, error) {
	if len(r.Data) == 0 {
		r.Data = []byte("{}")
	}
	stored, err := s.Queries().UpsertResource(ctx, storesql.UpsertResourceParams(r))
	return found(stored, err, "resource %s", r.ID)
}

// Resource reads one resource. The error is ErrNotFound when there is none.
func (s *Store) Resource(ctx context.Context, id string) (Resource, error) {
	r, err := s.Queries().ResourceByID(ctx, id)
	return found(r, err, "resource %s", id)
}

// Resources lists the resources of a kind ("" means all) by kind and id, those out of service only when asked.
func (s *Store) Resources(ctx context.Context, kind string, withInactive bool) ([]Resource, error) {
	resources, err := s.Queries().Resources(ctx, storesql.ResourcesParams{Kind: kind, WithInactive: withInactive})
	return resources, Classify(err)
}

// Span is a stretch of time from From up to, not including, To.
type Span struct {
	From time.Time
	To   time.Time
}

// Schedule is what one resource does within a span: its bookings in order of time, and the gaps between them.
type Schedule struct {
	Resource Resource
	Bookings []Reservation
	Free     []Span
}

// MaxScheduleSpan bounds the time that Schedules looks at.
const MaxScheduleSpan = 62 * 24 * time.Hour

// Schedules shows when the active resources of a kind ("" means all) are taken between two times; for one day give its midnights
// in the house's time zone. The title of a booking whose process the viewer may not see is empty: they learn only that the
// resource is taken. The error is ErrInvalid when the span is empty or longer than MaxScheduleSpan.
func (s *Store) Schedules(ctx context.Context, viewer Viewer, kind string, within Span) ([]Schedule, error) {
	if length := within.To.Sub(within.From); length <= 0 || length > MaxScheduleSpan {
		return nil, fmt.Errorf("%w: to must be after from, and at most %d days later", ErrInvalid, MaxScheduleSpan/(24*time.Hour))
	}
	resources, err := s.Resources(ctx, kind, false)
	if err != nil {
		return nil, err
	}
	bookings, err := s.bookings(ctx, viewer, resources, within)
	if err != nil {
		return nil, fmt.Errorf("schedules: %w", Classify(err))
	}
	schedules := make([]Schedule, len(resources))
	for i, r := range resources {
		schedules[i] = Schedule{Resource: r, Bookings: bookings[r.ID], Free: gaps(bookings[r.ID], within)}
	}
	return schedules, nil
}

func (s *Store) bookings(ctx context.Context, viewer Viewer, resources []Resource, within Span) (map[string][]Reservation, error) {
	ids := make([]string, len(resources))
	for i, r := range resources {
		ids[i] = r.ID
	}
	var stmt statement
	sql := `SELECT r.id, r.resource_id, r.process_id, r.node, lower(r.during), upper(r.during), r.hold,
			CASE WHEN ` + viewer.visibleSQL(&stmt, "r.process_id") + ` THEN r.title ELSE '{}' END, r.created_at
		FROM reservations r WHERE r.resource_id = ANY (` + stmt.arg(ids) + `)
			AND r.during && tstzrange(` + stmt.arg(within.From) + `, ` + stmt.arg(within.To) + `)
		ORDER BY lower(r.during), r.id`
	rows, err := s.lists.Query(ctx, sql, stmt.args...)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Reservation])
	byResource := make(map[string][]Reservation)
	for _, r := range all {
		byResource[r.ResourceID] = append(byResource[r.ResourceID], r)
	}
	return byResource, err
}

// gaps gives the stretches of within that no booking covers. Bookings come in order of their beginning and may overlap.
func gaps(bookings []Reservation, within Span) []Span {
	var free []Span
	at := within.From
	for _, b := range bookings {
		if b.FromAt.After(at) {
			free = append(free, Span{From: at, To: b.FromAt})
		}
		if b.ToAt.After(at) {
			at = b.ToAt
		}
	}
	if at.Before(within.To) {
		free = append(free, Span{From: at, To: within.To})
	}
	return free
}

// ProcessReservations lists the bookings of a process by node and time.
func (s *Store) ProcessReservations(ctx context.Context, processID uuid.UUID) ([]Reservation, error) {
	reservations, err := s.Queries().ProcessReservations(ctx, processID)
	return reservations, Classify(err)
}
