package people

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/store"
	"steward/internal/store/storesql"
)

// Credentials are what a sign-in form sends.
type Credentials struct {
	UserID    string
	Password  string
	IP        string // of the caller, as the API established it
	UserAgent string
	Previous  string // the session token that the browser held, which ends: a session never survives a sign-in
}

// Session is a fresh sign-in. Token is shown once and stored nowhere; ExpiresAt is its end in any case.
type Session struct {
	Token     string
	Person    Person
	ExpiresAt time.Time
}

// SignIn checks a password and opens a session. The error is ErrWrongCredentials, a *LockedError, or one of package store. An
// unknown user, one who has left and a wrong password take the same time and give the same answer.
func (s *Service) SignIn(ctx context.Context, c Credentials) (Session, error) {
	userID := strings.ToLower(strings.TrimSpace(c.UserID))
	if !idPattern.MatchString(userID) || len(c.Password) > 4*MaxPasswordLength {
		// No account can have this name or password; the address is still slowed down.
		if err := s.countAttempt(ctx, "", c.IP); err != nil {
			return Session{}, err
		}
		return Session{}, ErrWrongCredentials
	}
	if err := s.countAttempt(ctx, userID, c.IP); err != nil {
		return Session{}, err
	}
	outdated, err := s.checkCredentials(ctx, userID, c.Password)
	if err != nil {
		return Session{}, err
	}
	if outdated {
		if err := s.rehash(ctx, userID, c.Password); err != nil {
			return Session{}, err
		}
	}
	return s.openSession(ctx, userID, c)
}

// checkCredentials verifies the password, or a decoy when there is none to verify.
func (s *Service) checkCredentials(ctx context.Context, userID, password string) (outdated bool, err error) {
	encoded, err := s.store.Queries().PasswordHash(ctx, userID)
	if err != nil {
		return false, store.Classify(err)
	}
	known := encoded != ""
	if !known {
		encoded = s.decoy
	}
	var right bool
	var unreadable error
	if err := s.whileHashing(ctx, func() { right, outdated, unreadable = s.opts.Argon2.verify(encoded, password) }); err != nil {
		return false, err
	}
	if unreadable != nil {
		return false, fmt.Errorf("user %s: %w", userID, unreadable)
	}
	if !right || !known {
		return false, ErrWrongCredentials
	}
	return outdated, nil
}

// rehash brings a hash made with other parameters up to date, now that the password is at hand.
func (s *Service) rehash(ctx context.Context, userID, password string) error {
	var hash string
	if err := s.whileHashing(ctx, func() { hash = s.opts.Argon2.hash(password) }); err != nil {
		return err
	}
	return s.storeHash(ctx, userID, hash)
}

func (s *Service) openSession(ctx context.Context, userID string, c Credentials) (Session, error) {
	token := newSecret()
	previous, hash := hashSecret(c.Previous), hashSecret(token)
	var person Person
	err := s.store.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := storesql.New(tx)
		if err := forgive(ctx, q, userID, c.IP); err != nil {
			return err
		}
		if _, err := q.EndSession(ctx, previous[:]); err != nil {
			return err
		}
		row, err := q.UserByID(ctx, userID)
		if err != nil {
			return err
		}
		person = fromRow(row)
		return q.InsertSession(ctx, storesql.InsertSessionParams{
			TokenHash: hash[:], UserID: userID, LifetimeSeconds: s.opts.SessionLife.Seconds(),
			UserAgent: s.short(c.UserAgent), IP: s.short(c.IP),
		})
	})
	s.identities.forget(previous)
	if err != nil {
		return Session{}, fmt.Errorf("open session: %w", store.Classify(err))
	}
	return Session{Token: token, Person: person, ExpiresAt: time.Now().Add(s.opts.SessionLife).UTC()}, nil
}

// short keeps what a client claims about itself storable: valid text of bounded length.
func (s *Service) short(text string) string {
	clean := strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "?")
	runes := []rune(clean)
	return string(runes[:min(len(runes), s.opts.MaxSessionMeta)])
}

// Authenticate finds who holds a session token. The error is ErrUnauthenticated when it is unknown or has ended. Requests within
// Options.CacheFor of one another cost no round trip.
func (s *Service) Authenticate(ctx context.Context, token string) (Identity, error) {
	if len(token) != secretLength {
		return Identity{}, ErrUnauthenticated
	}
	hash := hashSecret(token)
	cached, fresh, epoch := s.identities.get(hash)
	if fresh {
		return cached, nil
	}
	q := s.store.Queries()
	row, err := q.SessionPerson(ctx, storesql.SessionPersonParams{TokenHash: hash[:], IdleSeconds: s.opts.SessionIdle.Seconds()})
	if errors.Is(err, pgx.ErrNoRows) {
		return Identity{}, ErrUnauthenticated
	}
	if err != nil {
		return Identity{}, fmt.Errorf("authenticate: %w", store.Classify(err))
	}
	if row.IdleSeconds > time.Minute.Seconds() {
		if err := q.TouchSession(ctx, hash[:]); err != nil {
			return Identity{}, fmt.Errorf("authenticate: %w", store.Classify(err))
		}
	}
	identity := newIdentity(row.User, row.GroupPrincipals, row.PostPrincipals)
	s.identities.put(hash, identity, row.ExpiresAt, epoch)
	return identity, nil
}

// SignOut ends the session with this token. A session that has ended already is no error.
func (s *Service) SignOut(ctx context.Context, token string) error {
	hash := hashSecret(token)
	_, err := s.store.Queries().EndSession(ctx, hash[:])
	s.identities.forget(hash)
	return store.Classify(err)
}

// SessionSummary is one open session as its owner sees it.
type SessionSummary struct {
	ID         string // for EndSession; it is not the token and opens nothing
	Current    bool   // it is the one with the token given to Sessions
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
	UserAgent  string
	IP         string
}

// Sessions lists the open sessions of a person, the latest used first, and marks the one with the given token.
func (s *Service) Sessions(ctx context.Context, userID, currentToken string) ([]SessionSummary, error) {
	current := hashSecret(currentToken)
	rows, err := s.store.Queries().UserSessions(ctx, storesql.UserSessionsParams{UserID: userID, IdleSeconds: s.opts.SessionIdle.Seconds()})
	sessions := make([]SessionSummary, len(rows))
	for i, row := range rows {
		sessions[i] = SessionSummary{
			ID: hex.EncodeToString(row.TokenHash), Current: bytes.Equal(row.TokenHash, current[:]),
			CreatedAt: row.CreatedAt, LastSeenAt: row.LastSeenAt, ExpiresAt: row.ExpiresAt, UserAgent: row.UserAgent, IP: row.IP,
		}
	}
	return sessions, store.Classify(err)
}

// EndSession ends one session of a person by its id. The error is store.ErrNotFound when they have no such session.
func (s *Service) EndSession(ctx context.Context, userID, sessionID string) error {
	hash, err := hex.DecodeString(sessionID)
	if err != nil || len(hash) != len(secretHash{}) {
		return fmt.Errorf("session: %w", store.ErrNotFound)
	}
	ended, err := s.store.Queries().DeleteUserSession(ctx, storesql.DeleteUserSessionParams{UserID: userID, TokenHash: hash})
	s.identities.forget(secretHash(hash))
	if err == nil && ended == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("session: %w", store.Classify(err))
	}
	return nil
}

// EndAllSessions ends all sessions of a person but the one with the given token ("" keeps none).
func (s *Service) EndAllSessions(ctx context.Context, userID, keepToken string) error {
	keep := hashSecret(keepToken)
	_, err := s.store.Queries().DeleteUserSessions(ctx, storesql.DeleteUserSessionsParams{UserID: userID, Keep: keep[:]})
	s.identities.forgetUser(userID)
	return store.Classify(err)
}

// secretLength is that of 32 bytes in unpadded base64. API tokens are longer, so neither kind is ever taken for the other.
const secretLength = 43

// newSecret makes 256 random bits, written in secretLength characters.
func newSecret() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(secret)
}

func hashSecret(secret string) secretHash { return sha256.Sum256([]byte(secret)) }
