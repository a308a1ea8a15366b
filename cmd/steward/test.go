package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"steward/internal/app"
	"steward/workflows/simulate"
)

// TestCmd is `steward test`.
type TestCmd struct {
	Paths  []string `arg:"" optional:"" help:"Files of scenarios (<id>.test.yaml), the definitions beside them, or folders of them. Without any: those of the built-in library."`
	Format string   `enum:"text,json" default:"text" help:"Form of the answer: text or json."`
}

// Run prints how every scenario went. It ends with 1 when one failed or could not be read.
func (c *TestCmd) Run(ctx context.Context, out io.Writer) error {
	shelves, err := shelvesOf(c.Paths)
	if err != nil {
		return err
	}
	run := testRun{out: out, quiet: c.Format == "json", Results: []simulate.Result{}}
	for _, s := range besideDefinitions(shelves) {
		if err := run.shelf(ctx, s); err != nil {
			return err
		}
	}
	if run.quiet {
		err = printJSON(out, run)
	} else {
		err = run.summary()
	}
	if err == nil && len(run.Results) == 0 && len(run.Broken) == 0 {
		return untested(c.Paths)
	}
	if err == nil && (run.Failed > 0 || len(run.Broken) > 0) {
		return &ExitError{Code: exitFailed}
	}
	return err
}

// besideDefinitions puts the scenarios beside a definition in its place. A definition without any is left out, and so is a shelf of
// which nothing else is meant.
func besideDefinitions(shelves []shelf) []shelf {
	var out []shelf
	for _, s := range shelves {
		var paths []string
		for _, p := range s.paths {
			if beside, ok := scenariosOf(p); ok {
				p = beside
			}
			if _, err := os.Stat(s.shown(p)); err == nil {
				paths = append(paths, p)
			}
		}
		if len(paths) > 0 || len(s.paths) == 0 {
			out = append(out, shelf{s.root, s.fsys, paths})
		}
	}
	return out
}

// scenariosOf answers the file of scenarios that belongs beside a definition; false when the path is none of a definition.
func scenariosOf(p string) (string, bool) {
	if id, yaml := strings.CutSuffix(p, ".yaml"); yaml && !strings.HasSuffix(id, ".test") {
		return id + ".test.yaml", true
	}
	return "", false
}

// untested says that there was nothing to run: a wrong path must not look like success.
func untested(paths []string) error {
	if len(paths) == 1 {
		if beside, ok := scenariosOf(paths[0]); ok {
			return &ExitError{Code: exitFailed, Message: fmt.Sprintf("there is no scenario test of %s: write %s", paths[0], beside)}
		}
	}
	return &ExitError{Code: exitFailed, Message: fmt.Sprintf("there is no scenario test in %s: correct the path, or write <id>.test.yaml beside <id>.yaml", strings.Join(paths, ", "))}
}

// testRun collects results while it prints them.
type testRun struct {
	out     io.Writer
	quiet   bool
	took    time.Duration
	Results []simulate.Result `json:"results"`
	Broken  []string          `json:"broken,omitempty"` // files that could not be run, with the reason
	Failed  int               `json:"failed"`
}

func (r *testRun) shelf(ctx context.Context, s shelf) error {
	lib := simulate.NewLibrary(s.fsys, app.Kinds()).Under(s.root)
	files, err := lib.TestFiles(s.paths...)
	if err != nil {
		return err
	}
	for _, f := range files {
		results, err := lib.Test(ctx, f, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.Broken = append(r.Broken, err.Error())
			if err := r.say("FAIL  %s\n      %s\n", s.shown(f), indented(err.Error())); err != nil {
				return err
			}
		}
		for _, one := range results {
			if err := r.add(one); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *testRun) add(one simulate.Result) error {
	r.Results = append(r.Results, one)
	r.took += one.Took
	name := fmt.Sprintf("%s:%d %s", one.File, one.Line, one.Name)
	if one.OK() {
		return r.say("ok    %s (%s)\n", name, one.Took.Round(time.Millisecond/10))
	}
	r.Failed++
	if err := r.say("FAIL  %s\n", name); err != nil {
		return err
	}
	for _, f := range one.Failures {
		if err := r.say("      %s\n", indented(f)); err != nil {
			return err
		}
	}
	return nil
}

func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n      ") }

func (r *testRun) say(format string, args ...any) error {
	if r.quiet {
		return nil
	}
	_, err := fmt.Fprintf(r.out, format, args...)
	return err
}

func (r *testRun) summary() error {
	if len(r.Results) == 0 && len(r.Broken) == 0 {
		return nil
	}
	broken := ""
	if len(r.Broken) > 0 {
		broken = ", " + counted(len(r.Broken), "file") + " could not be run"
	}
	return r.say("\n%s, %d failed%s, %s\n", counted(len(r.Results), "scenario"), r.Failed, broken, r.took.Round(time.Millisecond))
}
