package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/apptest"
	"steward/internal/devserver/postgres"
	"steward/internal/store"
)

// ownPostgres is a Postgres that a test may kill.
type ownPostgres struct {
	*postgres.Server
	t   *testing.T
	dir string
}

func newPostgres(t *testing.T) *ownPostgres {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "steward-e2e-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	o := &ownPostgres{t: t, dir: dir}
	o.up()
	t.Cleanup(func() { _ = o.Stop(context.WithoutCancel(t.Context())) })
	return o
}

// up starts the server, on the same port as before.
func (o *ownPostgres) up() {
	o.t.Helper()
	server, err := postgres.Start(o.t.Context(), postgres.Options{Dir: o.dir})
	require.NoError(o.t, err)
	if o.Server != nil {
		require.Equal(o.t, o.Port(), server.Port(), "somebody took the port meanwhile")
	}
	o.Server = server
}

// kill ends every process of the server at once, as a machine that fails does: what a transaction has left in the server's memory is
// gone. The postmaster is stopped first, so that it neither notices nor replaces what it loses.
func (o *ownPostgres) kill() {
	o.t.Helper()
	postmaster := o.PID()
	require.NoError(o.t, syscall.Kill(postmaster, syscall.SIGSTOP))
	for _, child := range childrenOf(o.t, postmaster) {
		_ = syscall.Kill(child, syscall.SIGKILL) // it may have ended meanwhile
	}
	require.NoError(o.t, syscall.Kill(postmaster, syscall.SIGKILL))
	<-o.Done()
}

// childrenOf lists the child processes of a process.
func childrenOf(t *testing.T, parent int) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	require.NoError(t, err)
	var children []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // it has ended
		}
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // behind the name: state, parent, …
		if len(fields) > 1 && string(fields[1]) == strconv.Itoa(parent) {
			children = append(children, pid)
		}
	}
	require.NotEmpty(t, children)
	return children
}

// database makes the product's database. What transactions leave unwritten stays so for ten seconds instead of a fifth of one, unless
// somebody waits for it: a promise that nobody waited for is broken by the next kill.
func (o *ownPostgres) database() string {
	o.t.Helper()
	require.NoError(o.t, o.CreateDatabase(o.t.Context(), "steward"))
	conn, err := pgx.Connect(o.t.Context(), o.URL("steward"))
	require.NoError(o.t, err)
	defer func() { _ = conn.Close(o.t.Context()) }()
	for _, sql := range []string{"ALTER SYSTEM SET wal_writer_delay = '10s'", "SELECT pg_reload_conf()"} {
		_, err = conn.Exec(o.t.Context(), sql)
		require.NoError(o.t, err)
	}
	_, err = store.Migrate(o.t.Context(), o.URL("steward"))
	require.NoError(o.t, err)
	return o.URL("steward")
}

// TestAnswersOutlivePostgres: a client is told that a command is stored, or decided, and that moment Postgres and all that it had in
// memory are gone, while nobody else writes. The command is there afterwards, and is decided.
func TestAnswersOutlivePostgres(t *testing.T) {
	pg := newPostgres(t)
	url := pg.database()
	h := apptest.Start(t, func(c *app.Config) { c.DatabaseURL, c.Decide = url, advance.ModeWorkflow })
	h.Publish(leave)
	w := newWire(t, h, "http://"+h.App.Addr, "ahua")
	for range 3 {
		outlive(t, pg, h, w, 2, http.StatusAccepted)
		outlive(t, pg, h, w, 0, http.StatusOK)
	}
}

// outlive completes a task, held back for so many seconds, and kills Postgres as soon as the answer is there.
func outlive(t *testing.T, pg *ownPostgres, h *apptest.House, w *wire, hold, want int) {
	t.Helper()
	id, err := begin(h, "leave", map[string]any{"days": 1})
	require.NoError(t, err)
	quiet(t, h, id.String())
	var task uuid.UUID
	require.NoError(t, h.App.Store.Lists().QueryRow(t.Context(), `SELECT id FROM tasks WHERE process_id = $1`, id).Scan(&task))
	path, body := "/api/v1/tasks/"+task.String()+"/complete", map[string]any{"outcome": "done", "holdSeconds": hold}
	status, answer, err := w.do(t.Context(), "ahua", http.MethodPost, path, uuid.NewString(), body)
	pg.kill()
	require.NoError(t, err)
	require.Equal(t, want, status, "%v", answer)
	pg.up()

	command := "/api/v1/commands/" + read(answer, "plan").Command
	require.Eventually(t, func() bool {
		status, answer, err = w.do(t.Context(), "ahua", http.MethodGet, command, "", nil)
		return err == nil && status < http.StatusInternalServerError
	}, 30*time.Second, 50*time.Millisecond, "the product is not back after Postgres is")
	require.Equal(t, http.StatusOK, status, "acknowledged, and lost: %v", answer)
	require.True(t, want == http.StatusAccepted || answer["status"] == "applied", "decided, and forgotten: %v", answer)
	require.Eventually(t, func() bool {
		status, answer, err = w.do(t.Context(), "ahua", http.MethodGet, command, "", nil)
		return err == nil && answer["status"] == "applied"
	}, time.Minute, 50*time.Millisecond, "it is never decided")
	again(h)
	require.Len(t, h.Log(id.String()), 2)
}

// again gives a test new connections, after those it had went down with Postgres.
func again(h *apptest.House) {
	h.App.Store.Pool().Reset()
	h.App.Store.Lists().Reset()
}

// TestACommandLostBeforeItsAnswer: a command that nobody was told of goes down with Postgres, whose return its request outlives. The
// client is told to try again, not that there is no such thing, and the repetition counts.
func TestACommandLostBeforeItsAnswer(t *testing.T) {
	pg := newPostgres(t)
	url, g := pg.database(), newGates()
	h := apptest.Start(t, func(c *app.Config) {
		c.DatabaseURL, c.Decide, c.Hook, c.Patience = url, advance.ModeWorkflow, g.hook, 5*time.Second
	})
	h.Publish(leave)
	asker := h.SignIn("ahua")
	id := asker.Start("leave", map[string]any{"days": 1})
	path, key, body := fmt.Sprintf("/api/v1/tasks/%s/complete", asker.Task(id, "plan")["id"]), uuid.NewString(), map[string]any{"outcome": "done"}
	quiet(t, h, id)

	gate := g.close(t, advance.PointBeforeCommit, id)
	answer := make(chan answered, 1)
	go func() {
		a, err := asker.Try("POST", path, key, body)
		answer <- answered{a, err}
	}()
	gate.await(t)
	pg.kill()
	pg.up()
	gate.open()
	first := <-answer
	require.NoError(t, first.err)
	require.Equal(t, http.StatusServiceUnavailable, first.Status, first.Body)
	require.Eventually(t, func() bool {
		a, err := asker.Try("POST", path, key, body)
		return err == nil && a.Status == http.StatusOK
	}, 30*time.Second, 50*time.Millisecond, "the repetition is not decided")
	again(h)
	require.Len(t, h.Log(id), 2)
}

// TestPostgresKilledUnderLoad: Postgres dies at moments at which a client was just told that a command is stored, while others are
// told of decisions.
func TestPostgresKilledUnderLoad(t *testing.T) {
	pg := newPostgres(t)
	url := pg.database()
	f := newFleet(t, role{Decide: advance.ModeWorkflow, Quiet: true}, func(c *app.Config) { c.DatabaseURL = url })
	server := f.launch(func(r *role) { r.Listen = freeAddress(t) })
	f.launch(func(r *role) { r.Worker = true })
	c := f.crowd("http://"+server.role.Listen, 6, 1)
	for range max(rounds(t)/7, 1) {
		waitFor(t, c, 10)
		c.awaitStored(t)
		pg.kill()
		pg.up()
	}
	waitFor(t, c, 10)
	c.finish()
	c.check()
}
