package advance

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/internal/apptest/sample"
	"steward/internal/people"
	"steward/internal/store"
	"steward/internal/storetest"
	"steward/workflows/engine"
)

// TestAStartThatDecideRefuses although it seemed right a moment before ends the process where it began, and leaves its receipt.
func TestAStartThatDecideRefuses(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	staff, err := people.NewService(st, people.Options{})
	require.NoError(t, err)
	require.NoError(t, staff.SeedDemo(t.Context()))
	registry := definitions.NewRegistry(definitions.Builtin()...)
	bundle := definitions.Bundle{Name: "leave.yaml", Source: sample.Leave, Files: map[string]string{}}
	def, problems := definitions.Compile(bundle, registry)
	require.NotNil(t, def, "%v", problems)
	_, _, err = st.PublishDefinition(t.Context(), store.NewDefinition{ID: def.ID, Digest: def.Digest, Bundle: encode(bundle), PublishedBy: "test"})
	require.NoError(t, err)
	nudge := func(context.Context, uuid.UUID, Effects) {}
	a := New(st, engine.New(engine.DefaultLimits, nil), NewCatalog(st, registry), NewCalendars(st), store.NewAnnouncer(st, nil).Announce, nudge, slog.New(slog.DiscardHandler))

	id, key := uuid.New(), "only-one"
	ref := engine.Ref{ID: def.ID, Version: 1, Digest: def.Digest}
	payload := encode(engine.StartData{Definition: ref, Process: id.String(), Input: map[string]any{"days": 0}})
	cmd := &newCommand{ID: uuid.New(), ProcessID: id, Actor: "ahua", Key: "k", BodyDigest: []byte{1}, Type: engine.EventStart, Payload: payload}
	out, err := a.run(t.Context(), job{process: id, insert: cmd, create: &newProcess{ref: ref, starter: "ahua", title: `{"zh":"请假"}`, businessKey: &key}})
	require.NoError(t, err)
	require.Len(t, out.receipts, 1)
	var receipt engine.Receipt
	require.NoError(t, json.Unmarshal([]byte(out.receipts[0].receipt), &receipt))
	require.Equal(t, "invalid", receipt.Code)

	var row, kept string
	require.NoError(t, st.Pool().QueryRow(t.Context(), `SELECT concat_ws(' ', status, outcome, seq, title, business_key, ended_at = started_at) FROM processes WHERE id = $1`, id).Scan(&row))
	require.Equal(t, `ended refused 0 {"zh":"请假"} only-one t`, row)
	require.NoError(t, st.Pool().QueryRow(t.Context(), `SELECT receipt FROM commands WHERE id = $1 AND settled_at IS NOT NULL`, cmd.ID).Scan(&kept))
	require.Equal(t, out.receipts[0].receipt, kept)
}
