package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/apptest"
	"steward/internal/devserver/process"
)

// fleet is an installation of several programs that can be killed, beside a house that only looks on.
type fleet struct {
	t     *testing.T
	house *apptest.House
	role  role
}

// newFleet prepares an installation without programs; the house serves nothing and runs no worker.
func newFleet(t *testing.T, temporal string, r role) *fleet {
	t.Helper()
	h := apptest.Start(t, func(c *app.Config) {
		c.Worker = false
		if temporal != "" {
			c.TemporalAddress = temporal
		}
	})
	h.Publish(leave)
	r.DatabaseURL, r.Temporal, r.TaskQueue = h.DatabaseURL, h.Config.TemporalAddress, h.Config.TaskQueue
	return &fleet{t: t, house: h, role: r}
}

// program is one running program of the fleet.
type program struct {
	fleet *fleet
	role  role
	mu    sync.Mutex
	cmd   *exec.Cmd
	gone  chan struct{}
}

// launch starts a program; change may alter its role.
func (f *fleet) launch(change func(*role)) *program {
	f.t.Helper()
	p := &program{fleet: f, role: f.role}
	if change != nil {
		change(&p.role)
	}
	p.start()
	f.t.Cleanup(p.end)
	return p
}

func (p *program) start() {
	p.fleet.t.Helper()
	text, err := json.Marshal(p.role)
	require.NoError(p.fleet.t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	require.NoError(p.fleet.t, err)
	require.NoError(p.fleet.t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(p.fleet.t, err, "the program did not start")
	require.Equal(p.fleet.t, "up\n", line)
	gone := make(chan struct{})
	p.mu.Lock()
	p.cmd, p.gone = cmd, gone
	p.mu.Unlock()
	go func() { _ = cmd.Wait(); close(gone) }()
}

// kill ends the program with SIGKILL and waits until it is gone.
func (p *program) kill() {
	p.mu.Lock()
	cmd, gone := p.cmd, p.gone
	p.mu.Unlock()
	_ = cmd.Process.Signal(syscall.SIGKILL)
	<-gone
}

// again starts the program once more, without harm.
func (p *program) again() {
	p.role.Point = ""
	p.start()
}

func (p *program) end() { p.kill() }

// died waits until the program has come to the harm that its role asked for.
func (p *program) died() {
	p.fleet.t.Helper()
	select {
	case <-p.gone:
	case <-time.After(30 * time.Second):
		p.fleet.t.Fatal("the program did not reach its fail-point")
	}
}

// freeAddress answers an address on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := process.FreePort(t.Context())
	require.NoError(t, err)
	return process.Address(port)
}

// acknowledged is one answer that a client got and that must never be lost: its own journal, apart from all programs.
type acknowledged struct {
	process, command, step string
	seq                    int64
}

// crowd is a number of clients that start processes and bring them to their end, whatever happens meanwhile. A request
// without an answer is repeated under the same key.
type crowd struct {
	f       *fleet
	base    string
	cookies map[string]string
	stop    atomic.Bool
	wg      sync.WaitGroup
	mu      sync.Mutex
	journal []acknowledged
	done    atomic.Int64
}

func (f *fleet) crowd(base string, clients int) *crowd {
	f.t.Helper()
	c := &crowd{f: f, base: base, cookies: map[string]string{}}
	for _, user := range []string{"ahua", "ali"} {
		session, err := f.house.App.People.SignIn(f.t.Context(), signInOf(user))
		require.NoError(f.t, err)
		c.cookies[user] = "steward_session=" + session.Token
	}
	for range clients {
		c.wg.Go(func() {
			for !c.stop.Load() {
				if !c.course() {
					return
				}
				c.done.Add(1)
			}
		})
	}
	return c
}

// finish lets the clients end what they are at.
func (c *crowd) finish() {
	c.stop.Store(true)
	c.wg.Wait()
}

// course brings one process from its start to its end.
func (c *crowd) course() bool {
	start, ok := c.send("ahua", "/api/v1/processes", map[string]any{"definition": "leave", "input": map[string]any{"days": 1}}, "start")
	if !ok {
		return false
	}
	id := start.process
	return c.act("ahua", id, "plan", "done") && c.act("ali", id, "approve", "approved")
}

func (c *crowd) act(user, id, step, outcome string) bool {
	task, ok := c.task(id, step)
	if !ok {
		return false
	}
	_, ok = c.send(user, "/api/v1/tasks/"+task+"/complete", map[string]any{"outcome": outcome}, step)
	return ok
}

// task finds the open task of a step in the database: the clients' own list is not what is under test here.
func (c *crowd) task(processID, step string) (string, bool) {
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		var id uuid.UUID
		err := c.f.house.App.Store.Lists().QueryRow(c.f.t.Context(), `SELECT id FROM tasks WHERE process_id = $1 AND step = $2`, processID, step).Scan(&id)
		if err == nil {
			return id.String(), true
		}
	}
	c.f.t.Errorf("process %s has no task %s", processID, step)
	return "", false
}

// send repeats one request until it is acknowledged, and journals the answer.
func (c *crowd) send(user, path string, body any, step string) (acknowledged, bool) {
	key := uuid.NewString()
	text, err := json.Marshal(body)
	if err != nil {
		c.f.t.Error(err)
		return acknowledged{}, false
	}
	client := http.Client{Timeout: 8 * time.Second}
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		req, err := http.NewRequest(http.MethodPost, c.base+path, strings.NewReader(string(text)))
		if err != nil {
			break
		}
		req.Header = http.Header{
			"Content-Type": {"application/json"}, "Idempotency-Key": {key}, "X-Requested-With": {"steward"}, "Cookie": {c.cookies[user]},
		}
		res, err := client.Do(req)
		if err != nil {
			continue
		}
		var answer map[string]any
		decodeErr := json.NewDecoder(res.Body).Decode(&answer)
		_ = res.Body.Close()
		if decodeErr != nil || res.StatusCode == http.StatusAccepted || res.StatusCode >= 500 {
			continue
		}
		if res.StatusCode >= 400 {
			c.f.t.Errorf("%s %s: %d %v", step, path, res.StatusCode, answer)
			return acknowledged{}, false
		}
		ack := read(answer, step)
		c.mu.Lock()
		c.journal = append(c.journal, ack)
		c.mu.Unlock()
		return ack, true
	}
	c.f.t.Errorf("%s %s was never acknowledged", step, path)
	return acknowledged{}, false
}

func read(answer map[string]any, step string) acknowledged {
	ack := acknowledged{step: step}
	ack.process, _ = answer["process"].(string)
	ack.command, _ = answer["command"].(string)
	seq, _ := answer["seq"].(float64) // as JSON has it
	ack.seq = int64(seq)
	return ack
}

// check compares the clients' journal with the decision log and the projections: nothing lost, nothing doubled, everything
// ended, nothing unsettled.
func (c *crowd) check() {
	t, st := c.f.t, c.f.house.App.Store
	t.Helper()
	require.NotEmpty(t, c.journal)
	processes := map[string]bool{}
	for _, ack := range c.journal {
		processes[ack.process] = true
		var seq int64
		err := st.Lists().QueryRow(t.Context(), `SELECT seq FROM decision_log WHERE process_id = $1 AND event_id = $2`, ack.process, "cmd/"+ack.command).Scan(&seq)
		require.NoError(t, err, "acknowledged and lost: %+v", ack)
		require.Equal(t, ack.seq, seq, "%+v", ack)
	}
	for id := range processes {
		var ended bool
		var tasks, log int
		err := st.Lists().QueryRow(t.Context(), `SELECT status = 'ended' AND outcome = 'granted', (SELECT count(*) FROM tasks WHERE process_id = p.id),
(SELECT count(*) FROM decision_log WHERE process_id = p.id) FROM processes p WHERE id = $1`, id).Scan(&ended, &tasks, &log)
		require.NoError(t, err)
		require.True(t, ended, "process %s has not ended", id)
		require.Equal(t, 2, tasks, "process %s", id)
		require.Equal(t, 3, log, "process %s", id)
		require.NoError(t, c.f.house.App.Advancer.Verify(t.Context(), uuid.MustParse(id)))
	}
	c.settled()
	t.Logf("%d acknowledged answers of %d processes: 0 lost, 0 doubled", len(c.journal), len(processes))
}

// settled waits until nothing is wanted from Temporal any more and every workflow of an ended process is closed.
func (c *crowd) settled() {
	t, st := c.f.t, c.f.house.App.Store
	t.Helper()
	require.Eventually(t, func() bool {
		var open, commands int
		err := st.Lists().QueryRow(t.Context(), `SELECT (SELECT count(*) FROM processes WHERE unsettled_since IS NOT NULL), (SELECT count(*) FROM commands WHERE settled_at IS NULL)`).Scan(&open, &commands)
		return err == nil && open == 0 && commands == 0
	}, time.Minute, 100*time.Millisecond, "something is still unsettled after a minute")
	require.Eventually(t, func() bool {
		n, err := openWorkflows(t.Context(), c.f.house)
		return err == nil && n == 0
	}, time.Minute, 200*time.Millisecond, "workflows of ended processes are still open")
}

func describe(mode advance.Mode, harm string, point advance.FailPoint) string {
	return fmt.Sprint(mode, "/", harm, "/", point)
}
