package expr_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions/expr"
)

// problemCase states each problem as code, the exact part of the text, and a part of the message or hint.
type problemCase struct {
	text string
	want []string
}

func problemCases() []problemCase {
	return []problemCase{
		// names
		{`inptu.start`, []string{"expr_unknown_name|inptu|did you mean `input`?"}},
		{`input.strat`, []string{"expr_unknown_field|strat|did you mean `start`?"}},
		{`input.contact?.nmae`, []string{"expr_unknown_field|nmae|did you mean `name`?"}},
		{`input.zzzzzzzz`, []string{"expr_unknown_field|zzzzzzzz|`input` has no field"}},
		{`input["strat"]`, []string{"expr_unknown_field|\"strat\"|did you mean `start`?"}},
		{`outputs.avCheck.by`, []string{"expr_unknown_field|avCheck|did you mean `av_check`?"}},
		{`inptu.start > now && input.strat == now`, []string{"expr_unknown_name|inptu|", "expr_unknown_field|strat|"}},
		{`会议.start`, []string{"expr_unknown_name|会议|there is no name"}},
		{`input.room == "大会堂" && nwo > now`, []string{"expr_unknown_name|nwo|did you mean `now`?"}},
		{`lenn(input.tags)`, []string{"expr_unknown_name|lenn|did you mean `len`?"}},
		{`len`, []string{"expr_unknown_name|len|call it"}},
		{`now()`, []string{"expr_type|now|without `()`"}},

		// hyphens
		{`outputs.av-check.ok`, []string{"expr_hyphenated_name|av-check|`av_check`"}},
		{`outputs.follow-up-call.data.score > 3`, []string{"expr_hyphenated_name|follow-up-call|`follow_up_call`"}},
		{`follow-up`, []string{"expr_hyphenated_name|follow-up|lower_snake"}},
		{`outputs.layout?.av-check`, []string{"expr_hyphenated_name|av-check|"}},
		{`input.attendees - cups`, []string{"expr_unknown_name|cups|"}},

		// what may be missing
		{`outputs.layout.outcome == "done"`, []string{"expr_nullable|outputs.layout|write `?.`"}},
		{`outputs.layout?.data.found.x`, []string{"expr_nullable|outputs.layout?.data.found|", "expr_type|x|has no fields"}},
		{`input.contact.phone`, []string{"expr_nullable|input.contact|"}},
		{`input.remark + "!"`, []string{"expr_nullable|input.remark|give a value"}},
		{`anchors.meeting_ended > now`, []string{"expr_nullable|anchors.meeting_ended|"}},
		{`input.remark contains "x"`, []string{"expr_nullable|input.remark|"}},
		{`upper(input.remark)`, []string{"expr_nullable|input.remark|"}},
		{`input.tags[input.contact?.phone]`, []string{
			"expr_nullable|input.contact?.phone|", "expr_type|input.contact?.phone|index must be integer",
		}},
		{`outputs.refill[0].by`, []string{"expr_nullable|outputs.refill[0]|write `?.`"}},
		{`rounds.call > 3`, []string{"expr_nullable|rounds.call|"}},
		{`-rounds.call`, []string{"expr_nullable|rounds.call|"}},
		{`input.vip && input.coffee`, []string{"expr_nullable|input.vip|?? false"}},
		{`input.vip ? 1 : 2`, []string{"expr_nullable|input.vip|"}},
		{`!input.vip`, []string{"expr_nullable|input.vip|"}},
		{`filter(outputs.layout?.data.found, .what == "pen")`, []string{"expr_nullable|outputs.layout?.data.found|"}},
		{`filter(outputs.refill, .data.score > 3)`, []string{"expr_nullable|.data.score|"}},
		{`all(input.tags, input.vip)`, []string{"expr_nullable|input.vip|"}},
		{`input.remark == nil && input.remark contains "x"`, []string{"expr_nullable|input.remark|"}},
		{`input.remark != nil || input.remark contains "x"`, []string{"expr_nullable|input.remark|"}},
		{`(input.remark != nil && true) ? 1 : len(input.remark)`, []string{"expr_nullable|input.remark|"}},
		{`((input.remark)) + "!"`, []string{"expr_nullable|input.remark|"}},
		{`((input.contact)?.phone ?? nil) + "!"`, []string{"expr_nullable|(input.contact)?.phone ?? nil|"}},
		{`((input.coffee) ? (input.remark) : "a") + "!"`, []string{"expr_nullable|(input.coffee) ? (input.remark) : \"a\"|"}},
		{`nil + 1`, []string{"expr_nullable|nil|== nil"}},
		{`nil.a`, []string{"expr_syntax|.|unexpected"}},

		// divisors that may be 0
		{`ceil(input.price / input.attendees)`, []string{"expr_nullable|input.price / input.attendees|the divisor may be 0"}},
		{`1 + 7 % input.attendees`, []string{"expr_nullable|7 % input.attendees|(a / b) ?? …"}},
		{`7 / input.attendees ?? 0 > 1`, []string{"expr_nullable|7 / input.attendees ?? 0|with the brackets"}},
		{`input.attendees >= 0 && 7 / input.attendees > 1`, []string{"expr_nullable|7 / input.attendees|"}},
		{`input.attendees != 1 && 7 / input.attendees > 1`, []string{"expr_nullable|7 / input.attendees|"}},
		{`input.attendees > 0 || 7 / input.attendees > 1`, []string{"expr_nullable|7 / input.attendees|"}},
		{`input.attendees > 0 && 7 / -vars.cups > 1`, []string{"expr_nullable|7 / -vars.cups|"}},
		{`7 / max(0, input.attendees) > 1`, []string{"expr_nullable|7 / max(0, input.attendees)|"}},
		{`7 / min(1, input.attendees) > 1`, []string{"expr_nullable|7 / min(1, input.attendees)|"}},
		{`7 / (0.5 * input.price * 0.5) > 1`, []string{"expr_nullable|7 / (0.5 * input.price * 0.5)|"}},
		{`7 / len(input.tags) > 1`, []string{"expr_nullable|7 / len(input.tags)|"}},
		{`7 / floor(0.1) > 1`, []string{"expr_nullable|7 / floor(0.1)|"}},
		{`7 / sum(input.counts, 1) > 1`, []string{"expr_nullable|7 / sum(input.counts, 1)|"}},
		{`parameters.tea_every / seconds(0)`, []string{"expr_type|seconds(0)|divided by 0"}},
		{`(7 / 0) ?? 1`, []string{"expr_type|0|divided by 0"}},
		{`(7 % -0.0) ?? 1`, []string{"expr_type|7 % -0.0|not defined"}},

		// types
		{`input.attendees + input.room`, []string{"expr_type|input.attendees + input.room|`string(…)`"}},
		{`input.start + 2`, []string{"expr_type|input.start + 2|`hours(2)`"}},
		{`input.start + input.end`, []string{"expr_type|input.start + input.end|"}},
		{`input.start > "2026-01-01"`, []string{`expr_type|input.start > "2026-01-01"|date(…)`}},
		{`parameters.tea_every > 30`, []string{"expr_type|parameters.tea_every > 30|minutes(…)"}},
		{`parameters.tea_every == "30m"`, []string{`expr_type|parameters.tea_every == "30m"|duration(…)`}},
		{`input.room == 3`, []string{"expr_type|input.room == 3|never equal"}},
		{`input.tags == [1]`, []string{"expr_type|input.tags == [1]|never equal"}},
		{`input.room < 3`, []string{"expr_type|input.room < 3|no order"}},
		{`input.coffee < true`, []string{"expr_type|input.coffee < true|no order"}},
		{`input.attendees && true`, []string{"expr_type|input.attendees|truth value"}},
		{`input.attendees ? 1 : 2`, []string{"expr_type|input.attendees|truth value"}},
		{`-input.room`, []string{"expr_type|-input.room|has no sign"}},
		{`input.room.length`, []string{"expr_type|length|has no fields"}},
		{`outputs.refill.by`, []string{"expr_type|by|`[0]`"}},
		{`input.room[0]`, []string{"expr_type|input.room[0]|cannot be indexed"}},
		{`input.attendees[0]`, []string{"expr_type|input.attendees[0]|cannot be indexed"}},
		{`input.tags["a"+"b"]`, []string{`expr_type|"a"+"b"|index must be integer`}},
		{`input.room[1:2]`, []string{"expr_type|input.room|only a list has parts"}},
		{`input.tags["a":]`, []string{`expr_type|"a"|bound must be integer`}},
		{`input.price % 2`, []string{"expr_type|input.price % 2|"}},
		{`1.5..3`, []string{"expr_type|1.5..3|"}},
		{`3 in input.tags`, []string{"expr_type|3 in input.tags|never in"}},
		{`3 in input.contact ?? {}`, []string{"expr_type|3|name of a field"}},
		{`"a" in input.room`, []string{"expr_type|input.room|`contains`"}},
		{`input.tags contains "a"`, []string{`expr_type|input.tags contains "a"|element in list`}},
		{`input.attendees startsWith "1"`, []string{"expr_type|input.attendees|needs a text"}},
		{`ceil(input.room)`, []string{"expr_type|input.room|integer or number"}},
		{`sum(input.tags)`, []string{"expr_type|sum(input.tags)|have a sum"}},
		{`sort(outputs.refill)`, []string{"expr_type|outputs.refill|needs numbers"}},
		{`sortBy(outputs.refill, .data)`, []string{"expr_type|sortBy(outputs.refill, .data)|have an order"}},
		{`count(input.tags)`, []string{"expr_type|input.tags|len(list)"}},
		{`map(input.room, #)`, []string{"expr_type|input.room|needs a list"}},
		{`max("a", 3)`, []string{"expr_type|3|no order"}},
		{`max(outputs.refill)`, []string{"expr_type|outputs.refill|needs numbers"}},
		{`date("2026-13-01")`, []string{`expr_type|"2026-13-01"|not a date`}},
		{`duration("soon")`, []string{`expr_type|"soon"|no duration`}},
		{`int("many")`, []string{`expr_type|"many"|no whole number`}},

		// values that cannot occur
		{`outputs.layout?.outcome == "dnoe"`, []string{"expr_unknown_value|\"dnoe\"|did you mean `done`?"}},
		{`"approved" != outputs.av_check.outcome`, []string{`expr_unknown_value|"approved"|it is one of cancelled, done`}},
		{`input.level in ["a", "d"]`, []string{`expr_unknown_value|"d"|`}},
		{`any(outputs.refill, .outcome == "doen")`, []string{"expr_unknown_value|\"doen\"|did you mean `done`?"}},

		// what is left out
		{`keys(input)`, []string{"expr_forbidden|keys|random order"}},
		{`groupBy(input.tags, #)`, []string{"expr_forbidden|groupBy(input.tags, #)|random order"}},
		{`reduce(input.counts, #acc + #)`, []string{"expr_forbidden|reduce(input.counts, #acc + #)|`sum`"}},
		{`get(input, "room")`, []string{"expr_forbidden|get|`?.`"}},
		{`type(1)`, []string{"expr_forbidden|type|are known"}},
		{`ceil`, []string{"expr_unknown_name|ceil|call it"}},
		{`let total = 1; totl`, []string{"expr_unknown_name|totl|did you mean `total`?"}},
		{`repeat("a", 9)`, []string{"expr_forbidden|repeat|available are"}},
		{`input.start.Unix()`, []string{"expr_forbidden|input.start.Unix|no methods"}},
		{`$env.input`, []string{"expr_forbidden|$env|must not contain"}},
		{`$rows("customers", {})`, []string{"expr_forbidden|$rows|"}},
		{`1 < input.attendees < 5`, []string{"expr_forbidden|attendees|a < b && b < c"}},
		{`input.coffee ?: true`, []string{"expr_forbidden|coffee|a ?? b"}},
		{`1; 2`, []string{"expr_forbidden|1; 2|sequence"}},
		{`b"ab"`, []string{`expr_forbidden|b"ab"|bytes`}},
		{`{(input.room): 1}`, []string{"expr_forbidden|input.room|a key cannot be computed"}},
		{`input.room matches input.visit`, []string{"expr_forbidden|input.visit|cannot be computed"}},
		{`map(input.tags, #acc)`, []string{"expr_forbidden|#|there is no `#acc`"}},

		// registers
		{`lookup("customer", "acme")`, []string{"expr_unknown_name|\"customer\"|did you mean `customers`?"}},
		{`lookup("customers", "acme").limit`, []string{`expr_nullable|lookup("customers", "acme")|`}},
		{`lookup("customers", "acme")?.limt`, []string{"expr_unknown_field|limt|did you mean `limit`?"}},
		{`count("customers", { stauts: "open" }) > 1`, []string{"expr_unknown_field|stauts|did you mean `status`?"}},
		{`exists("customers", { status: "opn" })`, []string{"expr_unknown_value|\"opn\"|did you mean `open`?"}},
		{`exists("customers", { since: "2026-01-01" })`, []string{`expr_type|"2026-01-01"|date(…)`}},
		{`exists(input.room, {})`, []string{"expr_forbidden|input.room|a register cannot be computed"}},
		{`count("customers", x)`, []string{"expr_forbidden|x|a filter cannot be computed"}},
		{`lookup("customers")`, []string{`expr_arguments|lookup("customers")|lookup(register, key)`}},

		// arguments and variables
		{`ceil()`, []string{"expr_arguments|ceil|0 arguments"}},
		{`ceil(1, 2)`, []string{"expr_arguments|ceil(1, 2)|2 arguments"}},
		{`max(3)`, []string{"expr_arguments|max(3)|needs a list"}},
		{`max()`, []string{"expr_arguments|max|"}},
		{`sortBy(input.tags, #, "up")`, []string{`expr_arguments|"up"|"desc"`}},
		{`{a: 1, a: 2}`, []string{"expr_arguments|a|occurs twice"}},
		{`let now = 1; now`, []string{"expr_shadowed_name|now|the name `now` is taken"}},
		{`let sum = 1; sum`, []string{"expr_shadowed_name|sum|"}},

		// syntax
		{``, []string{"expr_syntax||is empty"}},
		{" \n", []string{"expr_syntax| \n|is empty"}},
		{`input.`, []string{"expr_syntax|.|unexpected"}},
		{`"中文" ==`, []string{"expr_syntax|=|unexpected token EOF"}},
		{`input.room = "x"`, []string{"expr_syntax|=|`==` compares"}},
		{`=input.room`, []string{"expr_syntax|=|without `=`"}},
		{`"open`, []string{"expr_syntax||not terminated"}},
		{"\xff", []string{"expr_syntax|\xff|UTF-8"}},
		{`# > 1`, []string{"expr_syntax|#|"}},
		{`input.room matches "("`, []string{`expr_syntax|"("|the pattern is invalid`}},

		// size
		{strings.Repeat("1+", 2000) + "1", []string{"expr_too_long|" + strings.Repeat("1+", 2000) + "1|the limit is 4000"}},
		{strings.Repeat("1+", 600) + "1", []string{"expr_too_long|" + strings.Repeat("1+", 600) + "1|more than 1000 parts"}},
		{strings.Repeat("(", 65) + "1" + strings.Repeat(")", 65), []string{"expr_too_deep|(|deeper than 64"}},
		{strings.Repeat("!", 70) + "true", []string{"expr_too_deep|!|deeper than 64"}},
	}
}

func TestCompileReportsEveryProblem(t *testing.T) {
	t.Parallel()
	for _, tc := range problemCases() {
		t.Run(tc.text[:min(len(tc.text), 40)], func(t *testing.T) {
			t.Parallel()
			program, problems := expr.Compile(tc.text, world(), expr.WantAny())
			require.Nil(t, program)
			require.Len(t, problems, len(tc.want), "%v", problems)
			for i, want := range tc.want {
				requireProblem(t, tc.text, problems[i], want)
			}
		})
	}
}

func requireProblem(t *testing.T, text string, problem expr.Problem, want string) {
	t.Helper()
	code, rest, _ := strings.Cut(want, "|")
	cut := strings.LastIndex(rest, "|")
	part, words := rest[:cut], rest[cut+1:]
	require.Equal(t, code, string(problem.Code), "%s", problem)
	got := text[problem.Offset : problem.Offset+problem.Length]
	if part != "" || problem.Length == 0 {
		require.Equal(t, part, got, "%s", problem)
	}
	require.Contains(t, problem.Message+" "+problem.Hint, words)
}

func TestCompileChecksTheResult(t *testing.T) {
	t.Parallel()
	room := expr.WantType(expr.Object(map[string]expr.Type{"room": expr.String(), "note": expr.String().Nullable()}))
	for _, tc := range []struct {
		text string
		want expr.Want
		code expr.Code
	}{
		{`input.coffee`, expr.WantBool(), ""},
		{`input.attendees`, expr.WantBool(), expr.CodeResultType},
		{`input.vip`, expr.WantBool(), expr.CodeNullable},
		{`input.vip ?? false`, expr.WantBool(), ""},
		{`input.vip`, expr.WantBool().OrNull(), ""},
		{`nil`, expr.WantBool(), expr.CodeResultType},
		{`nil`, expr.WantBool().OrNull(), ""},
		{`nil`, expr.WantAny(), ""},
		{`x.flag`, expr.WantBool(), ""},
		{`input.attendees`, expr.WantNumber(), ""},
		{`input.price`, expr.WantInt(), expr.CodeResultType},
		{`input.start`, expr.WantTimeOrText(), ""},
		{`outputs.av_check.outcome == "done" ? "+5wd" : "+3wd"`, expr.WantTimeOrText(), ""},
		{`input.end - input.start`, expr.WantTime(), expr.CodeResultType},
		{`input.end - input.start`, expr.WantDuration(), ""},
		{`outputs.clear?.data.found ?? []`, expr.WantList(), ""},
		{`input.room`, expr.WantList(), expr.CodeResultType},
		{`input.room`, expr.WantText(), ""},
		{`{room: input.room}`, room, ""},
		{`{room: input.room, note: input.remark}`, room, ""},
		{`{room: input.remark}`, room, expr.CodeResultType},
		{`{room: input.room, other: 1}`, room, expr.CodeResultType},
		{`input.contact`, expr.WantType(expr.Any()), ""},
		{`input.contact`, expr.WantType(expr.Map(expr.String())), expr.CodeResultType},
		{`input.contact`, expr.WantType(expr.Map(expr.String().Nullable()).Nullable()), ""},
		{`input.contact`, expr.WantType(expr.Map(expr.String().Nullable())), expr.CodeNullable},
	} {
		t.Run(tc.text+" as "+tc.want.String(), func(t *testing.T) {
			t.Parallel()
			program, problems := expr.Compile(tc.text, world(), tc.want)
			if tc.code == "" {
				require.Empty(t, problems)
				require.Equal(t, tc.text, program.Source())
				return
			}
			require.Len(t, problems, 1)
			require.Equal(t, tc.code, problems[0].Code)
			require.Equal(t, tc.text, tc.text[problems[0].Offset:problems[0].Offset+problems[0].Length])
		})
	}
}

func TestTypesOfResults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`input.remark ?? "none"`:                          `text`,
		`input.contact?.phone`:                            `text?`,
		`input.contact?.name`:                             `text?`,
		`input.remark != nil ? input.remark : "-"`:        `text`,
		`input.coffee ? 1 : 2.5`:                          `number`,
		`input.coffee ? 1 : nil`:                          `integer?`,
		`input.coffee ? 1 : "a"`:                          `any`,
		`input.coffee ? {a: 1} : {a: 2.5, b: 1}`:          `{a: number, b: integer?}`,
		`outputs.clear?.data.found ?? []`:                 `list of {what: text}`,
		`[]`:                                              `list of any`,
		`[1, 2.5, nil]`:                                   `list of number?`,
		`map(outputs.refill, .done_at - now)`:             `list of duration`,
		`find(outputs.refill, .round > 1)?.by`:            `text?`,
		`sum(outputs.refill, now - .done_at)`:             `duration`,
		`max(input.counts)`:                               `integer?`,
		`max(input.attendees, input.price)`:               `number`,
		`lookup("customers", "acme")?.since`:              `time?`,
		`lookup("dunning", "acme")`:                       `map of any?`,
		`concat(input.counts, [1.5])`:                     `list of number`,
		`input.attendees / 2`:                             `number`,
		`2 * parameters.tea_every`:                        `duration`,
		`parameters.tea_every / hours(1)`:                 `number`,
		`let a = input.remark; a == nil ? "none" : a`:     `text`,
		`input.counts[0:2]`:                               `list of integer`,
		`(input.contact ?? {name: "-", phone: "-"}).name`: `text`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, compile(t, text).Type().String())
		})
	}
}

// Guards that make a value present: each of these would otherwise be a problem.
func TestGuards(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`outputs.layout != nil && outputs.layout.outcome == "done"`,
		`nil != outputs.layout && outputs.layout.outcome == "done"`,
		`outputs.layout == nil || outputs.layout.outcome == "done"`,
		`!(outputs.layout == nil) && outputs.layout.round > 1`,
		`not (outputs.layout == nil or input.remark == nil) and outputs.layout.by == input.remark + "!"`,
		`outputs.layout != nil ? outputs.layout.round : 0`,
		`outputs.layout == nil ? 0 : outputs.layout.round`,
		`if outputs.layout != nil { outputs.layout.round } else { 0 }`,
		`outputs.layout?.outcome == "done" && outputs.layout.round > 1`,
		`outputs.layout?.data.score != nil && outputs.layout.data.score > 3`,
		`outputs["layout"] != nil && outputs.layout.round > 1`,
		`outputs.refill[0] != nil && outputs.refill[0].round > 1`,
		`any(outputs.refill, .data.score != nil && .data.score > 3)`,
		`rounds.call != nil && rounds.call < parameters.tries`,
		`input.vip == true && input.remark == "x"`,
		`(input.remark ?? "") contains "x"`,
		`let c = input.contact; c != nil && c.name startsWith "王"`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			compile(t, text)
		})
	}
}

func TestYields(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`parameters.tries`: "[parameters.tries]",
		`input.coffee ? parameters.tries : rounds.call ?? vars.cups`: "[parameters.tries rounds.call vars.cups]",
		`parameters.tries + 1`:                                              "[]",
		`max(parameters.tries, 1)`:                                          "[]",
		`outputs.layout?.data.score ?? 0`:                                   "[outputs.layout.data.score]",
		`rounds[input.room]`:                                                "[rounds]",
		`(input.coffee ? outputs.layout : outputs.clear)?.outcome`:          "[outputs.clear.outcome outputs.layout.outcome]",
		`let d = parameters.tries; d`:                                       "[parameters.tries]",
		`let p = parameters; p.tries`:                                       "[parameters.tries]",
		`let p = parameters; let q = p; q["tries"] + 1`:                     "[]",
		`let o = input.coffee ? outputs.layout : outputs.clear; o?.outcome`: "[outputs.clear.outcome outputs.layout.outcome]",
		`let a = (let b = vars.cups; b); let b = parameters.tries; a ?? b`:  "[parameters.tries vars.cups]",
		`let d = parameters.tries; vars.cups`:                               "[vars.cups]",
		`let d = parameters.tries + 1; d`:                                   "[]",
	} {
		require.Equal(t, want, fmt.Sprint(compile(t, text).Yields()), text)
	}
}

// TestYieldsThatDoubleCostLittle: each variable may be two values of the one before.
func TestYieldsThatDoubleCostLittle(t *testing.T) {
	t.Parallel()
	text, last := "", "parameters.tries"
	for i := range 60 {
		name := "v" + strconv.Itoa(i)
		text += "let " + name + " = input.coffee ? " + last + " : " + last + "; "
		last = name
	}
	require.Equal(t, "[parameters.tries]", fmt.Sprint(compile(t, text+last).Yields()))
}

func TestReferences(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`input.start`: "[input.start]",
		`outputs.layout?.outcome == "done" && input.start > now`:  "[input.start now outputs.layout.outcome]",
		`outputs.refill[0]?.by`:                                   "[outputs.refill]",
		`outputs.refill[vars.cups]?.by`:                           "[outputs.refill vars.cups]",
		`rounds[input.room]`:                                      "[input.room rounds]",
		`all(outputs.refill, .round < parameters.tries)`:          "[outputs.refill parameters.tries]",
		`let a = input.contact; a?.name`:                          "[input.contact]",
		`input["room"]`:                                           "[input.room]",
		`count("customers", {status: input.level})`:               "[input.level]",
		`(input.contact ?? {name: input.room, phone: nil}).phone`: "[input.contact input.room]",
		`1 + 1`: "[]",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			program, problems := expr.Compile(text, world().WithRegisters(nil).WithRegisters(map[string]expr.Type{
				"customers": expr.Map(expr.Any()),
			}), expr.WantAny())
			require.Empty(t, problems)
			require.Equal(t, want, fmt.Sprint(program.References()))
		})
	}
	registers := compile(t, `exists("dunning", {}) && lookup("customers", 1) == nil && exists("dunning", {a: 1})`).Registers()
	require.Equal(t, []string{"customers", "dunning"}, registers)
}

func TestScope(t *testing.T) {
	t.Parallel()
	parent := expr.NewScope(map[string]expr.Type{"a": expr.Int()})
	child := parent.With("item", expr.String()).With("a", expr.Bool())
	require.Equal(t, []string{"a"}, parent.Names())
	require.Equal(t, []string{"a", "item"}, child.Names())
	inner, ok := child.Lookup("a")
	require.True(t, ok)
	require.True(t, inner.Equal(expr.Bool()))
	outer, _ := parent.Lookup("a")
	require.True(t, outer.Equal(expr.Int()))
	_, problems := expr.Compile("item", parent, expr.WantAny())
	require.Equal(t, expr.CodeUnknownName, problems[0].Code)

	_, problems = expr.Compile(`exists("any_register", {a: 1})`, parent, expr.WantBool())
	require.Empty(t, problems, "without WithRegisters every register is accepted")
	_, problems = expr.Compile(`exists("any_register", {a: 1})`, parent.WithRegisters(nil), expr.WantBool())
	require.Equal(t, expr.CodeUnknownName, problems[0].Code, "an empty set of registers has none")

	_, problems = expr.Compile("a + 1", parent.WithLimits(expr.Limits{Nodes: 2}), expr.WantAny())
	require.Equal(t, expr.CodeTooLong, problems[0].Code)
	_, problems = expr.Compile("a", expr.Scope{}.With("a", expr.Int()), expr.WantInt())
	require.Empty(t, problems, "the zero scope has the default limits")
}

// A code without a case could change unnoticed.
func TestEveryCodeHasACase(t *testing.T) {
	t.Parallel()
	covered := []string{
		// stated in TestCompileChecksTheResult, TestFromSchemaProblems and TestEvalErrors
		string(expr.CodeResultType), string(expr.CodeSchema), string(expr.CodeEvaluation), string(expr.CodeNumber),
		string(expr.CodeBudget), string(expr.CodeFact),
	}
	for _, tc := range problemCases() {
		for _, want := range tc.want {
			code, _, _ := strings.Cut(want, "|")
			covered = append(covered, code)
		}
	}
	for _, code := range expr.Codes() {
		require.True(t, slices.Contains(covered, string(code)), "no case for %s", code)
		require.True(t, strings.HasPrefix(string(code), "expr_"))
	}
}

func TestProblemString(t *testing.T) {
	t.Parallel()
	problem := expr.Problem{Code: expr.CodeType, Path: "with.room", Offset: 3, Message: "wrong", Hint: "write it right"}
	require.Equal(t, "with.room: expr_type at 3: wrong (write it right)", problem.String())
}
