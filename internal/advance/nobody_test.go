package advance_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/internal/store"
)

// TestAnIncidentOfATaskIsMendedByPeople: it has no event to retry or to drop, and stands in the way of nothing.
func TestAnIncidentOfATaskIsMendedByPeople(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	i, err := h.store.ReportIncident(t.Context(), store.NewIncident{ProcessID: p, EventID: "nobody/" + h.task(p, "plan"), Kind: store.IncidentNobodyLeft, Message: "transfer it"})
	require.NoError(t, err)
	for _, deal := range []error{h.advancer.RetryIncident(t.Context(), i.ID, "awei"), h.advancer.DropIncident(t.Context(), i.ID, "awei")} {
		require.ErrorIs(t, deal, advance.ErrNeedsPeople)
		require.ErrorContains(t, deal, "transfer it")
	}
	require.Equal(t, "applied", h.complete(p, "plan", "ahua", "done").Receipt.Status)
	require.Len(t, h.open(p), 1)
}
