package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// authoring is the part of the grammar for those who write definitions.
type authoring struct {
	Lint     LintCmd     `cmd:""`
	Simulate SimulateCmd `cmd:""`
	Test     TestCmd     `cmd:""`
}

// author runs a command line and answers what it printed, with its exit code and message.
func author(t *testing.T, input string, args ...string) (out string, code int, message string) {
	t.Helper()
	var cli authoring
	var b bytes.Buffer
	parser, err := kong.New(&cli, kong.Writers(&b, &b), kong.Exit(func(int) {}))
	require.NoError(t, err)
	parsed, err := parser.Parse(args)
	require.NoError(t, err)
	parsed.BindTo(context.Background(), (*context.Context)(nil))
	parsed.BindTo(&b, (*io.Writer)(nil))
	parsed.BindTo(strings.NewReader(input), (*io.Reader)(nil))
	err = parsed.Run()
	if err == nil {
		return b.String(), 0, ""
	}
	code = exitFailed
	var coder kong.ExitCoder
	if errors.As(err, &coder) {
		code = coder.ExitCode()
	}
	return b.String(), code, err.Error()
}

const leaves = "../../workflows/simulate/testdata/library"

const soundDefinition = `process: sound
name: { zh: 好, en: Sound }
outcomes: [done]
input: { type: object, required: [n, text], properties: { n: { type: integer }, text: { type: string } } }
parameters: { pause: { type: duration, default: 1h }, most: { type: integer, default: 3 } }
steps:
  - { id: ask, uses: approval, assign: { group: office }, due: +1wd, on: { rejected: { goto: ask }, returned: { goto: ask } } }
  - { end: done }
`

// write puts a file into a fresh folder and answers its name.
func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestLint(t *testing.T) {
	t.Parallel()
	good, bad := write(t, "sound.yaml", soundDefinition), write(t, "wrong.yaml", strings.Replace(soundDefinition, "due:", "deu:", 1))
	empty := t.TempDir()
	for name, c := range map[string]struct {
		args, input string
		code        int
		want        []string
	}{
		"a good file":          {args: good, want: []string{"1 definition, 0 errors, 0 hints"}},
		"a bad file":           {args: bad, code: 1, want: []string{"wrong.yaml:7:59: error [schema_unknown_key]", `did you mean "due"?`, "1 definition, 1 error, 0 hints"}},
		"in Chinese":           {args: bad + " --lang zh", code: 1, want: []string{"你是想写"}},
		"as JSON":              {args: bad + " --format json", code: 1, want: []string{`"code": "schema_unknown_key"`, `"line": 7`}},
		"several":              {args: good + " " + bad, code: 1, want: []string{"2 definitions"}},
		"a folder":             {args: leaves, want: []string{"2 definitions, 0 errors"}},
		"one file of a folder": {args: leaves + "/office/key_return.yaml", want: []string{"1 definition, 0 errors"}},
		"standard input":       {args: "-", input: soundDefinition, want: []string{"1 definition, 0 errors"}},
		"bad standard input":   {args: "-", input: "process: a\n", code: 1, want: []string{"-:1:1: error [schema_missing_key]"}},
		"an empty folder":      {args: good + " " + empty, code: 1, want: []string{"1 definition, 0 errors", "there is no definition in " + empty + ": correct the path"}},
		"no definition at all": {args: leaves + "/office/leave_request.test.yaml", code: 1, want: []string{"there is no definition in " + leaves}},
		"scenarios among them": {args: leaves + "/office/leave_request.yaml " + leaves + "/office/leave_request.test.yaml", want: []string{"1 definition, 0 errors"}},
		"the built-in library": {want: []string{" 0 errors"}},
		"what is not there":    {args: "nowhere.yaml", code: 2, want: []string{"nowhere.yaml does not exist"}},
		"another file":         {args: "lint.go", code: 2, want: []string{"lint.go is no definition"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, code, message := author(t, c.input, append([]string{"lint"}, strings.Fields(c.args)...)...)
			require.Equal(t, c.code, code, out+message)
			for _, want := range c.want {
				require.Contains(t, out+message, want)
			}
		})
	}
}
