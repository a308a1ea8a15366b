package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

// part is a group of figures that is measured together.
type part struct {
	name string
	do   func(*Site, context.Context) error
}

// parts are in the order of their run.
func parts() []part {
	return []part{
		{"throughput", (*Site).Throughput},
		{"history", (*Site).Histories},
		{"alone", (*Site).Alone},
		{"evicted", (*Site).Evicted},
		{"deadlines", (*Site).Deadlines},
		{"memory", (*Site).Memory},
		{"warm", (*Site).WarmStart},
	}
}

// settings are what the command line says.
type settings struct {
	plan    Plan
	only    []string
	dir     string
	results string
	profile string
}

func parse(args []string, getenv func(string) string) (settings, error) {
	s := settings{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	var only string
	flags.StringVar(&only, "only", "", "parts to measure, separated by commas: "+strings.Join(names(), ", "))
	flags.StringVar(&s.dir, "dir", filepath.Join(".steward", "bench"), "folder for the data of the servers; emptied first")
	flags.StringVar(&s.results, "results", "bench-results.json", "file for the rows, one JSON object a line")
	flags.StringVar(&s.profile, "cpuprofile", "", "file for a processor profile of clients, worker and API")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if only != "" {
		s.only = strings.Split(only, ",")
	}
	for _, name := range s.only {
		if !slices.Contains(names(), name) {
			return s, fmt.Errorf("-only: there is no part %q, want any of %s", name, strings.Join(names(), ", "))
		}
	}
	var err error
	s.plan, err = PlanNamed(getenv("BENCH"))
	return s, err
}

func names() []string {
	var all []string
	for _, p := range parts() {
		all = append(all, p.name)
	}
	return all
}

// Main runs the measurements that args ask for and prints their figures to out. It takes BENCH (quick or full) and GOGC from
// the environment.
func Main(ctx context.Context, args []string, getenv func(string) string, out io.Writer) (err error) {
	set, err := parse(args, getenv)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	rows, err := os.Create(set.results)
	if err != nil {
		return fmt.Errorf("the results cannot be kept, choose another file with -results: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	stopProfile, err := startProfile(set.profile)
	if err != nil {
		return err
	}
	defer stopProfile()
	stack, err := StartStack(ctx, StackOptions{Dir: set.dir, Progress: func(text string) { fmt.Fprintln(out, text) }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stack.Stop()) }()
	version, err := stack.Version(ctx)
	if err != nil {
		return err
	}
	machine := Machine{At: time.Now().UTC(), Plan: set.plan.Name, Go: runtime.Version(), CPUs: runtime.NumCPU(), GOGC: orElse(getenv("GOGC"), "100"), Postgres: version}
	site := &Site{Plan: set.plan, Stack: stack, Report: NewReport(out, rows, machine)}
	return site.measureAll(ctx, set.only, out)
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// measureAll measures every part that is wanted. One that fails does not keep the others from being measured.
func (s *Site) measureAll(ctx context.Context, only []string, out io.Writer) error {
	if err := s.Open(ctx); err != nil {
		return err
	}
	defer s.Close()
	var failed []error
	for _, p := range parts() {
		if len(only) > 0 && !slices.Contains(only, p.name) {
			continue
		}
		began := time.Now()
		if err := p.do(s, ctx); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", p.name, err))
		}
		fmt.Fprintf(out, "# %s took %s\n", p.name, time.Since(began).Round(time.Second))
		if ctx.Err() != nil {
			break
		}
	}
	fmt.Fprintf(out, "# %d figures fall short of their target\n", s.Report.Short())
	return errors.Join(failed...)
}

// startProfile records where this program's processor time goes, unless file is empty.
func startProfile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	out, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("the profile cannot be kept, choose another file with -cpuprofile: %w", err)
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = out.Close()
	}, nil
}
