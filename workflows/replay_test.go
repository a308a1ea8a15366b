package workflows_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"steward/workflows"
)

// TestRecordedHistoriesReplay: processes that began under an earlier build go on under this one.
func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/history/*.json*")
	require.NoError(t, err)
	require.NotEmpty(t, files, "the recorded histories are gone")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			require.NoError(t, replay(readHistory(t, file)))
		})
	}
}

// TestReplayFindsAnotherCourse: the replay above is worth something only if it fails when the workflow does something else.
func TestReplayFindsAnotherCourse(t *testing.T) {
	t.Parallel()
	history := readHistory(t, "testdata/history/leave-workflow.json")
	for _, e := range history.GetEvents() {
		if e.GetEventType() == enumspb.EVENT_TYPE_TIMER_STARTED {
			e.GetTimerStartedEventAttributes().TimerId = "another"
		}
	}
	require.Error(t, replay(history))
}

func replay(history *historypb.History) error {
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(workflows.Process, workflow.RegisterOptions{Name: workflows.ProcessWorkflow})
	return replayer.ReplayWorkflowHistory(nil, history)
}

func readHistory(t *testing.T, file string) *historypb.History {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	text := io.Reader(f)
	if strings.HasSuffix(file, ".gz") {
		text, err = gzip.NewReader(f)
		require.NoError(t, err)
	}
	history, err := client.HistoryFromJSON(text, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return history
}
