package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/tools/common/schema"
	sqltool "go.temporal.io/server/tools/sql"
)

const (
	coreDatabase       = "temporal"
	visibilityDatabase = "temporal_visibility"
	coreSchema         = "postgresql/v12/temporal"
	visibilitySchema   = "postgresql/v12/visibility"
)

// store is the Postgres server the workflows are kept on.
type store struct {
	url        *url.URL
	password   string
	attributes map[string]string // the URL's query, such as sslmode
}

func parseStore(text string) (*store, error) {
	parsed, err := url.Parse(text)
	if err != nil || (parsed.Scheme != "postgres" && parsed.Scheme != "postgresql") || parsed.Host == "" {
		return nil, errors.New("--postgres-url is not a URL of the form postgres://user:password@host:port/")
	}
	if _, err := pgx.ParseConfig(text); err != nil {
		return nil, fmt.Errorf("--postgres-url: %w", err) // pgx hides the password
	}
	password, _ := parsed.User.Password()
	if strings.Contains(password, " ") {
		return nil, errors.New("--postgres-url: the password contains a space, which Temporal cannot handle: choose another password")
	}
	if parsed.Port() == "" {
		parsed.Host = net.JoinHostPort(parsed.Hostname(), "5432")
	}
	attributes := map[string]string{"sslmode": "prefer"}
	for key, values := range parsed.Query() {
		attributes[key] = values[0]
	}
	return &store{url: parsed, password: password, attributes: attributes}, nil
}

func (s *store) database(name string) string {
	u := *s.url
	u.Path = "/" + name
	return u.String()
}

// The most connections one pool may hold. Each of the server's four services has
// a pool per database, so that Temporal takes at most 96 of Postgres's
// connections; the product needs its share of the same server.
const (
	coreConnections       = 16
	visibilityConnections = 8
)

func (s *store) sql(database string) *config.SQL {
	connections := coreConnections
	if database == visibilityDatabase {
		connections = visibilityConnections
	}
	return &config.SQL{
		PluginName:        postgresql.PluginNamePGX,
		DatabaseName:      database,
		ConnectProtocol:   "tcp",
		ConnectAddr:       s.url.Host,
		User:              url.PathEscape(s.url.User.Username()),
		Password:          s.password,
		ConnectAttributes: maps.Clone(s.attributes),
		MaxConns:          connections,
		MaxIdleConns:      connections,
		MaxConnLifetime:   time.Hour,
	}
}

// connect opens a connection to the server as such: to the database postgres,
// which every server has, else to the one the URL names.
func (s *store) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, s.database("postgres"))
	if err == nil {
		return conn, nil
	}
	if conn, other := pgx.Connect(ctx, s.url.String()); other == nil {
		return conn, nil
	}
	return nil, fmt.Errorf("connect to Postgres at %s: %w", s.url.Host, err)
}

// prepareStore creates what is missing of both databases and brings their schema
// up to this server's version.
func prepareStore(ctx context.Context, s *store, opts options) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for database, schemaName := range map[string]string{
		coreDatabase: coreSchema, visibilityDatabase: visibilitySchema,
	} {
		if err := createDatabase(ctx, conn, s, database, schemaName); err != nil {
			return fmt.Errorf("prepare database %s: %w", database, err)
		}
		if err := upgradeSchema(s, database, schemaName); err != nil {
			return fmt.Errorf("upgrade database %s: %w", database, err)
		}
	}
	return createNamespace(s, opts)
}

// createDatabase builds a missing database under another name and renames it, so
// that one that exists is complete, whenever we were killed.
func createDatabase(ctx context.Context, conn *pgx.Conn, s *store, name, schemaName string) error {
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil {
		return fmt.Errorf("look for it: %w", err)
	}
	if exists {
		return nil
	}
	unfinished := name + "_new"
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + unfinished, "CREATE DATABASE " + unfinished} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w (the role in --postgres-url must be able to create databases)", statement, err)
		}
	}
	if err := setupSchema(s, unfinished); err != nil {
		return err
	}
	if err := upgradeSchema(s, unfinished, schemaName); err != nil {
		return err
	}
	return giveName(ctx, conn, s, unfinished, name)
}

// giveName renames a finished database. Temporal's version table is keyed by the
// database's name, so that row moves along. The schema tool's connections take a
// moment to go away, and a database in use cannot be renamed.
func giveName(ctx context.Context, conn *pgx.Conn, s *store, unfinished, name string) error {
	inside, err := pgx.Connect(ctx, s.database(unfinished))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", unfinished, err)
	}
	_, err = inside.Exec(ctx, "UPDATE schema_version SET db_name = $1", name)
	if err = errors.Join(err, inside.Close(ctx)); err != nil {
		return fmt.Errorf("name the schema's version: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err = until(ctx, func() error {
		_, err := conn.Exec(ctx, "ALTER DATABASE "+unfinished+" RENAME TO "+name)
		return err
	})
	if err != nil {
		return fmt.Errorf("give it its name: %w", err)
	}
	return nil
}

func setupSchema(s *store, database string) error {
	return withSchemaTool(s, database, func(db schema.DB) error {
		setup := &schema.SetupConfig{InitialVersion: "0.0"}
		return schema.NewSetupSchemaTask(db, setup, log.NewNoopLogger()).Run()
	})
}

func upgradeSchema(s *store, database, schemaName string) error {
	return withSchemaTool(s, database, func(db schema.DB) error {
		update := &schema.UpdateConfig{SchemaName: schemaName}
		return schema.NewUpdateSchemaTask(db, update, log.NewNoopLogger()).Run()
	})
}

func withSchemaTool(s *store, database string, do func(schema.DB) error) error {
	conn, err := sqltool.NewConnection(s.sql(database), log.NewNoopLogger())
	if err != nil {
		return fmt.Errorf("connect to %s: %w", database, err)
	}
	defer conn.Close()
	return do(conn)
}
