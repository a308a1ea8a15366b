package store

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Announcer tells every waiting Receipts which commands were settled, after the commit. NOTIFY inside the deciding transaction
// would be simpler, but Postgres lets transactions that notify commit only one after the other, which caps the whole house at one
// commit per disk flush; the Announcer sends the ids of many commits in one statement of its own instead. An announcement that is
// lost with the process costs the waiter its one-second fallback and nothing else.
type Announcer struct {
	store *Store
	local *Receipts // may be nil

	mu      sync.Mutex
	pending []uuid.UUID
	wake    chan struct{}
}

// maxAnnounced keeps a payload under Postgres's limit of 8,000 bytes: 200 ids of 36 characters and their commas.
const maxAnnounced = 200

// maxUnannounced bounds what is kept while the database is away; waiters find the rest by their own fallback.
const maxUnannounced = 50_000

// NewAnnouncer prepares an Announcer that serves waiters of local (nil when there are none in this process) directly. Nothing is
// sent to other processes until Run is called.
func NewAnnouncer(s *Store, local *Receipts) *Announcer {
	return &Announcer{store: s, local: local, wake: make(chan struct{}, 1)}
}

// Announce says that a command was settled with this receipt (JSON). Call it only after the commit. It never blocks.
func (a *Announcer) Announce(commandID uuid.UUID, receipt string) {
	if a.local != nil && a.local.Deliver(commandID, receipt) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.pending) < maxUnannounced {
		a.pending = append(a.pending, commandID)
	}
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Run sends announcements until ctx ends.
func (a *Announcer) Run(ctx context.Context) {
	for attempt := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		}
		if err := a.flush(ctx); err == nil {
			attempt = 0
			continue
		} else if ctx.Err() == nil {
			slog.WarnContext(ctx, "receipts could not be announced, trying again", "error", err)
		}
		attempt++
		pause(ctx, min(backoff(listenFirstWait, attempt), listenLastWait))
	}
}

func (a *Announcer) flush(ctx context.Context) error {
	for {
		batch := a.head()
		if len(batch) == 0 {
			return nil
		}
		statement, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := a.store.pool.Exec(statement, "SELECT pg_notify($1, $2)", ReceiptChannel, payload(batch))
		cancel()
		if err != nil {
			a.wakeAgain()
			return Classify(err)
		}
		a.drop(len(batch))
	}
}

func payload(ids []uuid.UUID) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = id.String()
	}
	return strings.Join(words, ",")
}

func (a *Announcer) head() []uuid.UUID {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]uuid.UUID(nil), a.pending[:min(len(a.pending), maxAnnounced)]...)
}

func (a *Announcer) drop(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending = append(a.pending[:0], a.pending[n:]...)
}

func (a *Announcer) wakeAgain() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}
