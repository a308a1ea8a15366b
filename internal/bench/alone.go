package bench

import (
	"context"
	"fmt"
	"time"

	"steward/internal/advance"
)

// Alone measures the completion of a task by the only client: from the HTTP request to its answer, after which the next
// task stands in the inbox of whoever has it (Web.Course looks, and fails when it does not).
func (s *Site) Alone(ctx context.Context) error {
	base, err := s.steps(ctx, s.Baseline.Course)
	if err != nil {
		return fmt.Errorf("baseline: %w", err)
	}
	for _, m := range []struct {
		mode     advance.Mode
		p50, p99 float64
	}{{advance.ModeWorkflow, 12, 50}, {advance.ModeAPI, 5, 15}} {
		got, err := s.steps(ctx, s.Webs[m.mode].Course)
		if err != nil {
			return fmt.Errorf("%s: %w", modeName(m.mode), err)
		}
		name := "complete a task alone, " + modeName(m.mode)
		if err := s.Report.Add(latency(name+", p50", got, 0.5, m.p50, base), latency(name+", p99", got, 0.99, m.p99, base)); err != nil {
			return err
		}
	}
	return nil
}

// steps measures the steps of some processes, one after another.
func (s *Site) steps(ctx context.Context, one course) ([]time.Duration, error) {
	if err := s.quiet(ctx); err != nil {
		return nil, err
	}
	if _, err := times(ctx, max(s.Plan.Alone/10, 1), one); err != nil {
		return nil, err
	}
	return times(ctx, s.Plan.Alone, one)
}

func latency(name string, got []time.Duration, p, target float64, base []time.Duration) Figure {
	f := Figure{Name: name, Value: percentile(got, p), Unit: "ms", Bound: AtMost, Target: target, Note: fmt.Sprintf("%d measured", len(got))}
	if len(base) > 0 {
		f.Baseline = number(percentile(base, p)) + " ms"
	}
	return f
}
