package apptest

import (
	"encoding/json"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	sdkpb "go.temporal.io/api/sdk/v1"

	"steward/internal/store"
)

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
