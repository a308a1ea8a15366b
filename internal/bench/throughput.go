package bench

import (
	"context"
	"fmt"
	"time"

	"steward/internal/advance"
)

// variant is one way to run the process, and what it should reach of the baseline.
type variant struct {
	name   string
	target float64
	one    course
}

// tally is what all rounds of a variant saw.
type tally struct {
	rates []float64
	all   load
}

func (t *tally) add(l load) {
	t.rates = append(t.rates, l.Rate)
	t.all.Ended += l.Ended
	t.all.Steps = append(t.all.Steps, l.Steps...)
	t.all.Cost = t.all.Cost.plus(l.Cost)
}

// Throughput measures processes a second, each variant and the baseline in turn, round by round.
func (s *Site) Throughput(ctx context.Context) error {
	byWorkflow, byAPI := advance.ModeWorkflow, advance.ModeAPI
	variants := []variant{
		{"throughput, decide: workflow, direct calls", 0.80, s.Houses[byWorkflow].Course},
		{"throughput, decide: workflow, HTTP with sign-in", 0.65, s.Webs[byWorkflow].Course},
		{"throughput, decide: api, HTTP with sign-in, sustained", 1.5, s.Webs[byAPI].Course},
	}
	base, tallies, err := s.rounds(ctx, variants)
	if err != nil {
		return err
	}
	for i, v := range variants {
		if err := s.Report.Add(v.figures(tallies[i], base)...); err != nil {
			return err
		}
	}
	rate := median(base.rates)
	note := stepTimes(base.all.Steps) + ", " + base.all.Cost.per(base.all.Ended)
	if err := s.Report.Add(Figure{Name: "baseline: hand-written workflow", Value: rate, Unit: "/s", Runs: base.rates, Note: note}); err != nil {
		return err
	}
	return s.burst(ctx, rate)
}

// rounds measures the baseline and then every variant, as often as the plan says.
func (s *Site) rounds(ctx context.Context, variants []variant) (base tally, tallies []tally, err error) {
	tallies = make([]tally, len(variants))
	for range s.Plan.Rounds {
		got, err := s.measure(ctx, s.Baseline.Course)
		if err != nil {
			return base, nil, fmt.Errorf("baseline: %w", err)
		}
		base.add(got)
		for i, v := range variants {
			if got, err = s.measure(ctx, v.one); err != nil {
				return base, nil, fmt.Errorf("%s: %w", v.name, err)
			}
			tallies[i].add(got)
		}
	}
	return base, tallies, nil
}

// figures compares the rates, and what processes cost instead of how many there were in a second: on a busy machine the
// steadier figure.
func (v variant) figures(got, base tally) []Figure {
	each := func(t tally) float64 { return milliseconds(t.all.Cost.processor()) / float64(t.all.Ended) }
	return []Figure{
		{
			Name: v.name, Value: median(ratios(got.rates, base.rates)), Unit: "×", Bound: AtLeast, Target: v.target,
			Baseline: number(median(base.rates)) + "/s", Runs: got.rates, Note: number(median(got.rates)) + "/s, " + stepTimes(got.all.Steps),
		},
		{Name: "… by processor time: " + v.name, Value: each(base) / each(got), Unit: "×", Note: got.all.Cost.per(got.all.Ended)},
	}
}

func stepTimes(steps []time.Duration) string {
	return fmt.Sprintf("step p50 %s p99 %s ms", number(percentile(steps, 0.5)), number(percentile(steps, 0.99)))
}

// burst lets clients work as fast as the product takes it, and then waits until Temporal has caught up. It uses a house of
// its own, whose messages to Temporal may queue up.
func (s *Site) burst(ctx context.Context, baseline float64) error {
	h, err := s.house(ctx, "burst", HouseOptions{Mode: advance.ModeAPI, Clients: s.Plan.Clients})
	if err != nil {
		return err
	}
	defer h.Stop()
	web, err := SignIn(ctx, h)
	if err != nil {
		return err
	}
	if _, err := run(ctx, s.Plan.Clients, s.Plan.Warm, web.Course); err != nil {
		return fmt.Errorf("burst: %w", err)
	}
	if err := until(ctx, 5*time.Minute, 50*time.Millisecond, h.settled); err != nil {
		return fmt.Errorf("burst, warming up: %w", err)
	}
	if err := s.quiet(ctx); err != nil {
		return err
	}
	m := meter{s.Stack}
	before, err := m.read(ctx)
	if err != nil {
		return err
	}
	got, err := run(ctx, s.Plan.Clients, s.Plan.Burst, web.Course)
	if err != nil {
		return fmt.Errorf("burst: %w", err)
	}
	after, err := m.read(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := until(ctx, 5*time.Minute, 50*time.Millisecond, h.settled); err != nil {
		return fmt.Errorf("burst of %d processes: %w", got.Ended, err)
	}
	return s.Report.Add(
		Figure{
			Name: fmt.Sprintf("burst of %s, decide: api, HTTP with sign-in", s.Plan.Burst), Value: got.Rate / baseline, Unit: "×", Bound: AtLeast, Target: 5,
			Baseline: number(baseline) + "/s", Note: fmt.Sprintf("%s/s, %s, %s", number(got.Rate), stepTimes(got.Steps), after.minus(before).per(got.Ended)),
		},
		Figure{Name: "burst, then everything settled", Value: time.Since(began).Seconds(), Unit: "s", Bound: AtMost, Target: 60, Note: fmt.Sprintf("%d processes", got.Ended)},
	)
}
