package advance_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/internal/advance"
	"steward/internal/store"
	"steward/workflows/engine"
)

// advance runs one Advance of the process's workflow.
func (h *house) advance(process uuid.UUID) advance.Effects {
	h.t.Helper()
	e, err := h.advancer.Advance(h.t.Context(), process, advance.Wake{Workflow: true})
	require.NoError(h.t, err)
	return e
}

// until advances a process until something holds.
func (h *house) until(process uuid.UUID, holds func(advance.Effects) bool, what string) {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return holds(h.advance(process)) }, 10*time.Second, 20*time.Millisecond, what)
}

// open lists the open incidents of a process.
func (h *house) open(process uuid.UUID) (open []store.Incident) {
	h.t.Helper()
	all, err := h.store.ProcessIncidents(h.t.Context(), process)
	require.NoError(h.t, err)
	for _, i := range all {
		if i.ResolvedAt == nil {
			open = append(open, i)
		}
	}
	return open
}

// scan reads one value.
func scan[T any](h *house, sql string, args ...any) T {
	h.t.Helper()
	var v T
	require.NoError(h.t, h.store.Pool().QueryRow(h.t.Context(), sql, args...).Scan(&v))
	return v
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	_, err := h.store.Pool().Exec(h.t.Context(), sql, args...)
	require.NoError(h.t, err)
}

// leaves stores a command as an API that died right afterwards would.
func (h *house) leaves(process uuid.UUID, kind, actor string, payload any) uuid.UUID {
	h.t.Helper()
	body, err := json.Marshal(payload)
	require.NoError(h.t, err)
	id := uuid.New()
	h.exec(`INSERT INTO commands (id, process_id, actor, key, body_digest, type, payload) VALUES ($1, $2, $3, $4, '', $5, $6)`, id, process, actor, id.String(), kind, string(body))
	return id
}

func (h *house) receipt(command uuid.UUID) engine.Receipt {
	h.t.Helper()
	res, err := h.service.Receipt(h.t.Context(), command)
	require.NoError(h.t, err)
	return res.Receipt
}

// publishWith publishes a definition that names other files.
func (h *house) publishWith(source string, files map[string]string) {
	h.t.Helper()
	bundle := definitions.Bundle{Name: "test.yaml", Source: source, Files: files}
	def, problems := definitions.Compile(bundle, definitions.NewRegistry(definitions.Builtin()...))
	require.NotNil(h.t, def, "%v", problems)
	text, err := json.Marshal(bundle)
	require.NoError(h.t, err)
	_, _, err = h.store.PublishDefinition(h.t.Context(), store.NewDefinition{ID: def.ID, Digest: def.Digest, Bundle: string(text), PublishedBy: "test"})
	require.NoError(h.t, err)
}

const twoBranches = `process: branches
name: { zh: 两路, en: Two branches }
domain: office
outcomes: [done]
input: { type: object, required: [n], properties: { n: { type: integer } } }
roles: { asker: { starter: true } }
steps:
  - parallel:
      - steps:
          - { id: w, uses: wait, with: { until: +1s } }
          - { id: share, when: 10 ** (400 - 400 * input.n) < 2, uses: task, assign: asker }
      - { id: other, uses: task, assign: asker, due: +2s }
  - { end: done }
`

// TestAParkedDeadlineStopsNoOther, and the workflow is not told to wake for it again and again.
func TestAParkedDeadlineStopsNoOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, twoBranches)
	p := h.start("branches", "ahua", map[string]any{"n": 0})
	h.until(p, func(advance.Effects) bool { return len(h.open(p)) == 1 }, "the first branch fails")
	require.Eventually(t, func() bool {
		e := h.advance(p)
		overdue := scan[bool](h, `SELECT overdue_notified FROM tasks WHERE process_id = $1 AND step = 'other'`, p)
		if overdue {
			require.Nil(t, e.Next, "only the parked one is left")
			require.True(t, scan[bool](h, `SELECT next_at IS NULL FROM processes WHERE id = $1`, p))
		}
		return overdue
	}, 10*time.Second, 50*time.Millisecond, "the other branch's due date passes")

	i := h.open(p)[0]
	var refused *advance.DropRefusedError
	require.ErrorAs(t, h.advancer.DropIncident(t.Context(), i.ID, "awei"), &refused)
	require.Equal(t, "must_go_on", refused.Receipt.Code, "nothing else would ever wake this branch")
	require.Len(t, h.open(p), 1)
	require.NoError(t, h.advancer.Verify(t.Context(), p))
}

const dated = `process: dated
name: { zh: 有期限, en: Dated }
domain: office
outcomes: [done]
input: { type: object, properties: {} }
roles: { asker: { starter: true } }
steps:
  - { id: a, uses: task, assign: asker, due: +1s }
  - { end: done }
`

// TestADroppedDeadlineNeverFires although its cause was mended meanwhile and its time has come.
func TestADroppedDeadlineNeverFires(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, dated)
	p := h.start("dated", "ahua", map[string]any{})
	due := scan[string](h, `SELECT 'due/' || (state::jsonb->'deadlines'->0->>'id') FROM processes WHERE id = $1`, p)
	i, err := h.store.ReportIncident(t.Context(), store.NewIncident{ProcessID: p, EventID: due, Kind: "expression", Message: "mended since"})
	require.NoError(t, err)
	at := scan[time.Time](h, `SELECT due_at FROM tasks WHERE process_id = $1`, p)
	require.Eventually(t, func() bool { return time.Now().After(at) }, 10*time.Second, 20*time.Millisecond)
	require.Nil(t, h.advance(p).Next)

	require.ErrorAs(t, h.advancer.DropIncident(t.Context(), i.ID, "ahua"), new(*advance.DropRefusedError), "not an operator")
	require.Len(t, h.open(p), 1)
	require.NoError(t, h.advancer.DropIncident(t.Context(), i.ID, "awei"))
	require.Empty(t, h.open(p))
	h.advance(p)
	require.Zero(t, scan[int](h, `SELECT count(*) FROM decision_log WHERE process_id = $1 AND event_id LIKE 'due/%'`, p))
	require.ErrorIs(t, h.advancer.DropIncident(t.Context(), i.ID, "awei"), store.ErrNotFound)
}

const recorder = `process: recorder
name: { zh: 登记, en: Recorder }
domain: office
outcomes: [done]
input: { type: object, properties: { names: { type: array, items: { type: string }, default: [] } } }
roles: { asker: { starter: true } }
steps:
  - parallel:
      - steps:
          - { id: first, uses: task, assign: asker }
          - { id: r, each: { in: input.names, as: n, mode: parallel }, uses: record, with: { register: book, key: =n, entry: { x: =n } } }
      - { id: beside, uses: task, assign: asker }
      - { id: last, uses: task, assign: asker }
  - { end: done }
`

const book = `register: book
name: { zh: 簿, en: Book }
schema: { type: object, properties: { x: { type: string } } }
`

func newRecorder(t *testing.T, register bool) *house {
	h := newHouse(t, advance.ModeAPI)
	h.publishWith(recorder, map[string]string{"registers/book.yaml": book})
	if register {
		require.NoError(t, h.store.PutRegister(t.Context(), store.Register{ID: "book", Name: store.Text{Zh: "簿", En: "Book"}, Schema: `{"type":"object"}`}))
	}
	return h
}

// TestTwoEntriesOfOneKeyInOneEvent: the second one meets the first, which no table shows yet.
func TestTwoEntriesOfOneKeyInOneEvent(t *testing.T) {
	t.Parallel()
	h := newRecorder(t, true)
	p := h.start("recorder", "ahua", map[string]any{"names": []any{"a", "a", "b"}})
	require.Equal(t, "applied", h.complete(p, "first", "ahua", "done").Receipt.Status)
	require.Equal(t, 2, scan[int](h, `SELECT count(*) FROM register_entries WHERE process_id = $1`, p))
	require.Empty(t, h.open(p))
}

// TestWhatCannotBeStoredWaitsForAnOperator, and what was stored in the same moment goes on without it.
func TestWhatCannotBeStoredWaitsForAnOperator(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		register bool
		entry    string
	}{
		"a register that does not exist": {false, "a"},
		"a text that Postgres refuses":   {true, "a\x00b"},
		"a key too long for an index":    {true, incompressible(9000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newRecorder(t, c.register)
			p := h.start("recorder", "ahua", map[string]any{"names": []any{c.entry}})
			complete := func(step string) uuid.UUID {
				return h.leaves(p, engine.EventComplete, "ahua", engine.TaskData{Task: h.task(p, step), Outcome: "done"})
			}
			before, broken, after := complete("beside"), complete("first"), complete("last")
			h.until(p, func(e advance.Effects) bool { return !e.Again }, "all is decided")
			require.Equal(t, "applied", h.receipt(before).Status)
			require.Equal(t, "applied", h.receipt(after).Status)
			_, err := h.service.Receipt(t.Context(), broken)
			require.ErrorIs(t, err, advance.ErrParked)
			open := h.open(p)
			require.Len(t, open, 1)
			require.Equal(t, "unstorable", open[0].Kind)
			require.Equal(t, "cmd/"+broken.String(), open[0].EventID)
			require.NoError(t, h.advancer.Verify(t.Context(), p))

			require.NoError(t, h.advancer.DropIncident(t.Context(), open[0].ID, "awei"))
			require.Equal(t, "dropped", h.receipt(broken).Code)
			require.Empty(t, h.open(p))
		})
	}
}

// incompressible is a text that Postgres cannot make shorter.
func incompressible(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(uuid.NewString())
	}
	return b.String()
}

// TestParkedCommandsDoNotHideOthers, however many wait for an operator.
func TestParkedCommandsDoNotHideOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	h.exec(`WITH c AS (INSERT INTO commands (id, process_id, actor, key, body_digest, type, payload)
SELECT gen_random_uuid(), $1, 'ahua', i::text, '', 'event', '{}' FROM generate_series(1, 120) i RETURNING id)
INSERT INTO incidents (process_id, event_id, kind, message) SELECT $1, 'cmd/' || id, 'fuel', 'x' FROM c`, p)
	command := h.leaves(p, engine.EventComplete, "ahua", engine.TaskData{Task: h.task(p, "plan"), Outcome: "done"})
	require.False(t, h.advance(p).Again)
	require.Equal(t, "applied", h.receipt(command).Status)
}

const badStart = `process: badstart
name: { zh: 出错, en: Faulty }
domain: office
outcomes: [done]
businessKey: "{{input.k}}"
input: { type: object, required: [n, k], properties: { n: { type: integer }, k: { type: string } } }
roles: { asker: { starter: true } }
steps:
  - { id: share, when: 10 ** (400 - 400 * input.n) < 2, uses: task, assign: asker }
  - { end: done }
`

// TestAParkedStart holds back what was sent to its process; given up, it ends the process and frees its business key.
func TestAParkedStart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, badStart)
	start := advance.Start{Definition: "badstart", Actor: "ahua", Key: "a", Input: map[string]any{"n": 0, "k": "K1"}}
	res, err := h.service.Start(t.Context(), start)
	require.ErrorIs(t, err, advance.ErrParked)
	cancel, err := h.service.Submit(t.Context(), advance.Command{Process: res.Process, Type: engine.EventCancel, Actor: "ahua", Key: "c", Payload: engine.CancelData{}})
	require.ErrorIs(t, err, advance.ErrNotDecidedYet, "it waits with the start")
	require.False(t, h.advance(res.Process).Again)
	require.Equal(t, "starting", scan[string](h, `SELECT status FROM processes WHERE id = $1`, res.Process))

	require.NoError(t, h.advancer.RetryIncident(t.Context(), h.open(res.Process)[0].ID, "awei"))
	require.Len(t, h.open(res.Process), 1, "it fails again")
	require.NoError(t, h.advancer.DropIncident(t.Context(), h.open(res.Process)[0].ID, "awei"))
	require.Equal(t, "ended dropped", scan[string](h, `SELECT status || ' ' || outcome FROM processes WHERE id = $1`, res.Process))
	require.Equal(t, "dropped", h.receipt(res.Command).Code)
	require.Equal(t, "refused", h.receipt(cancel.Command).Status)
	require.True(t, h.advance(res.Process).Ended)
	require.Empty(t, h.open(res.Process))

	start.Key, start.Input = "b", map[string]any{"n": 1, "k": "K1"}
	_, err = h.service.Start(t.Context(), start)
	require.NoError(t, err, "the business key is free")
}

// TestARetryNeedsAnEvent: an incident without one is closed by a recovery alone.
func TestARetryNeedsAnEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave)
	p := h.start("leave", "ahua", map[string]any{"days": 2})
	for kind, remedy := range map[string]string{store.IncidentWorkflowClosed: "steward recover --temporal-lost", store.IncidentBehind: "steward recover --postgres-restored"} {
		i, err := h.store.ReportIncident(t.Context(), store.NewIncident{ProcessID: p, EventID: kind + "/1", Kind: kind, Message: "x"})
		require.NoError(t, err)
		for _, deal := range []error{h.advancer.RetryIncident(t.Context(), i.ID, "awei"), h.advancer.DropIncident(t.Context(), i.ID, "awei")} {
			require.ErrorIs(t, deal, advance.ErrNeedsRecovery)
			require.ErrorContains(t, deal, remedy)
		}
	}
	require.Len(t, h.open(p), 2)
}
