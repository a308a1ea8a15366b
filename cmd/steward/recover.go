package main

import (
	"context"
	"fmt"
	"io"

	"steward/internal/app"
)

type recoverCmd struct {
	operatorFlags
	TemporalLost     bool   `xor:"loss" help:"Temporal has lost its workflows, or some were closed from outside: give every open process that has none a fresh one."`
	PostgresRestored bool   `xor:"loss" help:"Postgres was restored from a backup: end what Temporal still runs and give every open process a fresh workflow."`
	By               string `env:"STEWARD_OPERATOR,USER" default:"operator" placeholder:"NAME" help:"Who recovers, for the record."`
}

// Run starts what is missing and says how far it is. It may be repeated.
func (c *recoverCmd) Run(ctx context.Context, out io.Writer, around *surroundings) error {
	if c.TemporalLost == c.PostgresRestored {
		return misused("say what was lost: --temporal-lost or --postgres-restored")
	}
	a, err := c.open(ctx, around)
	if err != nil {
		return err
	}
	defer a.Stop()
	done, err := a.Recover(ctx, app.Recovery{PostgresRestored: c.PostgresRestored, By: c.By, Progress: func(r app.Recovered) {
		fmt.Fprintf(out, "%d processes looked at, %d workflows started, %d ended\n", r.Processes, r.Started, r.Ended)
	}})
	if err != nil {
		return fmt.Errorf("recovered only in part (%d processes), run the command again: %w", done.Processes, err)
	}
	fmt.Fprintf(out, "done: %d open processes, %d workflows started, %d ended, %d incidents closed\n", done.Processes, done.Started, done.Ended, done.Incidents)
	return nil
}
