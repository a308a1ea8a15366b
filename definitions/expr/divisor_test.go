package expr_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions/expr"
)

// What makes a divisor certain not to be 0: each of these would otherwise be a problem.
func TestDivisorsThatAreNotZero(t *testing.T) {
	t.Parallel()
	for _, divisor := range []string{
		`2`, `-2`, `0.5`, `-(0.5)`, `max(1, input.attendees)`, `max(input.price, 0.1, -1)`, `1 + len(input.tags)`,
		`len(input.tags) + 1`, `count(input.counts, # > 1) + 1`, `abs(-2)`, `abs(input.attendees) + 1`, `2 * max(1, vars.cups)`,
		`input.coffee ? 2 : max(3, vars.cups)`, `ceil(0.1)`, `ceil(max(input.price, 0.1))`, `min(2, len(input.tags) + 1)`,
		`let n = max(1, input.attendees); n`, `let n = abs(input.attendees); n + 1`,
	} {
		t.Run(divisor, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "number", compile(t, "7 / ("+divisor+")").Type().String())
		})
	}
	for _, text := range []string{
		`input.attendees > 0 && 7 / input.attendees > 1`,
		`input.attendees >= 1 && 7 % input.attendees > 1`,
		`0 < input.attendees and 7 / input.attendees > 1`,
		`input.attendees != 0 && 7 / input.attendees > 1`,
		`0 != input.attendees && 7 / input.attendees > 1`,
		`input.attendees < 0 && 7 / input.attendees > 1`,
		`-1 >= input.attendees && 7 / input.attendees > 1`,
		`input.attendees == 3 && 7 / input.attendees > 1`,
		`input.attendees == 0 || 7 / input.attendees > 1`,
		`input.attendees <= 0 || 7 / input.attendees > 1`,
		`!(input.attendees < 1) && 7 / input.attendees > 1`,
		`input.attendees > 0 ? 7 / -input.attendees > 1 : false`,
		`input.attendees == 0 ? false : 7 / input.attendees > 1`,
		`len(input.tags) > 0 && 7 / len(input.tags) > 1`,
		`(rounds.call ?? 0) != 0 && 7 / (rounds.call ?? 0) > 1`,
		`rounds.call != nil && rounds.call > 0 && 7 / rounds.call > 1`,
		`all(input.counts, # == 0 || 7 / # > 1)`,
		`parameters.tea_every > minutes(0) && now - input.start > parameters.tea_every / 2 && hours(1) / parameters.tea_every > 1`,
		`parameters.tea_every != duration("0s") && hours(1) / parameters.tea_every > 1`,
		`hours(1) / duration("5m") > 1`,
		`let n = input.attendees; n > 0 && 7 / n > 1`,
		`let n = input.attendees; input.attendees > 0 && 7 / n > 1`,
		`input.attendees >= 0 && 7 / (input.attendees + 1) > 1`,
		`0 <= input.attendees && 7 / (input.attendees + 1) > 1`,
		`input.attendees >= 0 && input.attendees != 0 && 7 / input.attendees > 1`,
		`input.attendees >= 0 && 7 / (floor(input.attendees / 2) + 1) > 1`,
		`input.attendees in [1, 2] && 7 / input.attendees > 1`,
		`input.attendees in [1, -2] && 7 / input.attendees > 1`,
		`!(input.attendees in [0, vars.cups]) && 7 / input.attendees > 1`,
		`input.attendees > len(input.tags) && 7 / input.attendees > 1`,
		`len(input.tags) < input.attendees && 7 / input.attendees > 1`,
		`input.attendees >= max(1, vars.cups) && 7 / input.attendees > 1`,
		`input.attendees == max(1, vars.cups) && 7 / input.attendees > 1`,
		`input.price > 0 && parameters.cup_spare > 0 ? 7 / (1 + input.price * parameters.cup_spare) > 1 : false`,
		`input.price > 0 && parameters.cup_spare >= 0 ? 7 / (1 + input.price * parameters.cup_spare) > 1 : false`,
		`input.attendees > 0 && input.price > 0 && 7 / (1 + input.attendees * input.price) > 1`,
		`input.attendees > 0 && input.price > 0 && 7 / (input.price * input.attendees) > 1`,
		`input.attendees >= 0 && input.price > 0 && 7 / (1 + input.attendees * input.price) > 1`,
		`parameters.tea_every > minutes(0) && input.price > 0 && hours(1) / (minutes(1) + parameters.tea_every * input.price) > 1`,
		`input.tags | len() > 0 and 10 / len(input.tags) > 1`,
		`len(input.tags) > 0 and 10 / (input.tags | len()) > 1`,
		`len( input.tags ) > 0 and 10 / len(input["tags"]) > 1`,
		`outputs.layout != nil && (outputs.layout.data.score ?? 0) > 0 && 7 / (outputs.layout?.data.score ?? 0) > 1`,
		`len(input.tags) > 0 && any(input.counts, # > 7 / len(input.tags))`,
		`len(input.tags) > 0 && (let n = 7; n / len(input.tags) > 1)`,
		`any(input.counts, # - 1 > 0 && 7 / (# - 1) > 1)`,
		`count(input.counts, # > 1) > 0 && 7 / (input.counts | count(# > 1)) > 1`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			compile(t, text)
		})
	}
}

// What looks like a proof and is none: such a quotient may be missing.
func TestDivisorsThatMayBeZero(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`input.attendees >= 0 && 7 / input.attendees > 1`,
		`input.attendees >= -1 && 7 / (input.attendees + 1) > 1`,
		`input.attendees == 0 && 7 / input.attendees > 1`,
		`input.attendees <= len(input.tags) + 1 && 7 / input.attendees > 1`,
		`input.attendees >= len(input.tags) && 7 / input.attendees > 1`,
		`!(input.attendees > len(input.tags)) && 7 / input.attendees > 1`,
		`input.attendees in [0, 1] && 7 / input.attendees > 1`,
		`input.attendees in [1, vars.cups] && 7 / input.attendees > 1`,
		`!(input.attendees in [1, 2]) && 7 / input.attendees > 1`,
		`7 / floor(max(input.price, 0.1)) > 1`,
		`7 / round(max(input.price, 0.1)) > 1`,
		`7 / ceil(input.price) > 1`,
		`7 / min(1, input.attendees) > 1`,
		`7 / (input.attendees / 2) > 1`,
		`hours(1) / (input.coffee ? hours(1) : minutes(0)) > 1`,
		`any(input.counts, # > 0 && any(input.counts, 7 / # > 1))`,
		`let n = input.price; input.attendees > 0 && 7 / n > 1`,
		`input.price > 0 && parameters.cup_spare > 0 && 7 / (input.price * parameters.cup_spare) > 1`,
		`input.attendees >= 0 && input.price > 0 && 7 / (input.attendees * input.price) > 1`,
		`input.attendees > 0 && 7 / (1 + input.attendees * input.price) > 1`,
		`parameters.tea_every > minutes(0) && input.price > 0 && hours(1) / (parameters.tea_every * input.price) > 1`,
		`len(input.tags) > 0 && 7 / len(input.counts) > 1`,
		`len(input.tags[1:]) > 0 && 7 / len(input.tags[:1]) > 1`,
		`input.price - 1 > 0 && 7 / (input.price + 1) > 1`,
		`input.price - 1 > 0 && 7 / (input.price - 2) > 1`,
		`input.price - 1.5 > 0 && 7 / (input.price - 2.5) > 1`,
		`(input.coffee ? input.price : input.attendees) - 1 > 0 && 7 / (input.coffee ? input.price : input.attendees - 1) > 1`,
		`any(input.counts, # - 1 > 0 && any(input.counts, 7 / (# - 1) > 1))`,
		`count(input.counts, # > 1) > 0 && 7 / count(input.counts, # > 2) > 1`,
		`(let n = input.price + 0; n > 0 && 7 / n > 1) && (let n = input.price - 1; 7 / n > 1)`,
		`count(input.tags, # == "a") > 0 && 7 / count(input.tags, # == "b") > 1`,
	} {
		_, problems := expr.Compile(text, world(), expr.WantAny())
		require.NotEmpty(t, problems, text)
		require.Equal(t, expr.CodeNullable, problems[0].Code, text)
	}
}

// TestAKeyWithADotIsNoPath: what is known of x["a.b"] says nothing about x.a.b.
func TestAKeyWithADotIsNoPath(t *testing.T) {
	t.Parallel()
	inner := expr.Object(map[string]expr.Type{"b": expr.Number().Nullable(), "n": expr.Number().Promised(), `b"`: expr.Number()})
	scope := expr.NewScope(map[string]expr.Type{"x": expr.Object(map[string]expr.Type{
		"a": inner, "a.b": expr.Number().Nullable(), "a.n": expr.Number(), `a"."b"`: expr.Number(),
	})})
	for text, sound := range map[string]bool{
		`x["a.b"] != nil ? x.a.b + 1 : 0`:                       false,
		`x.a.b != nil ? x["a.b"] + 1 : 0`:                       false,
		`x["a.b"] != nil ? x["a.b"] + 1 : 0`:                    true,
		`x.a.b != nil ? x["a"]["b"] + 1 : 0`:                    true,
		`x["a.b"] != nil && x["a.b"] != 0 ? 1 / x.a.b : 0`:      false,
		`x["a\".\"b\""] != 0 ? 1 / x.a["b\""] : 0`:              false,
		`x["a.n"] > 0 ? 1 / x["a.n"] : 0`:                       true,
		`1 / x.a.n`:                                             true,
		`1 / x["a"]["n"]`:                                       true,
		`1 / x["a.n"]`:                                          false,
		`let y = x.a; y.b != nil ? x.a.b + y.b : 0`:             true,
		`let y = x; y["a.b"] != nil ? (y.a.b ?? 0) + y.a.b : 0`: false,
	} {
		program, problems := expr.Compile(text, scope, expr.WantNumber())
		require.Equal(t, sound, program != nil, "%s: %v", text, problems)
		if !sound {
			require.Equal(t, expr.CodeNullable, problems[0].Code, text)
			continue
		}
		if strings.HasPrefix(text, "1 /") {
			require.Equal(t, []expr.Path{{"x", "a", "n"}}, program.Divisors(), text)
		}
	}
}

func TestLimitsOfASchemaCountForDivisors(t *testing.T) {
	t.Parallel()
	for limit, sound := range map[string]bool{
		`{"type":"integer","minimum":1}`: true, `{"type":"number","minimum":0.5}`: true, `{"type":"number","exclusiveMinimum":0}`: true,
		`{"type":"integer","minimum":0}`: false, `{"type":"number","exclusiveMinimum":-1}`: false, `{"type":"number"}`: false,
		`{"type":"number","maximum":9}`: false,
	} {
		var schema map[string]any
		require.NoError(t, json.Unmarshal([]byte(`{"properties":{"n":`+limit+`},"required":["n"]}`), &schema))
		input, problems := expr.FromSchema(schema)
		require.Empty(t, problems)
		scope := expr.NewScope(map[string]expr.Type{"input": input})
		for _, text := range []string{`7 / input.n`, `7 / (input.n + input.n)`} {
			program, problems := expr.Compile(text, scope, expr.WantAny())
			require.Empty(t, problems)
			require.Equal(t, !sound, program.Type().IsNullable(), "%s where n is %s", text, limit)
		}
		program, problems := expr.Compile(`7 / -(-input.n)`, scope, expr.WantAny())
		require.Empty(t, problems)
		require.Equal(t, !sound, program.Type().IsNullable())
	}
}

// A promised value is taken for not 0, and whoever supplies it learns that something is divided by it.
func TestPromisedDivisors(t *testing.T) {
	t.Parallel()
	scope := expr.NewScope(map[string]expr.Type{"parameters": expr.Object(map[string]expr.Type{
		"per": expr.Number().Promised(), "every": expr.Duration().Promised(), "spare": expr.Number().Promised(),
	})})
	for text, want := range map[string]string{
		`7 / parameters.per`: "[parameters.per]",
		`7 / -parameters.per + hours(1) / parameters["every"]`: "[parameters.every parameters.per]",
		`parameters.spare * 7`:                                 "[]",
		`parameters.spare > 0 ? 7 / parameters.spare : 0`:      "[]",
		`let p = parameters.per; 7 / p`:                        "[parameters.per]",
		`let p = parameters; 7 / p.per`:                        "[parameters.per]",
		`parameters.per == parameters.spare ? 1 : 2`:           "[]",
		`abs(parameters.spare) + 1`:                            "[]",
		`7 / (abs(parameters.spare) + 1)`:                      "[]",
		`7 / abs(parameters.per)`:                              "[parameters.per]",
	} {
		program, problems := expr.Compile(text, scope, expr.WantNumber())
		require.Empty(t, problems, text)
		require.Equal(t, want, fmt.Sprint(program.Divisors()), text)
		value, problems := expr.CompileValue(map[string]any{"a": []any{"=" + text}, "b": "{{" + text + "}}", "c": 1}, scope)
		require.Empty(t, problems, text)
		require.Equal(t, want, fmt.Sprint(value.Divisors()), text)
	}
	for _, text := range []string{`7 / (parameters.spare - 1)`, `7 / (-parameters.spare * 2)`, `let p = [parameters.spare]; 7 / (p[0] ?? 1)`, `7 / {a: parameters.per}.a`} {
		program, problems := expr.Compile(text, scope, expr.WantAny())
		require.Empty(t, problems, text)
		require.True(t, program.Type().IsNullable(), text)
		require.Empty(t, program.Divisors(), text)
	}
}

// TestAPromiseEndsWithTheExpression: nobody keeps what an expression yields from being 0, wherever its value came from.
func TestAPromiseEndsWithTheExpression(t *testing.T) {
	t.Parallel()
	given := expr.NewScope(map[string]expr.Type{"parameters": expr.Object(map[string]expr.Type{
		"per": expr.Number().Promised(), "every": expr.Duration().Promised(),
	}), "quick": expr.Bool()})
	for text, divisor := range map[string]string{
		`parameters.per`: `v`, `{a: {b: parameters.per}}`: `v.a.b`, `[parameters.per]`: `(v[0] ?? 1)`, `parameters`: `v.per`,
		`quick ? parameters.every : hours(0)`: `v`, `quick ? hours(0) : parameters.every`: `v`, `quick ? parameters.every : parameters.every`: `v`,
	} {
		v, problems := expr.Compile(text, given, expr.WantAny())
		require.Empty(t, problems, text)
		dividend := "7"
		if strings.Contains(text, "every :") || strings.HasSuffix(text, ": parameters.every") {
			dividend = "hours(1)"
		}
		quotient, problems := expr.Compile(dividend+" / "+divisor, given.With("v", v.Type()), expr.WantAny())
		require.Empty(t, problems, text)
		require.True(t, quotient.Type().IsNullable(), "%s / %s, where v is %s", dividend, divisor, text)
		require.Empty(t, quotient.Divisors(), text)
	}
}
