package app

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"steward/internal/store"
	"steward/workflows"
)

// Recovery asks for fresh workflows after a loss. Every effect comes from what Postgres holds.
type Recovery struct {
	// PostgresRestored ends every workflow that runs, since some have seen more than Postgres now knows. Without it, workflows that
	// run go on.
	PostgresRestored bool
	By               string // the operator, for incidents that this closes
	// Progress is told after every page. May be nil.
	Progress func(Recovered)
}

// Recovered is how far a recovery is.
type Recovered struct {
	Processes int64 // open processes looked at
	Started   int64 // workflows started
	Ended     int64 // workflows ended of which Postgres knows nothing open
	Incidents int64 // closed: their processes are driven again
}

const (
	recoveryPage   = 500
	recoveryFlight = 32
)

// Recover gives every open process a workflow. It may be repeated, and goes on where an earlier one failed.
func (a *App) Recover(ctx context.Context, r Recovery) (Recovered, error) {
	job := &recovery{App: a, Recovery: r}
	if r.Progress == nil {
		job.Progress = func(Recovered) {}
	}
	if _, err := a.Temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return Recovered{}, fmt.Errorf("temporal at %s does not answer: %w", a.cfg.TemporalAddress, err)
	}
	if r.PostgresRestored {
		if err := job.endStrays(ctx); err != nil {
			return job.tally(), err
		}
	}
	err := job.startAll(ctx)
	return job.tally(), err
}

type recovery struct {
	*App
	Recovery
	processes, started, ended, incidents atomic.Int64
}

func (r *recovery) tally() Recovered {
	return Recovered{Processes: r.processes.Load(), Started: r.started.Load(), Ended: r.ended.Load(), Incidents: r.incidents.Load()}
}

// startAll goes through the open processes by id.
func (r *recovery) startAll(ctx context.Context) error {
	after := uuid.Nil
	for {
		page, err := r.open(ctx, after)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := r.unsettle(ctx, page); err != nil {
			return err
		}
		if err := each(ctx, page, r.drive); err != nil {
			return err
		}
		if err := r.closeIncidents(ctx, page); err != nil {
			return err
		}
		after = page[len(page)-1]
		r.Progress(r.tally())
	}
}

func (r *recovery) open(ctx context.Context, after uuid.UUID) ([]uuid.UUID, error) {
	rows, err := r.Store.Lists().Query(ctx, `SELECT id FROM processes WHERE status <> 'ended' AND id > $1 ORDER BY id LIMIT $2`, after, recoveryPage)
	if err != nil {
		return nil, store.Classify(err)
	}
	page, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return page, store.Classify(err)
}

// unsettle forgets what Temporal was told, so that the sweeper goes on where a recovery is broken off.
func (r *recovery) unsettle(ctx context.Context, page []uuid.UUID) error {
	_, err := r.Store.Pool().Exec(ctx, `UPDATE processes SET armed_at = NULL, unsettled_since = clock_timestamp() - interval '1 day' WHERE id = ANY ($1)`, page)
	return store.Classify(err)
}

// drive starts a workflow that looks for itself. One that runs is left alone, or replaced when Postgres was restored.
func (r *recovery) drive(ctx context.Context, process uuid.UUID) error {
	r.processes.Add(1)
	conflict := enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	if r.PostgresRestored {
		conflict = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
	}
	_, err := r.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: process.String(), TaskQueue: r.cfg.TaskQueue, WorkflowIDConflictPolicy: conflict,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, workflows.ProcessWorkflow, workflows.Input{Process: process.String(), Events: workflows.EventsPerRun})
	var running *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &running) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start the workflow of process %s: %w", process, err)
	}
	r.started.Add(1)
	return nil
}

func (r *recovery) closeIncidents(ctx context.Context, page []uuid.UUID) error {
	tag, err := r.Store.Pool().Exec(ctx, `UPDATE incidents SET resolved_at = clock_timestamp(), resolution = 'recovered', resolved_by = $2
WHERE process_id = ANY ($1) AND kind = ANY ($3) AND resolved_at IS NULL`, page, r.By, []string{store.IncidentWorkflowClosed, store.IncidentBehind})
	r.incidents.Add(tag.RowsAffected())
	return store.Classify(err)
}

// endStrays ends the workflows of processes that Postgres does not know, or knows to have ended.
func (r *recovery) endStrays(ctx context.Context) error {
	var token []byte
	for {
		answer, err := r.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			PageSize: recoveryPage, NextPageToken: token,
			Query: `WorkflowType = '` + workflows.ProcessWorkflow + `' AND ExecutionStatus = 'Running' AND TaskQueue = '` + r.cfg.TaskQueue + `'`,
		})
		if err != nil {
			return fmt.Errorf("list the workflows that run: %w", err)
		}
		strays, err := r.strays(ctx, answer.GetExecutions())
		if err == nil {
			err = each(ctx, strays, r.end)
		}
		if token = answer.GetNextPageToken(); err != nil || len(token) == 0 {
			return err
		}
		r.Progress(r.tally())
	}
}

func (r *recovery) strays(ctx context.Context, executions []*workflowpb.WorkflowExecutionInfo) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	for _, e := range executions {
		if id, err := uuid.Parse(e.GetExecution().GetWorkflowId()); err == nil {
			ids = append(ids, id)
		}
	}
	rows, err := r.Store.Lists().Query(ctx, `SELECT w.id FROM unnest($1::uuid[]) w (id)
WHERE NOT EXISTS (SELECT FROM processes p WHERE p.id = w.id AND p.status <> 'ended')`, ids)
	if err != nil {
		return nil, store.Classify(err)
	}
	strays, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return strays, store.Classify(err)
}

func (r *recovery) end(ctx context.Context, process uuid.UUID) error {
	err := r.Temporal.TerminateWorkflow(ctx, process.String(), "", "Postgres was restored to a time at which this process was not open")
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("end the workflow of process %s: %w", process, err)
	}
	r.ended.Add(1)
	return nil
}

// each works on several at once and answers the first error.
func each(ctx context.Context, ids []uuid.UUID, work func(context.Context, uuid.UUID) error) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(recoveryFlight)
	for _, id := range ids {
		group.Go(func() error { return work(inner, id) })
	}
	return group.Wait()
}
