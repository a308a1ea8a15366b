package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"steward/internal/store/storesql"
)

// ReceiptChannel carries the ids of settled commands, separated by commas.
const ReceiptChannel = "steward_receipt"

// ErrNoReceipt says that the caller's time ended before the command was settled. The command stands: it may still be applied.
var ErrNoReceipt = errors.New("no receipt yet")

// Receipts lets callers wait for the receipts of the commands they store. All waiters share one LISTEN connection, and receipts
// that arrive together are read together, so a thousand waiters cost about as much as one.
type Receipts struct {
	store *Store

	mu      sync.Mutex
	waiters map[uuid.UUID][]*Expectation
	settled map[uuid.UUID]struct{} // announced and waited for here, not read yet
	wake    chan struct{}
	live    atomic.Bool
}

// NewReceipts prepares a Receipts; nothing is heard until Run is called.
func NewReceipts(s *Store) *Receipts {
	return &Receipts{
		store:   s,
		waiters: make(map[uuid.UUID][]*Expectation),
		settled: make(map[uuid.UUID]struct{}),
		wake:    make(chan struct{}, 1),
	}
}

// Run hears settled commands until ctx ends. The error is nil then, or says that the database URL cannot be used.
func (r *Receipts) Run(ctx context.Context) error {
	var reader sync.WaitGroup
	reader.Go(func() { r.read(ctx) })
	defer reader.Wait()
	defer r.live.Store(false)
	return r.store.Listen(ctx, ReceiptChannel, Listener{
		Connected: func() {
			r.live.Store(true)
			r.checkAll()
		},
		Lost:     func() { r.live.Store(false) },
		Notified: r.notified,
	})
}

// Live reports whether receipts are heard now. While they are not, commands are still decided: whoever waits for one asks again
// when his patience ends.
func (r *Receipts) Live() bool { return r.live.Load() }

// Expectation is a registered wait for one receipt. Call Cancel when done with it, whether Wait was called or not.
type Expectation struct {
	receipts *Receipts
	id       uuid.UUID
	receipt  chan string
}

// Expect registers a wait for the receipt of a command. Call it BEFORE the command is stored: then no notification can be missed.
func (r *Receipts) Expect(commandID uuid.UUID) *Expectation {
	e := &Expectation{receipts: r, id: commandID, receipt: make(chan string, 1)}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiters[commandID] = append(r.waiters[commandID], e)
	return e
}

// Wait returns the receipt (JSON) once the command is settled. When ctx ends first the error wraps ErrNoReceipt and the cause.
func (e *Expectation) Wait(ctx context.Context) (string, error) {
	select {
	case receipt := <-e.receipt:
		return receipt, nil
	case <-ctx.Done():
		return "", fmt.Errorf("%w: command %s: %w", ErrNoReceipt, e.id, context.Cause(ctx))
	}
}

// Cancel forgets the wait. It may be called more than once.
func (e *Expectation) Cancel() {
	r := e.receipts
	r.mu.Lock()
	defer r.mu.Unlock()
	waiters := r.waiters[e.id]
	for i, waiter := range waiters {
		if waiter == e {
			waiters = append(waiters[:i:i], waiters[i+1:]...)
			break
		}
	}
	if len(waiters) == 0 {
		delete(r.waiters, e.id)
		delete(r.settled, e.id)
		return
	}
	r.waiters[e.id] = waiters
}

// Deliver hands a receipt to waiters in this process, without Postgres, and reports whether there were any. Call it only after
// the commit of the transaction that settled the command.
func (r *Receipts) Deliver(commandID uuid.UUID, receipt string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiters := r.waiters[commandID]
	for _, waiter := range waiters {
		select {
		case waiter.receipt <- receipt:
		default: // it has its receipt already
		}
	}
	return len(waiters) > 0
}

// notified notes the announced commands that somebody waits for here.
func (r *Receipts) notified(payload string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for word := range strings.SplitSeq(payload, ",") {
		id, err := uuid.Parse(word)
		if _, waited := r.waiters[id]; err == nil && waited {
			r.settled[id] = struct{}{}
		}
	}
	r.wakeReader()
}

// checkAll re-reads every command that somebody waits for: after a reconnect, announcements may have been lost.
func (r *Receipts) checkAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.waiters {
		r.settled[id] = struct{}{}
	}
	r.wakeReader()
}

func (r *Receipts) wakeReader() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// read fetches what was announced; announcements that arrive while it reads make the next batch.
func (r *Receipts) read(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		for attempt := 0; ctx.Err() == nil; attempt++ {
			if err := r.readBatch(ctx); err == nil {
				break
			} else if ctx.Err() == nil {
				slog.WarnContext(ctx, "receipts could not be read, trying again", "error", err)
			}
			pause(ctx, min(backoff(listenFirstWait, attempt), listenLastWait))
		}
	}
}

// readBatch takes all ids that were announced. After an error they stay for the next attempt.
func (r *Receipts) readBatch(ctx context.Context) error {
	ids := r.takeSettled()
	if len(ids) == 0 {
		return nil
	}
	query, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	rows, err := storesql.New(r.store.pool).SettledReceipts(query, ids)
	if err != nil {
		r.giveBack(ids)
		return Classify(err)
	}
	for _, row := range rows {
		r.Deliver(row.ID, row.Receipt)
	}
	return nil
}

func (r *Receipts) takeSettled() []uuid.UUID {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := make([]uuid.UUID, 0, len(r.settled))
	for id := range r.settled {
		ids = append(ids, id)
	}
	clear(r.settled)
	return ids
}

func (r *Receipts) giveBack(ids []uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		if _, waited := r.waiters[id]; waited {
			r.settled[id] = struct{}{}
		}
	}
}
