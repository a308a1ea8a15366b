package bench

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"steward/internal/advance"
)

// Histories measures what one process leaves in Temporal.
func (s *Site) Histories(ctx context.Context) error {
	id, _, err := s.Baseline.walk(ctx, uuid.NewString())
	if err != nil {
		return fmt.Errorf("baseline: %w", err)
	}
	if err := s.Baseline.client.GetWorkflow(ctx, id, "").Get(ctx, nil); err != nil {
		return fmt.Errorf("baseline: %w", err)
	}
	base, err := history(ctx, s.Baseline.client, id)
	if err != nil {
		return err
	}
	for mode, events := range map[advance.Mode]float64{advance.ModeWorkflow: 22, advance.ModeAPI: 12} {
		if err := s.historyOf(ctx, mode, events, base); err != nil {
			return err
		}
	}
	return nil
}

func (s *Site) historyOf(ctx context.Context, mode advance.Mode, events float64, base trace) error {
	h := s.Houses[mode]
	process, _, err := h.walk(ctx, 0)
	if err != nil {
		return err
	}
	if err := h.Temporal.GetWorkflow(ctx, process.String(), "").Get(ctx, nil); err != nil {
		return fmt.Errorf("workflow of process %s: %w", process, err)
	}
	got, err := history(ctx, h.Temporal, process.String())
	if err != nil {
		return err
	}
	return s.Report.Add(
		Figure{Name: "history, " + modeName(mode), Value: float64(got.Events), Unit: "events", Bound: AtMost, Target: events, Baseline: fmt.Sprintf("%d events", base.Events)},
		Figure{Name: "history, " + modeName(mode), Value: float64(got.Bytes) / 1000, Unit: "kB", Bound: AtMost, Target: 8, Baseline: fmt.Sprintf("%s kB", number(float64(base.Bytes)/1000))},
	)
}
