package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed roles.sql
var roleGrants string

// Grant lets a database role run Steward on the schema at url, which the role of url owns: it may read and write rows, but neither
// change the schema nor alter or remove rows of the decision log and the audit trail. The role must exist and must not own the
// schema, be a superuser or be a member of the owner, because grants would then mean nothing. Granting again is harmless; it has to
// be done after every migration that adds a table.
func Grant(ctx context.Context, url, role string) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return badURL(url)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return connectError(err, config)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if err := checkRole(ctx, conn, role); err != nil {
		return err
	}
	return grant(ctx, conn, role)
}

// sqlRole answers whether a role is above grants: it then may do what its owner or superuser may.
const sqlRole = `SELECT r.rolsuper OR pg_has_role(r.oid, c.relowner, 'MEMBER') FROM pg_roles r, pg_class c
WHERE r.rolname = $1 AND c.oid = 'decision_log'::regclass`

func checkRole(ctx context.Context, conn *pgx.Conn, role string) error {
	var above bool
	err := conn.QueryRow(ctx, sqlRole, role).Scan(&above)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("there is no database role %q: create it first (CREATE ROLE %s LOGIN PASSWORD '…')", role, pgx.Identifier{role}.Sanitize())
	case err != nil:
		return fmt.Errorf("look at the role %q: %w", role, Classify(err))
	case above:
		return fmt.Errorf("the role %q owns the tables or is a superuser, so that nothing can be kept from it: give Steward a role of its own, and use the owner's only for `steward migrate`", role)
	}
	return nil
}

func grant(ctx context.Context, conn *pgx.Conn, role string) error {
	var schema string
	if err := conn.QueryRow(ctx, "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'decision_log'::regclass").Scan(&schema); err != nil {
		return fmt.Errorf("find the schema: %w", Classify(err))
	}
	statements := strings.NewReplacer("{{role}}", pgx.Identifier{role}.Sanitize(), "{{schema}}", schema).Replace(roleGrants)
	_, err := conn.Exec(ctx, statements) // several statements without parameters are one transaction
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "42501" {
		return fmt.Errorf("the role of DATABASE_URL may not grant rights to %q: use the owner of the tables for `steward migrate`: %w", role, Classify(err))
	}
	if err != nil {
		return fmt.Errorf("grant rights to %q: %w", role, Classify(err))
	}
	return nil
}
