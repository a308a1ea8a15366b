package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"steward/internal/store"
	"steward/internal/store/storesql"
)

// Argon2 are the parameters of argon2id. The default is OWASP's minimum: 19 MiB, 2 passes, 1 lane.
type Argon2 struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

const (
	saltLength = 16
	keyLength  = 32

	// MinPasswordLength and MaxPasswordLength bound a password, in characters (ASVS 5, 6.2.1 and 6.2.9).
	MinPasswordLength = 8
	// MaxPasswordLength keeps the cost of hashing bounded.
	MaxPasswordLength = 128
)

// Limits of what a stored hash may ask of this machine.
const (
	maxMemoryKiB = 1 << 20
	maxPasses    = 64
)

var errHashFormat = errors.New("password hash is not an argon2id PHC string")

// hash encodes a password as a PHC string with a fresh salt.
func (a Argon2) hash(password string) string {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program instead
	return a.encode(salt, argon2.IDKey([]byte(password), salt, a.Passes, a.MemoryKiB, a.Lanes, keyLength))
}

func (a Argon2) encode(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, a.MemoryKiB, a.Passes, a.Lanes,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// verify compares in constant time and tells whether the hash was made with other parameters than a.
func (a Argon2) verify(encoded, password string) (ok, outdated bool, err error) {
	params, salt, key, err := parseHash(encoded)
	if err != nil {
		return false, false, err
	}
	got := argon2.IDKey([]byte(password), salt, params.Passes, params.MemoryKiB, params.Lanes, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1, params != a, nil
}

func parseHash(encoded string) (a Argon2, salt, key []byte, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return a, nil, nil, errHashFormat
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &a.MemoryKiB, &a.Passes, &a.Lanes); err != nil || n != 3 || !a.valid() {
		return a, nil, nil, errHashFormat
	}
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	key, errKey := base64.RawStdEncoding.DecodeString(parts[5])
	if errSalt != nil || errKey != nil || len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return a, nil, nil, errHashFormat
	}
	return a, salt, key, nil
}

func (a Argon2) valid() bool {
	return a.Lanes >= 1 && a.Passes >= 1 && a.Passes <= maxPasses && a.MemoryKiB >= 8*uint32(a.Lanes) && a.MemoryKiB <= maxMemoryKiB
}

func checkPassword(userID, password string) error {
	length := utf8.RuneCountInString(password)
	if length < MinPasswordLength || length > MaxPasswordLength || !utf8.ValidString(password) {
		return fmt.Errorf("%w: password must have %d to %d characters", store.ErrInvalid, MinPasswordLength, MaxPasswordLength)
	}
	if strings.EqualFold(password, userID) || strings.Count(password, password[:1]) == len(password) {
		return fmt.Errorf("%w: password is too easy to guess, choose a longer phrase", store.ErrInvalid)
	}
	return nil
}

// SetPassword stores a new password and ends all sessions of the person but the one with the given token ("" keeps none). The
// error is store.ErrInvalid when the password is too short, too long or trivial, store.ErrNotFound for an unknown person.
func (s *Service) SetPassword(ctx context.Context, userID, password, keepToken string) error {
	if err := checkPassword(userID, password); err != nil {
		return err
	}
	var hash string
	if err := s.whileHashing(ctx, func() { hash = s.opts.Argon2.hash(password) }); err != nil {
		return err
	}
	if err := s.storeHash(ctx, userID, hash); err != nil {
		return err
	}
	return s.EndAllSessions(ctx, userID, keepToken)
}

func (s *Service) storeHash(ctx context.Context, userID, hash string) error {
	changed, err := s.store.Queries().SetPasswordHash(ctx, storesql.SetPasswordHashParams{ID: userID, PasswordHash: hash})
	return changedUser(changed, err, userID)
}

// whileHashing bounds how many passwords are hashed at once: each takes memory and a whole core.
func (s *Service) whileHashing(ctx context.Context, work func()) error {
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
		work()
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: too many people sign in at once, try again: %w", store.ErrUnavailable, ctx.Err())
	}
}
