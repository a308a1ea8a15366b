package devmode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"steward/internal/app"
	"steward/internal/devserver/postgres"
	"steward/internal/devserver/process"
	"steward/internal/devserver/temporalproc"
	"steward/internal/store"
)

// database is the name of Steward's database in the Postgres that we run.
const database = "steward"

// stack is everything that runs, in the order of its start.
type stack struct {
	opts     Options
	voice    *voice
	listener net.Listener
	postgres supervisor
	temporal supervisor
	app      *app.App

	pg          *postgres.Server // the first one; a successor has the same port and password
	databaseURL string
	serverURL   string // what Temporal is given
	address     string // of Temporal
	ui          string // URL of Temporal's Web UI, "" without
}

// Run starts everything, says where it is, and looks after it until ctx ends; then it stops everything in order. What goes
// wrong at the start is an error whose text says what to do.
func Run(ctx context.Context, opts Options) (err error) {
	opts = opts.withoutOurs()
	if err := opts.check(); err != nil {
		return err
	}
	s := &stack{opts: opts, voice: &voice{out: opts.Out}, databaseURL: opts.DatabaseURL, serverURL: opts.DatabaseURL, address: opts.TemporalAddress}
	defer func() { err = errors.Join(err, s.stop()) }()
	began := time.Now()
	if err := s.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	greeting, err := s.greeting(ctx, time.Since(began))
	if err != nil {
		return err
	}
	s.voice.say(greeting)
	if opts.Ready != nil {
		opts.Ready(s.app)
	}
	select {
	case <-ctx.Done():
		s.voice.say("\nStopping …")
		return nil
	case err := <-s.app.Failed():
		return fmt.Errorf("steward stopped by itself: %w", err)
	}
}

func (s *stack) start(ctx context.Context) error {
	if err := s.takeFolder(ctx); err != nil {
		return err
	}
	if s.opts.DatabaseURL != "" { // a wrong one is told as such, not as what Temporal makes of it
		if err := s.migrate(ctx); err != nil {
			return err
		}
	}
	both, inner := errgroup.WithContext(ctx)
	both.Go(func() error { return s.startTemporal(inner) })
	both.Go(func() error { return s.migrate(inner) })
	if err := both.Wait(); err != nil {
		return err
	}
	if err := s.startApp(ctx); err != nil {
		return err
	}
	if err := s.rememberEnvironment(); err != nil {
		return err
	}
	return s.fill(ctx)
}

// takeFolder changes nothing of a run that is still at work: first the address is ours, then Postgres's lock on the folder, and
// only then what that run would miss is removed.
func (s *stack) takeFolder(ctx context.Context) error {
	if err := s.listen(ctx); err != nil {
		return err
	}
	if err := prepare(s.opts.Dir); err != nil {
		return err
	}
	if err := s.startPostgres(ctx); err != nil {
		return err
	}
	if s.opts.Fresh {
		return forget(s.opts.Dir)
	}
	return nil
}

// Listen takes the address of the page and the API. Whoever makes something in Dir takes it before, and gives it to Run: a second
// `steward dev` should fail here, before it touches anything.
func Listen(ctx context.Context, opts Options) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", opts.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("the address %s is in use by another program, perhaps another `steward dev`: stop it, or run beside it with %s", opts.Listen, opts.beside())
	}
	if err != nil {
		return nil, fmt.Errorf("the address %s cannot be used, choose another one with --listen: %w", opts.Listen, err)
	}
	return listener, nil
}

// listen has the address, taken before or now.
func (s *stack) listen(ctx context.Context) error {
	listener := s.opts.Listener
	if listener == nil {
		var err error
		if listener, err = Listen(ctx, s.opts); err != nil {
			return err
		}
	}
	s.listener = listener
	if at, ok := listener.Addr().(*net.TCPAddr); ok && !at.IP.IsLoopback() {
		s.voice.sayf("Careful: whoever can reach %s can sign in as anybody, since the demo passwords are public. Use --listen 127.0.0.1:%d on a machine that others can reach.", at, at.Port)
	}
	return nil
}

// startPostgres runs a Postgres of our own, unless there is a DATABASE_URL.
func (s *stack) startPostgres(ctx context.Context) error {
	if s.databaseURL != "" {
		s.voice.say("Postgres: the one that DATABASE_URL names")
		return nil
	}
	opts := postgres.Options{Dir: filepath.Join(s.opts.Dir, "pg"), PgBin: s.opts.PgBin, Fresh: s.opts.Fresh, Progress: s.voice.say, Logger: s.opts.Log}
	s.postgres = supervisor{name: "Postgres", say: s.voice.sayf, start: func(ctx context.Context) (server, error) {
		pg, err := postgres.Start(ctx, opts)
		if err != nil {
			return nil, err
		}
		if s.pg == nil {
			s.pg = pg
		}
		opts.Fresh, opts.Port, opts.Progress = false, pg.Port(), nil
		return pg, nil
	}}
	err := s.postgres.begin(ctx)
	if errors.Is(err, postgres.ErrLocked) {
		return fmt.Errorf("another `steward dev` works in the folder %s: stop it, or run beside it with %s (%w)", s.opts.Dir, s.opts.beside(), postgres.ErrLocked)
	}
	if err != nil {
		return err
	}
	if err := s.pg.CreateDatabase(ctx, database); err != nil {
		return err
	}
	s.databaseURL, s.serverURL = s.pg.URL(database), s.pg.URL("postgres")
	s.voice.sayf("Postgres: %s, data in %s", s.pg.Binaries(), s.pg.DataDir())
	return nil
}

func (s *stack) migrate(ctx context.Context) error {
	_, err := store.Migrate(ctx, s.databaseURL)
	var wrong *store.ConnectError
	if err == nil || errors.As(err, &wrong) {
		return err
	}
	return fmt.Errorf("prepare the database: %w", err)
}

// startTemporal runs a Temporal of our own, unless there is a TEMPORAL_ADDRESS.
func (s *stack) startTemporal(ctx context.Context) error {
	if s.address != "" {
		s.voice.sayf("Temporal: the one at %s", s.address)
		return nil
	}
	root, err := temporalproc.FindRoot(s.opts.Here)
	if err != nil {
		return err
	}
	last := recall[ports](portsFile(s.opts.Dir))
	opts := temporalproc.Options{
		Root: root, PostgresURL: s.serverURL, Port: last.Temporal, UIPort: last.UI, NoUI: s.opts.NoUI, Namespace: s.opts.Namespace,
		Retention: 30 * 24 * time.Hour, Progress: s.voice.say, Logger: s.opts.Log,
	}
	var running *temporalproc.Server
	s.temporal = supervisor{name: "Temporal", say: s.voice.sayf, start: func(ctx context.Context) (server, error) {
		started, err := temporalproc.Start(ctx, opts)
		if err != nil {
			return nil, err
		}
		if running == nil {
			running = started
		}
		opts.Port, opts.UIPort, opts.Progress = started.Port(), started.UIPort(), nil
		return started, nil
	}}
	if err := s.temporal.begin(ctx); err != nil {
		var taken *process.PortInUseError
		if !errors.As(err, &taken) {
			return err
		}
		s.voice.sayf("Port %d of the last run is taken now; Temporal gets other ports.", taken.Port)
		opts.Port, opts.UIPort = 0, 0
		if err := s.temporal.begin(ctx); err != nil {
			return err
		}
	}
	s.address, s.ui = running.Address(), running.UIAddress()
	s.voice.sayf("Temporal: %s", s.address)
	return remember(portsFile(s.opts.Dir), ports{Temporal: running.Port(), UI: running.UIPort()})
}

func (s *stack) startApp(ctx context.Context) (err error) {
	s.app, err = app.Start(ctx, app.Config{
		DatabaseURL: s.databaseURL, TemporalAddress: s.address, Namespace: s.opts.Namespace, Listener: s.listener, Worker: true,
		Decide: s.opts.Decide, Tracing: s.opts.Tracing, Log: s.opts.Log,
		Demo: demoPeople(),
	})
	return err
}

// stop ends everything in the reverse order of its start; a part that was not started is skipped.
func (s *stack) stop() error {
	switch {
	case s.app != nil:
		s.app.Stop()
	case s.listener != nil:
		_ = s.listener.Close()
	}
	err := errors.Join(s.temporal.stop(), s.postgres.stop())
	if err == nil && s.app != nil {
		s.voice.sayf("Stopped. Everything is kept in %s for the next run.", s.opts.Dir)
	}
	return err
}
