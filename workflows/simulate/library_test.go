package simulate_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"steward/definitions/library"
	"steward/workflows/simulate"
)

// TestScenariosOfTestdata runs scenarios that show every part of the format.
func TestScenariosOfTestdata(t *testing.T) {
	t.Parallel()
	l := simulate.NewLibrary(os.DirFS("testdata/library"), registry())
	files, err := l.TestFiles()
	require.NoError(t, err)
	require.Equal(t, []string{"office/leave_request.test.yaml"}, files)
	results, err := l.Test(context.Background(), files[0], nil)
	require.NoError(t, err)
	require.Len(t, results, 6)
	for _, r := range results {
		require.Empty(t, r.Failures, r.Name)
	}
}

// TestShippedScenarios runs the scenarios beside the shipped definitions, which `steward test` runs without a path.
func TestShippedScenarios(t *testing.T) {
	t.Parallel()
	l := simulate.NewLibrary(library.FS(), registry())
	files, err := l.TestFiles()
	require.NoError(t, err)
	for _, f := range files {
		t.Run(f, func(t *testing.T) {
			t.Parallel()
			results, err := l.Test(context.Background(), f, nil)
			require.NoError(t, err)
			for _, r := range results {
				require.Empty(t, strings.Join(r.Failures, "\n"), r.Name)
			}
		})
	}
}

// scenarios makes a library of the loop definition with a file of scenarios.
func scenarios(text string) *simulate.Library {
	return simulate.NewLibrary(fstest.MapFS{
		"office/loop.yaml":      {Data: []byte(loopSource)},
		"office/loop.test.yaml": {Data: []byte(text)},
		"office/bad.yaml":       {Data: []byte("process: bad\n")},
		"office/bad.test.yaml":  {Data: []byte("- { name: a, start: \"2026-03-02 09:00\" }\n")},
	}, registry())
}

const loopTest = "office/loop.test.yaml"

// TestMistakesInScenariosNameTheirPlace holds every mistake against file, line and column.
func TestMistakesInScenariosNameTheirPlace(t *testing.T) {
	t.Parallel()
	const start = "- name: a\n  start: \"2026-03-02 09:00\"\n"
	for name, c := range map[string]struct{ text, place, message string }{
		"unknown key":        {start + "  expects: []\n", ":3:3", `unknown field "expects" (did you mean "expect"?)`},
		"key far off":        {start + "  nonsense: []\n", ":3:3: unknown field \"nonsense\"", ""},
		"key of another":     {start + "  outcomes: done\n", ":3:3", `unknown field "outcomes" (did you mean "outcome"?)`},
		"key of an act":      {start + "  script: { steps: { ask: { outcom: approved } } }\n", ":3:29", `(did you mean "outcome"?)`},
		"unknown event":      {start + "  expect:\n    - { step: ask, event: openned }\n", ":4:7", "openned"},
		"unknown step":       {start + "  expect:\n    - { step: aks }\n", ":4:7", `step "aks" does not exist (did you mean "ask"?): loop has ask`},
		"never unknown step": {start + "  never: [aks]\n", ":3:11", `step "aks" does not exist`},
		"unknown profile":    {start + "  people: quick\n", ":3:11", "use one of fast, slow, absent, rejecting"},
		"profile of a step":  {start + "  people: { ask: quick }\n", ":3:", "ask: \"quick\" is no profile"},
		"people of no step":  {start + "  people:\n    default: fast\n    asking: absent\n", ":5:5", `people: "asking" is neither a step nor a person (did you mean "ask"?): loop has the steps ask`},
		"people unknown":     {start + "  people: { office-3: absent }\n", ":3:13", `(did you mean "office-1"?)`},
		"no name":            {"- start: \"2026-03-02 09:00\"\n", ":1:3", "name is missing"},
		"no start":           {"- name: a\n", ":1:3", "start is missing"},
		"bad start":          {"- name: a\n  start: tomorrow\n", ":2:10", `"tomorrow" is no time`},
		"bad time":           {start + "  expect: [ { step: ask, at: noon } ]\n", ":3:30", "is not known"},
		"bad script step":    {start + "  script: { steps: { aks: { outcome: approved } } }\n", ":3:11", `step "aks"`},
		"bad script outcome": {start + "  script: { steps: { ask: { outcome: fine } } }\n", ":3:11", "no outcome \"fine\": use one of approved, rejected, returned"},
		"bad script event":   {start + "  script: { events: [ { at: +1h, event: over } ] }\n", ":3:29", `loop has no event "over"`},
		"event says nothing": {start + "  script: { events: [ { at: +1h } ] }\n", ":3:29", "either event or cancel"},
		"event without at":   {start + "  script: { events: [ { cancel: x } ] }\n", ":3:11", "at is missing"},
		"bad outcome":        {start + "  outcome: finished\n", ":3:12", "loop ends with done"},
		"bad after":          {start + "  script: { steps: { ask: { after: soon } } }\n", ":1:3", `after "soon"`},
		"bad at of a step":   {start + "  script: { steps: { ask: { at: noon+1h } } }\n", ":3:33", "noon"},
		"bad ends_by":        {start + "  ends_by: later\n", ":3:12", "later"},
		"bad booking":        {start + "  bookings: [ { resource: r, from: x, to: +1h } ]\n", ":3:36", "from"},
		"negative days":      {start + "  days: -1\n", ":3:9", "negative"},
		"unknown parameter":  {start + "  parameters: { x: 1 }\n", ":3:15", `no parameter "x"`},
		"empty":              {"[]\n", "loop.test.yaml", "holds no scenario"},
		"no list":            {"name: a\n", ":1:", "mapping"},
		"broken YAML":        {"- {\n", ":1:", ""},
		"two documents":      {start + "---\n" + start, "loop.test.yaml", "one YAML document"},
		"duplicate key":      {start + "  name: b\n", ":3:3", "already defined"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := scenarios(c.text).Test(context.Background(), loopTest, nil)
			require.Error(t, err)
			require.Contains(t, err.Error(), loopTest)
			require.Contains(t, err.Error(), c.place)
			require.Contains(t, err.Error(), c.message)
		})
	}
}

func TestScenariosOfWhatDoesNotCompile(t *testing.T) {
	t.Parallel()
	_, err := scenarios("").Test(context.Background(), "office/bad.test.yaml", nil)
	var problems *simulate.ProblemsError
	require.ErrorAs(t, err, &problems)
	require.Contains(t, err.Error(), "office/bad.yaml")
	_, err = scenarios("").Test(context.Background(), "office/none.test.yaml", nil)
	require.ErrorContains(t, err, "read scenarios")
	_, err = scenarios("").TestFiles("nowhere")
	require.ErrorContains(t, err, "nowhere")
}

// TestPeopleOfAScenarioMayBeAnybodyWhoIsThere: steps, people of the house, invented ones, and those whom the input names.
func TestPeopleOfAScenarioMayBeAnybodyWhoIsThere(t *testing.T) {
	t.Parallel()
	results, err := scenarios(`- name: a
  start: "2026-03-02 09:00"
  house: { people: { ann: {} } }
  people: { default: fast, ask: slow, ann: absent, starter: slow, office-2: absent }
  outcome: done
`).Test(context.Background(), loopTest, nil)
	require.NoError(t, err)
	require.Empty(t, results[0].Failures)
}

// TestFilesAreCalledAsFromOutside holds results and messages against the folder that the library lies in.
func TestFilesAreCalledAsFromOutside(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	results, err := scenarios("- { name: a, start: \"2026-03-02 09:00\" }\n").Under("house").Test(ctx, loopTest, nil)
	require.NoError(t, err)
	require.Equal(t, "house/"+loopTest, results[0].File)
	_, err = scenarios("- { name: a }\n").Under("house").Test(ctx, loopTest, nil)
	require.ErrorContains(t, err, "house/"+loopTest+":1:")
	_, err = scenarios("").Under("house").Test(ctx, "office/bad.test.yaml", nil)
	require.ErrorContains(t, err, "house/office/bad.yaml:1:1: error")
	require.ErrorContains(t, err, "steward lint house/office/bad.yaml shows them")
}

// TestFailuresSayWhatHappenedInstead checks the differences that people read.
func TestFailuresSayWhatHappenedInstead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rest string
		want []string
	}{
		"another time": {"  expect: [ { step: ask, event: completed, at: \"2026-03-02 10:00\" } ]\n", []string{
			"line 3: expected, but it did not happen", "expected  2026-03-02 10:00 ask completed", "2026-03-02 Mon 09:10 loop ask completed office-1 approved  <- other at",
		}},
		"another order": {"  expect: [ { event: ended }, { event: opened } ]\n", []string{"from 2026-03-02 09:10 on", "before the line that was expected first"}},
		"twice":         {"  expect: [ { event: opened }, { event: opened } ]\n", []string{"matched by an earlier expectation"}},
		"due":           {"  expect: [ { event: opened, due: +2wd } ]\n", []string{"expected  opened due 2026-03-04 09:00", "<- other due"}},
		"never":         {"  never: [ ask ]\n", []string{"must never happen: ask opened", "happened  2026-03-02 Mon 09:00 loop ask opened group:office"}},
		"outcome":       {"  outcome: cancelled\n", []string{`it must end with "cancelled", but it ended with "done"`}},
		"must be open":  {"  outcome: open\n", []string{`it must not have ended, but it ended with "done"`}},
		"not ended":     {"  people: absent\n  outcome: done\n", []string{"it has not ended", "open      loop ask group:office: office-1 is absent"}},
		"too late":      {"  ends_by: \"2026-03-02 09:05\"\n", []string{"it must end by 2026-03-02 09:05, but it ended at 2026-03-02 09:10"}},
		"never ends":    {"  people: absent\n  ends_by: +1d\n", []string{"it must end by 2026-03-03 09:00, but it has not ended"}},
		"not refused":   {"  refused: invalid\n", []string{"the process was started"}},
		"refused":       {"  input: { n: many }\n", []string{"the start was refused (invalid)"}},
		"other refusal": {"  input: { n: many }\n  refused: other\n", []string{"the start was refused (invalid)"}},
		"bounded":       {"  people: rejecting\n  days: 2\n  outcome: done\n", []string{"more than 2 days after the start"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results, err := scenarios("- name: a\n  start: \"2026-03-02 09:00\"\n"+c.rest).Test(context.Background(), loopTest, nil)
			require.NoError(t, err)
			require.Len(t, results, 1)
			require.False(t, results[0].OK())
			for _, want := range c.want {
				require.Contains(t, strings.Join(results[0].Failures, "\n"), want)
			}
		})
	}
}
