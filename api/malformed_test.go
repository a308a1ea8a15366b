package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestMalformedRequests throws generated rubbish at every route: nothing panics, nothing is a server's fault, and every
// problem is well formed.
func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, task := h.start(1)
	command := h.startCommand(process)
	token := h.token(theAttendant)
	fill := strings.NewReplacer("{processId}", process, "{taskId}", task, "{commandId}", command, "{tokenId}", uuid.NewString(),
		"{definitionId}", "visit", "{roomId}", "room-1")
	rapid.Check(t, func(rt *rapid.T) {
		op := rapid.SampledFrom(h.ordered()).Draw(rt, "operation")
		path := op.route.Path
		if rapid.Bool().Draw(rt, "real ids") {
			path = fill.Replace(path)
		} else {
			path = pathParameter.ReplaceAllString(path, url.PathEscape(rapid.SampledFrom(rubbish()).Draw(rt, "id")))
		}
		if op.id == "getHealth" || op.id == "getReadiness" {
			return
		}
		path += rapid.SampledFrom(queries()).Draw(rt, "query")
		r := h.request(op.route.Method, path, drawBody(rt))
		r.Header.Set("Authorization", "Bearer "+token)
		if key := rapid.SampledFrom([]string{"", "k", strings.Repeat("x", 201), "with space", "ключ"}).Draw(rt, "key"); key != "" {
			r.Header.Set("Idempotency-Key", key+uuid.NewString()[:rapid.IntRange(0, 8).Draw(rt, "suffix")])
		}
		r.Header.Set("Content-Type", rapid.SampledFrom([]string{"application/json", "application/json; charset=utf-8", "text/plain", "", "multipart/form-data"}).Draw(rt, "type"))
		a := h.send(r)
		if a.status >= 500 {
			rt.Fatalf("%s %s answered %d: %s", r.Method, path, a.status, a.body)
		}
		if a.status >= 400 {
			var p Problem
			if json.Unmarshal(a.body, &p) != nil || p.Code == "" || p.Title == "" || p.Status != a.status {
				rt.Fatalf("%s %s: not a problem: %d %s", r.Method, path, a.status, a.body)
			}
		}
	})
	require.NotContains(t, h.logs.String(), "panic")
}

// ordered lists the operations in an order that is the same in every run.
func (h *house) ordered() []*operation {
	var list []*operation
	for _, key := range sortedKeys(h.server.operations) {
		list = append(list, h.server.operations[key])
	}
	return list
}

func rubbish() []string {
	return []string{"", " ", "x", "0", "-1", "null", "../../etc", "%00", "\x00", "\xff\xfe", "'; DROP TABLE tasks; --", uuid.Nil.String(), strings.Repeat("a", 5000), "{}", "管家"}
}

func queries() []string {
	return []string{
		"", "?limit=0", "?limit=-1", "?limit=99999999999999999999", "?limit=abc", "?cursor=%00", "?cursor=AAAA", "?cursor=" + strings.Repeat("x", 1100),
		"?scope=everything", "?state=open&state=ended", "?unknown=1", "?from=yesterday&to=tomorrow", "?from=2027-01-01T00:00:00Z&to=2020-01-01T00:00:00Z",
		"?date=2027-13-45", "?date=9999-12-31", "?date=0000-01-01", "?date=0001-01-01", "?from=9999-12-31T00:00:00-23:59&to=9999-12-31T12:00:00-23:59", "?from=0001-01-01T00:00:00Z&to=0001-01-02T00:00:00Z", "?version=0", "?version=999999", "?%zz", "?;;", "?startedBy=%ff", "?mine=perhaps",
		"?room=%27", "?unread=2", "?all=", "?definition=visit%00",
	}
}

// drawBody makes a body: not JSON, JSON of the wrong shape, or nearly right.
func drawBody(rt *rapid.T) any {
	known := rapid.SampledFrom([]string{
		"definition", "input", "version", "name", "data", "outcome", "form", "comment", "to", "expectedRevision", "holdSeconds", "body", "ids",
		"upTo", "locale", "scopes", "expiresInDays", "user", "password", "reason", "extra",
	})
	value := rapid.OneOf(
		rapid.SampledFrom([]any{nil, true, -1, 0, 1.5, 1e300, 2147483648, "", "visit", "done", "approved", "a\x00b", "\u0000", []any{}, []any{nil}, object{}, object{"a": object{"b": []any{1}}}, strings.Repeat("长", 3000)}),
		rapid.Map(rapid.String(), func(s string) any { return s }),
	)
	switch rapid.IntRange(0, 4).Draw(rt, "shape") {
	case 0:
		return nil
	case 1:
		return rapid.SampledFrom([]string{
			"{", "[]", "null", "\"x\"", "{}{}", "{\"a\":1,}", "\xff\xfe", "{\"outcome\":\"done\",\"outcome\":3}", strings.Repeat("[", 20000),
			"{\"form\":" + strings.Repeat("{\"a\":", 3000) + "1" + strings.Repeat("}", 3001), "{\"expectedRevision\":1e400}", "\x00", " ",
			"{\"body\":\"\\ud800\"}", "{\"BODY\":\"x\"}", "{\"form\":{\"\\u0000\":1}}",
		}).Draw(rt, "raw")
	}
	return rapid.MapOfN(known, value, 0, 6).Draw(rt, "fields")
}

func TestContractChecksNameTheField(t *testing.T) { //nolint:tparallel // its cases share one server and its log
	t.Parallel()
	h := newHouse(t)
	_, task := h.start(1)
	at := "/api/v1/tasks/" + task
	for _, c := range []struct {
		name, method, path string
		body               any
		headers            []string
		status             int
		fields             []string
		code               string
	}{
		{"no key", "POST", at + "/claim", nil, []string{"Idempotency-Key", ""}, 400, []string{"Idempotency-Key"}, codeInvalid},
		{"long key", "POST", at + "/claim", nil, []string{"Idempotency-Key", strings.Repeat("x", 201)}, 400, []string{"Idempotency-Key"}, codeInvalid},
		{"key with space", "POST", at + "/claim", nil, []string{"Idempotency-Key", "a b"}, 400, []string{"Idempotency-Key"}, codeInvalid},
		{"not JSON", "POST", at + "/complete", "{", nil, 400, nil, codeMalformed},
		{"not UTF-8", "POST", at + "/comments", "{\"body\":\"caf\xe9\"}", nil, 400, nil, codeMalformed},
		{"two documents", "POST", at + "/complete", "{} {}", nil, 400, nil, codeMalformed},
		{"no body", "POST", at + "/transfer", nil, nil, 400, []string{"body"}, codeInvalid},
		{"unknown field", "POST", at + "/complete", object{"outcom": "done"}, nil, 400, []string{"outcom"}, codeInvalid},
		{"wrong types", "POST", at + "/complete", object{"outcome": 3, "form": []any{}}, nil, 400, []string{"form", "outcome"}, codeInvalid},
		{"missing", "POST", at + "/transfer", object{"comment": "x"}, nil, 400, []string{"to"}, codeInvalid},
		{"too long", "POST", at + "/complete", object{"comment": strings.Repeat("x", 2001)}, nil, 400, []string{"comment"}, codeInvalid},
		{"revision", "POST", at + "/claim", object{"expectedRevision": 0}, nil, 400, []string{"expectedRevision"}, codeInvalid},
		{"blank", "POST", at + "/comments", object{"body": " \n"}, nil, 400, []string{"body"}, codeInvalid},
		{"NUL", "POST", at + "/comments", object{"body": "a\x00"}, nil, 400, []string{"body"}, codeInvalid},
		{"NUL inside", "POST", at + "/complete", object{"form": object{"remarks": []string{"\x00"}}}, nil, 400, []string{"form.remarks.0"}, codeInvalid},
		{"media type", "POST", at + "/complete", object{}, []string{"Content-Type", "text/plain"}, 415, nil, codeMediaType},
		{"path", "GET", "/api/v1/tasks/17", nil, nil, 400, []string{"taskId"}, codeInvalid},
		{"enum", "GET", "/api/v1/tasks?scope=all", nil, nil, 400, []string{"scope"}, codeInvalid},
		{"unknown parameter", "GET", "/api/v1/tasks?scop=mine", nil, nil, 400, []string{"scop"}, codeInvalid},
		{"twice", "GET", "/api/v1/tasks?scope=mine&scope=done", nil, nil, 400, []string{"scope"}, codeInvalid},
		{"limit", "GET", "/api/v1/tasks?limit=201", nil, nil, 400, []string{"limit"}, codeInvalid},
		{"cursor", "GET", "/api/v1/tasks?cursor=abc", nil, nil, 400, []string{"cursor"}, codeInvalid},
		{"date", "GET", "/api/v1/rooms/room-1/day?date=2027-02-30", nil, nil, 400, []string{"date"}, codeInvalid},
		{"year 0", "GET", "/api/v1/rooms/room-1/day?date=0000-01-01", nil, nil, 400, []string{"date"}, codeInvalid},
		{"year 1", "GET", "/api/v1/rooms/room-1/day?date=0001-01-01", nil, nil, 400, []string{"date"}, codeInvalid},
		{"last year", "GET", "/api/v1/rooms/free-busy?from=9999-12-31T00:00:00-23:59&to=9999-12-31T12:00:00-23:59", nil, nil, 400, []string{"from", "to"}, codeInvalid},
		{"time", "GET", "/api/v1/rooms/free-busy?from=now&to=2027-03-01T00:00:00Z", nil, nil, 400, []string{"from"}, codeInvalid},
		{"span", "GET", "/api/v1/rooms/free-busy?from=2027-03-01T00:00:00Z&to=2027-05-01T00:00:00Z", nil, nil, 400, []string{"to"}, codeInvalid},
		{"both or neither", "POST", "/api/v1/notifications/read", object{}, nil, 400, []string{"body"}, codeInvalid},
		{"filters at odds", "GET", "/api/v1/processes?mine=true&startedBy=awei", nil, nil, 400, []string{"startedBy"}, codeInvalid},
		{"no such route", "GET", "/api/v1/nothing", nil, nil, 404, nil, codeNotFound},
		{"no such method", "PUT", "/api/v1/tasks", nil, nil, 405, nil, codeMethod},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := h.as(theAttendant, c.method, c.path, c.body, c.headers...)
			require.Equal(t, c.status, a.status, string(a.body))
			require.Equal(t, c.code, a.problem().Code)
			require.Equal(t, c.fields, a.faulty())
		})
	}
}

// TestAProblemNeverRepeatsASecret sends a password that breaks the rules: it must not come back, nor reach the log.
func TestAProblemNeverRepeatsASecret(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	secret := "hunter2-" + strings.Repeat("x", 300)
	for _, body := range []any{object{"user": "aming", "password": secret}, object{"user": " ", "password": "hunter2-"}, `{"user":"aming","password":"hunter2-`} {
		a := h.as("", "POST", "/api/v1/session", body)
		require.Equal(t, http.StatusBadRequest, a.status)
		require.NotContains(t, string(a.body), "hunter2")
	}
	token := h.token(theStarter)
	h.ok(theStarter, "GET", "/api/v1/me", nil, nil)
	require.NotContains(t, h.logs.String(), "hunter2")
	require.NotContains(t, h.logs.String(), token)
}
