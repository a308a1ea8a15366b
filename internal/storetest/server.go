package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/devserver/postgres"
	"steward/internal/store"
)

// DatabaseURLVariable names the environment variable with the URL of a server on which tests may create databases.
const DatabaseURLVariable = "STEWARD_TEST_DATABASE_URL"

const (
	startTimeout  = 3 * time.Minute
	maxSlots      = 32 // test binaries that may run at the same time on one machine
	templateStem  = "steward_template_"
	testStem      = "steward_test_"
	creationLock  = 7316002 // advisory lock that guards the making of the template
	ownServerName = "postgres"
)

// server is the Postgres that this test binary uses. Tests of one binary share it, so it has to live beside them all.
var server = sync.OnceValues(openServer)

type testServer struct {
	url      string // of a maintenance database
	template string // name of the database that holds the migrated schema
}

func openServer() (*testServer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	s := &testServer{url: os.Getenv(DatabaseURLVariable), template: templateStem + store.SchemaDigest()}
	if s.url == "" {
		started, err := startOwn(ctx)
		if err != nil {
			return nil, fmt.Errorf("start a Postgres for tests, or set %s: %w", DatabaseURLVariable, err)
		}
		s.url = started
	}
	if err := s.ensureTemplate(ctx); err != nil {
		return nil, fmt.Errorf("prepare the template database: %w", err)
	}
	return s, nil
}

// startOwn starts a server in the first folder that no other test binary uses. Folders are kept between runs: a warm start takes
// a tenth of a second. The server ends with this process.
func startOwn(ctx context.Context) (string, error) {
	base := filepath.Join(os.TempDir(), "steward-storetest-"+strconv.Itoa(os.Getuid()))
	var err error
	for slot := range maxSlots {
		var started *postgres.Server
		started, err = postgres.Start(ctx, postgres.Options{Dir: filepath.Join(base, strconv.Itoa(slot))})
		if err == nil {
			return started.URL(ownServerName), dropLeftOvers(ctx, started.URL(ownServerName))
		}
		if !errors.Is(err, postgres.ErrLocked) {
			break
		}
	}
	return "", err
}

// dropLeftOvers removes what a run that was killed left on our own server, which nobody else uses now: test databases, and
// templates of schemas that are gone.
func dropLeftOvers(ctx context.Context, maintenanceURL string) error {
	return withConn(ctx, maintenanceURL, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT datname FROM pg_database WHERE starts_with(datname, $1)
			OR (starts_with(datname, $2) AND datname <> $2 || $3)`, testStem, templateStem, store.SchemaDigest())
		if err != nil {
			return err
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := dropDatabase(ctx, conn, name); err != nil {
				return err
			}
		}
		return nil
	})
}

func dropDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	if strings.HasPrefix(name, templateStem) {
		if _, err := conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" IS_TEMPLATE false"); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)")
	return err
}

// ensureTemplate makes the template once per schema and server. Test binaries that start together wait for the first.
func (s *testServer) ensureTemplate(ctx context.Context) error {
	return withConn(ctx, s.url, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", creationLock); err != nil {
			return err
		}
		var exists bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", s.template).Scan(&exists); err != nil || exists {
			return err
		}
		return s.makeTemplate(ctx, conn)
	})
}

// makeTemplate migrates under another name first: a template that exists is complete.
func (s *testServer) makeTemplate(ctx context.Context, conn *pgx.Conn) error {
	unfinished := strings.Replace(s.template, templateStem, templateStem+"unfinished_", 1)
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + quote(unfinished) + " WITH (FORCE)", "CREATE DATABASE " + quote(unfinished)} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if _, err := store.Migrate(ctx, withDatabase(s.url, unfinished)); err != nil {
		return err
	}
	for _, sql := range []string{
		"ALTER DATABASE " + quote(unfinished) + " WITH IS_TEMPLATE true ALLOW_CONNECTIONS false",
		"ALTER DATABASE " + quote(unfinished) + " RENAME TO " + quote(s.template),
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

func withConn(ctx context.Context, databaseURL string, fn func(conn *pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return err
	}
	return errors.Join(fn(conn), conn.Close(ctx))
}

func withDatabase(databaseURL, name string) string {
	parsed, err := url.Parse(databaseURL)
	if err != nil {
		return databaseURL // the caller's connect reports it
	}
	parsed.Path = "/" + name
	return parsed.String()
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
