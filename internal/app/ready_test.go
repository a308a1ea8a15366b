package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/internal/app"
	"steward/internal/apptest"
	"steward/internal/storetest"
)

// TestAMissingNamespaceIsSeen: a Temporal that answers is no use without the namespace.
func TestAMissingNamespaceIsSeen(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, func(c *app.Config) { c.Namespace, c.Worker = "nope", false })
	err := h.App.CheckTemporal(t.Context())
	require.ErrorContains(t, err, `has no namespace "nope": create it (temporal operator namespace create -n nope`)
	require.ErrorContains(t, err, "TEMPORAL_NAMESPACE (--temporal-namespace)")
	status, body := get(t, "http://"+h.App.Addr+"/readyz")
	require.Equal(t, http.StatusOK, status, "people can work")
	require.Contains(t, body, `{"name":"temporal","needed":false,"ok":false}`)
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

// TestAWorkerIsAskedForFromOutside and found by its host, so that a container's check knows its own worker.
func TestAWorkerIsAskedForFromOutside(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	require.NoError(t, err)
	h := apptest.Start(t, nil)
	apptest.Until(t, "a worker that asks for work", func() bool { return app.CheckWorker(t.Context(), h.Config, host) == nil })
	for name, c := range map[string]struct {
		change func(*app.Config)
		host   string
		want   string
	}{
		"another host":  {func(*app.Config) {}, "elsewhere", "no worker on elsewhere asks for work"},
		"another queue": {func(c *app.Config) { c.TaskQueue = "idle" }, host, "STEWARD_TASK_QUEUE"},
		"no namespace":  {func(c *app.Config) { c.Namespace = "nope" }, host, "no namespace"},
		"no Temporal":   {func(c *app.Config) { c.TemporalAddress = "127.0.0.1:1" }, host, "does not answer"},
		"no database":   {func(c *app.Config) { c.DatabaseURL = "postgres://x@127.0.0.1:1/x" }, host, "DATABASE_URL"},
		"no schema":     {func(c *app.Config) { c.DatabaseURL = storetest.NewEmptyURL(t) }, host, "steward migrate"},
	} {
		cfg := h.Config
		c.change(&cfg)
		require.ErrorContains(t, app.CheckWorker(t.Context(), cfg, c.host), c.want, name)
	}
}

// TestReadyNamesWhatItNeeds: a server with an old schema, or one that hears no receipts, is not ready.
func TestReadyNamesWhatItNeeds(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, nil)
	ready := func() (status int, checks map[string]bool) {
		status, text := get(t, "http://"+h.App.Addr+"/readyz")
		var body struct {
			Checks []struct {
				Name   string `json:"name"`
				Ok     bool   `json:"ok"`
				Needed bool   `json:"needed"`
			} `json:"checks"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &body), text)
		checks = make(map[string]bool)
		for _, c := range body.Checks {
			require.Equal(t, c.Name != "temporal", c.Needed, c.Name)
			checks[c.Name] = c.Ok
		}
		return status, checks
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
