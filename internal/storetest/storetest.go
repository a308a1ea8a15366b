package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/internal/store"
)

// New opens a store on a database of its own with the current schema. Store and database are gone when the test ends. The store
// has few connections, so that many tests fit beside one another on one server.
func New(t testing.TB) *store.Store {
	t.Helper()
	return Open(t, NewURL(t), store.Options{})
}

// Open opens a store on a database made by NewURL, with few connections unless opts says otherwise. It is closed when the test ends.
func Open(t testing.TB, databaseURL string, opts store.Options) *store.Store {
	t.Helper()
	if opts.MaxConns == 0 {
		opts.MaxConns = 6
	}
	if opts.ListMaxConns == 0 {
		opts.ListMaxConns = 2
	}
	s, err := store.Open(t.Context(), databaseURL, opts)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// NewURL creates a database with the current schema and answers its URL. It is dropped when the test ends.
func NewURL(t testing.TB) string {
	t.Helper()
	return create(t, func(s *testServer) string { return s.template })
}

// NewEmptyURL creates a database with nothing in it and answers its URL. It is dropped when the test ends.
func NewEmptyURL(t testing.TB) string {
	t.Helper()
	return create(t, func(*testServer) string { return "template1" })
}

func create(t testing.TB, template func(*testServer) string) string {
	t.Helper()
	s, err := server()
	require.NoError(t, err)
	name := testStem + strings.ReplaceAll(uuid.NewString(), "-", "")
	err = withConn(t.Context(), s.url, func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template(s)))
		return err
	})
	require.NoError(t, err)
	t.Cleanup(func() { drop(t, s, name) })
	return withDatabase(s.url, name)
}

func drop(t testing.TB, s *testServer, name string) {
	t.Helper()
	// The context of the test has ended by now.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := withConn(ctx, s.url, func(conn *pgx.Conn) error { return dropDatabase(ctx, conn, name) })
	if err != nil {
		t.Errorf("drop the test database %s: %v", name, err)
	}
}

// ServerURL answers the URL of the maintenance database of the server that the tests of this binary share.
func ServerURL(t testing.TB) string {
	t.Helper()
	s, err := server()
	require.NoError(t, err)
	return s.url
}
