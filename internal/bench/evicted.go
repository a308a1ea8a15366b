package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/errgroup"

	"steward/internal/advance"
)

const (
	evictedCache = 2      // workflows that the worker may keep in memory
	usualCache   = 10_000 // the SDK's default
	warmShare    = 0.1    // of samples whose workflow may have been in memory after all
)

// Evicted measures the completion of a task of a process whose workflow is in nobody's memory any more: its whole history
// is read and replayed first. The worker's own count of misses proves the eviction.
func (s *Site) Evicted(ctx context.Context) (err error) {
	s.Close() // the size of the cache is one for the program, and fixed while a worker runs
	defer func() { err = errors.Join(err, s.Open(ctx)) }()
	h, err := s.evictedHouse(ctx)
	if err != nil {
		return err
	}
	defer h.Stop()
	web, err := SignIn(ctx, h)
	if err != nil {
		return err
	}
	processes, err := s.prepare(ctx, h)
	if err != nil {
		return fmt.Errorf("prepare processes with %d steps behind them: %w", s.Plan.Behind, err)
	}
	worker.SetStickyWorkflowCacheSize(evictedCache)
	defer worker.SetStickyWorkflowCacheSize(usualCache)
	missed, stop, err := countedWorker(h, s.Stack.Temporal)
	if err != nil {
		return err
	}
	defer stop()
	// The first round meets what the stopped worker left: it is not counted.
	if _, err := web.rotate(ctx, processes, len(processes)); err != nil {
		return err
	}
	if err := s.Stack.calm(ctx); err != nil {
		return err
	}
	before := missed.Load()
	got, err := web.rotate(ctx, processes, s.Plan.Samples)
	if err != nil {
		return err
	}
	if cold := missed.Load() - before; float64(cold) < float64(len(got))*(1-warmShare) {
		return fmt.Errorf("of %d completions only %d met an evicted workflow", len(got), cold)
	}
	f := latency(fmt.Sprintf("complete a task, evicted, %d steps behind, p99", s.Plan.Behind), got, 0.99, 100, nil)
	f.Note = fmt.Sprintf("p50 %s ms, %s", number(percentile(got, 0.5)), f.Note)
	return s.Report.Add(f)
}

func (s *Site) evictedHouse(ctx context.Context) (*House, error) {
	h, err := s.house(ctx, "evicted", HouseOptions{Mode: advance.ModeWorkflow, Clients: s.Plan.Evicted, NoWorker: true})
	if err != nil {
		return nil, err
	}
	rounds := s.Plan.Samples/s.Plan.Evicted + 3 // one uncounted, one begun, and the last step stays open
	if err := h.publish(ctx, chainSource(chainProcess, s.Plan.Behind+rounds)); err != nil {
		h.Stop()
		return nil, err
	}
	return h, nil
}

// prepare starts one process for each client and completes so many steps of each, with a worker that remembers them all.
func (s *Site) prepare(ctx context.Context, h *House) ([]uuid.UUID, error) {
	_, stop, err := countedWorker(h, s.Stack.Temporal)
	if err != nil {
		return nil, err
	}
	defer stop()
	ids := make([]uuid.UUID, s.Plan.Evicted)
	group, ctx := errgroup.WithContext(ctx)
	for client := range ids {
		group.Go(func() (err error) {
			ids[client], err = h.begin(ctx, asker(client), chainProcess, map[string]any{})
			for n := 0; n < s.Plan.Behind && err == nil; n++ {
				err = h.advanceOne(ctx, ids[client], asker(client))
			}
			return err
		})
	}
	return ids, group.Wait()
}

// advanceOne completes the open task of a process.
func (h *House) advanceOne(ctx context.Context, process uuid.UUID, user string) error {
	task, err := h.openTask(ctx, process)
	if err != nil {
		return err
	}
	return h.complete(ctx, process, task, user, "done")
}

// rotate completes tasks, one of each process in turn, so that the cache has forgotten a process when its turn comes again.
func (w *Web) rotate(ctx context.Context, processes []uuid.UUID, count int) ([]time.Duration, error) {
	watch := watch()
	for n := range count {
		client := n % len(processes)
		task, err := w.inbox(ctx, w.askers[client], processes[client].String())
		if err != nil {
			return nil, err
		}
		watch.restart()
		if err := w.complete(ctx, w.askers[client], task, "done"); err != nil {
			return nil, err
		}
		watch.lap()
	}
	return watch.steps, nil
}
