package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/devserver/postgres"
	"steward/internal/devserver/temporalproc"
)

// Stack is the pair of servers that product and baseline share.
type Stack struct {
	ServerURL string // of Postgres's maintenance database
	Temporal  string // address
	Root      string // of the checkout
	Dir       string // folder for what the measurements keep

	postgresPID int
	temporalPID int

	database func(ctx context.Context, name string) (url string, err error)
	stop     []func(context.Context) error
}

// StackOptions says where the servers keep their data.
type StackOptions struct {
	Dir      string // emptied first
	Progress func(string)
	Log      io.Writer // of Temporal; may be nil
}

// StartStack starts an empty Postgres and a Temporal on it.
func StartStack(ctx context.Context, o StackOptions) (s *Stack, err error) {
	s = &Stack{Dir: o.Dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	if s.Root, err = temporalproc.FindRoot("."); err != nil {
		return s, err
	}
	db, err := postgres.Start(ctx, postgres.Options{Dir: filepath.Join(o.Dir, "pg"), Fresh: true, MaxConnections: 300, Progress: o.Progress})
	if err != nil {
		return s, err
	}
	s.stop = append(s.stop, db.Stop)
	s.ServerURL, s.postgresPID = db.URL("postgres"), db.PID()
	s.database = func(ctx context.Context, name string) (string, error) {
		return db.URL(name), db.CreateDatabase(ctx, name)
	}
	temporal, err := temporalproc.Start(ctx, temporalproc.Options{Root: s.Root, PostgresURL: s.ServerURL, NoUI: true, Progress: o.Progress, Log: o.Log})
	if err != nil {
		return s, err
	}
	s.stop = append(s.stop, temporal.Stop)
	s.Temporal, s.temporalPID = temporal.Address(), temporal.PID()
	return s, nil
}

// Stop ends the servers in the reverse order of their start.
func (s *Stack) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var all []error
	for _, stop := range slices.Backward(s.stop) {
		all = append(all, stop(ctx))
	}
	s.stop = nil
	return errors.Join(all...)
}

// Version answers Postgres's version.
func (s *Stack) Version(ctx context.Context) (version string, err error) {
	err = s.query(ctx, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, "SHOW server_version").Scan(&version) })
	return version, err
}

func (s *Stack) query(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.ServerURL)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	return errors.Join(do(conn), conn.Close(context.WithoutCancel(ctx)))
}

const (
	calmCommits  = 100 // a second, over all databases: what an idle Temporal and two idle products need
	calmSample   = 500 * time.Millisecond
	calmPatience = 30 * time.Second
)

// calm waits until the servers are done with what was asked of them: until hardly anything commits any more.
func (s *Stack) calm(ctx context.Context) error {
	return s.query(ctx, func(conn *pgx.Conn) error {
		began, before := time.Now(), int64(-1)
		for {
			var now int64
			if err := conn.QueryRow(ctx, "SELECT sum(xact_commit)::bigint FROM pg_stat_database").Scan(&now); err != nil {
				return fmt.Errorf("watch Postgres: %w", err)
			}
			if before >= 0 && float64(now-before) <= calmCommits*calmSample.Seconds() || time.Since(began) > calmPatience {
				return nil
			}
			before = now
			if err := pause(ctx, calmSample); err != nil {
				return err
			}
		}
	})
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// until looks again and again until done says so, for at most patience.
func until(ctx context.Context, patience, every time.Duration, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		ok, err := done(ctx)
		if ok || err != nil {
			return err
		}
		if err := pause(ctx, every); err != nil {
			return fmt.Errorf("not done within %s: %w", patience, err)
		}
	}
}

// quietLog drops what is less than an error.
func quietLog(out io.Writer) *slog.Logger {
	if out == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelError}))
}
