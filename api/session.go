package api

import (
	"context"
	"errors"
	"time"

	"steward/internal/people"
)

// SignIn opens a session. What was wrong, the user or the password, is never told.
func (s *Server) SignIn(ctx context.Context, r SignInRequestObject) (SignInResponseObject, error) {
	c := echoOf(ctx)
	req := c.Request()
	credentials := people.Credentials{UserID: r.Body.User, Password: r.Body.Password, IP: c.RealIP(), UserAgent: req.UserAgent()}
	if old, err := req.Cookie(sessionCookie); err == nil {
		credentials.Previous = old.Value
	}
	session, err := s.people.SignIn(ctx, credentials)
	if err != nil {
		return nil, signInFailure(err)
	}
	noteFrom(ctx).person = session.Person.ID
	var answer SignIn200JSONResponse
	answer.Headers.SetCookie = s.cookie(req, session.Token, session.ExpiresAt)
	answer.Body = Session{
		Person:    PersonRef{ID: session.Person.ID, Name: Text(session.Person.DisplayName())},
		ExpiresAt: session.ExpiresAt,
	}
	return answer, nil
}

func signInFailure(err error) error {
	var locked *people.LockedError
	switch {
	case errors.As(err, &locked):
		return &failure{code: codeLocked, retry: locked.RetryAfter, cause: err}
	case errors.Is(err, people.ErrWrongCredentials):
		return &failure{code: codeCredentials, cause: err}
	}
	return err
}

// GetSession says who is signed in.
func (s *Server) GetSession(ctx context.Context, _ GetSessionRequestObject) (GetSessionResponseObject, error) {
	who := callerOf(ctx)
	return GetSession200JSONResponse(Session{Person: PersonRef{ID: who.ID, Name: who.Name}}), nil
}

// SignOut ends this session, or all of the person's.
func (s *Server) SignOut(ctx context.Context, r SignOutRequestObject) (SignOutResponseObject, error) {
	who := callerOf(ctx)
	if r.Params.All {
		if err := s.people.EndAllSessions(ctx, who.ID, ""); err != nil {
			return nil, err
		}
	} else if err := s.people.SignOut(ctx, who.session); err != nil {
		return nil, err
	}
	var answer SignOut204Response
	answer.Headers.SetCookie = s.cookie(echoOf(ctx).Request(), "", time.Time{})
	return answer, nil
}
