package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// MinServerVersion is the oldest Postgres that Steward runs on, as server_version_num gives it.
const MinServerVersion = 150000

// Migrate brings the schema of the database at url up to this program's version and returns the file names of the migrations
// that it ran, none when the schema was up to date. Programs that migrate at the same time wait for one another on an advisory
// lock. There is no way back: migrations only go forward.
func Migrate(ctx context.Context, url string) ([]string, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, badURL(url)
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return nil, connectError(err, config)
	}
	if err := checkServerVersion(ctx, db); err != nil {
		return nil, err
	}
	return runMigrations(ctx, db)
}

func runMigrations(ctx context.Context, db *sql.DB) ([]string, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, fmt.Errorf("prepare the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	var ran []string
	for _, result := range results {
		ran = append(ran, result.Source.Path)
	}
	if err != nil {
		return ran, fmt.Errorf("migrate: %w", Classify(err))
	}
	return ran, nil
}

func checkServerVersion(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return fmt.Errorf("ask Postgres for its version: %w", Classify(err))
	}
	if version < MinServerVersion {
		return fmt.Errorf("this is Postgres %d, Steward needs %d or later: upgrade the server", version/10000, MinServerVersion/10000)
	}
	return nil
}

// SchemaCurrent answers a *SchemaError, which names the remedy, unless the database has every migration of this program. A database that is
// ahead, of a newer program that runs beside this one, is fine: a migration adds what is new, and takes away only what no program uses.
func (s *Store) SchemaCurrent(ctx context.Context) error {
	want, err := newestMigration()
	if err != nil {
		return err
	}
	var have int64
	err = s.pool.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&have)
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && refused.Code == undefinedTable:
		return &SchemaError{sentence: "the database has no schema yet: run `steward migrate`"}
	case err != nil:
		return fmt.Errorf("read the version of the schema: %w", Classify(err))
	case have < want:
		return &SchemaError{sentence: fmt.Sprintf("the schema is at migration %d, this program needs %d: run `steward migrate`", have, want)}
	}
	return nil
}

// undefinedTable is the SQLSTATE of a table that is not there.
const undefinedTable = "42P01"

// SchemaError says in one sentence that the database is not migrated to what this program needs, and what to do.
type SchemaError struct{ sentence string }

// Error answers the sentence.
func (e *SchemaError) Error() string { return e.sentence }

// newestMigration is the number of the last embedded migration.
func newestMigration() (newest int64, err error) {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	for _, entry := range entries {
		version, err := goose.NumericComponent(entry.Name())
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", entry.Name(), err)
		}
		newest = max(newest, version)
	}
	return newest, nil
}

// SchemaDigest identifies the embedded migrations: two programs with the same digest build the same schema. Hex, 16 characters.
func SchemaDigest() string {
	sum := sha256.New()
	// Both calls read the embedded files, which cannot fail; the order is that of the names.
	entries, _ := migrations.ReadDir("migrations")
	for _, entry := range entries {
		content, _ := migrations.ReadFile("migrations/" + entry.Name())
		fmt.Fprintf(sum, "%s %d\n", entry.Name(), len(content))
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}
