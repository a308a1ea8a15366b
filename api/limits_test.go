package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"steward/internal/people"
	"steward/internal/store"
	"steward/internal/storetest"
)

func TestBodiesAreLimited(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, task := h.start(1)
	large := `{"comment":"` + strings.Repeat("x", 257<<10) + `"}`
	for name, r := range map[string]*http.Request{
		"stated":  h.request("POST", "/api/v1/tasks/"+task+"/complete", large, "Idempotency-Key", "k"),
		"chunked": h.request("POST", "/api/v1/tasks/"+task+"/complete", nil, "Idempotency-Key", "k", "Content-Type", "application/json"),
		"sign-in": h.request("POST", "/api/v1/session", large),
	} {
		if name == "chunked" {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(large)), -1
		}
		if name != "sign-in" {
			r.Header.Set("Authorization", "Bearer "+h.token(theAttendant))
		}
		p := h.send(r).problem()
		require.Equal(t, http.StatusRequestEntityTooLarge, p.Status, name)
		require.Equal(t, codeTooLarge, p.Code)
		require.Contains(t, p.Detail, "262144")
	}
}

func TestRatesAreLimited(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(d *Deps) { d.Config = Config{PersonRate: 0.01, PersonBurst: 3, AddressRate: 0.01, AddressBurst: 2} })
	get := func(user string) answer { return h.as(user, "GET", "/api/v1/me", nil) }
	opened, err := h.people.SignIn(t.Context(), people.Credentials{UserID: "aguo", Password: people.DemoPassword, IP: "192.0.2.1"})
	require.NoError(t, err)
	session := &http.Cookie{Name: sessionCookie, Value: opened.Token}
	for range 3 {
		require.Equal(t, http.StatusOK, get(theStarter).status)
	}
	limited := get(theStarter)
	require.Equal(t, codeTooMany, limited.problem().Code)
	require.NotEqual(t, "0", limited.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, get(theManager).status, "others are not touched")

	for range 2 {
		require.Equal(t, http.StatusUnauthorized, get("").status)
	}
	require.Equal(t, http.StatusTooManyRequests, get("").status)
	guess := h.send(h.request("GET", "/api/v1/me", nil, "Authorization", "Bearer stw_guess"))
	require.Equal(t, http.StatusTooManyRequests, guess.status, "an address that failed too often may not guess tokens")
	require.Equal(t, http.StatusOK, get(theAttendant).status, "a stranger's guesses shut nobody out who has a good token")
	require.Equal(t, http.StatusOK, h.with(session, "GET", "/api/v1/me", nil).status, "nor a good session")
	elsewhere := h.request("GET", "/api/v1/me", nil)
	elsewhere.RemoteAddr = "198.51.100.7:1"
	require.Equal(t, http.StatusUnauthorized, h.send(elsewhere).status)
	require.Equal(t, http.StatusOK, h.as("", "GET", "/healthz", nil).status, "health checks are free")
}

func TestLimiterForgets(t *testing.T) {
	t.Parallel()
	l := newLimiter(1, 1)
	now := time.Now()
	for i := range maxBuckets {
		require.Zero(t, l.take(fmt.Sprint(i), now))
	}
	require.Positive(t, l.take("0", now))
	require.Zero(t, l.take("one more", now.Add(time.Hour)))
	require.Len(t, l.buckets, 1, "buckets that are full again are forgotten")
}

func TestSlowRequestsEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(d *Deps) { d.Config.RequestTimeout = time.Nanosecond })
	token := h.token(theStarter)
	a := h.send(h.request("GET", "/api/v1/me", nil, "Authorization", "Bearer "+token))
	require.Equal(t, http.StatusServiceUnavailable, a.status, string(a.body))
	require.Contains(t, []string{codeTimeout, codeUnavailable}, a.problem().Code)
	require.NotEmpty(t, a.header.Get("Retry-After"))
}

func TestMountedPagesPassTheChain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.server.Mount("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/boom" {
			panic("a bug with a secret")
		}
		_, _ = io.WriteString(w, "hello "+Caller(r.Context()))
	}))
	require.Equal(t, "hello ", string(h.as("", "GET", "/", nil).body))
	require.Equal(t, "hello aming", string(h.with(h.signIn(theStarter), "GET", "/start/a/meeting", nil).body))
	require.Equal(t, http.StatusUnauthorized, h.as("", "GET", "/api/v1/me", nil).status, "the contract comes first")

	boom := h.as("", "GET", "/boom", nil)
	require.Equal(t, http.StatusInternalServerError, boom.status)
	require.Equal(t, codeInternal, boom.problem().Code)
	require.NotContains(t, string(boom.body), "secret")
	require.Contains(t, h.logs.String(), "TestMountedPagesPassTheChain", "the log has the stack")
	require.Equal(t, http.StatusOK, h.as("", "GET", "/healthz", nil).status)
}

func TestPagesDoNotHideTheContract(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.server.Mount("/", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a page was asked for an address of the API") }))
	_, task := h.start(1)
	for _, c := range []struct{ method, path, code, allow string }{
		{"GET", "/api/v1/nothing", codeNotFound, ""},
		{"GET", "/api/v1/tasks/" + task + "/", codeNotFound, ""},
		{"PUT", "/api/v1/me", codeMethod, "GET, PATCH"},
		{"DELETE", "/api/v1/tasks/" + task + "/claim", codeMethod, "POST"},
	} {
		a := h.as(theStarter, c.method, c.path, nil)
		require.Equal(t, c.code, a.problem().Code, c.path)
		require.Equal(t, c.allow, a.header.Get("Allow"), c.path)
	}
}

func TestLogLinesCarryIds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process, task := h.start(1)
	h.logs.Reset()
	id := trace.TraceID{1, 2, 3}
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID{1}})
	r := h.request("POST", "/api/v1/tasks/"+task+"/claim", nil, "Idempotency-Key", "k", "Authorization", "Bearer "+h.token(theAttendant))
	done := h.send(r.WithContext(trace.ContextWithSpanContext(r.Context(), span)))
	require.Equal(t, http.StatusOK, done.status)
	var result CommandResult
	done.into(&result)
	var line map[string]any
	require.NoError(t, json.Unmarshal(bytes.TrimSpace(h.logs.Bytes()), &line))
	for key, want := range map[string]any{
		"route": "/api/v1/tasks/:taskId/claim", "status": 200.0, "process": process, "task": task,
		"command": result.Command.String(), "person": theAttendant, "traceId": id.String(),
	} {
		require.Equal(t, want, line[key], key)
	}
}

func TestSpansCarryRouteAndIds(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	h := newHouse(t, func(d *Deps) { d.Tracing = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)) })
	process, task := h.start(1)
	h.command(theAttendant, task, "claim", nil)
	require.Equal(t, http.StatusOK, h.as("", "GET", "/healthz", nil).status)
	problem := h.as(theOutsider, "GET", "/api/v1/tasks/"+task, nil).problem()

	ended := spans.Ended()
	require.Equal(t, "GET /api/v1/tasks/:taskId", ended[len(ended)-1].Name(), "health checks are not traced")
	require.Equal(t, ended[len(ended)-1].SpanContext().TraceID().String(), problem.TraceID)
	claim := ended[len(ended)-2]
	require.Equal(t, "POST /api/v1/tasks/:taskId/claim", claim.Name())
	for key, want := range map[string]string{"http.route": "/api/v1/tasks/:taskId/claim", "steward.process": process, "steward.task": task, "steward.person": theAttendant} {
		require.Contains(t, claim.Attributes(), attribute.String(key, want))
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	away := errors.New("no route to host 10.0.0.9")
	h := newHouse(t, func(d *Deps) {
		d.Probes = []Probe{
			{Name: CheckNameReceipts, Needed: true, Check: func(context.Context) error { return nil }},
			{Name: CheckNameTemporal, Check: func(context.Context) error { return away }},
		}
	})
	var r Readiness
	h.ok("", "GET", "/readyz", nil, &r)
	require.Equal(t, ReadinessStatusReady, r.Status, "decisions need only the database")
	require.Equal(t, []Check{{Name: "database", Ok: true, Needed: true}, {Name: "receipts", Ok: true, Needed: true}, {Name: "temporal"}}, r.Checks)

	h.store.Close()
	a := h.as("", "GET", "/readyz", nil)
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.NotContains(t, string(a.body), "10.0.0.9")
	require.Equal(t, http.StatusOK, h.as("", "GET", "/healthz", nil).status)
}

// cutter is a connection to Postgres that can be cut.
type cutter struct {
	net.Listener
	target string
	mu     sync.Mutex
	conns  []net.Conn
	cut    bool
}

func newCutter(t *testing.T, target string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &cutter{Listener: l, target: target}
	t.Cleanup(func() { c.set(true); _ = l.Close() })
	go c.serve()
	return c
}

func (c *cutter) serve() {
	for {
		in, err := c.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", c.target)
		if err != nil || !c.keep(in, out) {
			_ = in.Close()
			continue
		}
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
	}
}

func (c *cutter) keep(conns ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conns...)
	return !c.cut
}

func (c *cutter) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	for _, conn := range c.conns {
		if cut {
			_ = conn.Close()
		}
	}
}

func TestDatabaseAwayAndBack(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(storetest.NewURL(t))
	require.NoError(t, err)
	line := newCutter(t, address.Host)
	address.Host = line.Addr().String()
	h := newHouseOn(t, storetest.Open(t, address.String(), store.Options{}))
	process, task := h.start(1)
	token := h.token(theAttendant)
	claim := func() answer {
		return h.send(h.request("POST", "/api/v1/tasks/"+task+"/claim", nil, "Idempotency-Key", "k", "Authorization", "Bearer "+token))
	}
	line.set(true)
	began := time.Now()
	a := claim()
	require.Equal(t, http.StatusServiceUnavailable, a.status, string(a.body))
	require.Equal(t, codeUnavailable, a.problem().Code)
	require.NotEmpty(t, a.header.Get("Retry-After"))
	require.Less(t, time.Since(began), 2*time.Second)
	line.set(false)
	require.Eventually(t, func() bool { return claim().status == http.StatusOK }, 15*time.Second, 20*time.Millisecond)
	// Each idle connection that was cut costs one answer of 503.
	require.Eventually(t, func() bool {
		a := h.send(h.request("GET", "/api/v1/tasks", nil, "Authorization", "Bearer "+token))
		return a.status == http.StatusOK && strings.Contains(string(a.body), process)
	}, 15*time.Second, 20*time.Millisecond)
}

func TestDepsAndConfigAreChecked(t *testing.T) {
	t.Parallel()
	_, err := New(Deps{})
	require.ErrorContains(t, err, "Deps.Store is missing")
	h := newHouse(t)
	for _, c := range []Config{{BodyLimit: -1}, {PersonRate: -1}, {AddressBurst: -1}, {RequestTimeout: -1}} {
		_, err := New(Deps{Store: h.store, People: h.people, Commander: h.server.commander, Catalog: h.server.catalog, Config: c})
		require.ErrorContains(t, err, "negative")
	}
}

func TestAddressComesFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	require.NoError(t, err)
	r.RemoteAddr = "10.0.0.1:5"
	r.Header.Set("X-Forwarded-For", "203.0.113.9, 10.0.0.2")
	require.Equal(t, "10.0.0.1", addressOf(nil)(r))
	require.Equal(t, "203.0.113.9", addressOf([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})(r))
	require.Equal(t, "10.0.0.1", addressOf([]netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")})(r), "a stranger's word counts for nothing")
	require.Equal(t, "10.0.0.1", addressOf([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})(r), "only what is listed is trusted")
}

func TestLanguageIsNegotiated(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": "", "zh": "zh", "en": "en", "zh-CN,zh;q=0.9,en;q=0.8": "zh", "en-US,en;q=0.9,zh;q=0.8": "en", "fr": "", "*": "", "fr, *;q=0.1": "",
		"en;q=0": "", "en;q=0, zh;q=0.1": "zh", "zh;q=0.3;x, en;q=0.4": "en", "EN": "en", "en;q=2": "", "en;q=x, zh;q=0.1": "zh", "en;q=nan": "", ",,;": "", "zh;level=1": "zh",
	} {
		require.Equal(t, want, preferred(header), header)
	}
}

func TestEveryErrorBecomesAProblem(t *testing.T) {
	t.Parallel()
	for _, known := range domainFailures() {
		f := failureOf(fmt.Errorf("context: %w", known.err))
		require.Equal(t, known.code, f.code)
	}
	for err, want := range map[error]string{
		errors.New("nobody foresaw this"):                    codeInternal,
		fmt.Errorf("x: %w", store.ErrInvalid):                codeInvalid,
		fmt.Errorf("x: %w", &http.MaxBytesError{Limit: 1}):   codeTooLarge,
		signInFailure(people.ErrWrongCredentials):            codeCredentials,
		signInFailure(&people.LockedError{RetryAfter: 1}):    codeLocked,
		fmt.Errorf("x: %w", failField("a", "b", Text{})):     codeInvalid,
		fmt.Errorf("x: %w", &failure{code: "of the future"}): "of the future",
		fmt.Errorf("wrapped %w", store.ErrUnavailable):       codeUnavailable,
		fmt.Errorf("wrapped %w", context.DeadlineExceeded):   codeTimeout,
	} {
		require.Equal(t, want, failureOf(err).code, err)
	}
}
