package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"steward/internal/store"
	"steward/workflows"
)

// AuditorOptions configures an Auditor. The zero value is ready for use: every field names its default.
type AuditorOptions struct {
	Every   time.Duration // between two looks, and between two attempts to lead, default 1 minute
	Overlap time.Duration // looked at twice: how long Temporal's visibility may lag behind, default 10 minutes
	Page    int32         // runs read at a time, default 200
	Timeout time.Duration // of one call, default 5 s
}

func (o AuditorOptions) withDefaults() AuditorOptions {
	o.Every = orDefault(o.Every, time.Minute)
	o.Overlap = orDefault(o.Overlap, 10*time.Minute)
	o.Page = orDefault(o.Page, 200)
	o.Timeout = orDefault(o.Timeout, 5*time.Second)
	return o
}

// Auditor looks in Temporal for runs of processes that were closed from outside (terminated, failed, timed out, cancelled) although
// the process has not ended, and in Postgres for groups, posts and people for whom open tasks wait that nobody is left to do, and opens
// an incident for each, once. One of all that run works at a time.
type Auditor struct {
	client    client.Client
	store     *store.Store
	log       *slog.Logger
	opts      AuditorOptions
	leader    leader
	since     time.Time // up to which all runs were looked at; zero: look at all that Temporal still has
	vacancies vacancyWalk
}

// NewAuditor makes an Auditor of the namespace that the client is connected to.
func NewAuditor(c client.Client, st *store.Store, log *slog.Logger, opts AuditorOptions) *Auditor {
	opts = opts.withDefaults()
	return &Auditor{
		client: c, store: st, log: log, opts: opts,
		leader: leader{store: st, key: auditorLock, name: "steward-auditor", every: opts.Every, log: log},
	}
}

// Run looks whenever this program leads, until ctx ends.
func (a *Auditor) Run(ctx context.Context) {
	a.leader.run(ctx, func(ctx context.Context) {
		for ctx.Err() == nil {
			opened, err := a.Look(ctx)
			a.report(ctx, "workflows were closed from outside", opened, err)
			opened, _, err = a.LookForVacancies(ctx)
			a.report(ctx, "nobody is left to do some tasks", opened, err)
			pause(ctx, a.opts.Every)
		}
	})
}

func (a *Auditor) report(ctx context.Context, what string, opened int, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil:
		a.log.WarnContext(ctx, "audit broke off, trying again", "of", what, "error", err)
	case opened > 0:
		a.log.ErrorContext(ctx, what, "incidents", opened)
	}
}

// Look goes through the runs closed since the last look that succeeded and answers how many incidents it opened. Calls must not
// overlap.
func (a *Auditor) Look(ctx context.Context) (opened int, err error) {
	begun := time.Now()
	var token []byte
	for {
		page, next, err := a.list(ctx, token)
		if err != nil {
			return opened, fmt.Errorf("list closed workflows: %w", err)
		}
		n, err := a.judge(ctx, page)
		opened += n
		if err != nil {
			return opened, err
		}
		if token = next; len(token) == 0 {
			a.since = begun.Add(-a.opts.Overlap)
			return opened, nil
		}
	}
}

func (a *Auditor) list(ctx context.Context, token []byte) (map[uuid.UUID]closedRun, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, a.opts.Timeout)
	defer cancel()
	query := `WorkflowType = '` + workflows.ProcessWorkflow + `' AND ExecutionStatus IN ('Terminated', 'Failed', 'TimedOut', 'Canceled')`
	if !a.since.IsZero() {
		query += ` AND CloseTime >= '` + a.since.UTC().Format(time.RFC3339Nano) + `'`
	}
	answer, err := a.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{PageSize: a.opts.Page, NextPageToken: token, Query: query})
	if err != nil {
		return nil, nil, err
	}
	return newestRuns(answer.GetExecutions()), answer.GetNextPageToken(), nil
}

// closedRun is one run of a workflow that somebody closed.
type closedRun struct {
	id     string
	status enumspb.WorkflowExecutionStatus
	at     time.Time
}

// newestRuns keeps one run of each process: where several were closed, the last one counts.
func newestRuns(executions []*workflowpb.WorkflowExecutionInfo) map[uuid.UUID]closedRun {
	runs := make(map[uuid.UUID]closedRun, len(executions))
	for _, e := range executions {
		process, err := uuid.Parse(e.GetExecution().GetWorkflowId())
		if run := runOf(e); err == nil && run.at.After(runs[process].at) {
			runs[process] = run
		}
	}
	return runs
}

func runOf(e *workflowpb.WorkflowExecutionInfo) closedRun {
	return closedRun{e.GetExecution().GetRunId(), e.GetStatus(), e.GetCloseTime().AsTime()}
}

// fromOutside says the same as the query of list.
func (r closedRun) fromOutside() bool {
	switch r.status {
	case enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
		enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return true
	default:
		return false
	}
}

func (a *Auditor) judge(ctx context.Context, runs map[uuid.UUID]closedRun) (opened int, err error) {
	suspects, err := a.suspects(ctx, runs)
	if err != nil {
		return 0, fmt.Errorf("read processes of closed workflows: %w", err)
	}
	for _, process := range suspects {
		run, closed, err := a.current(ctx, process, runs[process])
		if err != nil {
			return opened, fmt.Errorf("look at the workflow of process %s: %w", process, err)
		}
		if !closed {
			continue
		}
		isNew, err := a.open(ctx, process, run)
		if err != nil {
			return opened, fmt.Errorf("open an incident for process %s: %w", process, err)
		}
		if isNew {
			opened++
		}
	}
	return opened, nil
}

const sqlSuspects = `SELECT p.id FROM processes p JOIN unnest($1::uuid[], $2::text[]) r (id, event) ON p.id = r.id
WHERE p.status <> 'ended' AND NOT EXISTS (SELECT FROM incidents i WHERE i.process_id = p.id AND i.event_id = r.event)`

// suspects answers the processes that should have a workflow, and no incident for this run, open or resolved.
func (a *Auditor) suspects(ctx context.Context, runs map[uuid.UUID]closedRun) ([]uuid.UUID, error) {
	ids, events := make([]uuid.UUID, 0, len(runs)), make([]string, 0, len(runs))
	for id, run := range runs {
		ids, events = append(ids, id), append(events, run.event())
	}
	rows, err := a.store.Lists().Query(ctx, sqlSuspects, ids, events)
	if err != nil {
		return nil, store.Classify(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return list, store.Classify(err)
}

func (r closedRun) event() string { return "workflow/" + r.id }

// current answers the run that counts for a process, and whether it was closed from outside: somebody may have recovered the
// process already, and visibility may show an earlier run only. A run that Temporal has forgotten meanwhile is the one that was
// listed.
func (a *Auditor) current(ctx context.Context, process uuid.UUID, listed closedRun) (closedRun, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, a.opts.Timeout)
	defer cancel()
	answer, err := a.client.DescribeWorkflowExecution(ctx, process.String(), "")
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return listed, true, nil
	}
	run := runOf(answer.GetWorkflowExecutionInfo())
	return run, run.fromOutside(), err
}

const sqlKnown = `SELECT NOT EXISTS (SELECT FROM processes WHERE id = $1 AND status <> 'ended')
 OR EXISTS (SELECT FROM incidents WHERE process_id = $1 AND event_id = $2)`

// open reports a run unless it was reported before, or its process has ended meanwhile, and answers whether it did.
func (a *Auditor) open(ctx context.Context, process uuid.UUID, run closedRun) (bool, error) {
	var known bool
	if err := a.store.Pool().QueryRow(ctx, sqlKnown, process, run.event()).Scan(&known); err != nil || known {
		return false, store.Classify(err)
	}
	_, err := a.store.ReportIncident(ctx, store.NewIncident{
		ProcessID: process, EventID: run.event(), Kind: store.IncidentWorkflowClosed,
		Message: fmt.Sprintf("The workflow of this process was closed from outside (%s): nothing reminds or escalates any more. "+
			"Give it a new one with `steward recover --temporal-lost`.", run.status),
		Detail: fmt.Sprintf("run %s closed at %s", run.id, run.at.UTC().Format(time.RFC3339)),
	})
	return err == nil, err
}
