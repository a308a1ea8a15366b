package activities

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store"
)

// Limits of the settler.
const (
	maxMarks      = 1000 // cleared by one statement
	markTries     = 3    // then the sweeper repeats the nudge, which does no harm
	settleTimeout = 2 * time.Second
)

// mark is what a process row says while Temporal may lack something.
type mark struct {
	process uuid.UUID
	since   time.Time
	tries   int
}

// settler clears the marks of processes whose nudge was delivered, many with one statement.
type settler struct {
	store *store.Store
	log   *slog.Logger

	mu    sync.Mutex
	marks []mark
}

func (s *settler) add(process uuid.UUID, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks = append(s.marks, mark{process: process, since: since})
}

// run clears marks until done is closed, and then the last ones.
func (s *settler) run(ctx context.Context, every time.Duration, done <-chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for last := false; !last; {
		select {
		case <-done:
			last = true
		case <-tick.C:
		}
		if err := s.flush(ctx); err != nil {
			s.log.DebugContext(ctx, "marks of delivered nudges not cleared, the sweeper repeats the nudges", "error", err)
		}
	}
}

// flush tries every mark once. A mark whose row is locked is kept for the next flush.
func (s *settler) flush(ctx context.Context) error {
	s.mu.Lock()
	marks := s.marks
	s.marks = nil
	s.mu.Unlock()
	for batch := range slices.Chunk(marks, maxMarks) {
		left, err := s.clear(ctx, batch)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.marks = append(s.marks, left...)
		s.mu.Unlock()
	}
	return nil
}

// sqlClearMarks never waits for a decision, and no decision waits for it: rows that are locked are left out.
const sqlClearMarks = `WITH delivered AS (
 SELECT p.id FROM processes p JOIN unnest($1::uuid[], $2::timestamptz[]) m (id, since) ON p.id = m.id AND p.unsettled_since = m.since
 FOR NO KEY UPDATE OF p SKIP LOCKED)
UPDATE processes p SET unsettled_since = NULL FROM delivered d WHERE p.id = d.id RETURNING p.id`

// clear answers the marks that deserve another try.
func (s *settler) clear(ctx context.Context, marks []mark) ([]mark, error) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	ids, times := make([]uuid.UUID, len(marks)), make([]time.Time, len(marks))
	for i, m := range marks {
		ids[i], times[i] = m.process, m.since
	}
	rows, err := s.store.Pool().Query(ctx, sqlClearMarks, ids, times)
	if err != nil {
		return nil, store.Classify(err)
	}
	cleared, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, store.Classify(err)
	}
	return unfinished(marks, cleared), nil
}

func unfinished(marks []mark, cleared []uuid.UUID) []mark {
	done := make(map[uuid.UUID]bool, len(cleared))
	for _, id := range cleared {
		done[id] = true
	}
	var left []mark
	for _, m := range marks {
		if m.tries++; !done[m.process] && m.tries < markTries {
			left = append(left, m)
		}
	}
	return left
}
