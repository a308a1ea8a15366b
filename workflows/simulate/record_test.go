package simulate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/workflows/simulate"
)

// TestRehearsalsHonorTheKeyOfARegister: what a scenario says is in the book, and what was recorded, is found by the register's
// own fields, in the same moment and afterwards.
func TestRehearsalsHonorTheKeyOfARegister(t *testing.T) {
	t.Parallel()
	def := compile(t, definitions.Bundle{Name: "open_account.yaml", Source: `process: open_account
name: { zh: 开户, en: Open an account }
outcomes: [opened, known]
input: { type: object, required: [customer], properties: { customer: { type: string }, limit: { type: integer, default: 5 } } }
steps:
  - { id: book, uses: record, with: { register: customers, entry: { customer: =input.customer, limit: =input.limit } }, on: { exists: { end: known } } }
  - { id: again, uses: record, with: { register: customers, entry: { customer: =input.customer, limit: 0 } }, on: { exists: next } }
  - { id: greet, uses: task, assign: starter, when: outputs.again.outcome == "exists" }
  - { id: trust, uses: task, assign: starter, when: '(lookup("customers", input.customer)?.limit ?? -1) == 5 && exists("customers", { customer: input.customer })' }
  - { end: opened }
`, Files: map[string]string{"registers/customers.yaml": `register: customers
name: { zh: 客户, en: Customers }
key: [customer]
schema: { required: [customer, limit], properties: { customer: { type: string }, limit: { type: integer } } }
`}})
	rehearse := func(customer string) simulate.Timeline {
		return run(t, simulate.Options{
			Definition: def, Start: clock(t, "2026-03-02 09:00"), Input: map[string]any{"customer": customer},
			Registers: map[string][]simulate.Entry{"customers": {
				{Data: map[string]any{"customer": "lin", "limit": 1}}, {Key: "old name", Data: map[string]any{"customer": "wang", "limit": 1}}, {Data: map[string]any{"limit": 1}},
			}},
		})
	}
	require.Equal(t, "known", rehearse("lin").Summary.Outcome)
	require.Equal(t, "known", rehearse("old name").Summary.Outcome, "a key that the scenario gives counts")
	fresh := rehearse("wang")
	require.Equal(t, "opened", fresh.Summary.Outcome)
	require.Equal(t, map[string]int{"greet": 1, "trust": 1}, opened(fresh))
}

// opened counts the tasks that a timeline opens, by step.
func opened(tl simulate.Timeline) map[string]int {
	count := map[string]int{}
	for _, l := range tl.Lines {
		if l.Kind == simulate.Opened && (l.Step == "greet" || l.Step == "trust") {
			count[l.Step]++
		}
	}
	return count
}
