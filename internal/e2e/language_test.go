package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/internal/apptest"
	"steward/internal/people"
)

// TestTheExampleOfTheLanguage runs the example of the definition language as it stands in its page: a clash, a change, the
// leader's approval, a new time, tea, the end, what was found, and what runs at the very end.
func TestTheExampleOfTheLanguage(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, h *apptest.House) {
		publishExample(t, h)
		h.Set("meeting_service", "tea_every", "1s")
		requester, manager, attendants := h.SignIn("ashan"), h.SignIn("alin"), h.Crew("ahua", "amei", "ajuan")
		start := time.Now().Add(30 * time.Hour).Truncate(time.Second)
		input := func(title, room string) map[string]any {
			return map[string]any{"title": title, "room": room, "attendees": 20, "start": at(start), "end": at(start.Add(time.Hour))}
		}
		other := requester.Start("meeting_service", input("Audit", "room-1"))
		manager.Complete(other, "approve", "rejected", nil)
		require.Equal(t, "rejected", requester.Ended(other))
		other = requester.Start("meeting_service", input("Annual meeting", "room-1"))

		id := requester.Start("meeting_service", input("Planning", "room-1"))
		requester.Complete(id, "change", "done", map[string]any{"room": "room-2"})
		manager.Complete(id, "approve", "returned", nil)
		requester.Complete(id, "change", "done", map[string]any{"attendees": 14})
		manager.Complete(id, "approve", "approved", nil)
		attendant, supplies := attendants.Task(id, "supplies")
		details := attendant.Detail(supplies["id"])
		require.EqualValues(t, 16, details.Get("details", "cups"), "14 people and a tenth more: %s", details.Body)
		require.EqualValues(t, 4, details.Get("details", "flasks"))
		attendants.Complete(id, "layout", nil)

		soon := time.Now().Add(3 * time.Second)
		accepted(t, requester.Do("POST", "/api/v1/processes/"+id+"/reschedule",
			map[string]any{"data": map[string]any{"start": at(soon), "end": at(soon.Add(time.Second))}}))
		manager.Complete(id, "approve_again", "approved", nil)
		require.Contains(t, requester.Waits(id, "refill"), "layout", "done again for the new time")
		tea, _ := attendants.Task(id, "refill")
		require.Len(t, tea.Told(id, "event.reminder"), 1)
		accepted(t, tea.Tell(id, "meeting_ended", nil))
		attendants.Complete(id, "clear", map[string]any{"found": []any{"umbrella", "scarf"}})
		require.Equal(t, "held", requester.Ended(id))
		require.Len(t, h.Children(id, 2), 2, "one for each thing")
		require.Nil(t, requester.Next(id)["restore"], "the room was cleared: nothing to restore")

		accepted(t, requester.Do("POST", "/api/v1/processes/"+other+"/cancel", nil))
		require.Equal(t, "cancelled", requester.Ended(other))
		require.Equal(t, 1, h.Count(`SELECT count(*) FROM reservations`), "only the past of the meeting that was held")
	})
}

func publishExample(t *testing.T, h *apptest.House) {
	t.Helper()
	require.NoError(t, h.App.People.PutGroup(t.Context(), people.Group{ID: "lost-property", Members: []string{"amei"}}))
	library := os.DirFS("../../definitions/testdata/example")
	for _, name := range []string{"meeting/lost_found.yaml", "meeting/meeting_service.yaml"} {
		bundle, err := definitions.LoadBundle(library, name)
		require.NoError(t, err)
		_, err = h.App.Publish(t.Context(), bundle, "test")
		require.NoError(t, err)
	}
}

const far = `process: far
name: { zh: 远期, en: Far }
domain: office
calendar: works
outcomes: [done]
input: { type: object, properties: {} }
roles: { asker: { starter: true } }
steps:
  - { id: plan, name: { zh: 计划, en: Plan }, uses: task, assign: asker, due: +400wd }
  - { end: done }
`

// TestADeadlineBeyondTheCalendar is computed on plain weekdays and marked; once the years are loaded it is planned again, and
// the person hears of the moved date once.
func TestADeadlineBeyondTheCalendar(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, h *apptest.House) {
		this := time.Now().Year()
		load := func(text string) {
			_, err := h.App.LoadCalendar(t.Context(), []byte(text))
			require.NoError(t, err)
		}
		load(fmt.Sprintf("calendar: works\nlocation: Asia/Shanghai\nhours: [\"09:00-17:00\"]\nyears: [{ year: %d, notice: test, off: [%d-01-01] }]\n", this, this))
		h.Publish(far)
		asker := h.SignIn("alin")
		id := asker.Start("far", map[string]any{})
		due := func() (time.Time, bool) {
			for _, d := range list(asker.Process(id).JSON["deadlines"]) {
				if d["key"] == "due" {
					return moment(t, d["at"]), d["provisional"] == true
				}
			}
			return time.Time{}, false
		}
		before, provisional := due()
		require.True(t, provisional)
		require.Greater(t, before.Year(), this)

		years := "calendar: works\nyears:\n"
		for year := this + 1; year <= this+3; year++ {
			years += fmt.Sprintf(" - { year: %d, notice: test, off: [%d-03-01..%d-03-31] }\n", year, year, year)
		}
		load(years)
		var after time.Time
		apptest.Until(t, "the deadline stays provisional", func() bool {
			after, provisional = due()
			return !provisional
		})
		require.WithinRange(t, after, before.AddDate(0, 0, 27), before.AddDate(0, 0, 70), "a month off in each of the next years")
		require.Equal(t, after, moment(t, asker.Task(id, "plan")["dueAt"]))
		require.Len(t, asker.Told(id, "process.rescheduled"), 1)
	})
}

// TestTemporalShowsWhatAProcessWaitsFor: an operator who looks at Temporal sees the steps and the next deadline.
func TestTemporalShowsWhatAProcessWaitsFor(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, h *apptest.House) {
		h.Publish(leave)
		asker, office := h.SignIn("ahua"), h.SignIn("ali")
		id := asker.Start("leave", map[string]any{"days": 2})
		shows := func(want ...string) {
			t.Helper()
			var text string
			apptest.Until(t, fmt.Sprintf("Temporal does not show %v", want), func() bool {
				var err error
				text, err = h.CurrentDetails(id)
				for _, w := range want {
					if err != nil || !strings.Contains(text, w) {
						return false
					}
				}
				return true
			})
			require.NotContains(t, text, "A Hua", "no personal data")
		}
		shows("waits: plan")
		asker.Complete(id, "plan", "done", nil)
		due := moment(t, office.Task(id, "approve")["dueAt"])
		shows("waits: approve", "next deadline "+due.Format(time.RFC3339))
	})
}
