package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// lockKey is the advisory lock of whoever runs Temporal on a Postgres server:
// nothing in Temporal itself stops two servers on one store. The number spells
// "steward" in ASCII.
const lockKey = 0x73746577617264

// lockPatience covers a killed predecessor, whose session Postgres is about to
// notice.
const lockPatience = 5 * time.Second

var errSecondServer = errors.New("another Temporal server already runs on these databases: " +
	"stop it first, or use another Postgres server")

// storeLock is the session that holds the advisory lock. It is used by one
// goroutine at a time.
type storeLock struct {
	store *store
	conn  *pgx.Conn
}

func takeLock(ctx context.Context, s *store) (*storeLock, error) {
	lock := &storeLock{store: s}
	if err := lock.connect(ctx); err != nil {
		return nil, err
	}
	if err := lock.acquire(ctx); err != nil {
		lock.release(ctx)
		return nil, err
	}
	return lock, nil
}

// acquire asks again for a while. Only the repetition is bounded by the patience,
// not the single question, so that the answer to the last one is known.
func (l *storeLock) acquire(ctx context.Context) error {
	patience, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	err := until(patience, func() error { return l.try(ctx) })
	if errors.Is(err, errSecondServer) {
		return errSecondServer
	}
	return err
}

// connectPatience bounds one attempt to connect.
const connectPatience = 10 * time.Second

func (l *storeLock) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	conn, err := l.store.connect(ctx)
	if err != nil {
		return err
	}
	l.conn = conn
	return nil
}

func (l *storeLock) try(ctx context.Context) error {
	var got bool
	if err := l.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(lockKey)).Scan(&got); err != nil {
		return fmt.Errorf("ask for the lock: %w", err)
	}
	if !got {
		return errSecondServer
	}
	return nil
}

// release ends the session, also when ctx has ended.
func (l *storeLock) release(ctx context.Context) {
	if l.conn != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = l.conn.Close(ctx) // the lock goes with the session
	}
}

// watch holds on until ctx ends (nil) or the lock is lost for good. When Postgres
// was restarted, the lock is taken again; the server reconnects by itself.
func (l *storeLock) watch(ctx context.Context) error {
	for l.broke(ctx) {
		if err := l.retake(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("lost the lock on the databases: %w", err)
		}
	}
	return nil
}

// broke waits for a notification that never comes: true when the session broke,
// false when ctx ended. The lock is kept then, until the server has stopped.
func (l *storeLock) broke(ctx context.Context) bool {
	_, _ = l.conn.WaitForNotification(ctx)
	return ctx.Err() == nil
}

// retake waits for Postgres as long as it takes: only another holder ends it.
func (l *storeLock) retake(ctx context.Context) error {
	for {
		err := until(ctx, func() error {
			l.release(ctx)
			return l.connect(ctx)
		})
		if err == nil {
			err = l.acquire(ctx)
		}
		if err == nil || errors.Is(err, errSecondServer) || ctx.Err() != nil {
			return err
		}
	}
}
