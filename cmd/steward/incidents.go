package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"steward/internal/app"
	"steward/internal/store"
)

type incidentsCmd struct {
	List  incidentsListCmd  `cmd:"" help:"List what waits for an operator."`
	Retry incidentsRetryCmd `cmd:"" help:"Decide a parked event again, after its cause was mended."`
	Drop  incidentsDropCmd  `cmd:"" help:"Give a parked event up: its sender is told, a deadline passes without effect."`
}

type incidentsListCmd struct {
	databaseFlags
	All    bool   `help:"Also those that were dealt with."`
	Format string `enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// Run prints one line for each incident, newest first.
func (c *incidentsListCmd) Run(ctx context.Context, out io.Writer) error {
	st, err := c.database(ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	count := 0
	for page := (store.Page{}); ; {
		slice, err := st.Incidents(ctx, !c.All, page)
		if err != nil {
			return err
		}
		for _, incident := range slice.Items {
			if err := c.print(out, incident); err != nil {
				return err
			}
		}
		if count += len(slice.Items); slice.Next == "" {
			break
		}
		page.Cursor = slice.Next
	}
	if count == 0 && c.Format == "text" {
		fmt.Fprintln(out, "no incidents")
	}
	return nil
}

func (c *incidentsListCmd) print(out io.Writer, i store.Incident) error {
	if c.Format == "json" {
		return json.NewEncoder(out).Encode(map[string]any{
			"id": i.ID, "process": i.ProcessID, "event": i.EventID, "kind": i.Kind, "message": i.Message, "detail": i.Detail,
			"createdAt": i.CreatedAt.UTC(), "resolvedAt": i.ResolvedAt, "resolution": i.Resolution, "resolvedBy": i.ResolvedBy,
		})
	}
	state := "open"
	if i.ResolvedAt != nil {
		state = "resolved " + i.ResolvedAt.UTC().Format(time.RFC3339)
	}
	_, err := fmt.Fprintf(out, "%s  %s  %s\n  process %s, event %s, kind %s\n  %s\n", i.ID, i.CreatedAt.UTC().Format(time.RFC3339), state, i.ProcessID, i.EventID, i.Kind, i.Message)
	for line := range strings.Lines(i.Detail) {
		if line = strings.TrimSpace(line); err == nil && line != "" && line != i.Message {
			_, err = fmt.Fprintf(out, "  %s\n", line)
		}
	}
	return err
}

// incidentFlags name one incident and who deals with it.
type incidentFlags struct {
	operatorFlags
	ID string `arg:"" help:"Id of the incident, as incidents list prints it."`
	By string `env:"STEWARD_OPERATOR,USER" default:"operator" placeholder:"NAME" help:"Who deals with it, for the record."`
}

func (f incidentFlags) deal(ctx context.Context, around *surroundings, act func(*app.App, uuid.UUID) error) error {
	id, err := uuid.Parse(f.ID)
	if err != nil {
		return fmt.Errorf("%q is not the id of an incident; steward incidents list prints them", f.ID)
	}
	a, err := f.open(ctx, around)
	if err != nil {
		return err
	}
	defer a.Stop()
	err = act(a, id)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("no open incident has the id %s; steward incidents list prints those that are open", id)
	}
	return err
}

type incidentsRetryCmd struct{ incidentFlags }

// Run decides the event again.
func (c *incidentsRetryCmd) Run(ctx context.Context, out io.Writer, around *surroundings) error {
	return c.deal(ctx, around, func(a *app.App, id uuid.UUID) error {
		if err := a.Advancer.RetryIncident(ctx, id, c.By); err != nil {
			return err
		}
		return again(ctx, a, out, id)
	})
}

// again says whether the event was parked once more.
func again(ctx context.Context, a *app.App, out io.Writer, id uuid.UUID) error {
	done, err := a.Store.Incident(ctx, id)
	if err != nil {
		return err
	}
	all, err := a.Store.ProcessIncidents(ctx, done.ProcessID)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.EventID == done.EventID && i.ResolvedAt == nil {
			return fmt.Errorf("the event was parked again, as incident %s: %s", i.ID, i.Message)
		}
	}
	fmt.Fprintln(out, "decided again")
	return nil
}

type incidentsDropCmd struct{ incidentFlags }

// Run gives the event up.
func (c *incidentsDropCmd) Run(ctx context.Context, out io.Writer, around *surroundings) error {
	return c.deal(ctx, around, func(a *app.App, id uuid.UUID) error {
		if err := a.Advancer.DropIncident(ctx, id, c.By); err != nil {
			return err
		}
		fmt.Fprintln(out, "dropped")
		return nil
	})
}
