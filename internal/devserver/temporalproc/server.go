package temporalproc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"steward/internal/devserver/process"
)

// Options says what to run. PostgresURL is required, and Root or Program.
type Options struct {
	// Root is the repository's root (see FindRoot); the program is built from it.
	Root string
	// Program is an already built program; Root is not looked at then.
	Program string
	// PostgresURL is the server-level connection string. Its role must be able to
	// create databases.
	PostgresURL string
	// Port is the gRPC port on 127.0.0.1; 0 means a free one. Pass the port of the
	// last run so that clients reconnect after a restart.
	Port int
	// UIPort is the Web UI's port on 127.0.0.1; 0 means a free one.
	UIPort int
	// NoUI leaves the Web UI out.
	NoUI bool
	// PortPatience is how long to wait for a fixed port that is taken: the server
	// of a run that was killed needs a moment to end. 0 means ten seconds.
	PortPatience time.Duration
	// Namespace to create and wait for. Empty means "default".
	Namespace string
	// Retention is how long closed workflows are kept: at least an hour, 0 means
	// 24 hours.
	Retention time.Duration
	// LogLevel is debug, info, warn, error or fatal. Empty means fatal.
	LogLevel string
	// Log gets the program's messages. Nil keeps only the last ones, for errors.
	Log io.Writer
	// StartTimeout bounds the time from the start of the program until it serves
	// (a build does not count). 0 means two minutes.
	StartTimeout time.Duration
	// Progress is told, in sentences for a person, what takes time. May be nil.
	Progress func(string)
	// Logger gets what is of interest to a developer. May be nil.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Namespace == "" {
		o.Namespace = "default"
	}
	if o.Retention == 0 {
		o.Retention = 24 * time.Hour
	}
	if o.LogLevel == "" {
		o.LogLevel = "fatal"
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = 2 * time.Minute
	}
	if o.PortPatience == 0 {
		o.PortPatience = 10 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Server is one running Temporal server. Its methods are safe for concurrent use.
type Server struct {
	child   *process.Child
	stdin   io.Closer
	said    *tail
	port    int
	uiPort  int
	stop    sync.Once
	stopErr error
}

// Start builds the program when needed, runs it, and returns once the server
// answers for the namespace. A port that is taken is a *process.PortInUseError,
// other foreseeable trouble an *Error. ctx bounds the start only.
func Start(ctx context.Context, opts Options) (*Server, error) {
	opts = opts.withDefaults()
	if opts.PostgresURL == "" {
		return nil, errors.New("temporalproc.Options.PostgresURL is empty: give the Postgres server to keep workflows on")
	}
	program := opts.Program
	if program == "" {
		built, err := Build(ctx, opts.Root, opts.Progress)
		if err != nil {
			return nil, err
		}
		program = built
	}
	for attempt := 1; ; attempt++ {
		server, err := startOnce(ctx, program, opts)
		if err == nil {
			opts.Logger.Info("temporal started", "pid", server.PID(), "address", server.Address(), "ui", server.UIAddress())
			return server, nil
		}
		if server == nil || !server.lostPort() || attempt == startAttempts {
			return nil, err
		}
		opts.Logger.Info("temporal found one of its ports taken and is started again", "attempt", attempt, "error", err)
	}
}

// startAttempts bounds how often the program is started again because a port that was free a moment ago was taken from it.
const startAttempts = 3

// startOnce returns a server with its error when the program did run.
func startOnce(ctx context.Context, program string, opts Options) (*Server, error) {
	if err := opts.pickPorts(ctx); err != nil {
		return nil, err
	}
	server, err := launch(ctx, program, opts)
	if err != nil {
		return nil, err
	}
	if err := server.awaitReady(ctx, opts); err != nil {
		err = errors.Join(err, server.Stop(context.WithoutCancel(ctx)))
		err = server.startError(err)
		return server, err
	}
	return server, nil
}

// lostPort reports whether the program ended because a port was taken: one of those it was given, or of those that its own
// services use among themselves.
func (s *Server) lostPort() bool {
	return strings.Contains(s.said.String(), syscall.EADDRINUSE.Error())
}

func (o *Options) pickPorts(ctx context.Context) (err error) {
	if o.Port, err = o.pickPort(ctx, o.Port, "Temporal"); err != nil {
		return err
	}
	if o.NoUI {
		o.UIPort = 0
		return nil
	}
	o.UIPort, err = o.pickPort(ctx, o.UIPort, "Temporal's Web UI")
	return err
}

func (o *Options) pickPort(ctx context.Context, fixed int, name string) (int, error) {
	if fixed == 0 {
		return process.FreePort(ctx)
	}
	patience := time.NewTimer(o.PortPatience)
	defer patience.Stop()
	said := false
	for {
		err := process.CheckPort(ctx, fixed, name)
		var inUse *process.PortInUseError
		if !errors.As(err, &inUse) {
			return fixed, err
		}
		if !said {
			said = true
			o.Progress(fmt.Sprintf("Port %d is in use; giving an interrupted run a moment to end.", fixed))
		}
		select {
		case <-patience.C:
			return 0, err
		case <-ctx.Done():
			return 0, errors.Join(ctx.Err(), err)
		case <-time.After(pollEvery):
		}
	}
}

// launch starts the program. The connection string travels in the environment,
// because other users of the machine can read command lines. The program holds
// the other end of a pipe as its standard input and ends when we do, also where
// the kernel sends no signal for that.
func launch(ctx context.Context, program string, opts Options) (*Server, error) {
	// The server outlives the context of its start; Stop ends it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program,
		"--port", strconv.Itoa(opts.Port), "--ui-port", strconv.Itoa(opts.UIPort),
		"--namespace", opts.Namespace, "--retention", opts.Retention.String(),
		"--log-level", opts.LogLevel, "--watch-stdin")
	cmd.Env = append(os.Environ(), "TEMPORAL_DEV_POSTGRES_URL="+opts.PostgresURL)
	server := &Server{said: &tail{next: opts.Log}, port: opts.Port, uiPort: opts.UIPort}
	cmd.Stdout, cmd.Stderr = server.said, server.said
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe to the Temporal program: %w", err)
	}
	server.stdin = stdin
	server.child, err = process.Start(cmd, process.Options{DeathSignal: syscall.SIGTERM})
	if err != nil {
		return nil, server.startError(err)
	}
	return server, nil
}

// awaitReady asks the server itself, over gRPC, once the program says READY: the
// namespace must be described, not just a port be open.
func (s *Server) awaitReady(ctx context.Context, opts Options) error {
	ctx, cancel := context.WithTimeout(ctx, opts.StartTimeout)
	defer cancel()
	conn, err := grpc.NewClient(s.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	defer conn.Close()
	frontend := workflowservice.NewWorkflowServiceClient(conn)
	request := &workflowservice.DescribeNamespaceRequest{Namespace: opts.Namespace}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := errors.New("it does not say READY")
		if strings.Contains(s.said.String(), "READY grpc=") {
			if _, err = frontend.DescribeNamespace(ctx, request); err == nil {
				return nil
			}
		}
		select {
		case <-s.child.Done():
			return fmt.Errorf("the program ended: %w", s.child.Err())
		case <-ctx.Done():
			return fmt.Errorf("no answer in time (%w), last: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

func (s *Server) startError(cause error) error {
	if said := s.said.String(); said != "" {
		cause = fmt.Errorf("%w; it said: %s", cause, lastLines(said, 8))
	}
	return &Error{
		Kind: ErrStart, Cause: cause, Problem: "the development Temporal server did not start",
		Remedy: "read what it said, or set TEMPORAL_ADDRESS to another Temporal server",
	}
}

// Address returns where clients connect, as in "127.0.0.1:7233".
func (s *Server) Address() string { return process.Address(s.port) }

// Port returns the gRPC port.
func (s *Server) Port() int { return s.port }

// UIAddress returns the Web UI's URL, or "" when it was left out.
func (s *Server) UIAddress() string {
	if s.uiPort == 0 {
		return ""
	}
	return "http://" + process.Address(s.uiPort)
}

// UIPort returns the Web UI's port, or 0 when it was left out.
func (s *Server) UIPort() int { return s.uiPort }

// PID returns the program's process id.
func (s *Server) PID() int { return s.child.PID() }

// Done is closed when the program has ended, for whatever reason.
func (s *Server) Done() <-chan struct{} { return s.child.Done() }

// Err returns how the program ended and what it said last, or nil while it runs
// or after a clean stop.
func (s *Server) Err() error {
	if err := s.child.Err(); err != nil {
		return fmt.Errorf("temporal (pid %d) ended: %w: %s", s.PID(), err, lastLines(s.said.String(), 3))
	}
	return nil
}

// stopPatience is how long the server may take to hand its work back.
const stopPatience = 20 * time.Second

// Stop ends the server in good order; when ctx ends first, or after 20 seconds,
// it is killed, which loses nothing that was accepted. Later calls return what
// the first one returned.
func (s *Server) Stop(ctx context.Context) error {
	s.stop.Do(func() {
		s.stopErr = s.child.Stop(ctx, process.Step{Signal: syscall.SIGTERM, Patience: stopPatience})
		_ = s.stdin.Close() // the program is gone
	})
	return s.stopErr
}

// Kill ends the server at once, as a crash would, and waits until it is gone.
func (s *Server) Kill() error {
	if err := s.child.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-s.child.Done()
	return nil
}
