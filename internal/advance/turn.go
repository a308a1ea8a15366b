package advance

import (
	"context"
	"sync"
	"time"
)

// turn lets one caller at a time renew what is older than freshness.
type turn struct {
	mu   sync.Mutex
	at   time.Time     // of the last renewal that succeeded; zero: there is nothing yet
	busy chan struct{} // closed when the renewal at work ends; nil when there is none
}

// take calls renew when it is the caller's turn to. While another caller renews, the others go on with what there is; as long as
// there is nothing yet they wait, until their ctx ends.
func (t *turn) take(ctx context.Context, renew func() error) error {
	for {
		mine, other := t.begin()
		if mine {
			err := renew()
			t.end(err == nil)
			return err
		}
		if other == nil {
			return nil
		}
		select {
		case <-other:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// begin answers whether the caller has to renew, and otherwise the renewal that it has to wait for, if any.
func (t *turn) begin() (mine bool, other <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.busy != nil && t.at.IsZero():
		return false, t.busy
	case t.busy != nil || time.Since(t.at) < freshness:
		return false, nil
	}
	t.busy = make(chan struct{})
	return true, nil
}

func (t *turn) end(done bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.busy)
	t.busy = nil
	if done {
		t.at = time.Now()
	}
}

// expire makes the next take renew in any case.
func (t *turn) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.at.IsZero() {
		t.at = t.at.Add(-freshness)
	}
}
