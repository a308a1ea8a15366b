package api

import (
	"context"
	"strings"
	"time"

	"steward/internal/people"
)

// GetMe answers the person signed in.
func (s *Server) GetMe(ctx context.Context, _ GetMeRequestObject) (GetMeResponseObject, error) {
	me, err := s.me(ctx, callerOf(ctx))
	if err != nil {
		return nil, err
	}
	return GetMe200JSONResponse(me), nil
}

// UpdateMe stores the language that the person wants.
func (s *Server) UpdateMe(ctx context.Context, r UpdateMeRequestObject) (UpdateMeResponseObject, error) {
	who := callerOf(ctx)
	if err := s.people.SetLocale(ctx, who.ID, string(r.Body.Locale)); err != nil {
		return nil, err
	}
	changed := *who
	changed.Locale = string(r.Body.Locale)
	me, err := s.me(ctx, &changed)
	if err != nil {
		return nil, err
	}
	return UpdateMe200JSONResponse(me), nil
}

func (s *Server) me(ctx context.Context, who *caller) (Me, error) {
	return named(ctx, s, func(names *nameBook) Me {
		me := Me{
			ID: who.ID, Name: who.Name, Department: who.Department, Email: who.Email, Locale: Locale(who.Locale),
			Roles: []MeRoles{}, Groups: []GroupRef{}, Posts: []GroupRef{}, TimeZone: s.config.Location.String(),
		}
		for _, role := range who.Roles {
			me.Roles = append(me.Roles, MeRoles(role))
		}
		for _, p := range who.Principals {
			kind, id, _ := strings.Cut(p, ":")
			switch kind {
			case "group":
				me.Groups = append(me.Groups, GroupRef{ID: id, Name: names.name(p)})
			case "post":
				me.Posts = append(me.Posts, GroupRef{ID: id, Name: names.name(p)})
			}
		}
		return me
	})
}

// ListTokens answers the person's API tokens that still open something.
func (s *Server) ListTokens(ctx context.Context, _ ListTokensRequestObject) (ListTokensResponseObject, error) {
	tokens, err := s.people.Tokens(ctx, callerOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	list := TokenList{Items: []Token{}}
	for _, t := range tokens {
		if t.RevokedAt == nil && t.ExpiresAt.After(time.Now()) {
			list.Items = append(list.Items, tokenView(t))
		}
	}
	return ListTokens200JSONResponse(list), nil
}

// CreateToken makes an API token and shows its secret once.
func (s *Server) CreateToken(ctx context.Context, r CreateTokenRequestObject) (CreateTokenResponseObject, error) {
	wanted := people.NewToken{
		UserID: callerOf(ctx).ID, Name: r.Body.Name,
		ExpiresAt: time.Now().AddDate(0, 0, int(orDefault(r.Body.ExpiresInDays, 90))),
	}
	for _, scope := range r.Body.Scopes {
		wanted.Scopes = append(wanted.Scopes, string(scope))
	}
	secret, token, err := s.people.CreateToken(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return CreateToken201JSONResponse(NewToken{Secret: secret, Token: tokenView(token)}), nil
}

// RevokeToken ends one of the person's API tokens.
func (s *Server) RevokeToken(ctx context.Context, r RevokeTokenRequestObject) (RevokeTokenResponseObject, error) {
	if err := s.people.RevokeToken(ctx, callerOf(ctx).ID, r.TokenID); err != nil {
		return nil, err
	}
	return RevokeToken204Response{}, nil
}

func tokenView(t people.Token) Token {
	view := Token{
		ID: t.ID, Name: t.Name, CreatedAt: t.CreatedAt.UTC(), ExpiresAt: t.ExpiresAt.UTC(), LastUsedAt: at(t.LastUsedAt), Scopes: []TokenScope{},
	}
	for _, scope := range t.Scopes {
		view.Scopes = append(view.Scopes, TokenScope(scope))
	}
	return view
}
