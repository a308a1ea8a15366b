package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"steward/internal/devserver/postgres"
	"steward/internal/devserver/temporalproc"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "devstack:", err)
		os.Exit(1)
	}
}

// settings are the command line's flags.
type settings struct {
	dir, pgBin, database       string
	port, temporalPort, uiPort int
	fresh, noTemporal, noUI    bool
	temporalLog                string
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("devstack", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.dir, "dir", ".steward/pg", "folder for Postgres's data")
	flags.StringVar(&s.pgBin, "pg-bin", "", "folder with postgres and initdb; found or fetched when empty")
	flags.StringVar(&s.database, "database", "steward", "database to create")
	flags.IntVar(&s.port, "port", 0, "Postgres's port; 0 for any")
	flags.IntVar(&s.temporalPort, "temporal-port", 0, "Temporal's port; 0 for any")
	flags.IntVar(&s.uiPort, "ui-port", 0, "port of Temporal's Web UI; 0 for any")
	flags.BoolVar(&s.fresh, "fresh", false, "throw away the data of earlier runs")
	flags.BoolVar(&s.noTemporal, "no-temporal", false, "start Postgres only")
	flags.BoolVar(&s.noUI, "no-ui", false, "leave Temporal's Web UI out")
	flags.StringVar(&s.temporalLog, "temporal-log", "fatal", "Temporal's log level")
	return s, flags.Parse(args)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	progress := func(text string) { fmt.Fprintln(stderr, text) }
	db, err := postgres.Start(ctx, postgres.Options{
		Dir: s.dir, PgBin: s.pgBin, Port: s.port, Fresh: s.fresh, Progress: progress,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopWithin(ctx, db.Stop)) }()
	if err := db.CreateDatabase(ctx, s.database); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "export DATABASE_URL='%s'\n", db.URL(s.database))
	if s.noTemporal {
		return await(ctx, db, nil)
	}
	temporal, err := startTemporal(ctx, s, db, progress, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopWithin(ctx, temporal.Stop)) }()
	fmt.Fprintf(stdout, "export TEMPORAL_ADDRESS='%s'\n", temporal.Address())
	if !s.noUI {
		fmt.Fprintf(stdout, "# Temporal's Web UI: %s\n", temporal.UIAddress())
	}
	return await(ctx, db, temporal)
}

func startTemporal(ctx context.Context, s settings, db *postgres.Server, progress func(string), log io.Writer) (*temporalproc.Server, error) {
	here, err := filepath.Abs(".")
	if err != nil {
		return nil, fmt.Errorf("find the current folder: %w", err)
	}
	root, err := temporalproc.FindRoot(here)
	if err != nil {
		return nil, err
	}
	return temporalproc.Start(ctx, temporalproc.Options{
		Root: root, PostgresURL: db.URL("postgres"), Port: s.temporalPort, UIPort: s.uiPort, NoUI: s.noUI,
		LogLevel: s.temporalLog, Log: log, Progress: progress,
	})
}

// await returns nil when ctx ends, and what happened when a server ends before.
func await(ctx context.Context, db *postgres.Server, temporal *temporalproc.Server) error {
	var temporalDone <-chan struct{}
	if temporal != nil {
		temporalDone = temporal.Done()
	}
	select {
	case <-ctx.Done():
		return nil
	case <-db.Done():
		return fmt.Errorf("the Postgres server ended by itself: %w", db.Err())
	case <-temporalDone:
		return fmt.Errorf("the Temporal server ended by itself: %w", temporal.Err())
	}
}

// stopPatience bounds the stop of one server; both know better long before.
const stopPatience = 40 * time.Second

// stopWithin stops a server although ctx, which said when to stop, has ended.
func stopWithin(ctx context.Context, stop func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancel()
	return stop(ctx)
}
