package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/devserver/process"
)

const (
	// retryEvery is the pause before another try after a crash whose remains are
	// still going away, and busyPatience how long that may take.
	retryEvery   = 250 * time.Millisecond
	busyPatience = 30 * time.Second
	// pollEvery is how often a starting server is asked, and answerPatience how
	// long one such question may take.
	pollEvery      = 20 * time.Millisecond
	answerPatience = 5 * time.Second
	// logLimit is the size at which the log of earlier runs is set aside.
	logLimit = 10 << 20
)

// launch starts the server and waits for its first answer. Backends of a killed
// server take a moment to notice; until then the shared memory is in use.
func launch(ctx context.Context, c cluster, opts Options) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, opts.StartTimeout)
	defer cancel()
	secret, err := os.ReadFile(c.password())
	if err != nil {
		return nil, folderError(c.home, err)
	}
	giveUp := time.Now().Add(busyPatience)
	for {
		server, said, err := c.tryOnce(ctx, opts, strings.TrimSpace(string(secret)))
		if err == nil {
			return server, nil
		}
		portLost := opts.Port == 0 && strings.Contains(said, "could not create any TCP/IP sockets")
		if ctx.Err() != nil || time.Now().After(giveUp) || !portLost && !busy(said) {
			return nil, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryEvery):
		}
	}
}

// busy recognizes the messages about a predecessor that is not quite gone.
func busy(said string) bool {
	return strings.Contains(said, "shared memory block") || strings.Contains(said, "lock file")
}

// tryOnce starts the server once; said is what it wrote to its log.
func (c cluster) tryOnce(ctx context.Context, opts Options, secret string) (server *Server, said string, err error) {
	port, err := c.pickPort(ctx, opts.Port)
	if err != nil {
		return nil, "", err
	}
	log, from, err := c.openLog()
	if err != nil {
		return nil, "", err
	}
	defer log.Close()
	// The server outlives the context of its start; Stop ends it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), c.bin.program("postgres"), c.serverArgs(opts, port)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.data(), serverEnv(), log, log
	child, err := process.Start(cmd, process.Options{Credential: c.acct.credential(), DeathSignal: deathSignal})
	if err != nil {
		return nil, "", c.startError(err, "")
	}
	server = &Server{
		cluster: c, child: child, port: port, secret: secret,
		patience: opts.StopPatience, log: opts.Logger, done: make(chan struct{}),
	}
	if err = server.awaitReady(ctx); err == nil {
		err = c.writePrivate(c.port(), strconv.Itoa(port))
	}
	if err == nil {
		opts.Logger.Info("postgres started", "pid", child.PID(), "port", port, "version", c.bin.Version, "data", c.data())
		return server, "", nil
	}
	stopErr := child.Stop(context.WithoutCancel(ctx), process.Step{Signal: syscall.SIGINT, Patience: opts.StopPatience},
		process.Step{Signal: syscall.SIGQUIT, Patience: quitPatience})
	said = readFrom(log.Name(), from)
	return nil, said, c.startError(errors.Join(err, stopErr), said)
}

// pickPort prefers the port of the last run: who was connected finds the server
// again after a restart.
func (c cluster) pickPort(ctx context.Context, fixed int) (int, error) {
	if fixed != 0 {
		return fixed, process.CheckPort(ctx, fixed, "Postgres")
	}
	if text, err := os.ReadFile(c.port()); err == nil {
		last, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err == nil && process.CheckPort(ctx, last, "Postgres") == nil {
			return last, nil
		}
	}
	return process.FreePort(ctx)
}

// serverArgs sets everything on the command line, so that nothing depends on a
// configuration file somebody edited. What makes commits safe stays at Postgres's
// defaults: fsync, synchronous_commit, full_page_writes.
func (c cluster) serverArgs(opts Options, port int) []string {
	settings := []string{
		"listen_addresses=" + process.Loopback,
		"port=" + strconv.Itoa(port),
		"unix_socket_directories=",
		"max_connections=" + strconv.Itoa(opts.MaxConnections),
		"shared_buffers=" + opts.SharedBuffers,
		"max_wal_size=2GB",
		"password_encryption=scram-sha-256",
		"timezone=UTC",
		"log_timezone=UTC",
		"log_line_prefix=%m [%p] %d ",
		"logging_collector=off",
		"log_destination=stderr",
	}
	args := []string{"-D", c.data()}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

func (c cluster) openLog() (*os.File, int64, error) {
	if info, err := os.Stat(c.log()); err == nil && info.Size() > logLimit {
		if err := os.Rename(c.log(), c.log()+".1"); err != nil {
			return nil, 0, fmt.Errorf("set the old log aside: %w", err)
		}
	}
	file, err := os.OpenFile(c.log(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, 0, folderError(c.home, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("look at %s: %w", c.log(), err), file.Close())
	}
	return file, info.Size(), nil
}

func readFrom(path string, offset int64) string {
	text, err := os.ReadFile(path)
	if err != nil || int64(len(text)) < offset {
		return ""
	}
	return string(text[offset:])
}

func (s *Server) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := s.ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.child.Done():
			return fmt.Errorf("postgres ended at once: %w", cmp.Or(s.child.Err(), errors.New("exit code 0")))
		case <-ctx.Done():
			return fmt.Errorf("no answer in time (%w), last: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// ask connects and makes sure that it is our server that answers.
func (s *Server) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL(superuser))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var data string
	if err := conn.QueryRow(ctx, "SELECT current_setting('data_directory')").Scan(&data); err != nil {
		return fmt.Errorf("ask for the data directory: %w", err)
	}
	if filepath.Clean(data) != s.DataDir() {
		return fmt.Errorf("port %d is served from %s, not from %s", s.port, data, s.DataDir())
	}
	return nil
}

func (c cluster) startError(cause error, said string) error {
	if said = strings.TrimSpace(said); said != "" {
		cause = fmt.Errorf("%w; it said: %s", cause, lastLines(said, 8))
	}
	return &Error{
		Kind: ErrStart, Cause: cause, Problem: c.bin.String() + " did not start",
		Remedy: "see " + c.log(),
	}
}

func lastLines(text string, count int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
