package definitions_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/definitions/expr"
)

// call is a kind that an installation might add.
type call struct {
	Number string    `json:"number"`
	At     time.Time `json:"at,omitzero"`
	Tries  int       `json:"tries,omitempty"`
}

func withCall() *definitions.Registry {
	return definitions.NewRegistry(append(definitions.Builtin(), definitions.Kind{
		Name: "http", Outcomes: []string{"answered", "busy"}, Params: call{}, Output: map[string]expr.Type{"seconds": expr.Int()},
	})...)
}

func TestAKindOfAnInstallationIsCheckedByItsParameters(t *testing.T) {
	t.Parallel()
	for with, want := range map[string]string{
		`{ number: "1", at: =now, tries: 2 }`: "",
		`{ number: "1" }`:                     "",
		`{ number: =process.title }`:          "",
		`{}`:                                  "schema_missing_key",
		`{ number: "1", tires: 2 }`:           "schema_unknown_key",
		`{ number: 1 }`:                       "type_mismatch",
		`{ number: "1", at: =1 + 1 }`:         "type_mismatch",
		`{ number: "1", tries: many }`:        "type_mismatch",
	} {
		d, problems := definitions.Compile(definitions.Bundle{Source: `process: p
name: P
steps:
  - { id: a, uses: http, with: ` + with + `, on: { busy: next } }
  - { id: b, uses: task, assign: starter, when: outputs.a.data.seconds > 10 && outputs.a.outcome == "busy" }
`}, withCall())
		if want == "" {
			require.Empty(t, problems, with)
			require.Equal(t, "http", d.Steps["a"].Uses)
			continue
		}
		require.Len(t, problems, 1, with)
		require.Equal(t, want, string(problems[0].Code), with)
	}
}

func TestConstantParametersAreKeptApart(t *testing.T) {
	t.Parallel()
	d, _ := definitions.Compile(definitions.Bundle{Source: `process: p
name: P
steps:
  - { id: a, uses: http, with: { number: =process.title, tries: 2 }, on: { busy: next } }
`}, withCall())
	require.JSONEq(t, `{"tries":2}`, string(d.Steps["a"].Params))
	with, err := d.Steps["a"].With.Eval(expr.Env{Values: map[string]any{"process": map[string]any{"title": "x"}}})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"number": "x", "tries": 2}, with)
}

func TestARegistryRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	r := registry()
	require.Error(t, r.Add(definitions.Kind{Name: "task", Outcomes: []string{"done"}}), "taken")
	require.Error(t, r.Add(definitions.Kind{Name: "x"}), "no outcome")
	require.Error(t, r.Add(definitions.Kind{Outcomes: []string{"done"}}), "no name")
	require.Panics(t, func() { definitions.NewRegistry(definitions.Kind{}) })
	_, err := definitions.Kind{Name: "x", Params: func() {}}.Schema()
	require.Error(t, err)
	_, problems := definitions.Compile(loadExample(t), definitions.NewRegistry())
	require.True(t, definitions.HasErrors(problems), "a registry without the kinds of the definition")
}

func TestBuiltinKindsDescribeThemselves(t *testing.T) {
	t.Parallel()
	for _, k := range definitions.Builtin() {
		schema, err := k.Schema()
		require.NoError(t, err, k.Name)
		require.Equal(t, "object", schema["type"], k.Name)
		for _, text := range []string{k.Title.Zh, k.Title.En, k.Doc.Zh, k.Doc.En} {
			require.NotEmpty(t, text, k.Name)
		}
	}
}

// TestADefinitionIsSafeForConcurrentUse means something under -race.
func TestADefinitionIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	d, _ := definitions.Compile(loadExample(t), registry())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				d.Input.Validate(d.Input.ApplyDefaults(map[string]any{"title": "x"}))
				if _, err := d.Rules[0].Must.Eval(expr.Env{Values: map[string]any{"input": map[string]any{"start": time.Now(), "end": time.Now()}}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
