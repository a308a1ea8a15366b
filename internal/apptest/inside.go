package apptest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"steward/internal/store"
	"steward/workflows"
)

// RecordVariable asks to write recordings where there are none yet.
const RecordVariable = "STEWARD_RECORD"

// LogRow is one row of a recorded decision log. Event and changes are the exact texts that the hash covers.
type LogRow struct {
	Seq     int64  `json:"seq"`
	EventID string `json:"event_id"`
	Event   string `json:"event"`
	Changes string `json:"changes"`
	Hash    []byte `json:"hash"`
	Digest  []byte `json:"digest"`
}

// Log reads the decision log of a process.
func (h *House) Log(process string) []LogRow {
	h.T.Helper()
	rows, err := h.App.Store.Lists().Query(h.T.Context(),
		`SELECT seq, event_id, event, changes, chain_hash, state_digest FROM decision_log WHERE process_id = $1 ORDER BY seq`, process)
	require.NoError(h.T, err)
	defer rows.Close()
	var log []LogRow
	for rows.Next() {
		var r LogRow
		require.NoError(h.T, rows.Scan(&r.Seq, &r.EventID, &r.Event, &r.Changes, &r.Hash, &r.Digest))
		log = append(log, r)
	}
	require.NoError(h.T, rows.Err())
	return log
}

// Count answers the number that a statement yields.
func (h *House) Count(sql string, args ...any) int {
	h.T.Helper()
	var n int
	require.NoError(h.T, h.App.Store.Lists().QueryRow(h.T.Context(), sql, args...).Scan(&n))
	return n
}

// SetAll gives several house parameters of a definition a value, from now on.
func (h *House) SetAll(definition string, values map[string]any) {
	h.T.Helper()
	for name, value := range values {
		text, err := json.Marshal(value)
		require.NoError(h.T, err)
		require.NoError(h.T, h.App.Store.PutSetting(h.T.Context(), "parameter/"+definition+"/"+name, text, store.Actor{UserID: "test"}))
	}
	h.App.Catalog.Reload()
}

// Crew signs several people in.
func (h *House) Crew(users ...string) Crew {
	h.T.Helper()
	var crew Crew
	for _, u := range users {
		crew = append(crew, h.SignIn(u))
	}
	return crew
}

// Children waits until a process has so many children and answers their ids, oldest first.
func (h *House) Children(process string, n int) []string {
	h.T.Helper()
	var ids []string
	Until(h.T, "the children of process "+process, func() bool {
		rows, err := h.App.Store.Lists().Query(h.T.Context(), `SELECT id FROM processes WHERE parent_id = $1 AND seq > 0 ORDER BY started_at`, process)
		require.NoError(h.T, err)
		defer rows.Close()
		ids = nil
		for rows.Next() {
			var id uuid.UUID
			require.NoError(h.T, rows.Scan(&id))
			ids = append(ids, id.String())
		}
		return len(ids) == n
	})
	return ids
}

// CurrentDetails answers what Temporal's UI shows about the workflow of a process.
func (h *House) CurrentDetails(process string) (string, error) {
	h.T.Helper()
	value, err := h.App.Temporal.QueryWorkflow(h.T.Context(), process, "", "__temporal_workflow_metadata")
	if err != nil {
		return "", err
	}
	var metadata sdkpb.WorkflowMetadata
	err = value.Get(&metadata)
	return metadata.GetCurrentDetails(), err
}

// Closed waits until the latest run of a process's workflow has closed, and answers how.
func (h *House) Closed(process string) enumspb.WorkflowExecutionStatus {
	h.T.Helper()
	status := enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
	Until(h.T, "the workflow of process "+process+" does not close", func() bool {
		d, err := h.App.Temporal.DescribeWorkflow(h.T.Context(), process, "")
		if err != nil {
			return false
		}
		status = d.Status
		return status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	})
	return status
}

// History reads the history of a run of a process's workflow; "" means the latest.
func (h *House) History(process, run string) *historypb.History {
	h.T.Helper()
	history := &historypb.History{}
	events := h.App.Temporal.GetWorkflowHistory(h.T.Context(), process, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(h.T, err)
		history.Events = append(history.Events, e)
	}
	return history
}

// Replay runs the workflow again over a history that it has written.
func Replay(t testing.TB, history *historypb.History) {
	t.Helper()
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(workflows.Process, workflow.RegisterOptions{Name: workflows.ProcessWorkflow})
	require.NoError(t, replayer.ReplayWorkflowHistory(nil, history))
}

// Keep proves that what a process has left can be read again: its log, and the history of a run of its workflow. Where
// recordings are asked for and there is none of this name yet, it writes both. An existing recording is never touched.
func (h *House) Keep(name, process, run string) {
	h.T.Helper()
	require.NoError(h.T, h.App.Advancer.Verify(h.T.Context(), uuid.MustParse(process)))
	history := h.History(process, run)
	Replay(h.T, history)
	if os.Getenv(RecordVariable) == "" {
		return
	}
	text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(history)
	require.NoError(h.T, err)
	writeOnce(h.T, filepath.Join("workflows", "testdata", "history", name+".json"), text)
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, r := range h.Log(process) {
		require.NoError(h.T, encoder.Encode(r))
	}
	writeOnce(h.T, filepath.Join("workflows", "engine", "testdata", "logs", name+".jsonl"), lines.Bytes())
	h.keepBundle(process)
}

// keepBundle writes the definition of a process beside the logs, under its digest, so that logs can share it.
func (h *House) keepBundle(process string) {
	h.T.Helper()
	var bundle, digest, id string
	err := h.App.Store.Lists().QueryRow(h.T.Context(), `SELECT d.bundle, d.digest, d.id FROM definitions d JOIN processes p ON p.definition_id = d.id AND p.version = d.version
WHERE p.id = $1`, process).Scan(&bundle, &digest, &id)
	require.NoError(h.T, err)
	writeOnce(h.T, filepath.Join("workflows", "engine", "testdata", "logs", "definitions", id+"-"+digest[:12]+".json"), []byte(bundle))
}

// writeOnce writes a file below the module's root, unless it exists.
func writeOnce(t testing.TB, name string, text []byte) {
	t.Helper()
	root, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		require.NotEqual(t, root, filepath.Dir(root), "no go.mod above the working directory")
		root = filepath.Dir(root)
	}
	name = filepath.Join(root, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if os.IsExist(err) {
		return
	}
	require.NoError(t, err)
	_, err = f.Write(text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}
