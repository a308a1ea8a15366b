package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"steward/internal/advance"
)

// Deadlines measures how late deadlines are acted on when so many fall due every second: from the moment that a process
// waits for to the moment at which its consequence was written. The baseline is a workflow that sleeps.
func (s *Site) Deadlines(ctx context.Context) error {
	base, baseCost, err := s.sleepers(ctx)
	if err != nil {
		return fmt.Errorf("baseline: %w", err)
	}
	h := s.Houses[advance.ModeWorkflow]
	if err := s.quiet(ctx); err != nil {
		return err
	}
	m := meter{s.Stack}
	before, err := m.read(ctx)
	if err != nil {
		return err
	}
	ids, last, err := s.startTimers(ctx, h)
	if err != nil {
		return err
	}
	if err := pause(ctx, time.Until(last)); err != nil {
		return err
	}
	if err := until(ctx, time.Minute, 100*time.Millisecond, h.ended); err != nil {
		return fmt.Errorf("deadlines that fell due: %w", err)
	}
	late, err := h.lateness(ctx, ids)
	if err != nil {
		return err
	}
	after, err := m.read(ctx)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%d deadlines a second, late, p99", s.Plan.PerSecond)
	f := latency(name, late, 0.99, 1000, base)
	f.Note = fmt.Sprintf("p50 %s ms, %s", number(percentile(late, 0.5)), f.Note)
	return s.Report.Add(f,
		Figure{
			Name: "… start to end of such a process", Value: milliseconds(after.minus(before).processor()) / float64(len(ids)), Unit: "ms of CPU",
			Baseline: number(milliseconds(baseCost.processor())/float64(len(base))) + " ms of CPU", Note: after.minus(before).per(len(ids)),
		})
}

// lead is the time that all starts have before the first moment: longer than they need on a slow machine.
func (s *Site) lead() time.Duration {
	const startsPerSecond = 40
	return 5*time.Second + time.Duration(s.Plan.Deadlines)*time.Second/startsPerSecond
}

// moments are spread evenly, so many a second.
func (s *Site) moments() []time.Time {
	first := time.Now().Add(s.lead())
	all := make([]time.Time, s.Plan.Deadlines)
	for i := range all {
		all[i] = first.Add(time.Duration(i) * time.Second / time.Duration(s.Plan.PerSecond))
	}
	return all
}

// starters are few: a machine that is out of breath arms its timers late, product and baseline alike, and what is measured is
// how deadlines fall due.
const starters = 4

// each starts something for every moment. A start that comes after its moment would measure the start: that is an error.
func (s *Site) each(ctx context.Context, moments []time.Time, start func(ctx context.Context, client, n int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for client := range starters {
		group.Go(func() error {
			for n := client; n < len(moments); n += starters {
				if err := start(ctx, client, n); err != nil {
					return err
				}
				if !time.Now().Before(moments[n]) {
					return fmt.Errorf("moment %d had passed when its process had started: this machine is too slow for the plan", n)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (s *Site) startTimers(ctx context.Context, h *House) (ids []uuid.UUID, last time.Time, err error) {
	moments := s.moments()
	ids = make([]uuid.UUID, len(moments))
	err = s.each(ctx, moments, func(ctx context.Context, client, n int) (err error) {
		ids[n], err = h.begin(ctx, asker(client), timerProcess, map[string]any{"at": moments[n].UTC().Format(time.RFC3339Nano)})
		return err
	})
	return ids, moments[len(moments)-1], err
}

// lateness compares, by Postgres's clock, the time of each deadline with the time at which it was acted on.
func (h *House) lateness(ctx context.Context, ids []uuid.UUID) ([]time.Duration, error) {
	rows, err := h.Store.Pool().Query(ctx, `SELECT extract(epoch FROM recorded_at - at)::float8 FROM decision_log
WHERE process_id = ANY ($1) AND event_id LIKE 'due/%'`, ids)
	if err != nil {
		return nil, fmt.Errorf("read the decision log: %w", err)
	}
	seconds, err := pgx.CollectRows(rows, pgx.RowTo[float64])
	if err != nil {
		return nil, fmt.Errorf("read the decision log: %w", err)
	}
	if len(seconds) != len(ids) {
		return nil, fmt.Errorf("%d of %d deadlines were acted on", len(seconds), len(ids))
	}
	late := make([]time.Duration, len(seconds))
	for i, v := range seconds {
		late[i] = time.Duration(v * float64(time.Second))
	}
	return late, nil
}

// sleepers measures the baseline's lateness.
func (s *Site) sleepers(ctx context.Context) (late []time.Duration, used cost, err error) {
	if err := s.quiet(ctx); err != nil {
		return nil, used, err
	}
	m := meter{s.Stack}
	before, err := m.read(ctx)
	if err != nil {
		return nil, used, err
	}
	moments := s.moments()
	told := make([]<-chan time.Time, len(moments))
	err = s.each(ctx, moments, func(ctx context.Context, _, n int) error {
		id := uuid.NewString()
		told[n] = s.Baseline.expect(id, 0)
		return s.Baseline.start(ctx, id, handwrittenTimer, moments[n])
	})
	if err != nil {
		return nil, used, err
	}
	if err := pause(ctx, time.Until(moments[len(moments)-1])); err != nil {
		return nil, used, err
	}
	late = make([]time.Duration, len(moments))
	for n, c := range told {
		at, err := await(ctx, c)
		if err != nil {
			return nil, used, err
		}
		late[n] = at.Sub(moments[n])
	}
	after, err := m.read(ctx)
	return late, after.minus(before), err
}
