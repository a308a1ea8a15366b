package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

const somewhere = "postgres://u:p@127.0.0.1:1/"

func TestParse(t *testing.T) {
	t.Setenv("TEMPORAL_DEV_POSTGRES_URL", somewhere)
	opts, err := parse(nil, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	want := options{
		postgresURL: somewhere, port: 7233, uiPort: 8233, namespace: "default",
		retention: 24 * time.Hour, logLevel: "fatal",
	}
	if opts != want {
		t.Errorf("defaults: got %+v, want %+v", opts, want)
	}
}

func TestParseNamesTheFlagAndTheRemedy(t *testing.T) {
	t.Parallel()
	tests := []struct{ args, want string }{
		{"--postgres-url=", "--postgres-url is empty"},
		{"--port=0", "--port is 0: choose a port from 1 to 65535"},
		{"--port=65536", "--port is 65536"},
		{"--ui-port=-1", "0 for no Web UI"},
		{"--ui-port=7233", "choose two different ports"},
		{"--namespace=a/b", "--namespace is \"a/b\""},
		{"--retention=59m", "choose at least 1h0m0s"},
		{"--retention=soon", "retention"},
		{"--log-level=loud", "choose debug, info, warn, error or fatal"},
		{"start", "unexpected argument \"start\""},
		{"--no-such-flag", "no-such-flag"},
	}
	for _, test := range tests {
		_, err := parse([]string{"--postgres-url=" + somewhere, test.args}, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.args, err, test.want)
		}
	}
	if _, err := parse([]string{"--help"}, &bytes.Buffer{}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: got %v", err)
	}
}

func TestParseStore(t *testing.T) {
	t.Parallel()
	st, err := parseStore("postgres://some%20body:s%2Fecret@db.example/app?sslmode=require&application_name=x")
	if err != nil {
		t.Fatal(err)
	}
	cfg := st.sql(coreDatabase)
	if cfg.ConnectAddr != "db.example:5432" || cfg.User != "some%20body" || cfg.Password != "s/ecret" {
		t.Errorf("got %s at %s", cfg.User, cfg.ConnectAddr)
	}
	if cfg.ConnectAttributes["sslmode"] != "require" || cfg.ConnectAttributes["application_name"] != "x" {
		t.Errorf("attributes: %v", cfg.ConnectAttributes)
	}
	parsed, err := url.Parse(st.database(visibilityDatabase))
	if err != nil || parsed.Path != "/temporal_visibility" || parsed.Query().Get("sslmode") != "require" {
		t.Errorf("database URL: %v, %v", parsed, err)
	}
	cfg.ConnectAttributes["sslmode"] = "changed"
	if st.sql(coreDatabase).ConnectAttributes["sslmode"] != "require" {
		t.Error("two configurations share their attributes")
	}
}

func TestParseStoreRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "db.example", "mysql://u:p@db.example/", "postgres:///local", "postgres://u:p@db.example:port/",
		"postgres://u:secret%20word@db.example/", "postgres://u:secret@db.example/?sslmode=sometimes", "postgres://u:secret@%zz/",
	} {
		_, err := parseStore(text)
		if err == nil || !strings.Contains(err.Error(), "--postgres-url") {
			t.Errorf("%q: got %v", text, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the password is shown: %v", text, err)
		}
	}
}

func TestTakenPortIsNamedBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp4", address(0))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	err = checkPorts(t.Context(), options{port: port})
	if err == nil || !strings.Contains(err.Error(), "port "+strconv.Itoa(port)+" (--port)") ||
		!strings.Contains(err.Error(), "choose another port") {
		t.Errorf("got %v", err)
	}
}

func TestUnreachablePostgresEndsTheStart(t *testing.T) {
	t.Parallel()
	port, err := freePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--postgres-url=" + somewhere, "--ui-port=0", "--port=" + strconv.Itoa(port)}
	err = execute(t.Context(), args, strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "connect to Postgres at 127.0.0.1:1") {
		t.Errorf("got %v", err)
	}
}

func TestUntilReturnsTheLastError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := until(ctx, func() error {
		if calls++; calls == 3 {
			cancel()
		}
		return errSecondServer
	})
	if calls != 3 || err == nil || !strings.Contains(err.Error(), errSecondServer.Error()) {
		t.Errorf("after %d calls: %v", calls, err)
	}
	if err := until(t.Context(), func() error { return nil }); err != nil {
		t.Error(err)
	}
}
