package advance_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/internal/advance"
	"steward/internal/apptest/sample"
	"steward/internal/people"
	"steward/internal/store"
	"steward/internal/storetest"
	"steward/workflows/engine"
)

const leave = sample.Leave

// house is one installation without Temporal: what a workflow would do the service does itself.
type house struct {
	t        *testing.T
	store    *store.Store
	advancer *advance.Advancer
	service  *advance.Service
	mu       sync.Mutex
	nudged   []advance.Effects
	queue    func(ctx context.Context) // waits for room; nil when there always is
}

func newHouse(t *testing.T, mode advance.Mode, sources ...string) *house {
	t.Helper()
	h := &house{t: t, store: storetest.New(t)}
	staff, err := people.NewService(h.store, people.Options{})
	require.NoError(t, err)
	require.NoError(t, staff.SeedDemo(t.Context()))
	registry := definitions.NewRegistry(definitions.Builtin()...)
	for _, source := range sources {
		publish(t, h.store, registry, source)
	}
	nudge := func(ctx context.Context, _ uuid.UUID, e advance.Effects) {
		if h.queue != nil {
			h.queue(ctx)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.nudged = append(h.nudged, e)
	}
	receipts := store.NewReceipts(h.store)
	h.advancer = advance.New(h.store, engine.New(engine.DefaultLimits, nil), advance.NewCatalog(h.store, registry), advance.NewCalendars(h.store), store.NewAnnouncer(h.store, receipts).Announce, nudge, slog.Default())
	h.service = advance.NewService(h.advancer, receipts, mode, func() bool { return true }, 0)
	return h
}

func publish(t *testing.T, st *store.Store, registry *definitions.Registry, source string) {
	t.Helper()
	bundle := definitions.Bundle{Name: "test.yaml", Source: source, Files: map[string]string{}}
	def, problems := definitions.Compile(bundle, registry)
	require.NotNil(t, def, "%v", problems)
	text, err := json.Marshal(bundle)
	require.NoError(t, err)
	_, _, err = st.PublishDefinition(t.Context(), store.NewDefinition{ID: def.ID, Digest: def.Digest, Bundle: string(text), PublishedBy: "test"})
	require.NoError(t, err)
}

func (h *house) start(definition, actor string, input map[string]any) uuid.UUID {
	h.t.Helper()
	res, err := h.service.Start(h.t.Context(), advance.Start{Definition: definition, Input: input, Actor: actor, Key: uuid.NewString()})
	require.NoError(h.t, err)
	require.Equal(h.t, "applied", res.Receipt.Status, "%+v", res.Receipt)
	return res.Process
}

// task answers the id of the open task of a step.
func (h *house) task(process uuid.UUID, step string) string {
	h.t.Helper()
	var id uuid.UUID
	err := h.store.Pool().QueryRow(h.t.Context(), `SELECT id FROM tasks WHERE process_id = $1 AND step = $2 AND status = 'open'`, process, step).Scan(&id)
	require.NoError(h.t, err)
	return id.String()
}

func (h *house) complete(process uuid.UUID, step, actor, outcome string) advance.Result {
	h.t.Helper()
	res, err := h.service.Submit(h.t.Context(), advance.Command{
		Process: process, Type: engine.EventComplete, Actor: actor, Key: uuid.NewString(),
		Payload: engine.TaskData{Task: h.task(process, step), Outcome: outcome},
	})
	require.NoError(h.t, err)
	return res
}

func TestProcessFromStartToEnd(t *testing.T) {
	t.Parallel()
	for _, mode := range []advance.Mode{advance.ModeAPI, advance.ModeWorkflow} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, mode, leave)
			p := h.start("leave", "ahua", map[string]any{"days": 2})
			require.Equal(t, "applied", h.complete(p, "plan", "ahua", "done").Receipt.Status)
			require.Equal(t, "forbidden", h.complete(p, "approve", "ahua", "approved").Receipt.Code)
			require.Equal(t, "applied", h.complete(p, "approve", "ali", "approved").Receipt.Status)
			row, err := h.store.Process(t.Context(), store.Viewer{All: true}, p)
			require.NoError(t, err)
			require.Equal(t, "ended", row.Status)
			require.Equal(t, "granted", *row.Outcome)
		})
	}
}
