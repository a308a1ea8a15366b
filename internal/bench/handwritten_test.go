package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
)

// TestBaselineDoesTheSameWork: it must wait twice, by Signal or by timer, as the product's process does.
func TestBaselineDoesTheSameWork(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		signals int
		lasts   time.Duration
	}{
		{"both steps are done", 2, 2 * time.Hour},
		{"nobody does the approval", 1, 49 * time.Hour},
		{"nobody does anything", 0, 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := &Handwritten{waiting: map[string]chan time.Time{}}
			env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
			began := env.Now()
			for n := range c.signals {
				env.RegisterDelayedCallback(func() { env.SignalWorkflow(stepSignal, nil) }, time.Duration(n+1)*time.Hour)
			}
			env.ExecuteWorkflow(h.approval)
			require.True(t, env.IsWorkflowCompleted())
			require.NoError(t, env.GetWorkflowError())
			require.WithinDuration(t, began.Add(c.lasts), env.Now(), time.Minute)
		})
	}
}

func TestBaselineTellsOnlyWhoExpectsIt(t *testing.T) {
	t.Parallel()
	h := &Handwritten{waiting: map[string]chan time.Time{}}
	suite := new(testsuite.WorkflowTestSuite)
	env := suite.NewTestWorkflowEnvironment()
	told := h.expect("default-test-workflow-id", 0)
	other := h.expect("another", 0)
	env.ExecuteWorkflow(h.timer, env.Now().Add(time.Hour))
	require.NoError(t, env.GetWorkflowError())
	_, err := await(t.Context(), told)
	require.NoError(t, err)
	require.Empty(t, other)
	require.Len(t, h.waiting, 1)
}
