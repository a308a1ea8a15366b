package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/converter"

	"steward/internal/apptest"
	"steward/workflows"
)

// account is what Temporal's history tells of a process: every place of its decision log that its workflow has heard of, over all
// runs, and how the last run ended.
type account struct {
	marks []workflows.Mark
	end   enumspb.EventType
}

// accountOf reads the histories of a process; nil when it never had a workflow.
func accountOf(h *apptest.House, process string) (*account, error) {
	a := &account{}
	for run, last := "", true; last || run != ""; last = false {
		var earlier string
		events := h.App.Temporal.GetWorkflowHistory(h.T.Context(), process, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			e, err := events.Next()
			var none *serviceerror.NotFound
			if errors.As(err, &none) && last {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			if err := a.hear(e); err != nil {
				return nil, fmt.Errorf("event %d: %w", e.GetEventId(), err)
			}
			if started := e.GetWorkflowExecutionStartedEventAttributes(); started != nil {
				earlier = started.GetContinuedExecutionRunId()
			}
			if last {
				a.end = e.GetEventType()
			}
		}
		run = earlier
	}
	return a, nil
}

// hear takes from an event what the workflow learned from it: its input, a nudge, or the answer of an Advance.
func (a *account) hear(e *historypb.HistoryEvent) error {
	var in workflows.Input
	var effects *workflows.Effects
	var err error
	switch {
	case e.GetWorkflowExecutionStartedEventAttributes() != nil:
		err = decode(e.GetWorkflowExecutionStartedEventAttributes().GetInput(), &in)
		effects = in.Known
	case e.GetWorkflowExecutionSignaledEventAttributes().GetSignalName() == workflows.NudgeSignal:
		err = decode(e.GetWorkflowExecutionSignaledEventAttributes().GetInput(), &effects)
	case e.GetMarkerRecordedEventAttributes().GetMarkerName() == "LocalActivity":
		err = decode(e.GetMarkerRecordedEventAttributes().GetDetails()["result"], &effects)
	}
	if in.Seen != nil {
		a.marks = append(a.marks, *in.Seen)
	}
	if effects != nil && effects.Seq > 0 {
		a.marks = append(a.marks, workflows.Mark{Seq: effects.Seq, Head: effects.Head})
	}
	return err
}

func decode(payloads *commonpb.Payloads, into any) error {
	if len(payloads.GetPayloads()) == 0 {
		return nil
	}
	return converter.GetDefaultDataConverter().FromPayloads(payloads, into)
}

// sampled is the number of processes whose histories are read event by event.
const sampled = 100

// agree compares Temporal's histories with the decision log: no workflow has heard of a decision that the log does not hold, and
// the workflow of a process that has ended heard of its last decision and closed as completed. It answers of how many decisions they
// have heard: where the API decides and is killed, that may be none.
func agree(t *testing.T, h *apptest.House, processes []string) (sum int) {
	t.Helper()
	step := max(1, len(processes)/sampled)
	heard := make([]int, (len(processes)+step-1)/step)
	many(t, len(heard), func(i int) error {
		n, err := agreeOn(h, processes[i*step])
		heard[i] = n
		if err != nil {
			return fmt.Errorf("process %s: %w", processes[i*step], err)
		}
		return nil
	})
	for _, n := range heard {
		sum += n
	}
	return sum
}

// TestHistoriesFindWhatTheLogLost: the comparison is worth something only if it sees a decision that is gone, and one that is another.
func TestHistoriesFindWhatTheLogLost(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, nil)
	h.Publish(leave)
	id, err := begin(h, "leave", map[string]any{"days": 1})
	require.NoError(t, err)
	for _, step := range []struct{ who, outcome string }{{"ahua", "done"}, {"ali", "approved"}} {
		_, err := complete(h, id, step.who, step.outcome)
		require.NoError(t, err)
	}
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, h.Closed(id.String()))
	require.Positive(t, agree(t, h, []string{id.String()}))
	for _, harm := range []string{`UPDATE decision_log SET chain_hash = '\x00' WHERE process_id = $1 AND seq = 3`, `DELETE FROM decision_log WHERE process_id = $1 AND seq = 3`} {
		err := h.App.Store.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil { // the log's own triggers refuse
				return err
			}
			tag, err := tx.Exec(ctx, harm, id)
			require.EqualValues(t, 1, tag.RowsAffected())
			return err
		})
		require.NoError(t, err)
		_, err = agreeOn(h, id.String())
		require.ErrorContains(t, err, "its workflow heard of decision 3")
	}
}

// agreeOn compares one process and answers how many decisions its workflow has heard of.
func agreeOn(h *apptest.House, process string) (int, error) {
	a, err := accountOf(h, process)
	if a == nil || err != nil {
		return 0, err // one that ended before Temporal heard of it has no workflow
	}
	heads, ended, err := headsOf(h, process)
	if err != nil {
		return 0, err
	}
	var latest int64
	for _, m := range a.marks {
		head, ok := heads[m.Seq]
		if !ok || m.Head != "" && m.Head != head {
			return 0, fmt.Errorf("its workflow heard of decision %d %q; the log there: %q", m.Seq, m.Head, head)
		}
		latest = max(latest, m.Seq)
	}
	switch {
	case ended && a.end != enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		return 0, fmt.Errorf("it has ended, and its workflow is at %s", a.end)
	case ended && latest != int64(len(heads)):
		return 0, fmt.Errorf("it has ended with decision %d, and its workflow heard of %d at last", len(heads), latest)
	}
	return len(a.marks), nil
}

// headsOf names every row of a process's decision log, and says whether the process has ended.
func headsOf(h *apptest.House, process string) (heads map[int64]string, ended bool, err error) {
	rows, err := h.App.Store.Lists().Query(h.T.Context(), `SELECT l.seq, encode(substr(l.chain_hash, 1, 8), 'hex'), p.status = 'ended'
FROM decision_log l JOIN processes p ON p.id = l.process_id WHERE l.process_id = $1`, process)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	heads = map[int64]string{}
	for rows.Next() {
		var seq int64
		var head string
		if err := rows.Scan(&seq, &head, &ended); err != nil {
			return nil, false, err
		}
		heads[seq] = head
	}
	return heads, ended, rows.Err()
}
