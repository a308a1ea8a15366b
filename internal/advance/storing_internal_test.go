package advance

import (
	"context"
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/internal/store"
	"steward/internal/storetest"
	"steward/workflows/engine"
)

// TestWhatIsSaidToBeSafeIsOnDisk: a command that was stored without waiting for the disk is there once flush returns, also when the
// request has given up.
func TestWhatIsSaidToBeSafeIsOnDisk(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	catalog := NewCatalog(st, definitions.NewRegistry(definitions.Builtin()...))
	a := New(st, engine.New(engine.DefaultLimits, nil), catalog, NewCalendars(st), store.NewAnnouncer(st, nil).Announce, nil, slog.New(slog.DiscardHandler))
	process := storetest.Process(t, st.Pool(), nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 30 {
		id := uuid.New()
		fresh, err := a.storeCommandSoon(t.Context(), &newCommand{ID: id, ProcessID: process.ID, Actor: "ann", Key: id.String(), BodyDigest: []byte{1}, Type: engine.EventCancel, Payload: "{}"})
		require.NoError(t, err)
		require.True(t, fresh)
		var written string
		require.NoError(t, st.Pool().QueryRow(t.Context(), `SELECT pg_current_wal_insert_lsn()::text`).Scan(&written))
		require.NoError(t, a.flush(gone, id))
		var safe bool
		require.NoError(t, st.Pool().QueryRow(t.Context(), `SELECT pg_current_wal_flush_lsn() >= $1::text::pg_lsn`, written).Scan(&safe))
		require.True(t, safe)
	}
	require.ErrorIs(t, a.flush(t.Context(), uuid.New()), ErrUnavailable, "Postgres has lost it")
}
