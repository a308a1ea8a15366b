package expr_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/definitions/expr"
)

func TestTypeString(t *testing.T) {
	t.Parallel()
	many := map[string]expr.Type{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		many[name] = expr.Bool()
	}
	for want, typ := range map[string]expr.Type{
		"any":              expr.Any().Nullable(),
		"null":             expr.Null(),
		"time?":            expr.Time().Nullable(),
		`text ("a" | "b")`: expr.Enum("b", "a", "b"),
		`text ("1" | "2" | "3" | "4" | "5" | "6" | …)`:              expr.Enum("1", "2", "3", "4", "5", "6", "7"),
		"list of {end: time?, room: text}":                          expr.List(expr.Object(map[string]expr.Type{"room": expr.String(), "end": expr.Time().Nullable()})),
		"map of duration":                                           expr.Map(expr.Duration()),
		"{a: bool, b: bool, c: bool, d: bool, e: bool, f: bool, …}": expr.Object(many),
	} {
		require.Equal(t, want, typ.String())
	}
	require.Equal(t, "kind 99", expr.Kind(99).String())
}

func TestTypesAreImmutable(t *testing.T) {
	t.Parallel()
	fields := map[string]expr.Type{"a": expr.Int()}
	object := expr.Object(fields)
	fields["b"] = expr.Int()
	require.Equal(t, []string{"a"}, object.Fields())
	enum := expr.Enum("a", "b")
	enum.Values()[0] = "z"
	require.Equal(t, []string{"a", "b"}, enum.Values())
	require.False(t, object.IsNullable())
	require.True(t, object.Nullable().IsNullable())
	require.False(t, object.IsNullable())
	require.Equal(t, expr.KindAny, expr.Null().NonNull().Kind())
}

func TestAssignable(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		from, to expr.Type
		want     bool
	}{
		{expr.Int(), expr.Number(), true},
		{expr.Number(), expr.Int(), false},
		{expr.Any(), expr.Int(), true},
		{expr.Int().Nullable(), expr.Any(), true},
		{expr.Int(), expr.Int().Nullable(), true},
		{expr.Int().Nullable(), expr.Int(), false},
		{expr.Null(), expr.Time().Nullable(), true},
		{expr.Null(), expr.Time(), false},
		{expr.Enum("a"), expr.String(), true},
		{expr.Enum("a"), expr.Enum("a", "b"), true},
		{expr.Enum("a", "c"), expr.Enum("a", "b"), false},
		{expr.String(), expr.Enum("a"), false},
		{expr.List(expr.Int()), expr.List(expr.Number()), true},
		{expr.List(expr.Int().Nullable()), expr.List(expr.Int()), false},
		{expr.Object(map[string]expr.Type{"a": expr.Int()}), expr.Object(map[string]expr.Type{"a": expr.Number(), "b": expr.Int().Nullable()}), true},
		{expr.Object(map[string]expr.Type{"a": expr.Int()}), expr.Object(map[string]expr.Type{"b": expr.Int().Nullable()}), false},
		{expr.Object(nil), expr.Object(map[string]expr.Type{"a": expr.Int()}), false},
		{expr.Object(map[string]expr.Type{"a": expr.Int()}), expr.Map(expr.Number()), true},
		{expr.Object(map[string]expr.Type{"a": expr.String()}), expr.Map(expr.Number()), false},
		{expr.Map(expr.Int()), expr.Object(map[string]expr.Type{"a": expr.Int().Nullable()}), false},
	} {
		require.Equal(t, tc.want, tc.from.AssignableTo(tc.to), "%s to %s", tc.from, tc.to)
	}
}

// The types of the two branches of a conditional must both fit the type that the checker gives to the whole.
func TestBranchesFitTheirJoin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, _ := typedValue(t, 2)
		b, _ := typedValue(t, 2)
		scope := expr.NewScope(map[string]expr.Type{"c": expr.Bool(), "a": a, "b": b})
		program, problems := expr.Compile("c ? a : b", scope, expr.WantAny())
		require.Empty(t, problems)
		require.True(t, a.AssignableTo(program.Type()), "%s into %s", a, program.Type())
		require.True(t, b.AssignableTo(program.Type()), "%s into %s", b, program.Type())
		same := a
		require.True(t, a.Equal(same))
	})
}

func TestFromSchema(t *testing.T) {
	t.Parallel()
	typ, problems := expr.FromSchema(map[string]any{
		"type":     "object",
		"required": []any{"title", "start", "level"},
		"properties": map[string]any{
			"title":  map[string]any{"type": "string", "minLength": 2, "x-title": map[string]any{"zh": "会议名称"}},
			"start":  map[string]any{"type": "string", "format": "date-time"},
			"visit":  map[string]any{"type": "string", "format": "date"},
			"coffee": map[string]any{"type": "boolean", "default": false},
			"level":  map[string]any{"enum": []any{"b", "a"}},
			"grade":  map[string]any{"enum": []any{1, 2}},
			"kind":   map[string]any{"const": "x"},
			"every":  map[string]any{"type": "duration", "default": "30m"},
			"spare":  map[string]any{"type": []any{"number", "null"}, "default": nil},
			"rows": map[string]any{"type": "array", "items": map[string]any{
				"properties": map[string]any{"n": map[string]any{"type": "integer"}}, "required": []string{"n"},
			}},
			"free":   map[string]any{"type": "object"},
			"prices": map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "number"}},
			"list":   map[string]any{"type": "array"},
			"file":   map[string]any{"x-file": true},
		},
	})
	require.Empty(t, problems)
	got := map[string]string{}
	for _, name := range typ.Fields() {
		field, _ := typ.Field(name)
		got[name] = field.String()
	}
	require.Equal(t, map[string]string{
		"title": "text", "start": "time", "visit": "text?", "coffee": "bool", "level": `text ("a" | "b")`, "grade": "any",
		"kind": `text ("x")?`, "every": "duration", "spare": "number?", "rows": "list of {n: integer}?", "free": "map of any?",
		"prices": "map of number?", "list": "list of any?", "file": "any",
	}, got)
}

func TestFromSchemaProblems(t *testing.T) {
	t.Parallel()
	_, problems := expr.FromSchema(map[string]any{
		"required": []any{"nmae"},
		"properties": map[string]any{
			"name":   map[string]any{"type": "strnig"},
			"ref":    map[string]any{"$ref": "#/x"},
			"two":    map[string]any{"type": []string{"string", "integer"}},
			"odd":    map[string]any{"type": 3},
			"scalar": "string",
			"nested": map[string]any{"type": "array", "items": map[string]any{"oneOf": []any{}}},
			"req":    map[string]any{"type": "object", "properties": map[string]any{}, "required": "a"},
		},
	})
	got := map[string]expr.Code{}
	for _, p := range problems {
		got[p.Path] = p.Code
	}
	require.Equal(t, map[string]expr.Code{
		"required": expr.CodeSchema, "properties.name.type": expr.CodeSchema, "properties.ref.$ref": expr.CodeSchema,
		"properties.two.type": expr.CodeSchema, "properties.odd.type": expr.CodeSchema, "properties.scalar": expr.CodeSchema,
		"properties.nested.items.oneOf": expr.CodeSchema, "properties.req.required": expr.CodeSchema,
	}, got)
	require.Len(t, problems, len(got))

	schema := map[string]any{"type": "array"}
	schema["items"] = schema
	_, problems = expr.FromSchema(schema)
	require.Equal(t, expr.CodeTooDeep, problems[0].Code, "a schema that contains itself ends")
}

func TestPathHasPrefix(t *testing.T) {
	t.Parallel()
	path := expr.Path{"input", "start"}
	require.True(t, path.HasPrefix(expr.Path{"input"}))
	require.True(t, path.HasPrefix(path))
	require.False(t, path.HasPrefix(expr.Path{"input", "start", "x"}))
	require.False(t, path.HasPrefix(expr.Path{"in"}))
}
