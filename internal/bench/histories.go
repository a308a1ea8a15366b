package bench

import (
	"context"
	"fmt"
	"time"

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
	if err := s.historyOf(ctx, advance.ModeWorkflow, 22, base); err != nil {
		return err
	}
	return s.historyOf(ctx, advance.ModeAPI, 12, base)
}

func (s *Site) historyOf(ctx context.Context, mode advance.Mode, events float64, base trace) error {
	h := s.Houses[mode]
	process, err := h.slowly(ctx)
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
		Figure{Name: "history, " + modeName(mode), Value: float64(got.Bytes) / 1000, Unit: "kB", Bound: AtMost, Target: 8, Baseline: number(float64(base.Bytes)/1000) + " kB"},
	)
}

// slowly takes a process from start to end and lets Temporal learn of every step before the next: the longest history that
// this course can have.
func (h *House) slowly(ctx context.Context) (uuid.UUID, error) {
	id, err := h.begin(ctx, asker(0), approvalProcess, map[string]any{"days": 2})
	if err != nil {
		return id, err
	}
	for _, step := range []struct{ user, outcome string }{{asker(0), "done"}, {leader(0), "approved"}} {
		if err := until(ctx, time.Minute, 10*time.Millisecond, h.settled); err != nil {
			return id, err
		}
		task, err := h.openTask(ctx, id)
		if err != nil {
			return id, err
		}
		if err := h.complete(ctx, id, task, step.user, step.outcome); err != nil {
			return id, err
		}
	}
	return id, nil
}
