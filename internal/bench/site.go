package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"steward/internal/advance"
)

// Site is everything that the measurements use: the servers, the baseline, and the product in both settings of `decide`.
type Site struct {
	Plan     Plan
	Stack    *Stack
	Report   *Report
	Baseline *Handwritten
	Houses   map[advance.Mode]*House
	Webs     map[advance.Mode]*Web
	Log      io.Writer
}

// Open starts the houses and the baseline.
func (s *Site) Open(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	s.Houses, s.Webs = map[advance.Mode]*House{}, map[advance.Mode]*Web{}
	for _, mode := range []advance.Mode{advance.ModeWorkflow, advance.ModeAPI} {
		if s.Houses[mode], err = s.house(ctx, string(mode), HouseOptions{Mode: mode, Clients: s.Plan.Clients, Queue: sustainedQueue}); err != nil {
			return err
		}
		if s.Webs[mode], err = SignIn(ctx, s.Houses[mode]); err != nil {
			return err
		}
	}
	eager, err := s.Houses[advance.ModeWorkflow].startsEagerly(ctx)
	if err != nil {
		return err
	}
	s.Baseline, err = StartHandwritten(s.Stack.Temporal, eager)
	return err
}

// house starts a house on a database of its own.
func (s *Site) house(ctx context.Context, name string, o HouseOptions) (*House, error) {
	url, err := s.Stack.database(ctx, "house_"+name)
	if err != nil {
		return nil, err
	}
	o.DatabaseURL, o.Temporal, o.Log = url, s.Stack.Temporal, quietLog(s.Log)
	return StartHouse(ctx, o)
}

// Close stops the houses and the baseline, not the servers.
func (s *Site) Close() {
	for mode, h := range s.Houses {
		if h != nil {
			h.Stop()
		}
		delete(s.Houses, mode)
	}
	if s.Baseline != nil {
		s.Baseline.Stop()
		s.Baseline = nil
	}
}

// quiet waits until nothing of an earlier measurement is under way.
func (s *Site) quiet(ctx context.Context) error {
	for mode, h := range s.Houses {
		if err := until(ctx, 2*time.Minute, 100*time.Millisecond, h.settled); err != nil {
			return fmt.Errorf("%s does not settle: %w", modeName(mode), err)
		}
	}
	runtime.GC()
	return s.Stack.calm(ctx)
}

// measure lets the servers calm down, warms up, and measures.
func (s *Site) measure(ctx context.Context, one course) (load, error) {
	if err := s.quiet(ctx); err != nil {
		return load{}, err
	}
	if _, err := run(ctx, s.Plan.Clients, s.Plan.Warm, one); err != nil {
		return load{}, err
	}
	return s.metered(ctx, s.Plan.Span, one)
}

// metered measures, and reads what it cost. What the servers still do for it afterwards belongs to its cost.
func (s *Site) metered(ctx context.Context, span time.Duration, one course) (load, error) {
	m := meter{s.Stack}
	before, err := m.read(ctx)
	if err != nil {
		return load{}, err
	}
	got, err := run(ctx, s.Plan.Clients, span, one)
	if err != nil {
		return got, err
	}
	if err := s.quiet(ctx); err != nil {
		return got, err
	}
	after, err := m.read(ctx)
	got.Cost = after.minus(before)
	return got, err
}
