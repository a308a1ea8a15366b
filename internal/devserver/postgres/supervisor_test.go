package postgres

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// supervisorRole makes this test binary a run of its own that can be killed: it
// starts a server on the folder named by the variable and says where.
const supervisorRole = "STEWARD_TEST_SUPERVISE"

// announcement is what such a run prints.
type announcement struct {
	URL string `json:"url"`
	PID int    `json:"pid"`
	Err string `json:"err"`
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(supervisorRole); dir != "" {
		superviseUntilKilled(dir)
		return
	}
	os.Exit(m.Run())
}

func superviseUntilKilled(dir string) {
	server, err := Start(context.Background(), Options{Dir: dir})
	if err != nil {
		announce(announcement{Err: err.Error()})
		os.Exit(1)
	}
	announce(announcement{URL: server.URL("postgres"), PID: server.PID()})
	<-server.Done() // somebody killed the server: end as a crash would
	os.Exit(3)
}

func announce(a announcement) {
	if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// supervisor is a running one.
type supervisor struct {
	announcement
	cmd *exec.Cmd
}

func startSupervisor(t *testing.T, dir string) *supervisor {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), supervisorRole+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	require.NoError(t, err)
	s := &supervisor{cmd: cmd}
	require.NoError(t, json.Unmarshal(line, &s.announcement), "%s", line)
	require.Empty(t, s.Err)
	return s
}

// kill ends the supervisor as a crash would, and leaves its server alone.
func (s *supervisor) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Kill())
	require.Error(t, s.cmd.Wait())
}

// startServer starts one on dir and stops it with the test.
func startServer(t *testing.T, opts Options) *Server {
	t.Helper()
	server, err := Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, server.Stop(ctx))
	})
	return server
}
