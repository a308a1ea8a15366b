package apptest

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/internal/app"
	"steward/internal/devserver/process"
	"steward/internal/devserver/temporalproc"
	"steward/internal/people"
	"steward/internal/store"
	"steward/internal/storetest"
)

var (
	temporalOnce sync.Once
	temporalRun  *temporalproc.Server
	errTemporal  error
)

// Temporal answers the development Temporal that the tests of this binary share. It ends with the binary.
func Temporal(t testing.TB) *temporalproc.Server {
	t.Helper()
	url := storetest.ServerURL(t)
	temporalOnce.Do(func() { temporalRun, errTemporal = StartTemporal(url, 0) })
	require.NoError(t, errTemporal)
	return temporalRun
}

// StartTemporal starts a development Temporal on the Postgres server at url; port 0 means a free one.
func StartTemporal(url string, port int) (*temporalproc.Server, error) {
	root, err := temporalproc.FindRoot(".")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	return temporalproc.Start(ctx, temporalproc.Options{Root: root, PostgresURL: url, NoUI: true, Port: port})
}

// House is one Steward under test.
type House struct {
	T           testing.TB
	App         *app.App
	Config      app.Config
	DatabaseURL string
	address     string // the same whenever it is up
}

// Start runs a Steward with the demo people on a database of its own. change may alter the configuration before.
func Start(t testing.TB, change func(*app.Config)) *House {
	t.Helper()
	h := &House{T: t, DatabaseURL: storetest.NewURL(t)}
	h.Config = app.Config{
		DatabaseURL: h.DatabaseURL, TemporalAddress: Temporal(t).Address(), TaskQueue: "test-" + uuid.NewString(), Worker: true,
		Log:       slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		Store:     store.Options{MaxConns: 12, ListMaxConns: 4},
		Intervals: app.Intervals{Dispatch: 50 * time.Millisecond, Sweep: 500 * time.Millisecond, Settle: 2 * time.Second},
	}
	h.Config.People.Argon2 = people.Argon2{MemoryKiB: 64, Passes: 1, Lanes: 1} // signing in is not what these tests are about
	h.Config.API.PersonRate, h.Config.API.PersonBurst = 1e6, 1e6
	h.Config.API.AddressRate, h.Config.API.AddressBurst = 1e6, 1e6
	if change != nil {
		change(&h.Config)
	}
	h.Up()
	t.Cleanup(h.Down)
	require.NoError(t, h.App.People.SeedDemo(t.Context()))
	return h
}

// PublishLibrary publishes the shipped definitions.
func (h *House) PublishLibrary() {
	h.T.Helper()
	_, err := h.App.PublishLibrary(h.T.Context())
	require.NoError(h.T, err)
}

// Up starts the program; on the same address as before when it ran already.
func (h *House) Up() {
	h.T.Helper()
	if h.address == "" {
		address, err := process.FreeAddress(h.T.Context())
		require.NoError(h.T, err)
		h.address = address
	}
	listener, err := new(net.ListenConfig).Listen(h.T.Context(), "tcp", h.address)
	require.NoError(h.T, err)
	h.Config.Listener = listener
	h.App, err = app.Start(context.Background(), h.Config)
	require.NoError(h.T, err)
}

// Down stops the program.
func (h *House) Down() { h.App.Stop() }

// Publish publishes a definition written in a test.
func (h *House) Publish(source string) {
	h.T.Helper()
	_, err := h.App.Publish(h.T.Context(), definitions.Bundle{Name: "test.yaml", Source: source, Files: map[string]string{}}, "test")
	require.NoError(h.T, err)
}

// Set gives a house parameter of a definition a value, from now on.
func (h *House) Set(definition, name string, value any) {
	h.T.Helper()
	h.SetAll(definition, map[string]any{name: value})
}

// SignIn signs a demo person in.
func (h *House) SignIn(user string) *Client {
	h.T.Helper()
	c := &Client{t: h.T, base: "http://" + h.App.Addr, user: user}
	res := c.Do("POST", "/api/v1/session", map[string]any{"user": user, "password": people.DemoPassword})
	require.Equal(h.T, 200, res.Status/100*100, res.Body)
	c.cookie = strings.SplitN(res.Header.Get("Set-Cookie"), ";", 2)[0]
	require.NotEmpty(h.T, c.cookie)
	return c
}
