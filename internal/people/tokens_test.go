package people_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/people"
	"steward/internal/store"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	service, s := house(t, nil)
	ctx := t.Context()
	want := people.NewToken{UserID: "ahua", Name: "Kiosk", Scopes: []string{"tasks:read"}, ExpiresAt: time.Now().Add(time.Hour)}
	secret, token, err := service.CreateToken(ctx, want)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(secret, people.TokenPrefix))
	var stored int
	require.NoError(t, s.Pool().QueryRow(ctx, "SELECT count(*) FROM api_tokens a WHERE a::text LIKE '%' || $1 || '%'", secret[4:]).Scan(&stored))
	require.Zero(t, stored, "the secret is nowhere")

	identity, err := service.AuthenticateToken(ctx, secret)
	require.NoError(t, err)
	require.True(t, identity.Allows("tasks:read"))
	require.False(t, identity.Allows("tasks:write"))
	require.Equal(t, "ahua", identity.Person.ID)
	_, err = service.Authenticate(ctx, secret)
	require.ErrorIs(t, err, people.ErrUnauthenticated, "a token is no session")
	session := signIn(t, service, "ahua")
	_, err = service.AuthenticateToken(ctx, session.Token)
	require.ErrorIs(t, err, people.ErrUnauthenticated, "nor a session a token")

	tokens, err := service.Tokens(ctx, "ahua")
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	require.NotNil(t, tokens[0].LastUsedAt)

	require.ErrorIs(t, service.RevokeToken(ctx, "amei", token.ID), store.ErrNotFound, "only one's own")
	require.NoError(t, service.RevokeToken(ctx, "ahua", token.ID))
	require.ErrorIs(t, service.RevokeToken(ctx, "ahua", token.ID), store.ErrNotFound)
	require.ErrorIs(t, service.RevokeToken(ctx, "ahua", uuid.New()), store.ErrNotFound)
	_, err = service.AuthenticateToken(ctx, secret)
	require.ErrorIs(t, err, people.ErrUnauthenticated)
}

func TestTokensExpireAndLeaveWithTheirOwner(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"expired": "UPDATE api_tokens SET expires_at = now()",
		"left":    "UPDATE users SET active = false WHERE id = 'ahua'",
	} {
		service, s := house(t, func(o *people.Options) { o.CacheFor = -1 })
		secret, _, err := service.CreateToken(t.Context(), people.NewToken{
			UserID: "ahua", Name: "Kiosk", Scopes: []string{"tasks"}, ExpiresAt: time.Now().Add(time.Hour),
		})
		require.NoError(t, err)
		_, err = service.AuthenticateToken(t.Context(), secret)
		require.NoError(t, err)
		_, err = s.Pool().Exec(t.Context(), sql)
		require.NoError(t, err)
		_, err = service.AuthenticateToken(t.Context(), secret)
		require.ErrorIs(t, err, people.ErrUnauthenticated, name)
	}
}

// TestATokenInMemoryEndsInTime: a cached answer needs no database, and outlives neither the token nor its revocation.
func TestATokenInMemoryEndsInTime(t *testing.T) {
	t.Parallel()
	service, s := house(t, func(o *people.Options) { o.CacheFor = time.Hour })
	until := time.Now().Add(2 * time.Second)
	secret, _, err := service.CreateToken(t.Context(), people.NewToken{UserID: "ahua", Name: "Kiosk", Scopes: []string{"tasks"}, ExpiresAt: until})
	require.NoError(t, err)
	first, err := service.AuthenticateToken(t.Context(), secret)
	require.NoError(t, err)
	_, err = s.Pool().Exec(t.Context(), "DELETE FROM api_tokens")
	require.NoError(t, err)
	again, err := service.AuthenticateToken(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Eventually(t, func() bool {
		_, err := service.AuthenticateToken(t.Context(), secret)
		return errors.Is(err, people.ErrUnauthenticated)
	}, 20*time.Second, 20*time.Millisecond)
	require.False(t, time.Now().Before(until), "not before its time")
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	service, _ := house(t, nil)
	for want, change := range map[string]func(*people.NewToken){
		"name must have":        func(n *people.NewToken) { n.Name = "  " },
		"scopes must name":      func(n *people.NewToken) { n.Scopes = nil },
		"scopes must look like": func(n *people.NewToken) { n.Scopes = []string{"Tasks Read"} },
		"expiresAt must lie":    func(n *people.NewToken) { n.ExpiresAt = time.Now().Add(-time.Hour) },
		"at most 366 days":      func(n *people.NewToken) { n.ExpiresAt = time.Now().AddDate(2, 0, 0) },
		"user must exist":       func(n *people.NewToken) { n.UserID = "unknown" },
	} {
		token := people.NewToken{UserID: "ahua", Name: "Kiosk", Scopes: []string{"tasks:read"}, ExpiresAt: time.Now().Add(time.Hour)}
		change(&token)
		_, _, err := service.CreateToken(t.Context(), token)
		require.ErrorIs(t, err, store.ErrInvalid, want)
		require.ErrorContains(t, err, want)
	}
}

// TestAnyTokenCanBeListedAndRevoked by who keeps the house, on the record, and without its secret.
func TestAnyTokenCanBeListedAndRevoked(t *testing.T) {
	t.Parallel()
	service, s := house(t, nil)
	ctx, operator := t.Context(), store.Actor{UserID: "operator"}
	create := func(user string) (string, people.Token) {
		secret, token, err := service.CreateToken(ctx, people.NewToken{UserID: user, Name: "Kiosk", Scopes: []string{"read"}, ExpiresAt: time.Now().Add(time.Hour)})
		require.NoError(t, err)
		return secret, token
	}
	secret, token := create("ahua")
	_, other := create("amei")
	listed := func(user string, ended bool) (ids []uuid.UUID) {
		all, err := service.HouseTokens(ctx, user, ended)
		require.NoError(t, err)
		for _, one := range all {
			ids = append(ids, one.ID)
		}
		return ids
	}
	require.Equal(t, []uuid.UUID{other.ID, token.ID}, listed("", false))
	require.Equal(t, []uuid.UUID{token.ID}, listed("ahua", false))
	_, err := service.AuthenticateToken(ctx, secret)
	require.NoError(t, err)

	edit, err := service.RevokeAnyToken(ctx, token.ID, operator)
	require.NoError(t, err)
	require.Equal(t, store.Changed, edit)
	_, err = service.AuthenticateToken(ctx, secret)
	require.ErrorIs(t, err, people.ErrUnauthenticated, "at once in this program")
	edit, err = service.RevokeAnyToken(ctx, token.ID, operator)
	require.NoError(t, err)
	require.Equal(t, store.Unchanged, edit)
	_, err = service.RevokeAnyToken(ctx, uuid.New(), operator)
	require.ErrorIs(t, err, store.ErrNotFound)

	require.Equal(t, []uuid.UUID{other.ID}, listed("", false))
	require.Equal(t, []uuid.UUID{other.ID, token.ID}, listed("", true))
	_, err = s.Pool().Exec(ctx, "UPDATE api_tokens SET expires_at = clock_timestamp() WHERE id = $1", other.ID)
	require.NoError(t, err)
	require.Empty(t, listed("", false), "what has expired is over too")
	var by string
	require.NoError(t, s.Pool().QueryRow(ctx, "SELECT actor FROM audit WHERE action = 'token.revoke' AND target = $1", "token/"+token.ID.String()).Scan(&by))
	require.Equal(t, "operator", by)
}
