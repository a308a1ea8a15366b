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

// Throughput measures processes a second, each variant and the baseline in turn, round by round.
func (s *Site) Throughput(ctx context.Context) error {
	byWorkflow, byAPI := advance.ModeWorkflow, advance.ModeAPI
	all := []variant{
		{"baseline", 0, s.Baseline.Course},
		{"throughput, decide: workflow, direct calls", 0.80, s.Houses[byWorkflow].Course},
		{"throughput, decide: workflow, HTTP with sign-in", 0.65, s.Webs[byWorkflow].Course},
		{"throughput, decide: api, HTTP with sign-in, sustained", 1.5, s.Webs[byAPI].Course},
	}
	rates := make([][]float64, len(all))
	sums := make([]load, len(all))
	for range s.Plan.Rounds {
		for i, v := range all {
			got, err := s.measure(ctx, v.one)
			if err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			rates[i] = append(rates[i], got.Rate)
			sums[i].Steps = append(sums[i].Steps, got.Steps...)
			sums[i].Ended += got.Ended
			sums[i].Cost = sums[i].Cost.plus(got.Cost)
		}
	}
	base := fmt.Sprintf("%s/s", number(median(rates[0])))
	for i, v := range all[1:] {
		err := s.Report.Add(Figure{
			Name: v.name, Value: median(ratios(rates[i+1], rates[0])), Unit: "×", Bound: AtLeast, Target: v.target, Baseline: base,
			Runs: rates[i+1], Note: fmt.Sprintf("%s/s, %s", number(median(rates[i+1])), stepTimes(sums[i+1].Steps)),
		})
		if err != nil {
			return err
		}
	}
	if err := s.efficiency(all, sums); err != nil {
		return err
	}
	if err := s.Report.Add(Figure{Name: "baseline: hand-written workflow", Value: median(rates[0]), Unit: "/s", Runs: rates[0], Note: stepTimes(sums[0].Steps) + ", " + sums[0].Cost.per(sums[0].Ended)}); err != nil {
		return err
	}
	return s.burst(ctx, median(rates[0]))
}

// efficiency compares what processes cost instead of how many there were in a second: on a busy machine the steadier figure.
func (s *Site) efficiency(all []variant, sums []load) error {
	each := func(l load) float64 { return milliseconds(l.Cost.processor()) / float64(l.Ended) }
	for i, v := range all[1:] {
		f := Figure{Name: "… by processor time: " + v.name, Value: each(sums[0]) / each(sums[i+1]), Unit: "×", Note: sums[i+1].Cost.per(sums[i+1].Ended)}
		if err := s.Report.Add(f); err != nil {
			return err
		}
	}
	return nil
}

func stepTimes(steps []time.Duration) string {
	return fmt.Sprintf("step p50 %s p99 %s ms", number(percentile(steps, 0.5)), number(percentile(steps, 0.99)))
}

// burstQueue is more than the messages of a burst: whoever decides never waits for Temporal.
const burstQueue = 100_000

// burst lets clients work as fast as the product takes it, and then waits until Temporal has caught up. It uses a house of
// its own, whose messages to Temporal may queue up.
func (s *Site) burst(ctx context.Context, baseline float64) error {
	h, err := s.house(ctx, "burst", HouseOptions{Mode: advance.ModeAPI, Clients: s.Plan.Clients, Queue: burstQueue})
	if err != nil {
		return err
	}
	defer h.Stop()
	web, err := SignIn(ctx, h)
	if err != nil {
		return err
	}
	if err := s.quiet(ctx); err != nil {
		return err
	}
	got, err := run(ctx, s.Plan.Clients, s.Plan.Burst, web.Course)
	if err != nil {
		return fmt.Errorf("burst: %w", err)
	}
	began := time.Now()
	if err := until(ctx, 5*time.Minute, 50*time.Millisecond, h.settled); err != nil {
		return fmt.Errorf("burst of %d processes: %w", got.Ended, err)
	}
	return s.Report.Add(
		Figure{
			Name: fmt.Sprintf("burst of %s, decide: api, HTTP with sign-in", s.Plan.Burst), Value: got.Rate / baseline, Unit: "×", Bound: AtLeast, Target: 5,
			Baseline: number(baseline) + "/s", Note: fmt.Sprintf("%s/s, %s", number(got.Rate), stepTimes(got.Steps)),
		},
		Figure{Name: "burst, then everything settled", Value: time.Since(began).Seconds(), Unit: "s", Bound: AtMost, Target: 60, Note: fmt.Sprintf("%d processes", got.Ended)},
	)
}
