package activities_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"steward/activities"
	"steward/internal/advance"
	"steward/internal/store"
	"steward/internal/storetest"
	"steward/workflows"
)

// process inserts a process and starts its workflow.
func (b *bed) process(t *testing.T, status string) uuid.UUID {
	t.Helper()
	p := storetest.Process(t, b.store.Pool(), func(p *store.Process) { p.Status = status })
	require.NoError(t, b.nudger(activities.NudgerOptions{}).Send(t.Context(), p.ID, advance.Effects{Start: true, Seq: 1}))
	return p.ID
}

func (b *bed) terminate(t *testing.T, process uuid.UUID) string {
	t.Helper()
	answer, err := b.client.DescribeWorkflowExecution(t.Context(), process.String(), "")
	require.NoError(t, err)
	require.NoError(t, b.client.TerminateWorkflow(t.Context(), process.String(), "", "test"))
	return answer.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

// looks lets an auditor look until visibility has caught up and so many incidents exist.
func (b *bed) looks(t *testing.T, a *activities.Auditor, incidents int) {
	t.Helper()
	eventually(t, func() bool {
		_, err := a.Look(t.Context())
		require.NoError(t, err)
		return b.count(t, "incidents") >= incidents
	}, "%d incidents", incidents)
}

func TestAWorkflowClosedFromOutsideIsAnIncidentOnce(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	healthy, ended, closed, another := b.process(t, "running"), b.process(t, "ended"), b.process(t, "running"), b.process(t, "running")
	b.terminate(t, ended)
	run := b.terminate(t, closed)
	b.terminate(t, another)
	auditor := activities.NewAuditor(b.client, b.store, b.log, activities.AuditorOptions{Page: 1}) // page by page
	b.looks(t, auditor, 2)

	list, err := b.store.ProcessIncidents(t.Context(), closed)
	require.NoError(t, err)
	require.Len(t, list, 1)
	i := list[0]
	require.Equal(t, "workflow_closed", i.Kind)
	require.Equal(t, "workflow/"+run, i.EventID)
	require.Contains(t, i.Message, "Terminated")
	require.Contains(t, i.Message, "steward recover")
	require.Contains(t, i.Detail, run)
	require.Zero(t, b.count(t, "incidents WHERE process_id = ANY ($1)", []uuid.UUID{healthy, ended}))

	fresh := activities.NewAuditor(b.client, b.store, b.log, activities.AuditorOptions{})
	for _, a := range []*activities.Auditor{auditor, fresh} {
		opened, err := a.Look(t.Context())
		require.NoError(t, err)
		require.Zero(t, opened, "known already")
	}
	_, err = b.store.Pool().Exec(t.Context(), "UPDATE incidents SET resolved_at = now() WHERE id = $1", i.ID)
	require.NoError(t, err)
	opened, err := fresh.Look(t.Context())
	require.NoError(t, err)
	require.Zero(t, opened, "resolved: not opened again for the same run")
}

func TestAProcessThatHasANewRunIsNoIncident(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	recovered, closed := b.process(t, "running"), b.process(t, "running")
	b.terminate(t, recovered)
	_, err := b.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: recovered.String(), TaskQueue: b.queue, WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, workflows.ProcessWorkflow, workflows.Input{Process: recovered.String()})
	require.NoError(t, err)
	b.terminate(t, closed)
	auditor := activities.NewAuditor(b.client, b.store, b.log, activities.AuditorOptions{Every: tick})
	b.looks(t, auditor, 1) // the run of `recovered` was closed earlier: it has been looked at
	require.Zero(t, b.count(t, "incidents WHERE process_id = $1", recovered))

	second := b.terminate(t, recovered)
	b.looks(t, auditor, 2)
	require.Equal(t, 1, b.count(t, "incidents WHERE event_id = $1", "workflow/"+second), "the last run counts")
	require.Equal(t, 1, b.count(t, "incidents WHERE process_id = $1", recovered))
}

func TestAuditorsRunOneAtATime(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	process := b.process(t, "running")
	for range 2 {
		inBackground(t, activities.NewAuditor(b.client, b.store, b.log, activities.AuditorOptions{Every: tick}).Run)
	}
	eventually(t, func() bool { return len(backends(t, b.store, "steward-auditor")) == 1 }, "one leads")
	b.terminate(t, process)
	eventually(t, func() bool { return b.count(t, "incidents WHERE process_id = $1", process) == 1 }, "it finds the closed run")
	require.Len(t, backends(t, b.store, "steward-auditor"), 1)
}

func TestASweeperLeavesClosedWorkflowsToTheOperator(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	process := b.process(t, "running")
	b.terminate(t, process)
	_, err := b.store.Pool().Exec(t.Context(), "UPDATE processes SET unsettled_since = now() - interval '1 minute'")
	require.NoError(t, err)
	sweeper := func() *activities.Sweeper {
		return activities.NewSweeper(b.store, b.nudger(activities.NudgerOptions{}), &ledger{}, b.log, activities.SweeperOptions{})
	}
	require.Equal(t, activities.Tally{Failed: 1}, sweep(t, sweeper()), "nobody knows of it yet")
	b.looks(t, activities.NewAuditor(b.client, b.store, b.log, activities.AuditorOptions{}), 1)
	require.Zero(t, sweep(t, sweeper()), "an incident is open")
}
