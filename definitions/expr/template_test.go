package expr_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/definitions/expr"
)

func TestTemplateRender(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                   ``,
		`plain`:                              `plain`,
		`{{input.room}} 续茶`:                  `大会堂 续茶`,
		`Tea, {{ input.room }}!`:             `Tea, 大会堂!`,
		`{{input.room}}{{input.attendees}}`:  `大会堂100`,
		`{{input.price}} / {{input.coffee}}`: `12.5 / true`,
		`{{parameters.tea_every}}`:           `30m`,
		`from {{input.start}}`:               `from 2026-03-01T18:00:00+08:00`,
		`{{input.remark ?? "-"}}`:            `-`,
		`{{"}}"}} and {{'{{'}} and {{ {a: {b: "x"}}.a.b }}`: `}} and {{ and x`,
		"{{`}}`}}":                          `}}`,
		`{{"a\"}}"}}`:                       `a"}}`,
		`\{{input.room}} is {{input.room}}`: `{{input.room}} is 大会堂`,
		`a } b }} c`:                        `a } b }} c`,
		`{{count(input.tags, true)}} {{join(input.tags, "、")}}`: `2 tea、flowers`,
		`{{x.none}}|{{x.n}}`: `|3`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			template, problems := expr.CompileTemplate(text, world())
			require.Empty(t, problems)
			got, err := template.Render(worldEnv())
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, text, template.Source())
		})
	}
}

func TestTemplateFormatsTimes(t *testing.T) {
	t.Parallel()
	template, problems := expr.CompileTemplate(`{{input.start}} {{string(input.end)}}`, world())
	require.Empty(t, problems)
	env := worldEnv()
	env.FormatTime = func(at time.Time) string { return at.Format("15:04") }
	got, err := template.Render(env)
	require.NoError(t, err)
	require.Equal(t, "10:00 12:00", got)
}

// TestTemplateShowsNames of what is read as it stands; whatever is computed keeps its value.
func TestTemplateShowsNames(t *testing.T) {
	t.Parallel()
	env := worldEnv()
	env.NameOf = func(path expr.Path, text string) string { return strings.Join(path, "/") + "=" + text }
	for text, want := range map[string]string{
		`{{input.room}}`:                `input/room=大会堂`,
		`{{ input.room }}, {{"plain"}}`: `input/room=大会堂, plain`,
		`{{input.room + "!"}}`:          `大会堂!`,
		`{{input.remark ?? "-"}}`:       `-`,
		`{{input.attendees}}`:           `100`,
	} {
		template, problems := expr.CompileTemplate(text, world())
		require.Empty(t, problems)
		got, err := template.Render(env)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestTemplateProblems(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`会议 {{inptu.room}} 和 {{input.rom}}`: {"expr_unknown_name|inptu", "expr_unknown_field|rom"},
		`a {{input.room`:                   {"expr_syntax|{{"},
		`a {{"open}}`:                      {"expr_syntax|{{"},
		`a {{}} b {{ }}`:                   {"expr_syntax|", "expr_syntax| "},
		`{{input.remark}}`:                 {"expr_nullable|input.remark"},
		`{{input.tags}}`:                   {"expr_result_type|input.tags"},
		`{{input.contact?.name ?? input}}`: nil,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			template, problems := expr.CompileTemplate(text, world())
			got := make([]string, len(problems))
			for i, p := range problems {
				got[i] = string(p.Code) + "|" + text[p.Offset:p.Offset+p.Length]
			}
			require.ElementsMatch(t, want, got)
			require.Equal(t, want == nil, template != nil)
		})
	}
	_, problems := expr.CompileTemplate("long text", world().WithLimits(expr.Limits{Memory: 5}))
	require.Equal(t, expr.CodeTooLong, problems[0].Code)
}

func TestTemplateErrorsPointIntoTheWholeText(t *testing.T) {
	t.Parallel()
	text := `房间 {{input.room}}: {{x.n / (x.n - 3)}}`
	template, problems := expr.CompileTemplate(text, world())
	require.Empty(t, problems)
	_, err := template.Render(worldEnv())
	failed := failure(t, err)
	require.Equal(t, expr.CodeNumber, failed.Code)
	require.Equal(t, text, failed.Source)
	require.Equal(t, strings.Index(text, "/"), failed.Offset)

	for text, code := range map[string]expr.Code{
		`{{x}}`: expr.CodeResultType,
		strings.Repeat(`{{join(map(1..900, input.room), "")}}`, 200): expr.CodeBudget,
	} {
		template, problems := expr.CompileTemplate(text, world())
		require.Empty(t, problems)
		_, err := template.Render(worldEnv())
		require.Equal(t, code, failure(t, err).Code)
	}
}

func TestTemplateReferences(t *testing.T) {
	t.Parallel()
	template, problems := expr.CompileTemplate(
		`{{input.room}} {{vars.cups}} {{input.room}} {{lookup("customers", input.level)?.limit ?? 0}}`, world())
	require.Empty(t, problems)
	require.Equal(t, "[input.level input.room vars.cups]", fmt.Sprint(template.References()))
	require.Equal(t, []string{"customers"}, template.Registers())
}

func TestCompileValue(t *testing.T) {
	t.Parallel()
	raw := map[string]any{
		"resource": "=input.room",
		"from":     "=input.start",
		"title":    "{{input.room}} 续茶",
		"note":     "plain = text",
		"literal":  `\=input.room`,
		"escaped":  `\\=input.room`,
		"both":     `\={{input.room}}`,
		"wait":     false,
		"count":    uint64(3),
		"none":     nil,
		"nested":   map[string]any{"list": []any{"=input.attendees", 2.5, map[string]any{"a": "=now"}}},
		"empty":    []any{},
	}
	value, problems := expr.CompileValue(raw, world())
	require.Empty(t, problems)
	got, err := value.Eval(worldEnv())
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"resource": "大会堂",
		"from":     nine.Add(time.Hour),
		"title":    "大会堂 续茶",
		"note":     "plain = text",
		"literal":  "=input.room",
		"escaped":  `\=input.room`,
		"both":     "=大会堂",
		"wait":     false,
		"count":    3,
		"none":     nil,
		"nested":   map[string]any{"list": []any{100, 2.5, map[string]any{"a": nine}}},
		"empty":    []any{},
	}, got)
	require.Equal(t, "[input.attendees input.room input.start now]", fmt.Sprint(value.References()))
	require.False(t, value.IsConstant())
	for name, want := range map[string]string{
		"from": "time", "title": "text", "wait": "bool", "note": `text ("plain = text")`, "none": "null",
	} {
		field, ok := value.Type().Field(name)
		require.True(t, ok)
		require.Equal(t, want, field.String())
	}
}

func TestCompileValueConstants(t *testing.T) {
	t.Parallel()
	value, problems := expr.CompileValue(map[string]any{"a": []any{"x", 1, true}}, world())
	require.Empty(t, problems)
	require.True(t, value.IsConstant())
	require.Empty(t, value.References())
	require.Empty(t, value.Registers())
}

func TestCompileValueProblems(t *testing.T) {
	t.Parallel()
	raw := map[string]any{
		"resource": "=inptu.room",
		"input":    map[string]any{"items": []any{"ok", "{{input.rom}}"}, "bad": struct{}{}},
		"text":     "=",
	}
	_, problems := expr.CompileValue(raw, world())
	got := make([]string, len(problems))
	for i, p := range problems {
		got[i] = fmt.Sprintf("%s %s %d+%d", p.Path, p.Code, p.Offset, p.Length)
	}
	require.Equal(t, []string{
		"input.bad expr_type 0+0", "input.items[1] expr_unknown_field 8+3", "resource expr_unknown_name 1+5", "text expr_syntax 1+0",
	}, got)

	deep := any("leaf")
	for range 70 {
		deep = []any{deep}
	}
	_, problems = expr.CompileValue(deep, world())
	require.Equal(t, expr.CodeTooDeep, problems[0].Code)
}

func TestValueErrorsNameTheirPath(t *testing.T) {
	t.Parallel()
	value, problems := expr.CompileValue(map[string]any{"input": []any{"a", map[string]any{"n": "=x.n / (x.n - 3)"}}}, world())
	require.Empty(t, problems)
	_, err := value.Eval(worldEnv())
	require.Equal(t, "input[1].n", failure(t, err).Path)
	require.Contains(t, err.Error(), "input[1].n: expr_number: division by zero")
}

func TestLiteralTextMeansItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune(`\={}"a会 `))).Draw(t, "text")
		value, problems := expr.CompileValue(expr.LiteralText(text), world())
		require.Empty(t, problems)
		got, err := value.Eval(expr.Env{})
		require.NoError(t, err)
		require.Equal(t, text, got)
	})
}
