package advance_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/internal/store"
	"steward/workflows/engine"
)

// row is everything that the database holds of a process and that a decision may change.
func (h *house) row(process uuid.UUID) string {
	h.t.Helper()
	var text string
	err := h.store.Pool().QueryRow(h.t.Context(), `SELECT jsonb_build_object('p', to_jsonb(p) - 'updated_at' - 'unsettled_since' - 'armed_at',
 'log', (SELECT jsonb_agg(to_jsonb(l) ORDER BY seq) FROM decision_log l WHERE l.process_id = p.id),
 'tasks', (SELECT jsonb_agg(to_jsonb(t) ORDER BY opened_at, id) FROM tasks t WHERE t.process_id = p.id),
 'candidates', (SELECT jsonb_agg(to_jsonb(c) ORDER BY task_id, principal) FROM task_candidates c WHERE c.process_id = p.id),
 'reservations', (SELECT jsonb_agg(to_jsonb(r) - 'created_at' ORDER BY id) FROM reservations r WHERE r.process_id = p.id),
 'outbox', (SELECT count(*) FROM outbox o WHERE o.process_id = p.id),
 'commands', (SELECT jsonb_agg(to_jsonb(c) ORDER BY id) FROM commands c WHERE c.process_id = p.id))::text
 FROM processes p WHERE p.id = $1`, process).Scan(&text)
	require.NoError(h.t, err)
	return text
}

// TestAdvanceTwiceOrLateChangesNothing: a lost answer, a killed worker or a late zombie may all run Advance again.
func TestAdvanceTwiceOrLateChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	h.complete(p, "plan", "ahua", "done")
	before := h.row(p)
	first, err := h.advancer.Advance(t.Context(), p, advance.Wake{Workflow: true, Seen: []advance.Mark{{Seq: 2}}})
	require.NoError(t, err)
	require.EqualValues(t, 2, first.Seq)
	require.NotNil(t, first.Next)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := h.advancer.Advance(t.Context(), p, advance.Wake{})
			require.NoError(t, err)
		})
	}
	wg.Wait()
	require.Equal(t, before, h.row(p))
}

func TestSameKeySameAnswerOtherBodyRefused(t *testing.T) {
	t.Parallel()
	for _, mode := range []advance.Mode{advance.ModeAPI, advance.ModeWorkflow} {
		h := newHouse(t, mode, leave)
		start := advance.Start{Definition: "leave", Input: map[string]any{"days": 2}, Actor: "ahua", Key: "k1"}
		first, err := h.service.Start(t.Context(), start)
		require.NoError(t, err)
		again, err := h.service.Start(t.Context(), start)
		require.NoError(t, err)
		require.True(t, again.Replay)
		require.Equal(t, first.Process, again.Process)
		require.Equal(t, first.Receipt, again.Receipt)
		start.Input = map[string]any{"days": 3}
		_, err = h.service.Start(t.Context(), start)
		require.ErrorIs(t, err, advance.ErrKeyReused)

		cmd := advance.Command{Process: first.Process, Type: engine.EventComplete, Actor: "ahua", Key: "k2", Payload: engine.TaskData{Task: h.task(first.Process, "plan")}}
		done, err := h.service.Submit(t.Context(), cmd)
		require.NoError(t, err)
		require.Equal(t, "applied", done.Receipt.Status)
		again, err = h.service.Submit(t.Context(), cmd)
		require.NoError(t, err)
		require.True(t, again.Replay)
		require.Equal(t, done.Receipt, again.Receipt)
		cmd.Payload = engine.TaskData{Task: "other"}
		_, err = h.service.Submit(t.Context(), cmd)
		require.ErrorIs(t, err, advance.ErrKeyReused)
	}
}

// TestRacesHaveOneWinner: two people decide at once; one wins, the other learns who.
func TestRacesHaveOneWinner(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	for range 100 {
		p := h.start("leave", "ahua", map[string]any{"days": 2})
		h.complete(p, "plan", "ahua", "done")
		task := h.task(p, "approve")
		results := make([]advance.Result, 2)
		var wg sync.WaitGroup
		for i, who := range []string{"ali", "afang"} {
			wg.Go(func() {
				res, err := h.service.Submit(t.Context(), advance.Command{
					Process: p, Type: engine.EventComplete, Actor: who, Key: uuid.NewString(), Payload: engine.TaskData{Task: task, Outcome: []string{"approved", "rejected"}[i]},
				})
				require.NoError(t, err)
				results[i] = res
			})
		}
		wg.Wait()
		applied := slices.IndexFunc(results, func(r advance.Result) bool { return r.Receipt.Status == "applied" })
		require.GreaterOrEqual(t, applied, 0)
		loser := results[1-applied].Receipt
		require.Equal(t, "refused", loser.Status)
		require.Equal(t, []string{"ali", "afang"}[applied], loser.Winner.By)
		require.Equal(t, 2, loser.Revision)
	}
}

// TestHeldCommandsCanBeWithdrawn until their undo window has passed; then they are decided.
func TestHeldCommandsCanBeWithdrawn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeWorkflow, leave)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	hold := func(key string, d time.Duration) advance.Result {
		until := time.Now().Add(d)
		res, err := h.service.Submit(t.Context(), advance.Command{
			Process: p, Type: engine.EventComplete, Actor: "ahua", Key: key, HoldUntil: &until, Payload: engine.TaskData{Task: h.task(p, "plan")},
		})
		require.ErrorIs(t, err, advance.ErrNotDecidedYet)
		return res
	}
	held := hold("a", time.Minute)
	ok, err := h.service.Withdraw(t.Context(), held.Command, "ahua")
	require.NoError(t, err)
	require.True(t, ok)
	held = hold("b", 50*time.Millisecond)
	require.Eventually(t, func() bool {
		_, err := h.advancer.Advance(t.Context(), p, advance.Wake{})
		require.NoError(t, err)
		res, err := h.service.Receipt(t.Context(), held.Command)
		return err == nil && res.Receipt.Status == "applied"
	}, 5*time.Second, 20*time.Millisecond)
	ok, err = h.service.Withdraw(t.Context(), held.Command, "ahua")
	require.NoError(t, err)
	require.False(t, ok, "too late")
}

const faulty = `process: faulty
name: { zh: 出错, en: Faulty }
domain: office
outcomes: [done]
input: { type: object, required: [n], properties: { n: { type: integer } } }
roles: { asker: { starter: true } }
steps:
  - { id: first, uses: task, assign: asker }
  - { id: share, when: 10 ** (400 - 400 * input.n) < 2, uses: task, assign: asker }
  - { end: done }
`

// TestAFaultParksTheEventAndNothingElse: the command waits for an operator, who tries again or gives it up.
func TestAFaultParksTheEventAndNothingElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, faulty)
	p := h.start("faulty", "ahua", map[string]any{"n": 0})
	before := h.row(p)
	cmd := advance.Command{Process: p, Type: engine.EventComplete, Actor: "ahua", Key: "k", Payload: engine.TaskData{Task: h.task(p, "first")}}
	res, err := h.service.Submit(t.Context(), cmd)
	require.ErrorIs(t, err, advance.ErrParked)
	require.NotEqual(t, before, h.row(p), "the command is stored")
	incidents, err := h.store.ProcessIncidents(t.Context(), p)
	require.NoError(t, err)
	require.Len(t, incidents, 1)
	require.Equal(t, "cmd/"+res.Command.String(), incidents[0].EventID)
	require.Equal(t, "expression", incidents[0].Kind)

	require.NoError(t, h.advancer.RetryIncident(t.Context(), incidents[0].ID, "awei"))
	incidents, err = h.store.ProcessIncidents(t.Context(), p)
	require.NoError(t, err)
	open := slices.IndexFunc(incidents, func(i store.Incident) bool { return i.ResolvedAt == nil })
	require.GreaterOrEqual(t, open, 0, "it failed again")
	require.NoError(t, h.advancer.DropIncident(t.Context(), incidents[open].ID, "awei"))
	dropped, err := h.service.Receipt(t.Context(), res.Command)
	require.NoError(t, err)
	require.Equal(t, "dropped", dropped.Receipt.Code)
	require.NotEmpty(t, h.task(p, "first"), "the task is still open")
}

// TestVerifyFindsEveryChange: a changed byte anywhere in the log or a deleted last row does not go unnoticed.
func TestVerifyFindsEveryChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	h.complete(p, "plan", "ahua", "done")
	h.complete(p, "approve", "ali", "returned")
	require.NoError(t, h.advancer.Verify(t.Context(), p))
	tamper := func(name, sql string) {
		tx, err := h.store.Pool().Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "SET LOCAL steward.archiving = 'on'")
		require.NoError(t, err)
		var saved string
		require.NoError(t, tx.QueryRow(t.Context(), `SELECT jsonb_agg(to_jsonb(l))::text FROM decision_log l WHERE process_id = $1`, p).Scan(&saved))
		tag, err := tx.Exec(t.Context(), sql, p)
		require.NoError(t, err, name)
		require.EqualValues(t, 1, tag.RowsAffected(), name)
		require.NoError(t, tx.Commit(t.Context()))
		require.Error(t, h.advancer.Verify(t.Context(), p), name)
		tx, err = h.store.Pool().Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "SET LOCAL steward.archiving = 'on'")
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `DELETE FROM decision_log WHERE process_id = $1`, p)
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `INSERT INTO decision_log SELECT * FROM jsonb_populate_recordset(null::decision_log, $1::jsonb)`, saved)
		require.NoError(t, err)
		require.NoError(t, tx.Commit(t.Context()))
		require.NoError(t, h.advancer.Verify(t.Context(), p))
	}
	tamper("changes", `UPDATE decision_log SET changes = replace(changes, 'Plan', 'Plxn') WHERE process_id = $1 AND seq = 1`)
	tamper("event", `UPDATE decision_log SET event = replace(event, 'ahua', 'ahub') WHERE process_id = $1 AND seq = 2`)
	tamper("last row", `DELETE FROM decision_log WHERE process_id = $1 AND seq = 3`)
	tamper("digest", `UPDATE decision_log SET state_digest = '\x00' WHERE process_id = $1 AND seq = 2`)
}

// TestRebuildEqualsWhatWasWrittenLive: the projections follow from the log alone, and rebuilding sends nothing.
func TestRebuildEqualsWhatWasWrittenLive(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	h.complete(p, "plan", "ahua", "done")
	h.complete(p, "approve", "ali", "returned")
	h.complete(p, "plan", "ahua", "done")
	submit := func(kind, actor string) {
		res, err := h.service.Submit(t.Context(), advance.Command{Process: p, Type: kind, Actor: actor, Key: uuid.NewString(), Payload: engine.TaskData{Task: h.task(p, "approve")}})
		require.NoError(t, err)
		require.Equal(t, "applied", res.Receipt.Status)
	}
	submit(engine.EventClaim, "ali")
	live := normalize(t, h.row(p))
	require.NoError(t, h.advancer.Rebuild(t.Context(), p))
	require.Equal(t, live, normalize(t, h.row(p)))
	submit(engine.EventRelease, "ali")
	live = normalize(t, h.row(p))
	require.NoError(t, h.advancer.Rebuild(t.Context(), p))
	require.Equal(t, live, normalize(t, h.row(p)))
}

func normalize(t *testing.T, row string) string {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(row), &v))
	text, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return strings.TrimSpace(string(text))
}
