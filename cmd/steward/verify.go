package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"steward/internal/app"
	"steward/internal/store"
)

type verifyCmd struct {
	operatorFlags
	Processes []string `arg:"" optional:"" help:"Ids of processes; all of them when none is given."`
}

// Run compares the state of processes with what their decision logs say, and names every process that differs.
func (c *verifyCmd) Run(ctx context.Context, out io.Writer, around *surroundings) error {
	ids := make([]uuid.UUID, len(c.Processes))
	for i, text := range c.Processes {
		id, err := uuid.Parse(text)
		if err != nil {
			return fmt.Errorf("%q is not the id of a process", text)
		}
		ids[i] = id
	}
	a, err := c.open(ctx, around)
	if err != nil {
		return err
	}
	defer a.Stop()
	v := verification{app: a, out: out}
	if len(ids) > 0 {
		err = v.each(ctx, ids)
	} else {
		err = v.all(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d processes verified, %d differ\n", v.seen, v.differ)
	if v.differ > 0 {
		return &ExitError{Code: exitFailed}
	}
	return nil
}

// verification counts what it has seen.
type verification struct {
	app          *app.App
	out          io.Writer
	seen, differ int
}

func (v *verification) all(ctx context.Context) error {
	for page := (store.Page{Limit: store.MaxLimit}); ; {
		slice, err := v.app.Store.Processes(ctx, store.Viewer{All: true}, store.ProcessFilter{}, page)
		if err != nil {
			return err
		}
		ids := make([]uuid.UUID, len(slice.Items))
		for i, p := range slice.Items {
			ids[i] = p.ID
		}
		if err := v.each(ctx, ids); err != nil {
			return err
		}
		if page.Cursor = slice.Next; page.Cursor == "" {
			return nil
		}
	}
}

func (v *verification) each(ctx context.Context, ids []uuid.UUID) error {
	for _, id := range ids {
		err := v.app.Advancer.Verify(ctx, id)
		switch {
		case errors.Is(err, store.ErrUnavailable), ctx.Err() != nil:
			return err
		case err != nil:
			v.differ++
			fmt.Fprintf(v.out, "%s: %s\n", id, err)
		}
		v.seen++
	}
	return nil
}
