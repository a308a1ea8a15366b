package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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

// newFleet prepares an installation without programs; the house runs no worker. change says which Temporal or Postgres is used,
// where it is not the one of all tests; it may be nil.
func newFleet(t *testing.T, r role, change func(*app.Config)) *fleet {
	t.Helper()
	h := apptest.Start(t, func(c *app.Config) {
		c.Worker = false
		if change != nil {
			change(c)
		}
	})
	h.Publish(leave)
	r.DatabaseURL, r.Temporal, r.TaskQueue = h.Config.DatabaseURL, h.Config.TemporalAddress, h.Config.TaskQueue
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
	address, err := process.FreeAddress(t.Context())
	require.NoError(t, err)
	return address
}
