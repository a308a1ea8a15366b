package store_test

import (
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/internal/store"
	"steward/internal/storetest"
)

// TestWhyADatabaseCannotBeUsedIsOneSentence, whoever connects, and it never holds the password.
func TestWhyADatabaseCannotBeUsedIsOneSentence(t *testing.T) {
	t.Parallel()
	const secret = "hush-hush"
	working := storetest.NewEmptyURL(t)
	edit := func(change func(*url.URL)) string {
		u, err := url.Parse(working)
		require.NoError(t, err)
		change(u)
		return u.String()
	}
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0") // takes connections and says nothing
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	for name, c := range map[string]struct {
		url     string
		remedy  []string
		unavail bool
	}{
		"nothing listens":  {"postgres://u:" + secret + "@127.0.0.1:1/d", []string{"127.0.0.1:1 does not answer", "start it", "DATABASE_URL"}, true},
		"silence":          {"postgres://u:" + secret + "@" + silent.Addr().String() + "/d?connect_timeout=1", []string{"does not answer", "DATABASE_URL"}, true},
		"no such socket":   {"postgres://u:" + secret + "@/d?host=/nowhere", []string{"socket /nowhere", "does not answer", "DATABASE_URL"}, true},
		"no such host":     {"postgres://u:" + secret + "@no-such-host.invalid:5432/d", []string{"no-such-host.invalid", "correct", "DATABASE_URL"}, true},
		"wrong password":   {edit(func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), secret) }), []string{"refuses the user", "password in DATABASE_URL"}, false},
		"no such user":     {edit(func(u *url.URL) { u.User = url.UserPassword("nobody-here", secret) }), []string{`refuses the user "nobody-here"`, "DATABASE_URL"}, false},
		"no such database": {edit(func(u *url.URL) { u.Path = "/not_here" }), []string{`has no database "not_here"`, "createdb not_here", "DATABASE_URL"}, false},
		"no TLS there":     {edit(func(u *url.URL) { u.RawQuery = "sslmode=require" }), []string{"over TLS", "sslmode in DATABASE_URL"}, true},
		"not a URL":        {secret, []string{"not the address of a Postgres database", "postgres://user:password@host:port/database"}, false},
		"a bad port":       {"postgres://u:" + secret + "@localhost:port/d", []string{"set it to postgres://"}, false},
		"half a password":  {"postgres://u:" + secret + "%zz@localhost/d", []string{"%XX"}, false},
		"another database": {"mysql://u:" + secret + "@localhost/d", []string{"names a mysql address", "postgres://"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, migrating := store.Migrate(t.Context(), c.url)
			_, opening := store.Open(t.Context(), c.url, store.Options{})
			for _, err := range []error{migrating, opening} {
				var told *store.ConnectError
				require.ErrorAs(t, err, &told)
				require.NotContains(t, err.Error(), "\n")
				require.NotContains(t, err.Error(), secret)
				for _, part := range c.remedy {
					require.Contains(t, err.Error(), part)
				}
				require.Less(t, len(err.Error()), 250)
				require.LessOrEqual(t, strings.Count(err.Error(), ". "), 0, "one sentence")
				if c.unavail {
					require.ErrorIs(t, err, store.ErrUnavailable)
				}
			}
		})
	}
}
