package devmode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"steward/internal/people"
)

// tokenLife is how long a demo token is good for; one that is about to end is replaced at the next start.
const tokenLife = 30 * 24 * time.Hour

func tokensFile(dir string) string { return filepath.Join(dir, "tokens.json") }

// tokens answers an API token of each person: the one of the last run while it is good, so that pasted lines keep working.
func tokens(ctx context.Context, service *people.Service, dir string, users ...string) (map[string]string, error) {
	kept := map[string]string{}
	if text, err := os.ReadFile(tokensFile(dir)); err == nil && json.Unmarshal(text, &kept) != nil {
		kept = map[string]string{}
	}
	for _, user := range users {
		good, err := stillGood(ctx, service, user, kept[user])
		if err != nil {
			return nil, err
		}
		if good {
			continue
		}
		secret, _, err := service.CreateToken(ctx, people.NewToken{UserID: user, Name: "steward dev", Scopes: []string{"read", "write"}, ExpiresAt: time.Now().Add(tokenLife)})
		if err != nil {
			return nil, fmt.Errorf("make a demo token for %s: %w", user, err)
		}
		kept[user] = secret
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return nil, fmt.Errorf("keep demo tokens: %w", err)
	}
	return kept, writeFile(tokensFile(dir), text)
}

func stillGood(ctx context.Context, service *people.Service, user, secret string) (bool, error) {
	if secret == "" {
		return false, nil
	}
	who, err := service.AuthenticateToken(ctx, secret)
	if errors.Is(err, people.ErrUnauthenticated) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("check demo token: %w", err)
	}
	return who.Person.ID == user, nil
}
