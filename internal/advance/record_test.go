package advance_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/internal/store"
	"steward/workflows/engine"
)

const account = `process: account
name: { zh: 开户, en: Account }
domain: office
outcomes: [opened, known]
input: { type: object, required: [customer], properties: { customer: { type: string }, limit: { type: number, default: 5 } } }
roles: { asker: { starter: true } }
steps:
  - { id: plan, uses: task, assign: asker }
  - { id: book, uses: record, with: { register: customers, entry: { customer: =input.customer, limit: =input.limit } }, on: { exists: { end: known } } }
  - { id: file, uses: task, assign: asker }
  - { id: trust, uses: task, assign: asker, when: '(lookup("customers", input.customer)?.limit ?? -1) == input.limit' }
  - { end: opened }
`

const customers = `register: customers
name: { zh: 客户, en: Customers }
key: [customer]
schema: { required: [customer, limit], properties: { customer: { type: string }, limit: { type: number } } }
`

func newBank(t *testing.T) *house {
	t.Helper()
	h := newHouse(t, advance.ModeAPI)
	h.publishWith(account, map[string]string{"registers/customers.yaml": customers})
	require.NoError(t, h.store.PutRegister(t.Context(), store.Register{ID: "customers", Name: store.Text{Zh: "客户", En: "Customers"}, Schema: `{"type":"object"}`}))
	return h
}

// TestOneEntryOfACustomer: the fields that the register names are its key, in the column that the database keeps unique.
func TestOneEntryOfACustomer(t *testing.T) {
	t.Parallel()
	h := newBank(t)
	outcome := func(p uuid.UUID) string {
		return scan[string](h, `SELECT coalesce(outcome, status) FROM processes WHERE id = $1`, p)
	}
	first := h.start("account", "ahua", map[string]any{"customer": "林/公司"})
	require.Equal(t, "applied", h.complete(first, "plan", "ahua", "done").Receipt.Status)
	require.Equal(t, "林/公司", scan[string](h, `SELECT key FROM register_entries WHERE process_id = $1`, first))
	h.complete(first, "file", "ahua", "done")
	h.task(first, "trust")

	second := h.start("account", "amei", map[string]any{"customer": "林/公司", "limit": 9})
	require.Equal(t, "applied", h.complete(second, "plan", "amei", "done").Receipt.Status)
	require.Equal(t, "known", outcome(second))
	require.JSONEq(t, `{"limit": 5, "customer": "林/公司"}`, scan[string](h, `SELECT data::text FROM register_entries WHERE register = 'customers'`), "the entry stays as it was")
	for _, p := range []uuid.UUID{first, second} {
		require.NoError(t, h.advancer.Verify(t.Context(), p))
	}

	nameless := h.start("account", "ahua", map[string]any{"customer": ""})
	_, err := h.service.Submit(t.Context(), advance.Command{
		Process: nameless, Type: engine.EventComplete, Actor: "ahua", Key: uuid.NewString(), Payload: engine.TaskData{Task: h.task(nameless, "plan"), Outcome: "done"},
	})
	require.ErrorIs(t, err, advance.ErrParked)
	open := h.open(nameless)
	require.Len(t, open, 1)
	require.Equal(t, "register_key", open[0].Kind)
	require.Contains(t, open[0].Detail, "give entry.customer a value")
}

// TestRivalsForOneKey: of processes that record the same customer at the same time one does, and the others are told so.
func TestRivalsForOneKey(t *testing.T) {
	t.Parallel()
	h := newBank(t)
	const rivals = 6
	var processes []uuid.UUID
	for range rivals {
		processes = append(processes, h.start("account", "ahua", map[string]any{"customer": "lin"}))
	}
	var commands []advance.Command
	for _, p := range processes {
		commands = append(commands, advance.Command{Process: p, Type: engine.EventComplete, Actor: "ahua", Key: uuid.NewString(), Payload: engine.TaskData{Task: h.task(p, "plan"), Outcome: "done"}})
	}
	errs := make([]error, rivals)
	var all sync.WaitGroup
	for i, c := range commands {
		all.Go(func() { _, errs[i] = h.service.Submit(t.Context(), c) })
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, 1, scan[int](h, `SELECT count(*) FROM register_entries WHERE register = 'customers'`))
	require.Equal(t, rivals-1, scan[int](h, `SELECT count(*) FROM processes WHERE outcome = 'known'`))
}

const bornLate = `process: born_late
name: { zh: 迟到, en: Born late }
domain: office
outcomes: [done]
input: { type: object, required: [customer], properties: { customer: { type: string } } }
roles: { boss: { user: ali } }
steps:
  - { id: book, uses: record, with: { register: customers, entry: { customer: =input.customer, limit: 1 } } }
  - { id: late, uses: task, assign: boss, due: -1h }
  - { end: done }
`

// TestAStartOfSeveralEvents writes its process before what follows from the first of them: a trigger takes from it who takes part.
func TestAStartOfSeveralEvents(t *testing.T) {
	t.Parallel()
	h := newBank(t)
	h.publishWith(bornLate, map[string]string{"registers/customers.yaml": customers})
	p := h.start("born_late", "ahua", map[string]any{"customer": "lin"})
	require.Equal(t, 2, scan[int](h, `SELECT max(seq)::int FROM decision_log WHERE process_id = $1`, p), "the task is late when it is opened")
	require.Equal(t, "ali", scan[string](h, `SELECT user_id FROM process_participants WHERE process_id = $1`, p))
	require.True(t, scan[bool](h, `SELECT overdue_notified FROM tasks WHERE process_id = $1`, p))
	require.NoError(t, h.advancer.Verify(t.Context(), p))
}
