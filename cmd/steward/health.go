package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"steward/internal/app"
	"steward/internal/store"
)

type healthCmd struct {
	temporalFlags
	URL         string        `name:"url" default:"http://127.0.0.1:8080/readyz" placeholder:"URL" help:"What to ask: /healthz says that the program answers, /readyz that it can work."`
	Worker      bool          `help:"Ask for the worker of this host instead, which has no URL: Postgres, Temporal, and whether it takes work from the task queue."`
	DatabaseURL string        `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"Postgres of the worker; needed with --worker."`
	Timeout     time.Duration `default:"2s" placeholder:"TIME" help:"How long to wait for the answer."`
}

// Run asks once; the command succeeds when all is well. It is the health check of containers that hold nothing else.
func (c *healthCmd) Run(ctx context.Context, out io.Writer, around *surroundings) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	ask := c.askURL
	if c.Worker {
		ask = func(ctx context.Context) error { return c.askWorker(ctx, around) }
	}
	if err := ask(ctx); err != nil {
		return fmt.Errorf("not healthy: %w", err)
	}
	_, err := fmt.Fprintln(out, "healthy")
	return err
}

func (c *healthCmd) askURL(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, http.NoBody)
	if err != nil {
		return fmt.Errorf("--url %q is not a URL: %w", c.URL, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s: %s", c.URL, answer.Status, body)
	}
	return err
}

func (c *healthCmd) askWorker(ctx context.Context, around *surroundings) error {
	if c.DatabaseURL == "" {
		return errors.New("--worker needs --database-url (DATABASE_URL)")
	}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("learn the name of this host: %w", err)
	}
	return app.CheckWorker(ctx, app.Config{
		DatabaseURL: c.DatabaseURL, TemporalAddress: c.TemporalAddress, Namespace: c.TemporalNamespace, TaskQueue: c.TaskQueue,
		Log: around.log, Store: store.Options{MaxConns: 4, ListMaxConns: 1},
	}, host)
}
