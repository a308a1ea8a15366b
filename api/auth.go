package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"steward/internal/people"
)

const sessionCookie = "steward_session"

// identify finds out who makes the request, counts it, and refuses what a page of another site might have sent.
// Without credentials it goes on: authorize decides what that is good for.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, err := s.signedIn(c)
		if err != nil {
			return err
		}
		if wait := s.count(c, who); wait > 0 {
			return tooMany(wait)
		}
		if who == nil {
			return next(c)
		}
		r := c.Request()
		if !who.token && changes(r.Method) && !sameSite(r) {
			return fail(codeCrossSite)
		}
		noteOf(c).person = who.ID
		c.SetRequest(r.WithContext(withCaller(r.Context(), who)))
		return next(c)
	}
}

// count spends one request of the person, or of the address when nobody is signed in. Health checks and the files of
// mounted pages are free: a whole office may load the sign-in page through one address.
func (s *Server) count(c echo.Context, who *caller) time.Duration {
	switch {
	case who != nil && operationOf(c) != nil:
		return s.persons.take(who.ID, time.Now())
	case who != nil || !traced(c.Request()):
		return 0
	case operationOf(c) == nil && !changes(c.Request().Method):
		return 0
	}
	return s.addresses.take(c.RealIP(), time.Now())
}

// signedIn reads the credentials; nil means that there are none, or only a cookie that has ended. A bad API token is an
// error: its sender meant to be somebody. Addresses that keep sending bad ones have to wait; good ones are heard all the
// same, or one stranger behind an address could shut out everybody else there.
func (s *Server) signedIn(c echo.Context) (*caller, error) {
	r := c.Request()
	bearer, hasToken := bearerToken(r)
	cookie, err := r.Cookie(sessionCookie)
	hasCookie := err == nil && cookie.Value != ""
	if !hasToken && !hasCookie {
		return nil, nil
	}
	ctx := r.Context()
	if hasToken {
		id, err := s.people.AuthenticateToken(ctx, bearer)
		if errors.Is(err, people.ErrUnauthenticated) {
			if wait := s.addresses.take(c.RealIP(), time.Now()); wait > 0 {
				return nil, tooMany(wait)
			}
			return nil, &failure{code: codeSignIn, cause: err}
		}
		return callerFrom(id, ""), err
	}
	id, err := s.people.Authenticate(ctx, cookie.Value)
	if errors.Is(err, people.ErrUnauthenticated) {
		return nil, nil
	}
	return callerFrom(id, cookie.Value), err
}

// bearerToken reads the Authorization header; anything but a bearer token counts as none.
func bearerToken(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get(echo.HeaderAuthorization), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

func callerFrom(id people.Identity, session string) *caller {
	p := id.Person
	return &caller{
		ID: p.ID, Name: Text(p.DisplayName()), Email: p.Email, Department: p.Department, Locale: p.Locale, Roles: p.Roles,
		Principals: id.Principals, session: session, token: session == "", scopes: id.Scopes,
	}
}

// cookie makes the session cookie; a zero time removes it.
func (s *Server) cookie(r *http.Request, token string, expires time.Time) string {
	c := http.Cookie{ //nolint:gosec // Secure whenever the connection is: development has no TLS
		Name: sessionCookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.overTLS(r), Expires: expires,
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c.String()
}

type echoKey struct{}

// echoOf answers the request behind a strict handler's context.
func echoOf(ctx context.Context) echo.Context {
	c, _ := ctx.Value(echoKey{}).(echo.Context)
	return c
}
