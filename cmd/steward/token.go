package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"steward/internal/people"
	"steward/internal/store"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make an API token; its secret is printed once."`
	List   tokenListCmd   `cmd:"" help:"List API tokens, without their secrets."`
	Revoke tokenRevokeCmd `cmd:"" help:"End an API token, as when its secret has leaked."`
}

type tokenCreateCmd struct {
	databaseFlags
	User   string        `arg:"" help:"Id of the person that the token acts for."`
	Name   string        `required:"" help:"What it is for."`
	Scopes []string      `default:"read" enum:"read,write" help:"What it is good for: read, write."`
	Life   time.Duration `default:"2160h" help:"How long it is good for, at most 8784h (366 days); 2160h is 90 days."`
}

// Run prints the secret alone on its line, so that a script can take it.
func (c *tokenCreateCmd) Run(ctx context.Context, out io.Writer) error {
	return c.account(ctx, func(service *people.Service) error {
		if _, err := service.Directory().User(ctx, c.User); errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("nobody has the id %s; `steward people list` shows who there is, `steward people put` adds somebody", c.User)
		}
		secret, _, err := service.CreateToken(ctx, people.NewToken{UserID: c.User, Name: c.Name, Scopes: c.Scopes, ExpiresAt: time.Now().Add(c.Life)})
		if err == nil {
			fmt.Fprintln(out, secret)
		}
		return err
	})
}

type tokenListCmd struct {
	listFlags
	User string `arg:"" optional:"" help:"Id of a person; everybody's without."`
	All  bool   `help:"Also those that have expired or were revoked."`
}

// Run prints one line for each token, the newest first. Times are in UTC.
func (c *tokenListCmd) Run(ctx context.Context, out io.Writer) error {
	return c.account(ctx, func(service *people.Service) error {
		all, err := service.HouseTokens(ctx, c.User, c.All)
		if err != nil {
			return err
		}
		return printed(out, c.Format, "ID PERSON SCOPES CREATED EXPIRES LAST-USED STATE NAME", all, tokenObject, func(t people.HouseToken) []any {
			return []any{t.ID, t.UserID, strings.Join(t.Scopes, ","), minute(&t.CreatedAt), minute(&t.ExpiresAt), minute(t.LastUsedAt), tokenState(t), t.Name}
		})
	})
}

func tokenObject(t people.HouseToken) map[string]any {
	return map[string]any{
		"id": t.ID, "person": t.UserID, "name": t.Name, "scopes": t.Scopes, "state": tokenState(t),
		"createdAt": t.CreatedAt, "expiresAt": t.ExpiresAt, "lastUsedAt": t.LastUsedAt, "revokedAt": t.RevokedAt,
	}
}

func tokenState(t people.HouseToken) string {
	switch {
	case t.RevokedAt != nil:
		return "revoked"
	case !t.ExpiresAt.After(time.Now()):
		return "expired"
	}
	return "good"
}

// minute is a moment in UTC, empty for none.
func minute(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04Z")
}

type tokenRevokeCmd struct {
	databaseFlags
	byFlag
	ID string `arg:"" help:"Id of the token, as token list prints it; never its secret."`
}

// Run ends the token for good.
func (c *tokenRevokeCmd) Run(ctx context.Context, out io.Writer) error {
	id, err := uuid.Parse(c.ID)
	if err != nil { // perhaps a secret: it is not repeated
		return errors.New("that is not the id of a token; `steward token list` prints them")
	}
	return c.account(ctx, func(service *people.Service) error {
		edit, err := service.RevokeAnyToken(ctx, id, c.actor())
		switch {
		case errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("no token has the id %s; `steward token list --all` prints them", id)
		case err != nil:
			return err
		case edit == store.Unchanged:
			_, err = fmt.Fprintln(out, id, "was revoked before")
		default:
			_, err = fmt.Fprintln(out, id, "revoked; a program that is running refuses it within 5 seconds")
		}
		return err
	})
}
