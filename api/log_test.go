package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/workflows/engine"
)

// effects reads every effect of some kinds in the log of a process, oldest first.
func (h *house) effects(process string, kinds ...string) []Text {
	h.t.Helper()
	return h.effectsFor(theOperator, process, kinds...)
}

// effectsFor reads them as one of the people who may.
func (h *house) effectsFor(who, process string, kinds ...string) []Text {
	h.t.Helper()
	var log LogPage
	h.ok(who, "GET", "/api/v1/processes/"+process+"/log?limit=100", nil, &log)
	var texts []Text
	for _, entry := range log.Items {
		for _, e := range entry.Effects {
			for _, k := range kinds {
				if e.Kind == k {
					texts = append(texts, e.Text)
				}
			}
		}
	}
	return texts
}

// TestTheLogNamesRooms that were taken, held, moved and given back, and when; so do titles.
func TestTheLogNamesRooms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, prepare := h.start(40)
	var task Task
	h.ok(theAttendant, "GET", "/api/v1/tasks/"+prepare, nil, &task)
	require.Equal(t, Text{Zh: "准备 一号会议室", En: "Prepare Meeting room 1"}, task.Title)

	moved := visit(41)
	h.ok(theStarter, "POST", "/api/v1/processes/"+process+"/reschedule", object{"data": object{"start": moved["start"], "end": moved["end"]}}, nil)
	require.Equal(t, []Text{
		{Zh: "预订一号会议室：2027年4月10日 17:00 至 2027年4月10日 18:00", En: "Meeting room 1 is booked from Apr 10, 2027, 17:00 to Apr 10, 2027, 18:00"},
		{Zh: "暂留一号会议室：2027年4月11日 17:00 至 2027年4月11日 18:00", En: "Meeting room 1 is held from Apr 11, 2027, 17:00 to Apr 11, 2027, 18:00"},
		{Zh: "退订一号会议室：2027年4月10日 17:00 至 2027年4月10日 18:00", En: "Meeting room 1 was given back from Apr 10, 2027, 17:00 to Apr 10, 2027, 18:00"},
		{Zh: "一号会议室的暂留转为预订：2027年4月11日 17:00 至 2027年4月11日 18:00", En: "the hold of Meeting room 1 became a booking from Apr 11, 2027, 17:00 to Apr 11, 2027, 18:00"},
	}, h.effects(process, "booked", "booking.confirmed", "booking.ended"))
}

// TestARoomWithoutANameIsShownByItsID, also in titles.
func TestARoomWithoutANameIsShownByItsID(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.store.Pool().Exec(t.Context(), `UPDATE resources SET name = '{"zh":"","en":""}' WHERE id = 'room-1'`)
	require.NoError(t, err)
	process, prepare := h.start(42)
	var task Task
	a := h.as(theAttendant, "GET", "/api/v1/tasks/"+prepare, nil)
	require.Equal(t, http.StatusOK, a.status)
	a.into(&task)
	require.Equal(t, Text{Zh: "准备 room-1", En: "Prepare room-1"}, task.Title)
	require.Contains(t, h.effects(process, "booked")[0].En, "room-1 is booked from")
}

func TestGivingBackIsToldByWhatWasLeft(t *testing.T) {
	t.Parallel()
	from := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	was := engine.Booking{Resource: "r", From: from, To: from.Add(time.Hour)}
	hold := was
	hold.Hold = true
	teller := &teller{zone: time.FixedZone("UTC+8", 8*3600), names: &nameBook{names: map[string]Text{"resource:r": {Zh: "厅", En: "Hall"}}}}
	for name, c := range map[string]struct {
		change engine.Change
		want   string
	}{
		"before it began":     {&engine.BookingEnded{At: from.Add(-time.Minute), Was: &was}, "Hall was given back from Mar 1, 2027, 17:00 to Mar 1, 2027, 18:00"},
		"in between":          {&engine.BookingEnded{At: from.Add(30 * time.Minute), Was: &was}, "Hall was given back from Mar 1, 2027, 17:30 to Mar 1, 2027, 18:00"},
		"after its end":       {&engine.BookingEnded{At: from.Add(time.Hour), Was: &was}, "Hall was used as booked from Mar 1, 2027, 17:00 to Mar 1, 2027, 18:00"},
		"a hold":              {&engine.BookingEnded{At: from, Was: &hold}, "Hall is not held any more from Mar 1, 2027, 17:00 to Mar 1, 2027, 18:00"},
		"of an earlier build": {&engine.BookingEnded{At: from}, "a booking changed"},
		"confirmed, earlier":  {&engine.BookingConfirmed{}, "a booking changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := teller.bookingEffect(c.change)
			require.Equal(t, c.want, text.En)
			require.NotEmpty(t, text.Zh)
		})
	}
}

// TestEveryEventIsToldInWords: none shows as the code it has in the log.
func TestEveryEventIsToldInWords(t *testing.T) {
	t.Parallel()
	told := newTeller(&definitions.Definition{}, nil, &nameBook{})
	for _, kind := range []string{
		engine.EventStart, engine.EventClaim, engine.EventRelease, engine.EventComplete, engine.EventTransfer, engine.EventTell, engine.EventCancel,
		engine.EventChildEnded, engine.EventReplan, engine.EventDeadline, engine.EventDrop,
	} {
		summary := told.summary(engine.Event{Type: kind, Actor: engine.Actor{Process: "p"}, Data: []byte(`{}`)}, engine.TaskData{})
		require.NotEmpty(t, summary.Zh, kind)
		require.NotEqual(t, kind, summary.En)
	}
	missed, ok := told.effect(&engine.RepetitionsMissed{Key: "remind/0", Count: 3})
	require.True(t, ok)
	require.Equal(t, Text{Zh: "提醒：另有 3 次已错过，不再补发", En: "reminder: 3 more were missed and are not made up for"}, missed.Text)
}
