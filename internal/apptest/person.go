package apptest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Until waits, for at most half a minute, until something has come about.
func Until(t testing.TB, what string, come func() bool) {
	t.Helper()
	require.Eventually(t, come, 30*time.Second, 25*time.Millisecond, what)
}

// User answers the id of the person.
func (c *Client) User() string { return c.user }

// Detail reads one task with its form and what belongs to it.
func (c *Client) Detail(task any) Answer {
	c.t.Helper()
	a := c.Do("GET", fmt.Sprintf("/api/v1/tasks/%s", task), nil)
	require.Equal(c.t, 200, a.Status, a.Body)
	return a
}

// Act sends a command to a task, for example claim, and answers whatever comes back.
func (c *Client) Act(task any, verb string, body map[string]any) Answer {
	c.t.Helper()
	if body == nil {
		body = map[string]any{}
	}
	return c.Do("POST", fmt.Sprintf("/api/v1/tasks/%s/%s", task, verb), body)
}

// Tell tells a process that one of its events has happened.
func (c *Client) Tell(process, event string, data map[string]any) Answer {
	c.t.Helper()
	body := map[string]any{"name": event}
	if data != nil {
		body["data"] = data
	}
	return c.Do("POST", "/api/v1/processes/"+process+"/events", body)
}

// Messages lists what the person was told of one kind about a process.
func (c *Client) Messages(process, kind string) []map[string]any {
	c.t.Helper()
	a := c.Do("GET", "/api/v1/notifications?limit=100", nil)
	require.Equal(c.t, 200, a.Status, a.Body)
	var list []map[string]any
	for _, m := range objects(a.JSON["items"]) {
		if m["process"] == process && m["kind"] == kind {
			list = append(list, m)
		}
	}
	return list
}

// Told waits until the person was told so about a process, and answers the messages.
func (c *Client) Told(process, kind string) []map[string]any {
	c.t.Helper()
	var list []map[string]any
	Until(c.t, fmt.Sprintf("%s is never told %s of process %s", c.user, kind, process), func() bool {
		list = c.Messages(process, kind)
		return len(list) > 0
	})
	return list
}

// Next answers what the process waits for, by step.
func (c *Client) Next(process string) map[string]map[string]any {
	c.t.Helper()
	next := map[string]map[string]any{}
	for _, n := range objects(c.Process(process).JSON["next"]) {
		step, _ := n["step"].(string)
		next[step] = n
	}
	return next
}

// Waits waits until the process is at all of the steps.
func (c *Client) Waits(process string, steps ...string) map[string]map[string]any {
	c.t.Helper()
	var next map[string]map[string]any
	Until(c.t, fmt.Sprintf("process %s does not come to %v", process, steps), func() bool {
		next = c.Next(process)
		for _, s := range steps {
			if next[s] == nil {
				return false
			}
		}
		return true
	})
	return next
}

// Step finds a step of a process in its tree, nil when it has none of this id.
func (c *Client) Step(process, id string) map[string]any {
	c.t.Helper()
	return findStep(objects(c.Process(process).JSON["steps"]), id)
}

func findStep(steps []map[string]any, id string) map[string]any {
	for _, s := range steps {
		if s["id"] == id {
			return s
		}
		if found := findStep(objects(s["children"]), id); found != nil {
			return found
		}
	}
	return nil
}

// objects reads a JSON list of objects.
func objects(v any) []map[string]any {
	items, _ := v.([]any)
	list := make([]map[string]any, 0, len(items))
	for _, i := range items {
		if m, ok := i.(map[string]any); ok {
			list = append(list, m)
		}
	}
	return list
}

// Crew is several people of whom one has the task: who, the process decides.
type Crew []*Client

// Task waits until one of the crew has an open task of a step, and answers who and the task.
func (crew Crew) Task(process, step string) (*Client, map[string]any) {
	t := crew[0].t
	t.Helper()
	var who *Client
	var task map[string]any
	Until(t, fmt.Sprintf("nobody of the crew has the task %s of process %s", step, process), func() bool {
		for _, c := range crew {
			for _, k := range c.Tasks("mine") {
				if k["process"] == process && k["step"] == step {
					who, task = c, k
					return true
				}
			}
		}
		return false
	})
	return who, task
}

// Complete has whoever of the crew has the task complete it, and answers who it was.
func (crew Crew) Complete(process, step string, form map[string]any) *Client {
	t := crew[0].t
	t.Helper()
	who, _ := crew.Task(process, step)
	who.Complete(process, step, "done", form)
	return who
}
