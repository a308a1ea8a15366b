package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"go.temporal.io/server/temporal"
)

const loopback = "127.0.0.1"

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

// serve runs everything until ctx ends or the databases are lost to another
// server.
func serve(ctx context.Context, opts options, stdout io.Writer) error {
	if err := checkPorts(ctx, opts); err != nil {
		return err
	}
	st, err := parseStore(opts.postgresURL)
	if err != nil {
		return err
	}
	lock, err := takeLock(ctx, st)
	if err != nil {
		return err
	}
	defer lock.release(ctx)
	if err := prepareStore(ctx, st, opts); err != nil {
		return err
	}
	server, err := newServer(ctx, opts, st)
	if err != nil {
		return err
	}
	if err := startWithin(ctx, server); err != nil {
		return err
	}
	return attend(ctx, opts, server, lock, stdout)
}

// startWithin gives up when ctx ends while the server is still starting: nothing
// is accepted yet, so there is nothing to stop in good order.
func startWithin(ctx context.Context, server temporal.Server) error {
	started := make(chan error, 1)
	go func() { started <- server.Start() }()
	select {
	case err := <-started:
		if err != nil {
			return fmt.Errorf("start the Temporal server: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("asked to stop while starting: %w", ctx.Err())
	}
}

// stopPatience bounds an orderly stop. A server that has only just started may
// hang in one for ever; ending without it loses nothing, since all is in
// Postgres.
const stopPatience = 8 * time.Second

func stopWithin(server temporal.Server, patience time.Duration) {
	stopped := make(chan struct{})
	go func() {
		_ = server.Stop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(patience):
	}
}

// attend finishes the setup that needs a running server, says READY, and stops
// everything when it is time.
func attend(ctx context.Context, opts options, server temporal.Server, lock *storeLock, stdout io.Writer) error {
	defer stopWithin(server, stopPatience)
	if err := ensureNamespace(ctx, opts); err != nil {
		return err
	}
	ui, stopUI, err := startUI(ctx, opts)
	if err != nil {
		return err
	}
	defer stopUI()
	if _, err := fmt.Fprintf(stdout, "READY grpc=%s ui=%s\n", address(opts.port), ui); err != nil {
		return fmt.Errorf("say READY: %w", err)
	}
	return lock.watch(ctx)
}

// checkPorts tries the ports first: the server's own complaint comes late and
// names no remedy, and the Web UI's ends the process.
func checkPorts(ctx context.Context, opts options) error {
	for name, port := range map[string]int{"--port": opts.port, "--ui-port": opts.uiPort} {
		if port == 0 {
			continue
		}
		listener, err := listen(ctx, port)
		if err != nil {
			return fmt.Errorf("port %d (%s) on %s is in use by another program: stop that program or choose another port (%w)",
				port, name, loopback, err)
		}
		if err := listener.Close(); err != nil {
			return fmt.Errorf("close the trial listener on port %d: %w", port, err)
		}
	}
	return nil
}

func listen(ctx context.Context, port int) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp4", address(port))
}

func freePort(ctx context.Context) (int, error) {
	listener, err := listen(ctx, 0)
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	tcp, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("find a free port: %v is no TCP address", listener.Addr())
	}
	return tcp.Port, nil
}

// until tries again until it works or ctx ends, and then returns the last error.
func until(ctx context.Context, try func() error) error {
	const pause = 50 * time.Millisecond
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; last: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}
