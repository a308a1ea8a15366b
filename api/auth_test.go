package api

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/people"
)

// signIn answers the session cookie of a demo person.
func (h *house) signIn(user string) *http.Cookie {
	h.t.Helper()
	a := h.as("", "POST", "/api/v1/session", object{"user": user, "password": people.DemoPassword})
	require.Equal(h.t, http.StatusOK, a.status, string(a.body))
	cookie, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	require.NoError(h.t, err)
	return cookie
}

func (h *house) with(cookie *http.Cookie, method, path string, body any, headers ...string) answer {
	h.t.Helper()
	r := h.request(method, path, body, append([]string{"Idempotency-Key", uuid.NewString()}, headers...)...)
	r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	return h.send(r)
}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cookie := h.signIn(" AMING ") // as a phone's keyboard writes it
	require.Equal(t, "steward_session", cookie.Name)
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	require.Equal(t, "/", cookie.Path)
	require.False(t, cookie.Secure, "plain HTTP in development")

	var me Me
	h.with(cookie, "GET", "/api/v1/me", nil).into(&me)
	require.Equal(t, theStarter, me.ID)
	require.Equal(t, []GroupRef{{ID: "meeting-office", Name: Text{Zh: "会议办公室", En: "Meeting office"}}}, me.Groups)

	out := h.with(cookie, "DELETE", "/api/v1/session", nil, "X-Requested-With", "steward")
	require.Equal(t, http.StatusNoContent, out.status, string(out.body))
	removed, err := http.ParseSetCookie(out.header.Get("Set-Cookie"))
	require.NoError(t, err)
	require.Negative(t, removed.MaxAge)
	require.Equal(t, http.StatusUnauthorized, h.with(cookie, "GET", "/api/v1/me", nil).status)
}

func TestSignOutEverywhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one, two := h.signIn(theStarter), h.signIn(theStarter)
	require.Equal(t, http.StatusNoContent, h.with(one, "DELETE", "/api/v1/session?all=true", nil, "X-Requested-With", "steward").status)
	require.Equal(t, http.StatusUnauthorized, h.with(two, "GET", "/api/v1/me", nil).status)
}

func TestSessionRotatesAtSignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	old := h.signIn(theStarter)
	a := h.with(old, "POST", "/api/v1/session", object{"user": theStarter, "password": people.DemoPassword}, "X-Requested-With", "steward")
	require.Equal(t, http.StatusOK, a.status, string(a.body))
	require.Equal(t, http.StatusUnauthorized, h.with(old, "GET", "/api/v1/me", nil).status)
}

func TestWrongPasswordsLockAndTellNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	known := h.as("", "POST", "/api/v1/session", object{"user": theStarter, "password": "wrong"})
	unknown := h.as("", "POST", "/api/v1/session", object{"user": "nobody", "password": "wrong"})
	require.Equal(t, http.StatusUnauthorized, known.status)
	require.Equal(t, string(known.body), string(unknown.body))
	for range 20 {
		if known = h.as("", "POST", "/api/v1/session", object{"user": theStarter, "password": "wrong"}); known.status == http.StatusTooManyRequests {
			break
		}
	}
	require.Equal(t, codeLocked, known.problem().Code)
	require.NotEmpty(t, known.header.Get("Retry-After"))
	right := h.as("", "POST", "/api/v1/session", object{"user": theStarter, "password": people.DemoPassword})
	require.Equal(t, http.StatusTooManyRequests, right.status, "locked for the right password too")
}

func TestRequestsOfOtherSitesAreRefused(t *testing.T) { //nolint:tparallel // its cases share one server and its log
	t.Parallel()
	h := newHouse(t)
	cookie := h.signIn(theStarter)
	for _, c := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"nothing", nil, http.StatusForbidden},
		{"another site", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"a sibling", []string{"Sec-Fetch-Site", "same-site"}, http.StatusForbidden},
		{"a sandboxed frame", []string{"Origin", "null"}, http.StatusForbidden},
		{"another header", []string{"X-Requested-With", "XMLHttpRequest"}, http.StatusForbidden},
		{"our header", []string{"X-Requested-With", "steward"}, http.StatusOK},
		{"our origin", []string{"Origin", "http://example.com"}, http.StatusOK},
		{"our page", []string{"Sec-Fetch-Site", "same-origin"}, http.StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := h.with(cookie, "PATCH", "/api/v1/me", object{"locale": "zh"}, c.headers...)
			require.Equal(t, c.status, a.status, string(a.body))
			if a.status == http.StatusForbidden {
				require.Equal(t, codeCrossSite, a.problem().Code)
			}
		})
	}
	require.Equal(t, http.StatusOK, h.with(cookie, "GET", "/api/v1/me", nil).status, "reading needs none of it")
}

func TestTokensLiveAndEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cookie := h.signIn(theStarter)
	made := h.with(cookie, "POST", "/api/v1/me/tokens", object{"name": "script", "scopes": []string{"read"}, "expiresInDays": 1}, "X-Requested-With", "steward")
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	var token NewToken
	made.into(&token)
	require.Regexp(t, "^stw_", token.Secret)

	bearer := []string{"Authorization", "Bearer " + token.Secret}
	require.Equal(t, http.StatusOK, h.send(h.request("GET", "/api/v1/me", nil, bearer...)).status)
	write := h.send(h.request("PATCH", "/api/v1/me", object{"locale": "en"}, bearer...))
	require.Equal(t, codeScope, write.problem().Code)

	var list TokenList
	h.with(cookie, "GET", "/api/v1/me/tokens", nil).into(&list)
	require.Len(t, list.Items, 1)
	require.Equal(t, token.Token.ID, list.Items[0].ID)

	path := "/api/v1/me/tokens/" + token.Token.ID.String()
	other := h.signIn(theOutsider)
	require.Equal(t, http.StatusNotFound, h.with(other, "DELETE", path, nil, "X-Requested-With", "steward").status)
	require.Equal(t, http.StatusNoContent, h.with(cookie, "DELETE", path, nil, "X-Requested-With", "steward").status)
	ended := h.send(h.request("GET", "/api/v1/me", nil, bearer...))
	require.Equal(t, http.StatusUnauthorized, ended.status)
	require.Equal(t, `Bearer realm="steward"`, ended.header.Get("WWW-Authenticate"))
}

func TestCookieIsSecureOverTLS(t *testing.T) { //nolint:tparallel // its cases share one server and its log
	t.Parallel()
	h := newHouse(t, func(d *Deps) { d.Config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   bool
	}{
		{"TLS", func(r *http.Request) { r.TLS = &tls.ConnectionState{} }, true},
		{"trusted proxy", func(r *http.Request) { r.RemoteAddr = "10.1.2.3:99"; r.Header.Set("X-Forwarded-Proto", "https") }, true},
		{"anybody's word", func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") }, false},
		{"plain", func(*http.Request) {}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := h.request("POST", "/api/v1/session", object{"user": theStarter, "password": people.DemoPassword})
			c.change(r)
			a := h.send(r)
			cookie, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
			require.NoError(t, err)
			require.Equal(t, c.want, cookie.Secure)
			require.Equal(t, c.want, a.header.Get("Strict-Transport-Security") != "")
		})
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{"/healthz", "/api/v1/me", "/api/docs", "/nothing"} {
		a := h.as(theStarter, "GET", path, nil)
		require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"), path)
		require.Contains(t, a.header.Get("Content-Security-Policy"), "default-src 'none'", path)
		require.Contains(t, a.header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
	}
	require.Equal(t, "no-store", h.as(theStarter, "GET", "/api/v1/me", nil).header.Get("Cache-Control"))
}
