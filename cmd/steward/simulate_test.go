package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/workflows/simulate"
)

// args is a command line about the sound definition that starts at a fixed time.
func args(file string, more ...string) []string {
	return append([]string{"simulate", file, "--start", "2026-03-02 09:00", "--input", "n=3", "--input", "text=12"}, more...)
}

func TestSimulate(t *testing.T) {
	t.Parallel()
	file := write(t, "sound.yaml", soundDefinition)
	house := write(t, "people.yaml", "groups: { office: [ann] }\n")
	script := write(t, "script.yaml", "steps: { ask: [ { outcome: returned, after: 1h }, { after: 2h } ] }\n")
	wrong := write(t, "wrong.yaml", "process: wrong\n")
	input := write(t, "input.yaml", "{ n: 4, text: from the file }\n")
	for name, c := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"fast":             {args: args(file), want: []string{"2026-03-02 Mon  09:00  ask  opened", "Ended: done, 2026-03-02 Mon 09:10, after 10m", "Tasks done: office-1 1"}},
		"in Chinese":       {args: args(file, "--lang", "zh"), want: []string{"2026-03-02 周一  09:00  ask  打开", "结束：done"}},
		"absent":           {args: args(file, "--people", "absent"), want: []string{"overdue", "It has not ended", "office-1 is absent"}},
		"bounded":          {args: args(file, "--people", "rejecting", "--max-events", "20"), want: []string{"stopped after 20 decisions"}},
		"people":           {args: args(file, "--people-file", house), want: []string{"Tasks done: ann 1"}},
		"script":           {args: args(file, "--script", script), want: []string{"10:00  ask  completed  office-1      returned", "12:00  ask  completed"}},
		"input file":       {args: []string{"simulate", file, "--start", "2026-03-02 09:00", "--input-file", input}, want: []string{"Ended: done"}},
		"parameter":        {args: args(file, "--parameter", "pause=2h", "--parameter", "most=5"), want: []string{"Ended: done"}},
		"without a start":  {args: []string{"simulate", file, "-i", "n=3", "-i", "text=x"}, want: []string{"Ended: done"}},
		"missing input":    {args: []string{"simulate", file, "--input", "n=x"}, code: 1, want: []string{"sound cannot be started", "input.text: is required"}},
		"no pair":          {args: args(file, "--input", "n"), code: 2, want: []string{`--input "n": write it as name=value`}},
		"bad profile":      {args: args(file, "--people", "lazy"), code: 2, want: []string{"--people: \"lazy\" is no profile of people: use one of fast"}},
		"bad start":        {args: []string{"simulate", file, "--start", "noon"}, code: 2, want: []string{`--start: "noon" is no time`}},
		"bad days":         {args: args(file, "--days", "0"), code: 2, want: []string{"--days takes 1 to 36500"}},
		"bad parameter":    {args: args(file, "--parameter", "pauze=2h"), code: 2, want: []string{`no parameter "pauze": it has pause, most`}},
		"bad value":        {args: args(file, "--parameter", "most=few"), code: 2, want: []string{"--parameter: most"}},
		"no such file":     {args: args("nowhere.yaml"), code: 2, want: []string{"nowhere.yaml does not exist"}},
		"no such process":  {args: args("nowhere"), code: 2, want: []string{"neither a file nor a process of the built-in library"}},
		"a folder":         {args: args(leaves), code: 2, want: []string{"is a folder: name one definition"}},
		"no such script":   {args: args(file, "--script", "nowhere.yaml"), code: 2, want: []string{"--script", "nowhere.yaml"}},
		"bad script":       {args: args(file, "--script", house), code: 2, want: []string{`people.yaml:1:1: unknown field "groups"`}},
		"bad people file":  {args: args(file, "--people-file", script), code: 2, want: []string{`script.yaml:1:1: unknown field "steps"`}},
		"bad input file":   {args: args(file, "--input-file", write(t, "list.yaml", "- a\n")), code: 2, want: []string{"is no YAML or JSON object"}},
		"does not compile": {args: args(wrong), code: 1, want: []string{wrong + ":1:1: error", "steward lint " + wrong + " shows them"}},
		"unknown field":    {args: args(file, "--input", "nope=1"), code: 1, want: []string{"input.nope: there is no such field"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, code, message := author(t, "", c.args...)
			require.Equal(t, c.code, code, out+message)
			for _, want := range c.want {
				require.Contains(t, out+message, want)
			}
		})
	}
}

func TestSimulateAsJSON(t *testing.T) {
	t.Parallel()
	out, code, message := author(t, "", args(write(t, "sound.yaml", soundDefinition), "--format", "json")...)
	require.Zero(t, code, message)
	var tl simulate.Timeline
	require.NoError(t, json.Unmarshal([]byte(out), &tl))
	require.Equal(t, "done", tl.Summary.Outcome)
	require.Equal(t, simulate.Started, tl.Lines[0].Kind)
}
