package people

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store"
	"steward/internal/store/storesql"
)

// TokenPrefix begins every API token, so that leaked ones can be found by scanners.
const TokenPrefix = "stw_"

const maxScopes = 32

var scopePattern = regexp.MustCompile(`^[a-z]+(:[a-z]+)?$`)

// NewToken asks for an API token.
type NewToken struct {
	UserID    string
	Name      string   // what it is for, 1 to 100 characters
	Scopes    []string // what it is good for, such as "tasks:read"; at least one
	ExpiresAt time.Time
}

// Token is an API token as its owner sees it.
type Token struct {
	ID         uuid.UUID
	Name       string
	Scopes     []string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedAt *time.Time // to the minute; nil when never used
	RevokedAt  *time.Time
}

func (s *Service) checkToken(t NewToken) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(t.Name)); n < 1 || n > 100 {
		return fmt.Errorf("%w: name must have 1 to 100 characters", store.ErrInvalid)
	}
	if len(t.Scopes) < 1 || len(t.Scopes) > maxScopes {
		return fmt.Errorf("%w: scopes must name 1 to %d scopes", store.ErrInvalid, maxScopes)
	}
	for _, scope := range t.Scopes {
		if !scopePattern.MatchString(scope) || len(scope) > 64 {
			return fmt.Errorf("%w: scopes must look like \"tasks:read\"", store.ErrInvalid)
		}
	}
	if life := time.Until(t.ExpiresAt); life <= 0 || life > s.opts.MaxTokenLife {
		return &TokenLifeError{Longest: s.opts.MaxTokenLife}
	}
	return nil
}

// TokenLifeError says that an API token would end in the past or be good for longer than Longest. It is a store.ErrInvalid.
type TokenLifeError struct{ Longest time.Duration }

// Error names the field and its limit.
func (e *TokenLifeError) Error() string {
	return fmt.Sprintf("%s: expiresAt must lie in the future, at most %d days away", store.ErrInvalid, e.Longest/(24*time.Hour))
}

// Unwrap gives store.ErrInvalid.
func (e *TokenLifeError) Unwrap() error { return store.ErrInvalid }

// CreateToken makes an API token and answers its secret, which is shown once and stored nowhere. The error is store.ErrInvalid
// when a field is not acceptable or the person is unknown.
func (s *Service) CreateToken(ctx context.Context, t NewToken) (secret string, token Token, err error) {
	if err := s.checkToken(t); err != nil {
		return "", Token{}, err
	}
	secret = TokenPrefix + newSecret()
	hash := hashSecret(secret)
	row, err := s.store.Queries().InsertToken(ctx, storesql.InsertTokenParams{
		TokenHash: hash[:], UserID: t.UserID, Name: strings.TrimSpace(t.Name), Scopes: t.Scopes, ExpiresAt: t.ExpiresAt,
	})
	if err != nil {
		return "", Token{}, fmt.Errorf("create token: %w", explain(err))
	}
	return secret, Token{
		ID: row.ID, Name: row.Name, Scopes: row.Scopes, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt,
		LastUsedAt: row.LastUsedAt, RevokedAt: row.RevokedAt,
	}, nil
}

// AuthenticateToken finds who holds an API token. The error is ErrUnauthenticated when it is unknown, has expired or was revoked,
// or its owner has left.
func (s *Service) AuthenticateToken(ctx context.Context, secret string) (Identity, error) {
	if !strings.HasPrefix(secret, TokenPrefix) {
		return Identity{}, ErrUnauthenticated
	}
	hash := hashSecret(secret)
	cached, fresh, epoch := s.identities.get(hash)
	if fresh {
		return cached, nil
	}
	row, err := s.store.Queries().TokenPerson(ctx, hash[:])
	if errors.Is(err, pgx.ErrNoRows) {
		return Identity{}, ErrUnauthenticated
	}
	if err != nil {
		return Identity{}, fmt.Errorf("authenticate token: %w", store.Classify(err))
	}
	if row.StaleUse {
		if err := s.store.Queries().TouchToken(ctx, row.TokenID); err != nil {
			return Identity{}, fmt.Errorf("authenticate token: %w", store.Classify(err))
		}
	}
	identity := newIdentity(row.User, row.GroupPrincipals, row.PostPrincipals)
	identity.TokenName, identity.Scopes = row.TokenName, row.Scopes
	s.identities.put(hash, identity, row.ExpiresAt, epoch)
	return identity, nil
}

// RevokeToken ends an API token of a person. The error is store.ErrNotFound when they have none by that id that is not revoked.
func (s *Service) RevokeToken(ctx context.Context, userID string, id uuid.UUID) error {
	hash, err := s.store.Queries().RevokeToken(ctx, storesql.RevokeTokenParams{ID: id, UserID: userID})
	if err != nil {
		return fmt.Errorf("token %s: %w", id, store.Classify(err))
	}
	s.identities.forget(secretHash(hash))
	return nil
}

// Tokens lists the API tokens of a person, the newest first, those that have ended included.
func (s *Service) Tokens(ctx context.Context, userID string) ([]Token, error) {
	rows, err := s.store.Queries().UserTokens(ctx, userID)
	tokens := make([]Token, len(rows))
	for i, row := range rows {
		tokens[i] = Token(row)
	}
	return tokens, store.Classify(err)
}
