package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/apptest"
)

// wire carries the requests of people who are signed in, and hangs up when their context ends.
type wire struct {
	base    string
	cookies map[string]string
	client  http.Client
}

func newWire(t *testing.T, h *apptest.House, base string, users ...string) *wire {
	t.Helper()
	w := &wire{base: base, cookies: map[string]string{}, client: http.Client{Timeout: 8 * time.Second}}
	for _, user := range users {
		session, err := h.App.People.SignIn(t.Context(), signInOf(user))
		require.NoError(t, err)
		w.cookies[user] = "steward_session=" + session.Token
	}
	return w
}

// do sends one request and answers its status and its JSON; an error says that no whole answer came.
func (w *wire) do(ctx context.Context, user, method, path, key string, body any) (int, map[string]any, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, strings.NewReader(string(text)))
	if err != nil {
		return 0, nil, err
	}
	req.Header = http.Header{"X-Requested-With": {"steward"}, "Cookie": {w.cookies[user]}}
	if method == http.MethodGet {
		req.Body, req.ContentLength = http.NoBody, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := w.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	var answer map[string]any
	err = json.NewDecoder(res.Body).Decode(&answer)
	return res.StatusCode, answer, err
}
