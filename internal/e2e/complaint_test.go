package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/apptest"
)

// complaintCourse is a complaint that is passed to another department.
type complaintCourse struct {
	t                                             *testing.T
	h                                             *apptest.House
	id                                            string
	agent, seat, info, manager, handler, stranger *apptest.Client
	due                                           time.Time
}

// TestComplaintAnsweredInTime by the department that it was passed to: nobody is reminded, nobody is chased.
func TestComplaintAnsweredInTime(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, h *apptest.House) {
		h.SetAll("complaint", map[string]any{"visit_from": "answer.done+1s", "visit_due": "answer.done+1wd"})
		c := newComplaint(t, h)
		c.passOn()
		c.handler.Complete(c.id, "opinion", "done", map[string]any{"opinion": "one amount is returned"})
		c.answer()
		for _, p := range []*apptest.Client{c.handler, c.info, c.manager, c.seat, c.agent} {
			require.Empty(t, p.Messages(c.id, "task.escalated"), p.User())
			require.Empty(t, p.Messages(c.id, "task.reminder"), p.User())
		}
	})
}

// TestComplaintAnsweredLate: the department is reminded once, then chased with who passed it on, and answers after all.
func TestComplaintAnsweredLate(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, h *apptest.House) {
		h.Keep("complaint-late-"+string(h.Config.Decide), complainLate(t, h), "")
	})
}

// complainLate brings such a complaint to its end and answers its process.
func complainLate(t *testing.T, h *apptest.House) string {
	t.Helper()
	h.SetAll("complaint", map[string]any{
		"own_bank_due": "+3s", "remind_before": "-1s", "chase_from": "+1s", "visit_from": "answer.done+1s", "visit_due": "answer.done+1wd",
	})
	c := newComplaint(t, h)
	c.passOn()
	opinion := c.handler.Task(c.id, "opinion")
	c.due = moment(t, opinion["dueAt"])
	reminder := c.handler.Told(c.id, "task.reminder")[0]
	require.Equal(t, opinion["id"], reminder["task"])
	require.False(t, moment(t, reminder["createdAt"]).Before(c.due.Add(-time.Second)))
	for _, p := range []*apptest.Client{c.handler, c.info} {
		chased := p.Told(c.id, "task.escalated")[0]
		require.False(t, moment(t, chased["createdAt"]).Before(c.due.Add(time.Second)), "%s is told too early", p.User())
	}
	require.Contains(t, taskIDs(c.handler, "overdue"), opinion["id"])
	c.handler.Complete(c.id, "opinion", "done", map[string]any{"opinion": "one amount is returned"})
	c.answer()
	require.True(t, moment(t, c.agent.Step(c.id, "opinion")["doneAt"]).After(c.due))
	require.Len(t, c.handler.Messages(c.id, "task.reminder"), 1, "once")
	require.Len(t, c.handler.Messages(c.id, "task.escalated"), 1, "chased again only after a working day")
	return c.id
}

func newComplaint(t *testing.T, h *apptest.House) *complaintCourse {
	t.Helper()
	c := &complaintCourse{
		t: t, h: h, agent: h.SignIn("axia"), seat: h.SignIn("aping"), info: h.SignIn("ahai"), manager: h.SignIn("awei"),
		handler: h.SignIn("ajing"), stranger: h.SignIn("alin"),
	}
	c.id = c.agent.Start("complaint", map[string]any{
		"customer": "Customer A", "phone": "0571-1234567", "subject": "fee", "text": "charged twice", "channel": "letter",
	})
	return c
}

// passOn brings the complaint to the finance department, with a transfer that the manager first sends back.
func (c *complaintCourse) passOn() {
	c.agent.Complete(c.id, "listen", "not_solved", nil)
	c.agent.Complete(c.id, "contact_form", "done", map[string]any{"facts": "charged twice on one day", "wish": "one back"})
	c.seat.Complete(c.id, "review", "incomplete", nil)
	c.agent.Complete(c.id, "contact_form", "done", map[string]any{"facts": "charged twice on 3 March", "wish": "one back"})
	review := c.seat.Task(c.id, "review")
	require.Equal(c.t, "charged twice on 3 March", c.seat.Detail(review["id"]).Get("details", "facts"))
	c.seat.Complete(c.id, "review", "passed", nil)
	c.info.Complete(c.id, "decide", "own_bank", nil)
	c.info.Complete(c.id, "transfer", "done", map[string]any{"department": "Cards", "group": "sales"})
	c.manager.Complete(c.id, "sign_transfer", "returned", nil)
	c.info.Complete(c.id, "transfer", "done", map[string]any{"department": "Finance", "group": "finance"})
	c.manager.Complete(c.id, "sign_transfer", "approved", nil)
	require.Equal(c.t, "claimable", scopeOf(c.handler, c.handler.Task(c.id, "opinion")["id"]), "the department has it, not one person")
	require.Equal(c.t, 404, c.stranger.Do("GET", "/api/v1/processes/"+c.id, nil).Status, "another department does not see it")
}

// answer brings the complaint to its end after the opinion.
func (c *complaintCourse) answer() {
	t := c.t
	result := c.info.Task(c.id, "result")
	require.Equal(t, "one amount is returned", c.info.Detail(result["id"]).Get("details", "opinion"))
	c.info.Complete(c.id, "result", "done", map[string]any{"result": "one amount is returned"})
	require.NotEmpty(t, c.agent.Told(c.id, "text"))
	c.agent.Complete(c.id, "answer", "done", map[string]any{"satisfaction": "accepted"})
	visit := c.agent.Task(c.id, "visit")
	require.False(t, moment(t, visit["openedAt"]).Before(moment(t, c.agent.Step(c.id, "answer")["doneAt"]).Add(time.Second)), "not before a second has passed")
	c.agent.Complete(c.id, "visit", "settled", nil)
	c.seat.Complete(c.id, "analyse", "done", map[string]any{"kind": "work_function"})
	require.Equal(t, "answered", c.agent.Ended(c.id))
	require.Equal(t, 1, c.h.Count(`SELECT count(*) FROM register_entries WHERE register = 'complaints' AND process_id = $1
AND data->>'department' = 'Finance' AND data->>'satisfaction' = 'accepted'`, c.id))
	require.Equal(t, 6, c.h.Count(`SELECT count(*) FROM register_entries WHERE register = 'form-copies' AND process_id = $1`, c.id), "every movement of both copies")
}
