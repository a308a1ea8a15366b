package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// DBTX is what a query needs: a pool, a connection or a transaction.
type DBTX interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

const (
	txAttempts  = 5
	txFirstWait = 5 * time.Millisecond
)

// InTx runs fn in one READ COMMITTED transaction, commits when it returns nil and rolls back otherwise. When Postgres gives up
// with a deadlock, a serialization failure or a lock timeout the whole transaction runs again, at most five times with growing,
// jittered pauses: fn must therefore have no effect outside tx. The error is classified; the one of fn stays in the chain.
func (s *Store) InTx(ctx context.Context, fn func(ctx context.Context, tx pgx.Tx) error) error {
	var err error
	for attempt := range txAttempts {
		if attempt > 0 && !pause(ctx, backoff(txFirstWait, attempt)) {
			break
		}
		err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return fn(ctx, tx) })
		if err == nil || !Retryable(err) {
			return Classify(err)
		}
	}
	return fmt.Errorf("gave up after several attempts: %w", Classify(err))
}

// backoff doubles first with every attempt and takes a random half of it off, so that rivals do not meet again.
func backoff(first time.Duration, attempt int) time.Duration {
	full := first << min(attempt, 10)
	return full/2 + rand.N(full/2+1)
}

// pause waits for d and reports whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
