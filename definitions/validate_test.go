package definitions_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/definitions"
)

// schemaOf compiles a definition whose input has these properties and answers the schema.
func schemaOf(t testing.TB, properties string) *definitions.Schema {
	t.Helper()
	d, problems := definitions.Compile(definitions.Bundle{Name: "p.yaml", Source: `process: p
name: P
input:
  type: object
  required: [must]
  properties:
    must: { type: string, maxLength: 20000 }
` + properties + "\nsteps: [ { id: a, uses: task, assign: starter } ]\n"}, registry())
	require.NotNil(t, d, "%v", problems)
	return d.Input
}

const manyFields = `
    text:  { type: string, minLength: 2, pattern: '^[a-z]+$' }
    long:  { type: string }
    count: { type: integer, minimum: 1, maximum: 10 }
    part:  { type: number, exclusiveMinimum: 0, multipleOf: 0.5 }
    yes:   { type: boolean }
    at:    { type: string, format: date-time }
    day:   { type: string, format: date }
    mail:  { type: string, format: email }
    kind:  { type: string, enum: [a, b] }
    rows:
      type: array
      minItems: 1
      maxItems: 2
      uniqueItems: true
      items: { type: object, required: [name], properties: { name: { type: string }, n: { type: integer, default: 7 } } }
    open:  { type: object, additionalProperties: true }
    dflt:  { type: integer, default: 3 }
`

func TestValidateAnswersEveryFieldWithItsCode(t *testing.T) {
	t.Parallel()
	s := schemaOf(t, manyFields)
	for data, want := range map[string]string{
		`{"must":"x"}`:                                                 "",
		`{}`:                                                           "must required",
		`{"must":"x","other":1}`:                                       "other unknown",
		`{"must":"x","text":"a"}`:                                      "text minLength",
		`{"must":"x","text":"A1"}`:                                     "text pattern",
		`{"must":"x","count":0}`:                                       "count minimum",
		`{"must":"x","count":11}`:                                      "count maximum",
		`{"must":"x","count":1.5}`:                                     "count type",
		`{"must":"x","count":2.0}`:                                     "",
		`{"must":"x","part":0}`:                                        "part minimum",
		`{"must":"x","part":0.7}`:                                      "part multipleOf",
		`{"must":"x","yes":"true"}`:                                    "yes type",
		`{"must":"x","at":"2026-03-02T09:00:00"}`:                      "at format",
		`{"must":"x","at":"2026-03-02T23:59:60Z"}`:                     "at format",
		`{"must":"x","at":"2026-03-02T09:00:00+08:00"}`:                "",
		`{"must":"x","day":"2026-02-30"}`:                              "day format",
		`{"must":"x","mail":"nobody"}`:                                 "mail format",
		`{"must":"x","kind":"c"}`:                                      "kind enum",
		`{"must":"x","rows":[]}`:                                       "rows minItems",
		`{"must":"x","rows":[{"name":"a"},{"n":1}]}`:                   "rows.1.name required",
		`{"must":"x","rows":[{"name":"a","m":1}]}`:                     "rows.0.m unknown",
		`{"must":"x","rows":[{"name":"a"},{"name":"a"}]}`:              "rows uniqueItems",
		`{"must":"x","rows":[{"name":"a"},{"name":"b"},{"name":"c"}]}`: "rows maxItems",
		`{"must":"x","open":{"anything":[1]}}`:                         "",
		`{"must":null}`:                                                "must type",
		`{"must":"x","count":"1","kind":1}`:                            "count type, kind type",
		`{"must":"x","part":123456789012345678901234567890}`:           "part range",
		`{"must":"x","part":1e999999999}`:                              "part range",
		`{"must":"x","part":1e-999999999}`:                             "part range",
		`{"must":"x","part":9007199254740993}`:                         "part maximum",
	} {
		if data == `{"must":"x","part":9007199254740993}` {
			want = "" // exact, as it fits 64 bits
		}
		require.Equal(t, want, codes(s.Validate(parsed(t, data))), data)
	}
}

func codes(list []definitions.FieldError) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = e.Field + " " + e.Code
	}
	return strings.Join(parts, ", ")
}

// parsed decodes as the API does: numbers keep their digits.
func parsed(t testing.TB, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var m map[string]any
	require.NoError(t, d.Decode(&m))
	return m
}

func TestFloatsThatLostDigitsAreRefused(t *testing.T) {
	t.Parallel()
	s := schemaOf(t, manyFields)
	require.Equal(t, "part range", codes(s.Validate(map[string]any{"must": "x", "part": 1e17})))
	require.Empty(t, s.Validate(map[string]any{"must": "x", "count": 3.0}))
}

func TestTextsHaveADefaultLimit(t *testing.T) {
	t.Parallel()
	s := schemaOf(t, manyFields)
	require.Equal(t, "long maxLength", codes(s.Validate(map[string]any{"must": "x", "long": strings.Repeat("长", definitions.MaxTextLength+1)})))
	require.Empty(t, s.Validate(map[string]any{"must": strings.Repeat("x", 20000), "long": strings.Repeat("长", definitions.MaxTextLength)}))
}

func TestMessagesComeInBothLanguages(t *testing.T) {
	t.Parallel()
	s := schemaOf(t, manyFields)
	found := s.Validate(parsed(t, `{"text":"A","count":20,"part":0.7,"yes":1,"at":"x","day":"x","mail":"x","kind":"c","rows":[],"x":1}`))
	require.Len(t, slices.Compact(slices.Collect(func(yield func(string) bool) {
		for _, e := range found {
			if !yield(e.Field) {
				return
			}
		}
	})), 11)
	for _, e := range found {
		require.NotEmpty(t, e.Zh)
		require.NotEmpty(t, e.En)
		require.NotEqual(t, e.Zh, e.En)
	}
}

func TestDefaultsAreAppliedToCopies(t *testing.T) {
	t.Parallel()
	s := schemaOf(t, manyFields+"    list: { type: array, items: { type: string }, default: [] }\n    nest: { type: object, properties: { n: { type: integer, default: 7 } } }\n")
	in := map[string]any{"must": "x", "nest": map[string]any{}}
	out := s.ApplyDefaults(in)
	require.Equal(t, map[string]any{"must": "x", "dflt": 3, "list": []any{}, "nest": map[string]any{"n": 7}}, out)
	require.Equal(t, map[string]any{"must": "x", "nest": map[string]any{}}, in)
	require.Nil(t, s.ApplyDefaults(map[string]any{"dflt": nil})["dflt"], "null is a value")
	out["list"] = append(out["list"].([]any), "changed")
	require.Equal(t, []any{}, s.ApplyDefaults(in)["list"])
	var none *definitions.Schema
	require.Equal(t, in, none.ApplyDefaults(in))
	require.Empty(t, none.Validate(in))
}

func TestFieldsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	s := schemaOf(t, "    zoo: { type: string, x-title: { zh: 园, en: Zoo }, x-resource: animal }\n    ant: { type: string, default: a }\n")
	require.Equal(t, []definitions.Field{
		{Name: "must", Required: true},
		{Name: "zoo", Title: definitions.Text{Zh: "园", En: "Zoo"}, Resource: "animal"},
		{Name: "ant", Default: "a"},
	}, s.Fields)
}

// TestValidateNeverPanics feeds data of any shape.
func TestValidateNeverPanics(t *testing.T) {
	t.Parallel()
	s := schemaOf(t, manyFields)
	names := slices.Collect(maps.Keys(s.Raw["properties"].(map[string]any)))
	slices.Sort(names)
	scalar := rapid.OneOf(rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Float64().AsAny(), rapid.String().AsAny(),
		rapid.Map(rapid.StringMatching(`-?[0-9]{1,30}(\.[0-9]{1,5})?([eE]-?[0-9]{1,6})?`), func(s string) any { return json.Number(s) }))
	value := rapid.OneOf(scalar, rapid.SliceOfN(scalar, 0, 3).AsAny(), rapid.MapOfN(rapid.SampledFrom(names), scalar, 0, 3).AsAny())
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.MapOfN(rapid.SampledFrom(names), value, 0, 6).Draw(t, "data")
		for _, e := range s.Validate(data) {
			if e.Code == "" || e.Zh == "" || e.En == "" {
				t.Fatalf("incomplete error %+v", e)
			}
		}
	})
}
