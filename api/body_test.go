package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBodiesThatSayAnotherThing than a reader would take them to say are refused before anything is stored.
func TestBodiesThatSayAnotherThing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, err := json.Marshal(object{"definition": "visit", "input": visit(60)})
	require.NoError(t, err)
	good := string(text)
	with := func(old, replacement string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, replacement, 1)
	}
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
		field   string
	}{
		"a name twice":         {with(`"definition":"visit"`, `"definition":"leave","definition":"visit"`), nil, http.StatusBadRequest, "definition"},
		"a name twice inside":  {with(`"room":"room-1"`, `"room":"room-2","room":"room-1"`), nil, http.StatusBadRequest, "input.room"},
		"the same, escaped":    {with(`"room":"room-1"`, `"room":"room-2","\u0072oom":"room-1"`), nil, http.StatusBadRequest, "input.room"},
		"a list inside":        {with(`"room":"room-1"`, `"room":[{"a":1},{"a":1,"a":2}]`), nil, http.StatusBadRequest, "input.room.1.a"},
		"a NUL":                {with("Ms. Wu", `Ms.\u0000Wu`), nil, http.StatusBadRequest, "input.guest"},
		"a terminal's escape":  {with("Ms. Wu", `Ms. \u001b[31mWu`), nil, http.StatusBadRequest, "input.guest"},
		"half a character":     {with("Ms. Wu", `Ms. \ud800 Wu`), nil, http.StatusBadRequest, "input.guest"},
		"a control in a name":  {with(`"room"`, `"ro\u0007om"`), nil, http.StatusBadRequest, "input"},
		"bytes of another set": {with("Ms. Wu", "Ms. \xff\xfe"), nil, http.StatusBadRequest, ""},
		"two documents":        {good + "{}", nil, http.StatusBadRequest, ""},
		"another set":          {good, []string{"Content-Type", "application/json; charset=gbk"}, http.StatusUnsupportedMediaType, ""},
		"a broken type":        {good, []string{"Content-Type", "application/json;;;"}, http.StatusUnsupportedMediaType, ""},
		"compressed":           {good, []string{"Content-Encoding", "gzip"}, http.StatusUnsupportedMediaType, ""},
		"layout is fine":       {with("Ms. Wu", `Ms.\n\tWu`), []string{"Content-Type", "application/json; charset=UTF-8", "Content-Encoding", "identity"}, http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := h.as(theStarter, "POST", "/api/v1/processes", c.body, c.headers...)
			require.Equal(t, c.status, a.status, string(a.body))
			if c.field != "" {
				require.Equal(t, []string{c.field}, a.faulty())
			}
		})
	}
}

// TestRefusalsOfTasksTellHowTheTaskStands: its revision, who has it, and which answers there are, in words.
func TestRefusalsOfTasksTellHowTheTaskStands(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, prepare := h.start(61)
	path := "/api/v1/tasks/" + prepare

	nobody := h.as(theAttendant, "POST", path+"/release", object{})
	require.Equal(t, http.StatusConflict, nobody.status, string(nobody.body))
	require.Equal(t, "unclaimed", nobody.problem().Code)
	require.Equal(t, 1, nobody.problem().Revision)
	h.command(theAttendant, prepare, "claim", object{})
	again := h.as(theAttendant, "POST", path+"/claim", object{})
	require.Equal(t, "claimed", again.problem().Code)
	require.Equal(t, 2, again.problem().Revision)
	require.Equal(t, theAttendant, again.problem().Winner.By.ID)
	h.command(theAttendant, prepare, "complete", object{"form": object{"cups": 4}})

	approve := h.next(process)
	for lang, want := range map[string]string{"zh": "请选择结果：approved、rejected、returned", "en": "choose one of approved, rejected, returned"} {
		a := h.as(theManager, "POST", "/api/v1/tasks/"+approve+"/complete", object{"outcome": "maybe"}, "Accept-Language", lang)
		require.Equal(t, want, a.problem().Fields[0].Message)
	}
}
