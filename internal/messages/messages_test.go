package messages_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/internal/messages"
)

func TestRender(t *testing.T) {
	t.Parallel()
	facts := messages.Facts{Task: "Check the projector", Process: "Board meeting", By: "Ann"}
	tests := map[string]struct {
		template, args, lang string
		facts                messages.Facts
		title, body          string
	}{
		"english":                     {messages.TaskReminder, `{"task": "x"}`, "en", facts, "Reminder", "“Check the projector” waits for you (Board meeting)."},
		"chinese":                     {messages.TaskReminder, `{}`, "zh", messages.Facts{Task: "检查投影", Process: "董事会"}, "任务提醒", "请处理“检查投影”（董事会）。"},
		"another language is english": {messages.ProcessCancelled, `{}`, "fr", facts, "Cancelled", "“Board meeting” was cancelled."},
		"with a comment":              {messages.TaskTransferred, `{"args": {"by": "ann", "comment": " please "}}`, "en", facts, "Task transferred to you", "Ann transferred “Check the projector” to you (Board meeting). please"},
		"without a comment":           {messages.TaskTransferred, `{"args": {"by": "ann"}}`, "en", facts, "Task transferred to you", "Ann transferred “Check the projector” to you (Board meeting)."},
		"names that are gone":         {messages.TaskTransferred, `{}`, "zh", messages.Facts{}, "任务转办", "同事把“任务”转办给您（流程）。"},
		"event":                       {messages.EventReminder, `{"args": {"event": "ended", "zh": "会议结束", "en": "Meeting ended"}}`, "zh", facts, "登记提醒", "请登记“会议结束”（Board meeting）。"},
		"event without a title":       {messages.EventReminder, `{"args": {"event": "ended"}}`, "en", facts, "Reminder", "Please report “ended” (Board meeting)."},
		"text of the definition":      {messages.Text, `{"text": {"zh": "茶已备好", "en": "Tea is ready"}}`, "en", facts, "Board meeting", "Tea is ready"},
		"text in one language":        {messages.Text, `{"text": {"zh": "茶已备好"}}`, "en", facts, "Board meeting", "茶已备好"},
		"a placeholder in a comment":  {messages.TaskTransferred, `{"args": {"comment": "{process}"}}`, "en", facts, "Task transferred to you", "Ann transferred “Check the projector” to you (Board meeting). {process}"},
		"a template of a newer build": {"task.praised", `{}`, "en", facts, "News", "There is news about “Board meeting”."},
		"arguments that are no JSON":  {messages.Text, `[`, "zh", messages.Facts{}, "流程", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			title, body := messages.Render(test.template, test.args, test.facts, test.lang)
			require.Equal(t, test.title, title)
			require.Equal(t, test.body, body)
		})
	}
}

func TestReadGivesTheIdsToLookUp(t *testing.T) {
	t.Parallel()
	args := messages.Read(`{"task": "t-1", "args": {"by": "ann"}}`)
	require.Equal(t, "t-1", args.Task)
	require.Equal(t, "ann", args.By)
}

func TestRenderTakesAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		title, _ := messages.Render(text.Draw(t, "template"), text.Draw(t, "args"), messages.Facts{}, text.Draw(t, "lang"))
		require.NotEmpty(t, title)
	})
}

func TestEveryTemplateOfTheEngineHasItsWords(t *testing.T) {
	t.Parallel()
	found := emitted(t, filepath.Join("..", "..", "workflows", "engine"))
	require.Contains(t, found, messages.TaskReminder, "the search finds what the engine emits")
	require.Contains(t, found, messages.ProcessCancelled)
	require.Contains(t, found, messages.Text)
	_, unknown := messages.Render("no such template", "{}", messages.Facts{}, "en")
	args := `{"text": {"zh": "甲", "en": "A"}, "args": {"zh": "乙", "en": "B"}}`
	for template, where := range found {
		zh, zhBody := messages.Render(template, args, messages.Facts{}, "zh")
		en, enBody := messages.Render(template, args, messages.Facts{}, "en")
		require.NotEqual(t, unknown, enBody, "%s emits %q, which has no wording: add it to wording.go", where, template)
		require.NotEqual(t, zh, en, template)
		require.NotEqual(t, zhBody, enBody, template)
		require.NotContains(t, zh+zhBody+en+enBody, "{", "%s: a placeholder is not filled", template)
	}
}

// emitted finds the templates in the source of a package, each with a place where it is used.
func emitted(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	fset := token.NewFileSet()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, filepath.Join(dir, f.Name()), nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := template(n); ok {
				found[text] = fset.Position(n.Pos()).String()
			}
			return true
		})
	}
	return found
}

// template answers the literal in d.message("…"), d.tellEveryone("…") and Template: "…".
func template(n ast.Node) (string, bool) {
	var value ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		fn, ok := n.Fun.(*ast.SelectorExpr)
		if !ok || (fn.Sel.Name != "message" && fn.Sel.Name != "tellEveryone") || len(n.Args) == 0 {
			return "", false
		}
		value = n.Args[0]
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); !ok || key.Name != "Template" {
			return "", false
		}
		value = n.Value
	}
	literal, ok := value.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, err == nil
}
