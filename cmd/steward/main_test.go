package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/internal/store"
	"steward/internal/storetest"
)

// said is what a run of the program printed.
type said struct {
	code     int
	out, err string
}

func steward(t *testing.T, in string, args ...string) said {
	t.Helper()
	var out, problems strings.Builder
	code := run(t.Context(), args, streams{in: strings.NewReader(in), out: &out, err: &problems})
	return said{code: code, out: out.String(), err: problems.String()}
}

func TestHelpIsPrintedWithoutArguments(t *testing.T) {
	t.Parallel()
	s := steward(t, "")
	require.Zero(t, s.code)
	for _, command := range []string{"dev", "serve", "worker", "migrate", "lint", "simulate", "test", "incidents", "recover", "calendar load", "parameters set", "people", "groups put", "posts put", "rooms retire", "definitions needs", "token create", "token list", "token revoke", "version"} {
		require.Contains(t, s.out, "\n  "+command)
	}
	require.NotContains(t, s.out, "config-docs")
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown flag":       {[]string{"serve", "--database-url", "x", "--prot", "1"}, exitUsage, "--prot"},
		"unknown command":    {[]string{"sreve"}, exitUsage, "sreve"},
		"no database":        {[]string{"migrate"}, exitUsage, "--database-url"},
		"bad number":         {[]string{"serve", "--database-url", "x", "--person-burst", "many"}, exitUsage, "--person-burst"},
		"bad choice":         {[]string{"dev", "--decide", "people"}, exitUsage, "--decide"},
		"bad zone":           {[]string{"serve", "--database-url", "x", "--time-zone", "Moon"}, exitFailed, "--time-zone"},
		"bad proxies":        {[]string{"serve", "--database-url", "x", "--trusted-proxies", "10.0.0.1"}, exitFailed, "--trusted-proxies"},
		"zero limit":         {[]string{"serve", "--database-url", "x", "--body-limit", "0"}, exitFailed, "--body-limit"},
		"zero interval":      {[]string{"worker", "--database-url", "x", "--sweep-every", "0s"}, exitFailed, "--sweep-every"},
		"too few":            {[]string{"worker", "--database-url", "x", "--max-conns", "1"}, exitFailed, "--max-conns"},
		"impatient":          {[]string{"worker", "--database-url", "x", "--patience=-1s"}, exitFailed, "--patience"},
		"recover what":       {[]string{"recover", "--database-url", "x"}, exitUsage, "--temporal-lost"},
		"recover both":       {[]string{"recover", "--database-url", "x", "--temporal-lost", "--postgres-restored"}, exitUsage, "--postgres-restored"},
		"incident id":        {[]string{"incidents", "drop", "seven", "--database-url", "x"}, exitFailed, "seven"},
		"no such file":       {[]string{"calendar", "load", "/nowhere.yaml", "--database-url", "x"}, exitUsage, "/nowhere.yaml"},
		"fresh, not ours":    {[]string{"dev", "--fresh", "--database-url", "postgres://x", "--dir", filepath.Join(t.TempDir(), "d")}, exitFailed, "--fresh"},
		"dir is a file":      {[]string{"dev", "--dir", "main_test.go"}, exitFailed, "--dir"},
		"no such log level":  {[]string{"version", "--log-level", "loud"}, exitUsage, "--log-level"},
		"no role of this":    {[]string{"people", "put", "x", "--name", "x", "--roles", "king", "--database-url", "x"}, exitUsage, "--roles"},
		"no such health URL": {[]string{"health", "--url", "http://127.0.0.1:1/healthz"}, exitFailed, "not healthy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := steward(t, "", c.args...)
			require.Equal(t, c.code, s.code, s.err)
			require.Contains(t, s.err, c.want)
			require.Equal(t, 1, strings.Count(s.err, "steward: "), s.err)
		})
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://steward:hush-hush@127.0.0.1:1/steward?connect_timeout=1")
	for _, args := range [][]string{
		{"serve", "--help"},
		{"serve", "--nonsense"},
		{"migrate"},
		{"worker"},
		{"incidents", "list"},
		{"incidents", "retry", "3f1a9a52-3f0e-4f3a-8a0e-0d5d3f6f1c11"},
		{"people", "list"},
		{"parameters", "list"},
		{"parameters", "set", "a", "b", "c"},
		{"config-docs"},
	} {
		s := steward(t, "", args...)
		require.NotContains(t, s.out+s.err, "hush-hush", "%v", args)
	}
	t.Setenv("DATABASE_URL", "postgres://steward:hush-hush@127.0.0.1:notaport/steward")
	s := steward(t, "", "migrate")
	require.Equal(t, exitFailed, s.code)
	require.NotContains(t, s.out+s.err, "hush-hush")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	s := steward(t, "", "version")
	require.Zero(t, s.code)
	require.Regexp(t, `^steward \S+ \(go1\.\d+.*\)\n$`, s.out)
}

func TestConfigurationDocIsCurrent(t *testing.T) {
	t.Parallel()
	s := steward(t, "", "config-docs")
	require.Zero(t, s.code)
	page, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	require.Equal(t, s.out, string(page), "run make generate")
	require.Contains(t, s.out, "| `--decide` | `STEWARD_DECIDE` | `workflow` |")
	require.NotContains(t, s.out, "build-temporal")
}

func TestHealthAsks(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			return
		}
		http.Error(w, "database away", http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	require.Equal(t, said{out: "healthy\n"}, steward(t, "", "health", "--url", server.URL+"/healthz"))
	s := steward(t, "", "health", "--url", server.URL+"/readyz")
	require.Equal(t, exitFailed, s.code)
	require.Contains(t, s.err, "database away")
}

func TestInterruptionIsNoError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	require.Equal(t, exitFailed, report(ctx, context.Canceled, &out))
	require.Empty(t, out.String())
}

func TestPeopleAreKept(t *testing.T) {
	t.Parallel()
	url := storetest.NewEmptyURL(t)
	db := []string{"--database-url", url}
	with := func(args ...string) []string { return append(args, db...) }

	s := steward(t, "", with("migrate")...)
	require.Zero(t, s.code, s.err)
	require.Contains(t, s.out, "migrated ")
	require.Equal(t, "the schema is up to date\n", steward(t, "", with("migrate")...).out)

	s = steward(t, "", with("people", "put", "lihua", "--name", "李华", "--roles", "admin,staff")...)
	require.Zero(t, s.code, s.err)
	require.Contains(t, steward(t, "", with("people", "list")...).out, "李华")

	s = steward(t, "", with("people", "set-password", "lihua")...)
	require.Equal(t, exitFailed, s.code)
	require.Contains(t, s.err, "standard input")
	s = steward(t, "short\n", with("people", "set-password", "lihua")...)
	require.Equal(t, exitFailed, s.code)
	require.NotContains(t, s.err, "short\n")
	s = steward(t, "long enough to be good\n", with("people", "set-password", "lihua")...)
	require.Zero(t, s.code, s.err)

	s = steward(t, "", with("token", "create", "lihua", "--name", "script", "--scopes", "read,write")...)
	require.Zero(t, s.code, s.err)
	require.Regexp(t, `^stw_\S+\n$`, s.out)
	s = steward(t, "long enough to be good\n", with("people", "set-password", "nobody")...)
	require.Equal(t, exitFailed, s.code)
	require.Contains(t, s.err, "nobody has the id nobody; `steward people list`")
}

func TestIncidentsAreListed(t *testing.T) {
	t.Parallel()
	url := storetest.NewURL(t)
	require.Equal(t, said{out: "no incidents\n"}, steward(t, "", "incidents", "list", "--database-url", url))
	st := storetest.Open(t, url, store.Options{})
	process := storetest.Process(t, st.Pool(), nil)
	incident, err := st.ReportIncident(t.Context(), store.NewIncident{ProcessID: process.ID, EventID: "cmd/1", Kind: "fuel", Message: "too many steps at pour", Detail: "mend the loop:\nit never ends"})
	require.NoError(t, err)

	s := steward(t, "", "incidents", "list", "--database-url", url)
	require.Contains(t, s.out, incident.ID.String())
	require.Contains(t, s.out, "\n  too many steps at pour\n  mend the loop:\n  it never ends\n", "with the remedy")
	s = steward(t, "", "incidents", "list", "--format", "json", "--database-url", url)
	require.Contains(t, s.out, `"event":"cmd/1"`)

	s = steward(t, "", "incidents", "retry", process.ID.String(), "--database-url", url, "--temporal-address", "127.0.0.1:1")
	require.Equal(t, exitFailed, s.code)
	require.Contains(t, s.err, "no open incident")
}
