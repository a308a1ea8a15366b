package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
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
		words, err := explain(ctx, st, slice.Items...)
		if err != nil {
			return err
		}
		for _, incident := range slice.Items {
			if err := c.print(ctx, out, words, incident); err != nil {
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

func (c *incidentsListCmd) print(ctx context.Context, out io.Writer, words *explainer, i store.Incident) error {
	about, remedy := words.processes[i.ProcessID], words.remedy(ctx, i)
	if c.Format == "json" {
		lines := json.NewEncoder(out)
		lines.SetEscapeHTML(false)
		return lines.Encode(map[string]any{
			"id": i.ID, "process": i.ProcessID, "title": about.Title, "definition": about.Definition, "remedy": remedy, "event": i.EventID, "kind": i.Kind, "message": i.Message, "detail": i.Detail,
			"createdAt": i.CreatedAt.UTC(), "resolvedAt": i.ResolvedAt, "resolution": i.Resolution, "resolvedBy": i.ResolvedBy,
		})
	}
	state := "open"
	if i.ResolvedAt != nil {
		state = "resolved " + i.ResolvedAt.UTC().Format(time.RFC3339)
	}
	_, err := fmt.Fprintf(out, "%s  %s  %s\n  process %s %s, event %s, kind %s\n  %s\n",
		i.ID, i.CreatedAt.UTC().Format(time.RFC3339), state, i.ProcessID, about.called(), i.EventID, i.Kind, i.Message)
	for line := range strings.Lines(i.Detail + "\n" + remedy) {
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
		return notOpen(ctx, a, id)
	}
	return err
}

// notOpen says that an incident is not open, and which one its event waits as now, if it does.
func notOpen(ctx context.Context, a *app.App, id uuid.UUID) error {
	now, err := successor(ctx, a, id)
	switch {
	case err == nil && now != nil:
		return fmt.Errorf("incident %s was retried before; its event waits as incident %s now", id, now.ID)
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	}
	return fmt.Errorf("no open incident has the id %s; steward incidents list prints those that are open", id)
}

// successor answers the open incident of the event of an incident that was dealt with; nil when it waits no more.
func successor(ctx context.Context, a *app.App, id uuid.UUID) (*store.Incident, error) {
	done, err := a.Store.Incident(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := a.Store.ProcessIncidents(ctx, done.ProcessID)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if i.EventID == done.EventID && i.ResolvedAt == nil {
			return &i, nil
		}
	}
	return nil, nil
}

type incidentsRetryCmd struct{ incidentFlags }

// Run decides the event again.
func (c *incidentsRetryCmd) Run(ctx context.Context, out io.Writer, around *surroundings) error {
	quiet := *around
	quiet.log = slog.New(parkedQuietly{around.log.Handler()})
	return c.deal(ctx, &quiet, func(a *app.App, id uuid.UUID) error {
		if err := a.Advancer.RetryIncident(ctx, id, c.By); err != nil {
			return err
		}
		return again(ctx, a, out, id)
	})
}

// again says whether the event was parked once more.
func again(ctx context.Context, a *app.App, out io.Writer, id uuid.UUID) error {
	now, err := successor(ctx, a, id)
	if err != nil {
		return err
	}
	if now == nil {
		_, err = fmt.Fprintln(out, "decided again")
		return err
	}
	words, err := explain(ctx, a.Store, *now)
	if err != nil {
		return err
	}
	return fmt.Errorf("the event was parked again, as incident %s: %s", now.ID, cmp.Or(words.remedy(ctx, *now), now.Message))
}

// parkedQuietly leaves out what the log says of an event that is parked: the command says it in a sentence of its own.
type parkedQuietly struct{ slog.Handler }

func (h parkedQuietly) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "event parked" {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h parkedQuietly) WithAttrs(attrs []slog.Attr) slog.Handler {
	return parkedQuietly{h.Handler.WithAttrs(attrs)}
}

func (h parkedQuietly) WithGroup(name string) slog.Handler {
	return parkedQuietly{h.Handler.WithGroup(name)}
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
