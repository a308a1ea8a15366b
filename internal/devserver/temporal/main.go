package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, "temporal-dev:", strings.ReplaceAll(err.Error(), "\n", " "))
	os.Exit(1)
}

func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	opts, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if opts.watchStdin {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func() {
			_, _ = io.Copy(io.Discard, stdin)
			cancel()
		}()
	}
	return serve(ctx, opts, stdout)
}

// options are the command line's flags.
type options struct {
	postgresURL string
	port        int
	uiPort      int
	namespace   string
	retention   time.Duration
	logLevel    string
	watchStdin  bool
}

func parse(args []string, stderr io.Writer) (options, error) {
	var opts options
	flags := flag.NewFlagSet("temporal-dev", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&opts.postgresURL, "postgres-url", os.Getenv("TEMPORAL_DEV_POSTGRES_URL"),
		"Postgres server, as postgres://user:password@host:port/; its role must be able to create databases; "+
			"also $TEMPORAL_DEV_POSTGRES_URL, which other users of the machine cannot see")
	flags.IntVar(&opts.port, "port", 7233, "port of the gRPC frontend on 127.0.0.1")
	flags.IntVar(&opts.uiPort, "ui-port", 8233, "port of the Web UI on 127.0.0.1; 0 for none")
	flags.StringVar(&opts.namespace, "namespace", "default", "namespace to create")
	flags.DurationVar(&opts.retention, "retention", 24*time.Hour, "how long closed workflows are kept, from 1h")
	flags.StringVar(&opts.logLevel, "log-level", "fatal", "debug, info, warn, error or fatal")
	flags.BoolVar(&opts.watchStdin, "watch-stdin", false, "end when standard input is closed")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if flags.NArg() > 0 {
		return opts, fmt.Errorf("unexpected argument %q: every setting is a flag, see --help", flags.Arg(0))
	}
	return opts, opts.validate()
}

// minRetention is the server's own lower limit.
const minRetention = time.Hour

func (o options) validate() error {
	switch {
	case o.postgresURL == "":
		return errors.New("--postgres-url is empty: give the Postgres server to keep workflows on")
	case o.port < 1 || o.port > 65535:
		return fmt.Errorf("--port is %d: choose a port from 1 to 65535", o.port)
	case o.uiPort < 0 || o.uiPort > 65535:
		return fmt.Errorf("--ui-port is %d: choose a port from 1 to 65535, or 0 for no Web UI", o.uiPort)
	case o.uiPort == o.port:
		return fmt.Errorf("--ui-port and --port are both %d: choose two different ports", o.port)
	case o.namespace == "" || strings.ContainsAny(o.namespace, " \t\n/"):
		return fmt.Errorf("--namespace is %q: choose a name without spaces and slashes", o.namespace)
	case o.retention < minRetention:
		return fmt.Errorf("--retention is %s: choose at least %s", o.retention, minRetention)
	}
	switch o.logLevel {
	case "debug", "info", "warn", "error", "fatal":
		return nil
	}
	return fmt.Errorf("--log-level is %q: choose debug, info, warn, error or fatal", o.logLevel)
}
