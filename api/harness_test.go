package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/internal/advance"
	"steward/internal/people"
	"steward/internal/store"
	"steward/internal/storetest"
	"steward/workflows/engine"
)

// The demo people as the tests use them.
const (
	theStarter   = "aming" // of the meeting office; led by afang
	theManager   = "afang"
	theAttendant = "ahua" // candidate, with amei and ajuan
	theRival     = "amei"
	theOutsider  = "ashan"
	theOperator  = "awei"
)

// house is a server over a database of its own, with the demo people, rooms and one process definition. Commands are
// decided by the real engine in the API's own transaction.
type house struct {
	t      testing.TB
	server *Server
	store  *store.Store
	people *people.Service
	logs   *bytes.Buffer
	tokens map[string]string
	routes routers.Router
}

func newHouse(t testing.TB, change ...func(*Deps)) *house {
	t.Helper()
	return newHouseOn(t, storetest.New(t), change...)
}

func newHouseOn(t testing.TB, s *store.Store, change ...func(*Deps)) *house {
	t.Helper()
	h := &house{t: t, store: s, logs: &bytes.Buffer{}, tokens: map[string]string{}}
	var err error
	h.people, err = people.NewService(h.store, people.Options{Argon2: people.Argon2{MemoryKiB: 64, Passes: 1, Lanes: 1}})
	require.NoError(t, err)
	require.NoError(t, h.people.SeedDemo(t.Context()))
	registry := definitions.NewRegistry(definitions.Builtin()...)
	for _, name := range []string{"badge", "stuck", "visit"} {
		h.publishFrom(os.DirFS("testdata/library"), registry, "office/"+name+".yaml")
	}
	catalog := advance.NewCatalog(h.store, registry)
	receipts := store.NewReceipts(h.store)
	announce := func(command uuid.UUID, receipt string) { receipts.Deliver(command, receipt) }
	// Nothing listens for nudges: what these tests do needs only Postgres.
	nudge := func(context.Context, uuid.UUID, advance.Effects) {}
	advancer := advance.New(h.store, engine.New(engine.DefaultLimits, nil), catalog, advance.NewCalendars(h.store),
		announce, nudge, slog.New(slog.DiscardHandler))
	deps := Deps{
		Store: h.store, People: h.people, Catalog: catalog,
		Commander: advance.NewService(advancer, receipts, advance.ModeAPI, func() bool { return true }, 0),
		Log:       slog.New(slog.NewJSONHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelInfo})),
		Config:    Config{PersonRate: 1e6, PersonBurst: 1e6, AddressRate: 1e6, AddressBurst: 1e6, Location: time.FixedZone("UTC+8", 8*3600)},
	}
	for _, f := range change {
		f(&deps)
	}
	h.server, err = New(deps)
	require.NoError(t, err)
	h.routes, err = gorillamux.NewRouter(h.server.contract.doc)
	require.NoError(t, err)
	return h
}

func (h *house) publishFrom(library fs.FS, registry *definitions.Registry, name string) {
	h.t.Helper()
	bundle, err := definitions.LoadBundle(library, name)
	require.NoError(h.t, err)
	def, problems := definitions.Compile(bundle, registry)
	require.False(h.t, definitions.HasErrors(problems), "%v", problems)
	text, err := json.Marshal(bundle)
	require.NoError(h.t, err)
	_, _, err = h.store.PublishDefinition(h.t.Context(), store.NewDefinition{ID: def.ID, Digest: def.Digest, Bundle: string(text), PublishedBy: "test"})
	require.NoError(h.t, err)
}

// token makes an API token for a person, once.
func (h *house) token(user string, scopes ...string) string {
	h.t.Helper()
	if len(scopes) == 0 {
		scopes = []string{"read", "write"}
	}
	key := user + strings.Join(scopes, "+")
	if h.tokens[key] == "" {
		secret, _, err := h.people.CreateToken(h.t.Context(), people.NewToken{
			UserID: user, Name: "test", Scopes: scopes, ExpiresAt: time.Now().Add(time.Hour),
		})
		require.NoError(h.t, err)
		h.tokens[key] = secret
	}
	return h.tokens[key]
}

// answer is what the server said.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

func (a answer) into(v any) {
	a.t.Helper()
	require.NoError(a.t, json.Unmarshal(a.body, v), string(a.body))
}

func (a answer) problem() Problem {
	a.t.Helper()
	require.Equal(a.t, "application/problem+json", a.header.Get("Content-Type"), string(a.body))
	var p Problem
	a.into(&p)
	require.Equal(a.t, a.status, p.Status)
	require.NotEmpty(a.t, p.Title)
	return p
}

// faulty lists the fields that a problem names.
func (a answer) faulty() []string {
	a.t.Helper()
	var names []string
	for _, f := range a.problem().Fields {
		names = append(names, f.Field)
		require.NotEmpty(a.t, f.Message)
	}
	return names
}

// request is one request; change it before it is sent.
func (h *house) request(method, path string, body any, headers ...string) *http.Request {
	h.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		require.NoError(h.t, err)
		reader = bytes.NewReader(text)
	}
	r := httptest.NewRequestWithContext(h.t.Context(), method, path, reader)
	if reader != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// send sends a request and holds the answer against the contract.
func (h *house) send(r *http.Request) answer {
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, r)
	a := answer{h.t, w.Code, w.Header(), w.Body.Bytes()}
	if route, params, err := h.routes.FindRoute(r); err == nil {
		input := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route, PathParams: params},
			Status:                 w.Code, Header: w.Header(), Options: &openapi3filter.Options{IncludeResponseStatus: true},
		}
		// Only JSON bodies have a schema that says something.
		input.Options.ExcludeResponseBody = !strings.Contains(w.Header().Get("Content-Type"), "json")
		input.SetBodyBytes(a.body)
		if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
			h.t.Errorf("%s %s: the answer breaks the contract: %v", r.Method, r.URL.Path, err)
		}
	}
	return a
}

// as sends a request with the token of a person ("" for nobody) and a fresh Idempotency-Key.
func (h *house) as(user, method, path string, body any, headers ...string) answer {
	h.t.Helper()
	r := h.request(method, path, body, append([]string{"Idempotency-Key", uuid.NewString()}, headers...)...)
	if user != "" {
		r.Header.Set("Authorization", "Bearer "+h.token(user))
	}
	return h.send(r)
}

func (h *house) ok(user, method, path string, body, into any) {
	h.t.Helper()
	a := h.as(user, method, path, body)
	require.Equal(h.t, http.StatusOK, a.status, string(a.body))
	if into != nil {
		a.into(into)
	}
}

// object is a JSON object.
type object = map[string]any

// visit is a valid input of the test process, on a day of its own so that visits do not collide.
func visit(day int) object {
	start := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, day)
	return object{"guest": "Ms. Wu", "room": "room-1", "start": start.Format(time.RFC3339), "end": start.Add(time.Hour).Format(time.RFC3339)}
}

// start starts a visit and answers its process and its first task.
func (h *house) start(day int) (process, task string) {
	h.t.Helper()
	var result CommandResult
	h.ok(theStarter, "POST", "/api/v1/processes", object{"definition": "visit", "input": visit(day)}, &result)
	require.Equal(h.t, CommandResultStatusApplied, result.Status)
	process = result.Process.String()
	return process, h.next(process)
}

// next answers the one task that a process waits for.
func (h *house) next(process string) string {
	h.t.Helper()
	var p Process
	h.ok(theStarter, "GET", "/api/v1/processes/"+process, nil, &p)
	require.Len(h.t, p.Next, 1)
	return p.Next[0].Task.String()
}

func (h *house) command(user, task, verb string, body any) CommandResult {
	h.t.Helper()
	var result CommandResult
	h.ok(user, "POST", "/api/v1/tasks/"+task+"/"+verb, body, &result)
	return result
}
