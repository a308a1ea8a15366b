package store_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"steward/internal/store"
	"steward/internal/storetest"
)

// role makes a role that lives as long as the test, and answers its name and the URL with which it connects.
func role(t *testing.T, owner, attributes string) (name, address string) {
	t.Helper()
	name = "steward app " + uuid.NewString() // with blanks: names are quoted
	quoted := pgx.Identifier{name}.Sanitize()
	asOwner(t.Context(), t, owner, "CREATE ROLE "+quoted+" LOGIN PASSWORD 'hush' "+attributes)
	t.Cleanup(func() { asOwner(context.Background(), t, owner, "DROP OWNED BY "+quoted+"; DROP ROLE "+quoted) })
	u, err := url.Parse(owner)
	require.NoError(t, err)
	u.User = url.UserPassword(name, "hush")
	return name, u.String()
}

func asOwner(ctx context.Context, t *testing.T, owner, sql string) {
	t.Helper()
	conn, err := pgx.Connect(ctx, owner)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, sql)
	require.NoError(t, err)
	require.NoError(t, conn.Close(ctx))
}

func TestTheApplicationsRoleOnlyAddsToTheLog(t *testing.T) {
	t.Parallel()
	owner := storetest.NewURL(t)
	name, address := role(t, owner, "")
	for range 2 {
		require.NoError(t, store.Grant(t.Context(), owner, name))
	}
	s := storetest.Open(t, address, store.Options{})
	require.NoError(t, s.SchemaCurrent(t.Context()))
	process := storetest.Process(t, s.Pool(), nil)
	storetest.Task(t, s.Pool(), process, nil, "user:ann")
	_, err := s.Pool().Exec(t.Context(), "INSERT INTO audit (actor, action) VALUES ('ann', 'test')")
	require.NoError(t, err)
	_, err = s.Pool().Exec(t.Context(), "UPDATE processes SET outcome = 'x'; DELETE FROM task_candidates")
	require.NoError(t, err)

	for _, refused := range []string{
		"UPDATE decision_log SET event = ''", "DELETE FROM decision_log", "TRUNCATE decision_log",
		"UPDATE audit SET actor = ''", "DELETE FROM audit", "TRUNCATE audit",
		"DELETE FROM goose_db_version", "DROP TABLE audit", "ALTER TABLE audit DISABLE TRIGGER ALL", "CREATE TABLE own (id int)",
		"DROP TRIGGER audit_append_only ON audit", "CREATE OR REPLACE FUNCTION steward_append_only() RETURNS trigger LANGUAGE sql AS ''",
		"BEGIN; SET LOCAL steward.archiving = 'on'; DELETE FROM decision_log; COMMIT",
	} {
		_, err := s.Pool().Exec(t.Context(), refused)
		var pgErr *pgconn.PgError
		require.ErrorAs(t, err, &pgErr, refused)
		require.Equal(t, "42501", pgErr.Code, refused)
	}
}

func TestGrantNamesTheRemedy(t *testing.T) {
	t.Parallel()
	owner := storetest.NewURL(t)
	super, _ := role(t, owner, "SUPERUSER")
	plain, address := role(t, owner, "")
	for name, c := range map[string]struct{ url, role, want string }{
		"no such role": {owner, "nobody\"", `CREATE ROLE "nobody""" LOGIN`},
		"superuser":    {owner, super, "give Steward a role of its own"},
		"not owner":    {address, plain, "use the owner of the tables"},
		"no schema":    {storetest.NewEmptyURL(t), plain, "decision_log"},
		"no database":  {"postgres://x:hush-hush@127.0.0.1:1/x", plain, "DATABASE_URL"},
		"no URL":       {"hush-hush", plain, "DATABASE_URL"},
	} {
		err := store.Grant(t.Context(), c.url, c.role)
		require.ErrorContains(t, err, c.want, name)
		require.NotContains(t, err.Error(), "hush-hush", name)
	}
}
