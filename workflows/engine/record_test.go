package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/workflows/engine"
	"steward/workflows/simulate"
)

// recording is a process that records amount and first name into a book with these key fields, once for each name.
func recording(t *testing.T, key, with string) *bench {
	t.Helper()
	return newBench(t, compileBundle(t, definitions.Bundle{Name: "p.yaml", Source: fitted(head + `anchors: { when: input.when }
steps:
  - { id: book, each: { in: input.names, as: n, mode: sequential }, uses: record, with: { register: book, entry: { amount: =input.amount, who: =n }` + with + ` } }
  - { id: rest, uses: wait, with: { until: +1h } }
  - { id: seen, when: '(lookup("book", input.amount)?.amount ?? -1) == input.amount', uses: task, assign: me }
  - { end: good }
`), Files: map[string]string{"registers/book.yaml": "register: book\nname: { zh: 簿, en: Book }\n" + key +
		"schema: { type: object, properties: { amount: { type: integer }, who: { type: string } } }\n"}}), "2026-03-02 09:00")
}

// TestARegistersFieldsMakeTheKey unless the step gives another one; a taken key changes nothing.
func TestARegistersFieldsMakeTheKey(t *testing.T) {
	t.Parallel()
	entry := func(key, who string) simulate.Entry {
		return simulate.Entry{Key: key, Data: map[string]any{"amount": 5.0, "who": who}}
	}
	for name, tc := range map[string]struct {
		key, with string
		want      []simulate.Entry
		outcomes  []string
	}{
		"one field":          {"key: [who]\n", "", []simulate.Entry{entry("a", "a"), entry("b", "b")}, []string{"done", "exists", "done"}},
		"a number":           {"key: [amount]\n", "", []simulate.Entry{entry("5", "a")}, []string{"done", "exists", "exists"}},
		"two fields":         {"key: [who, amount]\n", "", []simulate.Entry{entry("a/5", "a"), entry("b/5", "b")}, []string{"done", "exists", "done"}},
		"none":               {"", "", []simulate.Entry{entry("", "a"), entry("", "a"), entry("", "b")}, []string{"done", "done", "done"}},
		"the step's":         {"", ", key: =n", []simulate.Entry{entry("a", "a"), entry("b", "b")}, []string{"done", "exists", "done"}},
		"the step's number":  {"", ", key: =input.amount", []simulate.Entry{entry("5", "a")}, []string{"done", "exists", "exists"}},
		"the step's instead": {"key: [amount]\n", `, key: ="x" + n`, []simulate.Entry{entry("xa", "a"), entry("xb", "b")}, []string{"done", "exists", "done"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := recording(t, tc.key, tc.with)
			b.start("ann", map[string]any{"names": []any{"a", "a", "b"}})
			require.Equal(t, tc.want, b.world.Entries["book"])
			var outcomes []string
			for _, c := range b.log {
				if o, ok := c.(*engine.OutputSet); ok && o.Step == "book" && o.Item {
					outcomes = append(outcomes, o.Output.Outcome)
				}
			}
			require.Equal(t, tc.outcomes, outcomes)
		})
	}
}

// TestARecordedEntryIsFoundByItsKey, a number as well as a text.
func TestARecordedEntryIsFoundByItsKey(t *testing.T) {
	t.Parallel()
	for key, want := range map[string][]string{"key: [amount]\n": {"seen"}, "key: [who]\n": {}} {
		b := recording(t, key, "")
		b.start("ann", map[string]any{"names": []any{"a"}, "amount": 1_000_000})
		b.until("2026-03-02 10:00")
		require.Equal(t, want, b.open(), key)
	}
}

// TestAnEntryWithoutItsKeyIsRefused: the register could not find it again.
func TestAnEntryWithoutItsKeyIsRefused(t *testing.T) {
	t.Parallel()
	for with, want := range map[string]string{
		"":                    "give entry.who a value",
		", key: =input.names": "a key is a text, a number or a time",
	} {
		b := recording(t, "key: [who]\n", with)
		err := b.try(engine.EventStart, "ann", engine.StartData{Process: processID, Input: map[string]any{"names": []any{""}}})
		var fault *engine.Fault
		require.ErrorAs(t, err, &fault, with)
		require.Equal(t, "register_key", fault.Code)
		require.ErrorContains(t, fault.Err, want)
		require.Empty(t, b.world.Entries["book"])
	}
}
