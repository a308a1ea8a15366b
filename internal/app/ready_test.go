package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/internal/apptest"
)

// TestReadyNamesWhatItNeeds: a server with an old schema, or one that hears no receipts, is not ready.
func TestReadyNamesWhatItNeeds(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, nil)
	ready := func() (status int, checks map[string]bool) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+h.App.Addr+"/readyz", http.NoBody)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer func() { require.NoError(t, answer.Body.Close()) }()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		var body struct {
			Checks []struct {
				Name   string `json:"name"`
				Ok     bool   `json:"ok"`
				Needed bool   `json:"needed"`
			} `json:"checks"`
		}
		require.NoError(t, json.Unmarshal(text, &body), "%s", text)
		checks = make(map[string]bool)
		for _, c := range body.Checks {
			require.Equal(t, c.Name != "temporal", c.Needed, c.Name)
			checks[c.Name] = c.Ok
		}
		return answer.StatusCode, checks
	}
	apptest.Until(t, "a server that is ready", func() bool { status, _ := ready(); return status == http.StatusOK })
	status, checks := ready()
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, map[string]bool{"database": true, "migrations": true, "receipts": true, "temporal": true}, checks)

	_, err := h.App.Store.Pool().Exec(t.Context(), "DELETE FROM goose_db_version WHERE version_id > 1")
	require.NoError(t, err)
	status, checks = ready()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.False(t, checks["migrations"])
}
