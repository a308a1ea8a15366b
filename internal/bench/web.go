package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"steward/internal/advance"
	"steward/internal/people"
)

// Web is the same house seen from outside: signed-in people who talk HTTP.
type Web struct {
	base    string
	http    *http.Client
	askers  []string // session cookies
	leaders []string
}

// SignIn opens a session for every person of the house.
func SignIn(ctx context.Context, h *House) (*Web, error) {
	w := &Web{
		base: "http://" + h.Addr + "/api/v1",
		http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 2 * h.clients, MaxIdleConns: 2 * h.clients}},
	}
	for client := range h.clients {
		for user, cookies := range map[string]*[]string{asker(client): &w.askers, leader(client): &w.leaders} {
			cookie, err := w.signIn(ctx, user)
			if err != nil {
				return nil, fmt.Errorf("sign %s in: %w", user, err)
			}
			*cookies = append(*cookies, cookie)
		}
	}
	return w, nil
}

func (w *Web) signIn(ctx context.Context, user string) (string, error) {
	cookies, err := w.send(ctx, http.MethodPost, "/session", "", map[string]any{"user": user, "password": people.DemoPassword}, nil)
	if err != nil {
		return "", err
	}
	if len(cookies) == 0 {
		return "", errors.New("the answer has no cookie")
	}
	return cookies[0].Name + "=" + cookies[0].Value, nil
}

// send makes one request, reads the JSON answer and returns the cookies that came with it; anything but 200 is an error, also 202, which means that nobody decided in time.
func (w *Web) send(ctx context.Context, method, path, cookie string, body, answer any) ([]*http.Cookie, error) {
	req, err := w.request(ctx, method, path, cookie, body)
	if err != nil {
		return nil, err
	}
	res, err := w.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: status %d: %s", method, path, res.StatusCode, text)
	}
	if answer != nil {
		err = json.Unmarshal(text, answer)
	}
	return res.Cookies(), err
}

func (w *Web) request(ctx context.Context, method, path, cookie string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", path, err)
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, content)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", uuid.NewString())
		req.Header.Set("X-Requested-With", "steward")
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	return req, nil
}

// Course takes one process from start to end through HTTP. Each person finds the task in their own inbox.
func (w *Web) Course(ctx context.Context, client int) ([]time.Duration, error) {
	process, err := w.start(ctx, w.askers[client], approvalProcess, map[string]any{"days": 2})
	if err != nil {
		return nil, err
	}
	watch := watch()
	for _, step := range []struct{ cookie, outcome string }{{w.askers[client], "done"}, {w.leaders[client], "approved"}} {
		task, err := w.inbox(ctx, step.cookie, process)
		if err != nil {
			return nil, err
		}
		watch.restart()
		if err := w.complete(ctx, step.cookie, task, step.outcome); err != nil {
			return nil, err
		}
		watch.lap()
	}
	return watch.steps, nil
}

func (w *Web) start(ctx context.Context, cookie, definition string, input map[string]any) (process string, err error) {
	var answer struct {
		Process string `json:"process"`
	}
	body := map[string]any{"definition": definition, "input": input}
	_, err = w.send(ctx, http.MethodPost, "/processes", cookie, body, &answer)
	return answer.Process, err
}

var errNotInInbox = errors.New("the task is not in the inbox although the step before was answered")

// inbox answers the task of a process in a person's inbox.
func (w *Web) inbox(ctx context.Context, cookie, process string) (task string, err error) {
	var page struct {
		Items []struct{ ID, Process string } `json:"items"`
	}
	if _, err := w.send(ctx, http.MethodGet, "/tasks?scope=mine&limit=100", cookie, nil, &page); err != nil {
		return "", err
	}
	for _, item := range page.Items {
		if item.Process == process {
			return item.ID, nil
		}
	}
	return "", fmt.Errorf("process %s: %w", process, errNotInInbox)
}

func (w *Web) complete(ctx context.Context, cookie, task, outcome string) error {
	_, err := w.send(ctx, http.MethodPost, "/tasks/"+task+"/complete", cookie, map[string]any{"outcome": outcome}, nil)
	return err
}

// modeName is how figures name a setting of `decide`.
func modeName(m advance.Mode) string { return "decide: " + string(m) }
