package apptest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Client is one signed-in person talking HTTP.
type Client struct {
	t      testing.TB
	base   string
	user   string
	cookie string
}

// Answer is an HTTP answer with its JSON body.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	JSON   map[string]any
}

// Get reads the value at a path of keys, nil when there is none.
func (a Answer) Get(keys ...string) any { return dig(a.JSON, keys...) }

func dig(v any, keys ...string) any {
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[k]
	}
	return v
}

// Do sends one request; mutating ones carry a new Idempotency-Key. A command that is only stored so far is sent again under its
// key until it has been decided, as a client would.
func (c *Client) Do(method, path string, body any) Answer {
	c.t.Helper()
	a, err := c.Ask(method, path, body)
	require.NoError(c.t, err)
	return a
}

// patience is how long a command may stay undecided.
const patience = 30 * time.Second

// Ask is Do for goroutines of a test: it answers transport errors.
func (c *Client) Ask(method, path string, body any) (Answer, error) {
	key := uuid.NewString()
	for limit := time.Now().Add(patience); ; {
		a, err := c.Try(method, path, key, body)
		if err != nil || a.Status != http.StatusAccepted || time.Now().After(limit) {
			return a, err
		}
	}
}

// Try sends one request under a given key and answers transport errors.
func (c *Client) Try(method, path, key string, body any) (Answer, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return Answer{}, err
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, reader)
	if err != nil {
		return Answer{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		req.Header.Set("Idempotency-Key", key)
		req.Header.Set("X-Requested-With", "steward")
	}
	if c.cookie != "" {
		req.Header.Set("Cookie", c.cookie)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Status: res.StatusCode, Header: res.Header, Body: string(text)}
	if len(text) > 0 && text[0] == '{' {
		err = json.Unmarshal(text, &a.JSON)
	}
	return a, err
}

// Start starts a process and answers its id.
func (c *Client) Start(definition string, input map[string]any) string {
	c.t.Helper()
	a := c.Do("POST", "/api/v1/processes", map[string]any{"definition": definition, "input": input})
	require.Contains(c.t, []int{200, 201}, a.Status, a.Body)
	id, ok := a.Get("process").(string)
	if !ok {
		id, _ = a.Get("id").(string)
	}
	require.NotEmpty(c.t, id, a.Body)
	return id
}

// Process reads a process.
func (c *Client) Process(id string) Answer {
	c.t.Helper()
	a := c.Do("GET", "/api/v1/processes/"+id, nil)
	require.Equal(c.t, 200, a.Status, a.Body)
	return a
}

// Task waits until the person sees an open task of a step of a process, and answers it.
func (c *Client) Task(process, step string) map[string]any {
	c.t.Helper()
	var found map[string]any
	require.Eventually(c.t, func() bool {
		for _, scope := range []string{"mine", "claimable"} {
			for _, task := range c.Tasks(scope) {
				if task["process"] == process && task["step"] == step || dig(task, "process", "id") == process && task["step"] == step {
					found = task
					return true
				}
			}
		}
		return false
	}, 20*time.Second, 20*time.Millisecond, "%s sees no task %s of process %s", c.user, step, process)
	return found
}

// Tasks lists the first page of a scope.
func (c *Client) Tasks(scope string) []map[string]any {
	c.t.Helper()
	a := c.Do("GET", "/api/v1/tasks?scope="+scope+"&limit=100", nil)
	require.Equal(c.t, 200, a.Status, a.Body)
	items, _ := a.JSON["items"].([]any)
	list := make([]map[string]any, 0, len(items))
	for _, i := range items {
		if m, ok := i.(map[string]any); ok {
			list = append(list, m)
		}
	}
	return list
}

// Complete waits for the task of a step and completes it.
func (c *Client) Complete(process, step, outcome string, form map[string]any) Answer {
	c.t.Helper()
	task := c.Task(process, step)
	body := map[string]any{"outcome": outcome}
	if form != nil {
		body["form"] = form
	}
	a := c.Do("POST", fmt.Sprintf("/api/v1/tasks/%s/complete", task["id"]), body)
	require.Equal(c.t, 200, a.Status, a.Body)
	return a
}

// Ended waits until a process has ended and answers its outcome.
func (c *Client) Ended(id string) string {
	c.t.Helper()
	var outcome string
	require.Eventually(c.t, func() bool {
		a := c.Process(id)
		outcome, _ = a.Get("outcome").(string)
		return a.Get("state") == "ended"
	}, 30*time.Second, 30*time.Millisecond, "process %s does not end", id)
	return outcome
}
