package e2e

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
)

// gates hold decisions up at fail-points of a program that runs inside the test.
type gates struct {
	mu   sync.Mutex
	shut map[place]*gate
}

// place is a fail-point in the decision of one process.
type place struct {
	point   advance.FailPoint
	process uuid.UUID
}

// gate holds up the first decision that comes to its place.
type gate struct {
	reached, opened chan struct{}
	once            sync.Once
}

func newGates() *gates { return &gates{shut: map[place]*gate{}} }

// hook is for app.Config.Hook.
func (g *gates) hook(point advance.FailPoint, process uuid.UUID) {
	at := place{point, process}
	g.mu.Lock()
	held := g.shut[at]
	delete(g.shut, at)
	g.mu.Unlock()
	if held != nil {
		close(held.reached)
		<-held.opened
	}
}

// close shuts a gate before the next decision of a process. It opens at the end of the test at the latest.
func (g *gates) close(t *testing.T, point advance.FailPoint, process string) *gate {
	t.Helper()
	held := &gate{reached: make(chan struct{}), opened: make(chan struct{})}
	t.Cleanup(held.open)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut[place{point, uuid.MustParse(process)}] = held
	return held
}

// await waits until a decision stands before the gate.
func (g *gate) await(t *testing.T) {
	t.Helper()
	select {
	case <-g.reached:
	case <-time.After(30 * time.Second):
		require.Fail(t, "no decision came to the fail-point")
	}
}

func (g *gate) open() { g.once.Do(func() { close(g.opened) }) }
