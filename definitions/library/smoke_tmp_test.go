package library_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/apptest"
)

func TestTmpSmoke(t *testing.T) {
	h := apptest.Start(t, nil)
	h.PublishLibrary()
	for k, v := range map[string]any{"checks_from": "start-6s", "tea_every": "2s", "assumed_end": "end+2s", "ask_end_from": "end"} {
		h.Set("meeting_service", k, v)
	}
	from := time.Now().Add(12 * time.Second)
	req, office, sup := h.SignIn("ashan"), h.SignIn("ali"), h.SignIn("aqiang")
	id := req.Start("room_booking", map[string]any{"title": "Board", "room": "floor-13-large", "start": from.Format(time.RFC3339), "end": from.Add(4 * time.Second).Format(time.RFC3339), "headcount": 10, "department": "sales", "purpose": "figures"})
	office.Complete(id, "exception", "approved", map[string]any{"reason": "guest"})
	h.SignIn("aming").Complete(id, "order", "done", nil)
	var child string
	require.Eventually(t, func() bool {
		for _, k := range sup.Tasks("claimable") {
			if k["step"] == "read_order" {
				t.Log(k)
				child, _ = k["process"].(string)
				if child == "" {
					child, _ = k["process"].(map[string]any)["id"].(string)
				}
			}
		}
		return child != ""
	}, 10*time.Second, 50*time.Millisecond)
	sup.Complete(child, "read_order", "clear", nil)
	sup.Complete(child, "briefing", "done", nil)
	att := []*apptest.Client{h.SignIn("ahua"), h.SignIn("amei"), h.SignIn("ajuan")}
	done := func(step string, form map[string]any) {
		var ok bool
		require.Eventually(t, func() bool {
			for _, c := range att {
				for _, k := range c.Tasks("mine") {
					if k["step"] == step {
						body := map[string]any{"outcome": "done"}
						if form != nil {
							body["form"] = form
						}
						a := c.Do("POST", "/api/v1/tasks/"+k["id"].(string)+"/complete", body)
						t.Log(step, a.Status)
						ok = a.Status == 200
						if !ok {
							t.Log(a.Body)
						}
						return ok
					}
				}
			}
			return false
		}, 30*time.Second, 50*time.Millisecond, step)
	}
	done("tables", nil)
	for range 10 {
		time.Sleep(2 * time.Second)
		t.Log(time.Now(), sup.Process(child).Body)
		a := sup.Do("GET", "/api/v1/processes/"+child+"/log", nil)
		b := a.Body
		if len(b) > 900 {
			b = b[len(b)-900:]
		}
		t.Log(b)
	}
	done("tidy", nil)
	done("inspect", map[string]any{"found": []any{map[string]any{"item": "umbrella"}}, "damaged": []any{map[string]any{"item": "lamp", "cause": "x"}}})
	done("lock_up", nil)
	sup.Complete(child, "report", "done", map[string]any{"water": 3, "tea_bags": 4})
	require.Equal(t, "held", req.Ended(child))
	require.Equal(t, "held", req.Ended(id))
}
