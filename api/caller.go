package api

import (
	"context"
	"slices"

	"steward/internal/store"
)

// caller is the person who makes a request.
type caller struct {
	ID         string
	Name       Text
	Email      string
	Department string
	Locale     string
	Roles      []string
	Principals []string

	session string // the session's secret, "" when an API token was sent
	token   bool
	scopes  []string // of the token
}

func (c *caller) operator() bool {
	return slices.Contains(c.Roles, "operator") || slices.Contains(c.Roles, "admin")
}

// is says whether the caller counts as the principal.
func (c *caller) is(principal string) bool {
	return principal == "user:"+c.ID || slices.Contains(c.Principals, principal)
}

// viewer is the caller as the store's lists know them.
func (c *caller) viewer() store.Viewer {
	return store.Viewer{UserID: c.ID, Principals: c.Principals, All: c.operator()}
}

// allows says whether the way of signing in covers the scope: a session covers all, a token what it was made for.
func (c *caller) allows(scope string) bool {
	switch {
	case !c.token:
		return true
	case scope == scopeRead:
		return slices.Contains(c.scopes, scopeRead) || slices.Contains(c.scopes, scopeWrite)
	case scope == scopeWrite:
		return slices.Contains(c.scopes, scopeWrite)
	}
	return false
}

type callerKey struct{}

// callerOf answers who makes the request, nil when nobody is signed in.
func callerOf(ctx context.Context) *caller {
	who, _ := ctx.Value(callerKey{}).(*caller)
	return who
}

func withCaller(ctx context.Context, who *caller) context.Context {
	return context.WithValue(ctx, callerKey{}, who)
}
