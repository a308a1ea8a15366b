package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

type healthCmd struct {
	URL     string        `name:"url" default:"http://127.0.0.1:8080/readyz" placeholder:"URL" help:"What to ask: /healthz says that the program answers, /readyz that it can work."`
	Timeout time.Duration `default:"2s" placeholder:"TIME" help:"How long to wait for the answer."`
}

// Run asks once; the command succeeds when the answer is 200. It is the health check of containers that hold nothing else.
func (c *healthCmd) Run(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, http.NoBody)
	if err != nil {
		return fmt.Errorf("--url %q is not a URL: %w", c.URL, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("not healthy: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		return fmt.Errorf("not healthy: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("not healthy: %s answered %s: %s", c.URL, answer.Status, body)
	}
	_, err = fmt.Fprintln(out, "healthy")
	return err
}
