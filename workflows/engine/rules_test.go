package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/workflows/engine"
)

// TestABrokenRuleSaysWhatIsPossible with the values at hand; a message that cannot be computed does not hide that the rule is broken.
func TestABrokenRuleSaysWhatIsPossible(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]definitions.Text{
		`{ zh: "最多 {{parameters.most}}，不是 {{input.amount}}", en: "at most {{parameters.most}}, not {{input.amount}}" }`: {Zh: "最多 3，不是 7", En: "at most 3, not 7"},
		`{ zh: "只有 {{10 ** (400 * input.amount)}}", en: "only {{input.amount}}" }`:                                      {Zh: "不满足规则 input.amount <= parameters.most", En: "the rule input.amount <= parameters.most does not hold"},
	} {
		b := run(t, "parameters: { most: { type: integer, default: 3 } }\nrules: [{ field: amount, must: input.amount <= parameters.most, message: "+message+" }]\n"+
			"steps: [{ id: a, uses: task, assign: me }, { end: good }]\n")
		var refusal *engine.Refusal
		require.ErrorAs(t, b.tryStart("ann", map[string]any{"amount": 7}), &refusal)
		require.Equal(t, []definitions.FieldError{{Field: "input.amount", Code: "rule", Zh: want.Zh, En: want.En}}, refusal.Fields)
		b.start("ann", map[string]any{"amount": 3})
	}
}
