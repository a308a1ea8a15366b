package people

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store"
)

// HouseToken is an API token with the person for whom it acts.
type HouseToken struct {
	Token
	UserID string
}

const sqlOfHouse = `SELECT id, name, scopes, created_at, expires_at, last_used_at, revoked_at, user_id FROM api_tokens
WHERE ($1 = '' OR user_id = $1) AND ($2 OR revoked_at IS NULL AND expires_at > clock_timestamp()) ORDER BY created_at DESC, id`

// HouseTokens lists the API tokens of everybody, or of one person when userID is not empty, the newest first: those that are good
// now, or with ended all of them.
func (s *Service) HouseTokens(ctx context.Context, userID string, ended bool) ([]HouseToken, error) {
	rows, err := s.store.Lists().Query(ctx, sqlOfHouse, userID, ended)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", store.Classify(err))
	}
	tokens, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t HouseToken, err error) {
		err = row.Scan(&t.ID, &t.Name, &t.Scopes, &t.CreatedAt, &t.ExpiresAt, &t.LastUsedAt, &t.RevokedAt, &t.UserID)
		return t, err
	})
	return tokens, store.Classify(err)
}

const (
	sqlToRevoke = `SELECT user_id, name, token_hash, expires_at, revoked_at FROM api_tokens WHERE id = $1 FOR UPDATE`
	sqlRevoke   = `UPDATE api_tokens SET revoked_at = clock_timestamp() WHERE id = $1`
)

// RevokeAnyToken ends the API token of whomever it is and writes that to the audit trail; one that was revoked before is Unchanged.
// Programs that hold its answer in memory take it for CacheFor more. The error is store.ErrNotFound when there is no such token.
func (s *Service) RevokeAnyToken(ctx context.Context, id uuid.UUID, by store.Actor) (result store.Edit, err error) {
	var hash []byte
	err = s.store.InEdit(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var user, name string
		var expires time.Time
		var revoked *time.Time
		if err := tx.QueryRow(ctx, sqlToRevoke, id).Scan(&user, &name, &hash, &expires, &revoked); err != nil {
			return err
		}
		record := func(revoked bool) map[string]any {
			return map[string]any{"user": user, "name": name, "expiresAt": expires.UTC(), "revoked": revoked}
		}
		result, err = store.KeepEdit(ctx, tx, by, "token.revoke", "token/"+id.String(), record(revoked != nil), record(true), func() error {
			_, err := tx.Exec(ctx, sqlRevoke, id)
			return err
		})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("token %s: %w", id, store.Classify(err))
	}
	s.identities.forget(secretHash(hash))
	return result, nil
}
