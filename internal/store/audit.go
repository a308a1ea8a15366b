package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"steward/internal/store/storesql"
)

// Actor is who does something that the audit trail keeps, and from where.
type Actor struct {
	UserID string
	IP     string
}

// Audit appends to the audit trail, in db: give the transaction of the change, so that both are stored or neither. Before and
// after may be nil.
func Audit(ctx context.Context, db DBTX, by Actor, action, target string, before, after json.RawMessage) error {
	err := storesql.New(db).InsertAudit(ctx, storesql.InsertAuditParams{
		Actor: by.UserID, Action: action, Target: target, Before: before, After: after, IP: by.IP,
	})
	if err != nil {
		return fmt.Errorf("audit %s of %s: %w", action, target, Classify(err))
	}
	return nil
}

// AuditFilter narrows the audit trail. Zero fields do not narrow.
type AuditFilter struct {
	Actor  string
	Target string
	Action string
	From   time.Time // inclusive
	Before time.Time // exclusive
}

// AuditTrail lists what was done, latest first.
func (s *Store) AuditTrail(ctx context.Context, filter AuditFilter, page Page) (Slice[AuditEntry], error) {
	return listLatest(ctx, s, "audit", `SELECT a.* FROM audit a WHERE true`, "a.id", page,
		func(stmt *statement) {
			when(stmt, equals("a.actor"), filter.Actor)
			when(stmt, equals("a.target"), filter.Target)
			when(stmt, equals("a.action"), filter.Action)
			when(stmt, func(p string) string { return "a.at >= " + p }, filter.From)
			when(stmt, func(p string) string { return "a.at < " + p }, filter.Before)
		},
		func(a AuditEntry) seqKey { return seqKey{Seq: a.ID} })
}
