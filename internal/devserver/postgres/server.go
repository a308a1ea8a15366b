package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/devserver/process"
)

// deathSignal is a fast, clean shutdown: sent by the kernel when we are killed.
const deathSignal = syscall.SIGINT

// Server is one running Postgres. Its methods are safe for concurrent use.
type Server struct {
	cluster  cluster
	child    *process.Child
	lock     *folderLock
	port     int
	secret   string
	patience time.Duration
	log      *slog.Logger
	done     chan struct{}
	stop     sync.Once
	stopErr  error
}

// Start brings up a server on opts.Dir and returns once it answers. It waits
// for crash recovery, and for the server of a run that was killed to go away.
// Foreseeable trouble is an *Error; a fixed port that is taken is a
// *process.PortInUseError. ctx bounds the start only, not the server's life.
func Start(ctx context.Context, opts Options) (*Server, error) {
	return start(ctx, opts, defaultSource())
}

// fallbackBase is where data goes when the account cannot reach Options.Dir: the
// one folder that is open to every account and outlives a reboot.
const fallbackBase = "/var/tmp"

func start(ctx context.Context, opts Options, src source) (*Server, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	acct, err := accountFor(opts.Dir)
	if err != nil {
		return nil, err
	}
	base, err := openBase(opts.Dir, fallbackBase, acct, opts.Progress)
	if err != nil {
		return nil, err
	}
	lock, err := lockFolder(base)
	if err != nil {
		return nil, err
	}
	server, err := startLocked(ctx, opts, src, base, acct)
	if err != nil {
		lock.release()
		return nil, err
	}
	server.supervise(lock)
	return server, nil
}

func startLocked(ctx context.Context, opts Options, src source, base string, acct account) (*Server, error) {
	if err := stopOrphans(ctx, base, opts.Progress); err != nil {
		return nil, err
	}
	if opts.Fresh {
		if err := removeData(base); err != nil {
			return nil, err
		}
	}
	bin, err := src.choose(ctx, opts, base)
	if err != nil {
		return nil, err
	}
	if closed, err := acct.closedFolder(bin.Dir); err != nil || closed != "" {
		return nil, closedBinaries(bin, acct, closed, err)
	}
	c, err := openCluster(ctx, base, bin, acct, opts.Progress)
	if err != nil {
		return nil, err
	}
	return launch(ctx, c, opts)
}

func closedBinaries(bin Binaries, acct account, closed string, cause error) error {
	return &Error{
		Kind: ErrUnreachable, Cause: cause,
		Problem: fmt.Sprintf("%s cannot be run by the account %s, which cannot enter %s", bin, acct.name, closed),
		Remedy:  "install Postgres in a public folder, or run as an ordinary user",
	}
}

// supervise hands the lock to the server's life: once Done is closed, the folder
// is free for the next start.
func (s *Server) supervise(lock *folderLock) {
	s.lock = lock
	go func() {
		<-s.child.Done()
		s.log.Info("postgres ended", "pid", s.PID(), "how", s.child.Err())
		s.lock.release()
		close(s.done)
	}()
}

// URL returns the connection string of a database, superuser and password
// included: for this machine only, not for logs.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, s.secret),
		Host: process.Address(s.port), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// PID returns the process id of the postmaster.
func (s *Server) PID() int { return s.child.PID() }

// Port returns the TCP port on 127.0.0.1. It stays the same over restarts on the
// same folder as long as nobody else takes it.
func (s *Server) Port() int { return s.port }

// Binaries returns what runs.
func (s *Server) Binaries() Binaries { return s.cluster.bin }

// DataDir returns the data directory, with links resolved.
func (s *Server) DataDir() string { return s.cluster.data() }

// LogFile returns the file the server's messages go to.
func (s *Server) LogFile() string { return s.cluster.log() }

// Done is closed when the server has ended, for whatever reason, and its folder
// is free again.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err returns how the server ended, or nil while it runs or after a clean stop.
func (s *Server) Err() error {
	if err := s.child.Err(); err != nil {
		return fmt.Errorf("postgres (pid %d) ended: %w; see %s", s.PID(), err, s.LogFile())
	}
	return nil
}

// quitPatience is how long an immediate shutdown may take before a kill.
const quitPatience = 5 * time.Second

// Stop shuts the server down: connections are closed and everything is written
// (SIGINT); after Options.StopPatience at once (SIGQUIT). When ctx ends first,
// it is killed; nothing committed is lost either way. Later calls return what
// the first one returned. A server that had ended already is no error.
func (s *Server) Stop(ctx context.Context) error {
	s.stop.Do(func() {
		s.stopErr = s.child.Stop(ctx,
			process.Step{Signal: syscall.SIGINT, Patience: s.patience},
			process.Step{Signal: syscall.SIGQUIT, Patience: quitPatience})
		<-s.done
	})
	return s.stopErr
}

// CreateDatabase creates a database if there is none of that name.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, s.URL(superuser))
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	if err != nil && !isDuplicate(err) {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// checkName admits what needs no quoting anywhere, connection strings included.
func checkName(name string) error {
	if regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`).MatchString(name) {
		return nil
	}
	return &Error{
		Kind: ErrName, Problem: fmt.Sprintf("%q is not a usable database name", name),
		Remedy: "use up to 63 small letters, digits and underscores, not starting with a digit",
	}
}

// isDuplicate also covers two sessions creating the same database at once, which
// Postgres reports as a broken unique index.
func isDuplicate(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.Code == "42P04" || pgErr.Code == "23505")
}
