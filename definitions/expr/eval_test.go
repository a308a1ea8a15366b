package expr_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"steward/definitions/expr"
)

func TestEval(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		// arithmetic
		`ceil(input.attendees * (1 + parameters.cup_spare))`: 110,
		`ceil(input.attendees / 3.5)`:                        29,
		`ceil(100000000 * 1.1)`:                              110000000,
		`floor(0.1 * 3 * 10)`:                                3,
		`floor(-1.2)`:                                        -2,
		`round(2.4999999999)`:                                3,
		`round(-2.5)`:                                        -3,
		`round(7)`:                                           7,
		`ceil(2.000000001)`:                                  3,
		`1 + 2 * 3 - 4`:                                      3,
		`7 / 2`:                                              3.5,
		`7 / (input.attendees - 100)`:                        nil,
		`7 % (input.attendees - 100)`:                        nil,
		`(7 / (input.attendees - 98)) ?? 0`:                  3.5,
		`(7 % (input.attendees - 98)) ?? 0`:                  1,
		`6 / 2`:                                              3.0,
		`-7 % 3`:                                             -1,
		`2 ** 3`:                                             8.0,
		`2 ^ 0.5 < 1.5`:                                      true,
		`-input.attendees + +5`:                              -95,
		`abs(-3) + abs(2.5)`:                                 5.5,
		`input.price * 2`:                                    25.0,
		`input.coffee ? 1 : 2.5`:                             1.0,
		`max(1, 2.5, input.attendees)`:                       100.0,
		`min(input.counts)`:                                  1,
		`min(input.start, input.end) == input.start`:         true,
		`max([])`:                                            nil,
		`mean(input.counts)`:                                 2.0,
		`mean([])`:                                           nil,
		`int("42") + int(2.9)`:                               44,
		`float("2.5")`:                                       2.5,
		`0x10 + 1_000`:                                       1016,

		// times
		`input.end - input.start`:                                 2 * time.Hour,
		`input.start + hours(1.5)`:                                nine.Add(150 * time.Minute),
		`minutes(90) + now`:                                       nine.Add(90 * time.Minute),
		`now - days(1)`:                                           nine.AddDate(0, 0, -1),
		`parameters.tea_every * 3 - seconds(10)`:                  90*time.Minute - 10*time.Second,
		`2.5 * parameters.tea_every`:                              75 * time.Minute,
		`parameters.tea_every / 2`:                                15 * time.Minute,
		`(input.end - input.start) / parameters.tea_every`:        4.0,
		`((input.end - input.start) / (now - now)) ?? 1`:          1.0,
		`(parameters.tea_every / (rounds.call ?? 0)) ?? hours(1)`: 15 * time.Minute,
		`-hours(1)`:                                               -time.Hour,
		`abs(now - input.start)`:                                  time.Hour,
		`duration("1d12h") == hours(36)`:                          true,
		`date(input.visit)`:                                       time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC),
		`day(now + hours(8))`:                                     "2026-03-02",
		`input.start > now && input.end > now`:                    true,
		`input.start != before.start`:                             false,
		`sum(outputs.refill, now - .done_at)`:                     2 * time.Hour,
		`sum(filter(outputs.refill, .round > 9), now - .done_at)`: time.Duration(0),

		// texts
		`input.room + "!"`: "大会堂!",
		`len(input.room)`:  3,
		`input.room contains "会" and input.room endsWith "堂"`: true,
		`input.visit matches "^\\d{4}-"`:                      true,
		`not (input.room startsWith "x")`:                     true,
		`input.room not contains "x"`:                         true,
		`input.tags | join(", ") | upper()`:                   "TEA, FLOWERS",
		`join(input.counts)`:                                  "312",
		`join(split("a-b-c", "-"), "")`:                       "abc",
		`trim("  x ") + lower("Y")`:                           "xy",
		`string(1.50) + string(true) + string(hours(1))`:      "1.5true1h",

		`string(now)`:         "2026-03-01T17:00:00+08:00",
		`input.remark == "x"`: false,
		`input.remark != "x"`: true,

		// what may be missing
		`input.remark ?? "none"`:                                                "none",
		`input.contact?.phone ?? "unknown"`:                                     "unknown",
		`outputs.layout?.outcome == "done" && outputs.clear?.outcome != "done"`: true,
		`outputs.clear?.data.found ?? []`:                                       []any{},
		`outputs.layout?.data.score`:                                            4.5,
		`outputs.refill[0]?.by`:                                                 "wang",
		`outputs.refill[-1]?.by`:                                                "zhao",
		`outputs.refill[9]?.by`:                                                 nil,
		`outputs.clear?.data.found?.[0]?.what`:                                  nil,
		`rounds.call ?? 0`:                                                      2,
		`rounds["none"]`:                                                        nil,
		`input[input.coffee ? "room" : "visit"]`:                                "大会堂",
		`nil ?? 3`:                                                              3,

		// lists and objects
		`input.tags[0:1]`:                                          []any{"tea"},
		`input.tags[:-1]`:                                          []any{"tea"},
		`input.tags[5:]`:                                           []any{},
		`input.counts[2:1]`:                                        []any{},
		`all(outputs.refill, .outcome == "done")`:                  true,
		`any(input.counts, # > 2)`:                                 true,
		`none(input.counts, # > 3)`:                                true,
		`one(input.counts, # > 2)`:                                 true,
		`count(outputs.refill, .by == "wang")`:                     1,
		`count([true, false, true])`:                               2,
		`filter(input.counts, # >= 2)`:                             []any{3, 2},
		`map(input.counts, # * 2)`:                                 []any{6, 2, 4},
		`map(input.tags, #index)`:                                  []any{0, 1},
		`map(input.tags, {{tag: #, n: len(#)}})`:                   []any{map[string]any{"tag": "tea", "n": 3}, map[string]any{"tag": "flowers", "n": 7}},
		`map(input.counts, let n = #; count(input.counts, # < n))`: []any{2, 0, 1},
		`find(input.counts, # < 3)`:                                1,
		`findLast(input.counts, # < 3)`:                            2,
		`findIndex(input.counts, # == 2)`:                          2,
		`find(input.counts, # > 9)`:                                nil,
		`sum(input.counts)`:                                        6,
		`sum(input.counts, # / 2)`:                                 3.0,
		`sum([])`:                                                  0,
		`sort(input.counts)`:                                       []any{1, 2, 3},
		`reverse(sort(input.tags))`:                                []any{"tea", "flowers"},
		`map(sortBy(outputs.refill, .round), .by)`:                 []any{"zhao", "wang"},
		`map(sortBy(outputs.refill, .round, "desc"), .by)`:         []any{"wang", "zhao"},
		`map(sortBy(outputs.refill, .outcome), .by)`:               []any{"wang", "zhao"},
		`sortBy(sortBy(input.counts, #), -#)`:                      []any{3, 2, 1},
		`uniq([1, 2, 1.0, 3])`:                                     []any{1.0, 2.0, 3.0},
		`concat(input.tags, ["x"])`:                                []any{"tea", "flowers", "x"},
		`first(input.tags) == last(reverse(input.tags))`:           true,
		`1..3`:                                        []any{1, 2, 3},
		`len(3..1)`:                                   0,
		`"tea" in input.tags`:                         true,
		`"beer" not in input.tags`:                    true,
		`input.level in ["a", "b"]`:                   true,
		`2 in [1, 2]`:                                 true,
		`2.0 in input.counts`:                         true,
		`now in [nil, now]`:                           true,
		`"room" in input`:                             true,
		`input.tags == ["tea", "flowers"]`:            true,
		`input.tags != before.tags`:                   false,
		`input == before`:                             true,
		`{a: 1} == {a: 1.0, b: nil}`:                  true,
		`{a: 1} == {a: 2}`:                            false,
		`[1, [2]] == [1, [2.5]]`:                      false,
		`let a = input.counts; let b = sum(a); b * 2`: 12,
		`if input.coffee { "yes" } else if input.attendees > 3 { "many" } else { "no" }`: "yes",

		`filter(input.tags, # contains "e" && # matches "^t")`: []any{"tea"},
		`any(input.tags, not (# contains "z"))`:                true,
		`uniq(["b", "a", "b"])`:                                []any{"b", "a"},
		`len(uniq([now, input.start - hours(1)]))`:             1,
		`len(uniq([true, false, true]))`:                       2,
		`input.tags[-1:]`:                                      []any{"flowers"},
		`len(input.tags[vars.cups - 109:])`:                    1,
		`[hours(1)] == [minutes(60)]`:                          true,
		`[now] == [nil]`:                                       false,
		`{a: [1]} == {a: [1], b: 2}`:                           false,
		`input == nil`:                                         false,
		`len({a: 1, b: 2}) + len(1..4)`:                        6,
		`join([now, hours(2), 1.5, nil ?? true], " ")`:         "2026-03-01T17:00:00+08:00 2h 1.5 true",
		`sum([hours(1), minutes(30)])`:                         90 * time.Minute,
		`mean([hours(1) / hours(2), 1])`:                       0.75,
		`abs(vars.cups - 200)`:                                 90,
		`(1..9)[2:4] == [3, 4]`:                                true,

		// values without a type
		`x.n + 1`:            4,
		`x.f * 2`:            5.0,
		`x.s + "!"`:          "text!",
		`x.t + hours(1)`:     nine.Add(time.Hour),
		`x.list[1]`:          2,
		`x.list[1:]`:         []any{2},
		`x.none[0]`:          nil,
		`x.t - x.t`:          time.Duration(0),
		`hours(1) + x.t`:     nine.Add(time.Hour),
		`x.n % 2`:            1,
		`x.n ** 2`:           9.0,
		`-x.f`:               -2.5,
		`abs(x.f - 3)`:       0.5,
		`x.n..4`:             []any{3, 4},
		`"s" in x`:           true,
		`x["n"]`:             3,
		`x.none?.deep`:       nil,
		`sum(x.list, # * 2)`: 6,
		`x.n == 3.0`:         true,
		`x.list == [1, 2]`:   true,
		`3 in x.list`:        false,
		`x.s contains "ex"`:  true,
		`x`:                  worldEnv().Values["x"],

		// registers
		`lookup("customers", "acme")?.limit`:                                50000,
		`lookup("customers", "acme")?.since`:                                time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC),
		`lookup("customers", "none")?.limit ?? 0`:                           0,
		`count("dunning", {customer: input.room, consecutive: 2}) == 2`:     true,
		`exists("customers", {status: "open"}) && !exists("dunning", {})`:   true,
		`count(filter(["a", "acme"], lookup("customers", #) != nil), true)`: 1,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got, err := compile(t, text).Eval(worldEnv())
			require.NoError(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("want -, got +\n%s", diff)
			}
		})
	}
}

func TestEvalErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text, part string
		code       expr.Code
	}{
		{`input.room == "大会堂" && x.n / (x.n - 3) > 2`, `/`, expr.CodeNumber},
		{`parameters.tea_every / (x.n - 3)`, `/`, expr.CodeNumber},
		{`(now - now) / (x.t - x.t)`, `/`, expr.CodeNumber},
		{`9223372036854775807 + input.attendees`, `+`, expr.CodeNumber},
		{`-9223372036854775807 - input.attendees`, `-`, expr.CodeNumber},
		{`9223372036854775807 * input.attendees`, `*`, expr.CodeNumber},
		{`-(-9223372036854775807 - 1)`, `-`, expr.CodeNumber},
		{`10.0 ** 400`, `**`, expr.CodeNumber},
		{`ceil(1e300)`, `ceil`, expr.CodeNumber},
		{`days(1e9)`, `days`, expr.CodeNumber},
		{`days(106751) + days(1)`, `+`, expr.CodeNumber},
		{`now + days(100000) + days(100000) + days(100000) + days(100000) + days(100000) + days(100000) + days(100000) +
			days(100000) + days(100000) + days(100000) + days(100000) + days(100000) + days(100000) + days(100000) + days(100000) +
			days(100000) + days(100000) + days(100000) + days(100000) + days(100000) + days(100000) + days(100000) + days(100000) +
			days(100000) + days(100000) + days(100000) + days(100000) + days(100000) + days(100000) + days(100000)`, ``, expr.CodeNumber},
		{`x.s + 1`, `+`, expr.CodeEvaluation},
		{`x.s - x.n`, `-`, expr.CodeEvaluation},
		{`x.t - x.s`, `-`, expr.CodeEvaluation},
		{`x.list > 3`, `>`, expr.CodeEvaluation},
		{`!x.n`, `!`, expr.CodeEvaluation},
		{`x.s.length`, `length`, expr.CodeEvaluation},
		{`x.none.deep`, `deep`, expr.CodeEvaluation},
		{`x.n[0]`, `[`, expr.CodeEvaluation},
		{`x.list["a"]`, `[`, expr.CodeEvaluation},
		{`x.list[0.5]`, `[`, expr.CodeEvaluation},
		{`x[0]`, `[`, expr.CodeEvaluation},
		{`map(x.n, #)`, `n`, expr.CodeEvaluation},
		{`min(x.list, 2)`, `min`, expr.CodeEvaluation},
		{`sort([x.n, x.s])`, `sort`, expr.CodeEvaluation},
		{`sortBy(x.list, # == 1 ? x.s : x.n)`, `sortBy`, expr.CodeEvaluation},
		{`upper(x.n)`, `upper`, expr.CodeEvaluation},
		{`day(x.s)`, `day`, expr.CodeEvaluation},
		{`x.s % 2`, `%`, expr.CodeEvaluation},
		{`x.f % 2`, `%`, expr.CodeEvaluation},
		{`x.s ** 2`, `**`, expr.CodeEvaluation},
		{`-x.s`, `-`, expr.CodeEvaluation},
		{`x.s * 2`, `*`, expr.CodeEvaluation},
		{`x.list / 2`, `/`, expr.CodeEvaluation},
		{`hours(x.s)`, `hours`, expr.CodeEvaluation},
		{`parameters.tea_every / x.s`, `/`, expr.CodeEvaluation},
		{`x.list[x.s:]`, `[`, expr.CodeEvaluation},
		{`x.n[1:]`, `[`, expr.CodeEvaluation},
		{`mean([x.s])`, `mean`, expr.CodeEvaluation},
		{`uniq([x.list])`, `uniq`, expr.CodeEvaluation},
		{`split(x.s, x.n)`, `split`, expr.CodeEvaluation},
		{`join(x.list, x.n)`, `join`, expr.CodeEvaluation},
		{`sum([x.s, x.n])`, `sum`, expr.CodeEvaluation},
		{`concat(x.list, x.n)`, `concat`, expr.CodeEvaluation},
		{`any(input.tags, x.n contains #)`, `n`, expr.CodeEvaluation},
		{`all(1..900, input.room + join(map(1..500, "0123456789"), "") contains "z" || true)`, ``, expr.CodeBudget},
		{`len(x.n)`, `len`, expr.CodeEvaluation},
		{`join([x], "")`, `join`, expr.CodeEvaluation},
		{`x.n in x.s`, `in`, expr.CodeEvaluation},
		{`int(input.room)`, `int`, expr.CodeEvaluation},
		{`float(input.room)`, `float`, expr.CodeEvaluation},
		{`date(input.room)`, `date`, expr.CodeEvaluation},
		{`duration(input.room)`, `duration`, expr.CodeEvaluation},
		{`lookup("customers", "broken")`, `lookup`, expr.CodeFact},
		{`count("dunning", {a: "broken"})`, `count`, expr.CodeFact},
		{`exists("dunning", {a: "broken"})`, `exists`, expr.CodeFact},
		{`sum(1..400, sum(1..400, 1))`, ``, expr.CodeBudget},
		{`len(1..2000000)`, `..`, expr.CodeBudget},
		{`let a = input.tags | join("0123456789"); ` + doubled(20), `+`, expr.CodeBudget},
		{`let a = [1, 1]; ` + nestedPairs(20), ``, expr.CodeBudget},
		{`any(map(1..300, input), # == input) && all(1..300, uniq(1..400) != [])`, ``, expr.CodeBudget},
	} {
		t.Run(tc.text[:min(len(tc.text), 60)], func(t *testing.T) {
			t.Parallel()
			_, err := compile(t, tc.text).Eval(worldEnv())
			failed := failure(t, err)
			require.Equal(t, tc.code, failed.Code, failed.Error())
			require.Equal(t, tc.text, failed.Source)
			if tc.part != "" {
				require.Equal(t, tc.part, tc.text[failed.Offset:failed.Offset+failed.Length], failed.Error())
			}
		})
	}
}

// doubled is an expression whose text doubles n times.
func doubled(n int) string {
	steps := "let t0 = a + a; "
	last := "t0"
	for i := 1; i < n; i++ {
		name := "t" + string(rune('a'+i))
		steps += "let " + name + " = " + last + " + " + last + "; "
		last = name
	}
	return steps + last
}

// nestedPairs is an expression whose result unfolds to 2^n elements while it shares all of them.
func nestedPairs(n int) string {
	steps, last := "", "a"
	for i := range n {
		name := "p" + string(rune('a'+i))
		steps += "let " + name + " = [" + last + ", " + last + "]; "
		last = name
	}
	return steps + last
}

func TestFactErrorsKeepTheirCause(t *testing.T) {
	t.Parallel()
	_, err := compile(t, `lookup("customers", "broken") == nil`).Eval(worldEnv())
	require.ErrorIs(t, err, errAway)
	require.Contains(t, err.Error(), "expr_fact")

	env := worldEnv()
	env.Facts = nil
	_, err = compile(t, `exists("customers", {})`).Eval(env)
	require.Equal(t, expr.CodeFact, failure(t, err).Code)
}

// What the environment holds may contradict the types; the result then is an error and never a wrong value.
func TestResultsAreCheckedAtRunTime(t *testing.T) {
	t.Parallel()
	scope := expr.NewScope(map[string]expr.Type{
		"n": expr.Int(), "t": expr.Time(), "l": expr.List(expr.Number()), "o": expr.Map(expr.Any()), "any": expr.Any(),
	})
	room := expr.WantType(expr.Object(map[string]expr.Type{"room": expr.Enum("a", "b")}))
	for _, tc := range []struct {
		text  string
		want  expr.Want
		value any
		bad   bool
	}{
		{"any", expr.WantBool(), true, false},
		{"any", expr.WantBool(), "yes", true},
		{"any", expr.WantBool(), nil, true},
		{"any", expr.WantBool().OrNull(), nil, false},
		{"any", expr.WantAny(), nil, false},
		{"any", room, map[string]any{"room": "a"}, false},
		{"any", room, map[string]any{"room": "c"}, true},
		{"any", room, map[string]any{}, true},
		{"any", expr.WantType(expr.List(expr.Int())), []any{1, 2}, false},
		{"any", expr.WantType(expr.List(expr.Int())), []any{1, 2.5}, true},
		{"any", expr.WantAny(), make(chan int), true},
		{"any", expr.WantAny(), math.NaN(), true},
		{"any", expr.WantAny(), []any{math.Inf(1)}, true},
		{"any", expr.WantAny(), map[string]any{"a": struct{}{}}, true},
		{"n", expr.WantInt(), int64(3), false},
		{"n", expr.WantInt(), 3.0, false},
		{"n", expr.WantInt(), 3.5, true},
		{"n", expr.WantInt(), nil, true},
		{"n", expr.WantInt(), "3", true},
		{"t", expr.WantTime(), "2026-03-01", true},
		{"t", expr.WantTime(), time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{"l", expr.WantList(), map[string]any{}, true},
		{"o", expr.WantAny(), []any{}, true},
	} {
		program, problems := expr.Compile(tc.text, scope, tc.want)
		require.Empty(t, problems)
		_, err := program.Eval(expr.Env{Values: map[string]any{tc.text: tc.value}})
		if !tc.bad {
			require.NoError(t, err, "%s = %v", tc.text, tc.value)
			continue
		}
		require.Error(t, err, "%s = %v", tc.text, tc.value)
		require.Contains(t, []expr.Code{expr.CodeResultType, expr.CodeNumber}, failure(t, err).Code)
	}
}

func TestResultsAreNormalized(t *testing.T) {
	t.Parallel()
	shanghai := time.FixedZone("CST", 8*3600)
	scope := expr.NewScope(map[string]expr.Type{"v": expr.Object(map[string]expr.Type{
		"at": expr.List(expr.Time()), "price": expr.Number(), "n": expr.Int(),
	})})
	program, problems := expr.Compile("v", scope, expr.WantAny())
	require.Empty(t, problems)
	given := map[string]any{"at": []any{nine.In(shanghai), nine}, "price": 3, "n": int64(4)}
	got, err := program.Eval(expr.Env{Values: map[string]any{"v": given}})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"at": []any{nine, nine}, "price": 3.0, "n": 4}, got)
	require.Equal(t, map[string]any{"at": []any{nine.In(shanghai), nine}, "price": 3, "n": int64(4)}, given, "the environment is only read")
}

func TestEvalIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	program := compile(t, `sum(map(outputs.refill, .round), # * input.attendees) + len(lookup("customers", "acme")?.status ?? "")`)
	env := worldEnv()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				got, err := program.Eval(env)
				if err != nil || got != 304 {
					t.Errorf("got %v, %v", got, err)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestEvalWithoutValues(t *testing.T) {
	t.Parallel()
	got, err := compile(t, `1 + 1`).Eval(expr.Env{})
	require.NoError(t, err)
	require.Equal(t, 2, got)
	_, err = compile(t, `input.room`).Eval(expr.Env{})
	require.Equal(t, expr.CodeEvaluation, failure(t, err).Code)
}

func TestStepLimit(t *testing.T) {
	t.Parallel()
	scope := world().WithLimits(expr.Limits{Steps: 10})
	program, problems := expr.Compile(`count(1..parse, # > 0)`, scope.With("parse", expr.Int()), expr.WantInt())
	require.Empty(t, problems)
	for n, code := range map[int]expr.Code{10: "", 11: expr.CodeBudget} {
		got, err := program.Eval(expr.Env{Values: map[string]any{"parse": n}})
		if code == "" {
			require.NoError(t, err)
			require.Equal(t, n, got)
			continue
		}
		require.Equal(t, code, failure(t, err).Code)
	}
}

func TestFunctionsAreDocumentable(t *testing.T) {
	t.Parallel()
	require.Subset(t, expr.Functions(), []string{"all", "ceil", "count", "date", "exists", "lookup", "sum"})
	for _, name := range expr.Functions() {
		require.NotContains(t, name, "$")
	}
}
