package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// output is a buffer that can be read while it is written to.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// value returns what a printed line exports under name, or "".
func (o *output) value(name string) string {
	_, rest, found := strings.Cut(o.String(), "export "+name+"='")
	if !found {
		return ""
	}
	text, _, _ := strings.Cut(rest, "'\n")
	return text
}

func TestPrintsWhatToExportAndStopsWhenAsked(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/var/tmp", "steward-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout output
	done := make(chan error, 1)
	args := []string{"--dir", filepath.Join(dir, "pg"), "--database", "mine", "--no-ui"}
	go func() { done <- run(ctx, args, &stdout, os.Stderr) }()
	require.Eventually(t, func() bool { return stdout.value("TEMPORAL_ADDRESS") != "" }, 9*time.Minute, 50*time.Millisecond)

	conn, err := pgx.Connect(t.Context(), stdout.value("DATABASE_URL"))
	require.NoError(t, err)
	var database string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&database))
	require.Equal(t, "mine", database)
	cancel()
	require.NoError(t, <-done)
	require.Error(t, conn.Ping(t.Context()), "Postgres has stopped")
	require.NoError(t, conn.Close(t.Context()))
}

func TestBadSettingsAreNamed(t *testing.T) {
	t.Parallel()
	const dir = "/var/tmp/steward-devstack-test" // the account of Postgres cannot enter the folders of a test
	for want, args := range map[string][]string{
		"no-such-flag":      {"--no-such-flag"},
		"Options.Port is":   {"--port", "70000"},
		"usable database n": {"--no-temporal", "--dir", dir, "--database", "a b"},
	} {
		err := run(t.Context(), args, &output{}, &output{})
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, os.RemoveAll(dir))
}
