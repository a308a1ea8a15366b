package simulate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"steward/definitions"
	"steward/workflows/engine"
)

// Result is how one scenario test went.
type Result struct {
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Name     string        `json:"name"`
	Failures []string      `json:"failures,omitempty"` // none means it passed
	Took     time.Duration `json:"took"`
}

// OK says whether the scenario passed.
func (r Result) OK() bool { return len(r.Failures) == 0 }

// Test runs every scenario of a file. An error says that the file or its definition cannot be read.
func (l *Library) Test(ctx context.Context, file string, eng *engine.Engine) ([]Result, error) {
	text, err := fs.ReadFile(l.fsys, file)
	if err != nil {
		return nil, fmt.Errorf("read scenarios: %w", err)
	}
	scenarios, err := ParseScenarios(l.shown(file), text)
	if err != nil {
		return nil, err
	}
	def, err := l.File(tested(file))
	if err != nil {
		return nil, fmt.Errorf("%s tests %s: %w", l.shown(file), l.shown(tested(file)), err)
	}
	results := make([]Result, 0, len(scenarios))
	for i := range scenarios {
		s := &scenarios[i]
		begin := time.Now() //nolint:forbidigo // how long the test takes; a rehearsal itself never sees this clock
		failures, err := l.test(ctx, def, s, eng)
		if err != nil {
			return nil, err
		}
		took := time.Since(begin) //nolint:forbidigo // as above
		results = append(results, Result{File: l.shown(file), Line: s.spot.line, Name: s.Name, Failures: failures, Took: took})
	}
	return results, nil
}

// test runs one scenario. The error is about the scenario itself, the failures are about what happened.
func (l *Library) test(ctx context.Context, def *definitions.Definition, s *Scenario, eng *engine.Engine) ([]string, error) {
	if err := l.check(def, s); err != nil {
		return nil, err
	}
	o, err := s.options(ctx, l, def)
	if err != nil {
		return nil, err
	}
	o.Engine = eng
	t, world, err := run(ctx, o)
	var refusal *engine.Refusal
	if errors.As(err, &refusal) {
		return s.startRefused(refusal), nil
	}
	if err != nil {
		return nil, s.spot.wrap(err)
	}
	if s.Refused != "" {
		return []string{fmt.Sprintf("the start must be refused with %q, but the process was started", s.Refused)}, nil
	}
	if err := l.checkPeople(def, s, world); err != nil {
		return nil, err
	}
	return s.compare(t)
}

func (s *Scenario) startRefused(r *engine.Refusal) []string {
	if r.Code == s.Refused {
		return nil
	}
	return []string{fmt.Sprintf("the start was refused (%s): %s", r.Code, refusalText(r).En)}
}

// compare holds a timeline against what the scenario expects.
func (s *Scenario) compare(t Timeline) ([]string, error) {
	m := &matching{lines: t.Lines, loc: t.cal.Location(), used: map[int]bool{}}
	times := moments{cal: t.cal, started: t.started, anchors: t.anchors}
	var failures []string
	for _, e := range s.Expect {
		x, err := times.expect(e)
		if err != nil {
			return nil, err
		}
		if wrong := m.next(x); wrong != "" {
			failures = append(failures, wrong)
			break // what follows would only repeat the same difference
		}
	}
	for _, e := range s.Never {
		x, err := times.expect(e)
		if err != nil {
			return nil, err
		}
		if wrong := m.never(x); wrong != "" {
			failures = append(failures, wrong)
		}
	}
	ends, err := s.compareEnd(t, times)
	return append(failures, ends...), err
}

func (s *Scenario) compareEnd(t Timeline, times moments) ([]string, error) {
	var failures []string
	switch got := t.Summary; {
	case s.Outcome == "open" && got.Ended != nil:
		failures = append(failures, fmt.Sprintf("it must not have ended, but it ended with %q", got.Outcome))
	case s.Outcome != "" && s.Outcome != "open" && got.Ended == nil:
		failures = append(failures, fmt.Sprintf("it must end with %q, but it has not ended%s", s.Outcome, openText(got)))
	case s.Outcome != "" && s.Outcome != "open" && got.Outcome != s.Outcome:
		failures = append(failures, fmt.Sprintf("it must end with %q, but it ended with %q", s.Outcome, got.Outcome))
	}
	for _, f := range t.Summary.Faults {
		if !slices.ContainsFunc(s.Expect, func(e Expectation) bool { return e.Event == FaultKind }) {
			failures = append(failures, fmt.Sprintf("a decision failed at %s (%s %s): %s", clockText(&f.At, t.cal.Location()), f.Code, f.Path, firstLine(f.Message)))
		}
	}
	if s.EndsBy.Text == "" {
		return failures, nil
	}
	by, err := times.resolve(s.EndsBy)
	if err != nil {
		return nil, s.EndsBy.spot.orElse(s.spot).wrap(fmt.Errorf("ends_by: %w", err))
	}
	switch {
	case t.Summary.Ended == nil:
		failures = append(failures, fmt.Sprintf("it must end by %s, but it has not ended%s", clockText(&by, t.cal.Location()), openText(t.Summary)))
	case t.Summary.Ended.After(by):
		failures = append(failures, fmt.Sprintf("it must end by %s, but it ended at %s", clockText(&by, t.cal.Location()), clockText(t.Summary.Ended, t.cal.Location())))
	}
	return failures, nil
}

// openText says what a process that has not ended waits for.
func openText(s Summary) string {
	var b strings.Builder
	if s.Stopped.En != "" {
		b.WriteString("\n    " + s.Stopped.En)
	}
	for _, o := range s.Open {
		fmt.Fprintf(&b, "\n    open      %s %s %s: %s", o.Process, o.Step, strings.Join(o.Who, ", "), o.Why.En)
	}
	return b.String()
}
