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
	s.Close() // the size of the cache is one for the program and fixed while a worker runs
	worker.SetStickyWorkflowCacheSize(evictedCache)
	defer func() {
		worker.SetStickyWorkflowCacheSize(usualCache)
		err = errors.Join(err, s.Open(ctx))
	}()
	h, err := s.evictedHouse(ctx)
	if err != nil {
		return err
	}
	defer h.Stop()
	missed, stop, err := countedWorker(h, s.Stack.Temporal)
	if err != nil {
		return err
	}
	defer stop()
	web, err := SignIn(ctx, h)
	if err != nil {
		return err
	}
	processes, err := h.prepare(ctx, s.Plan.Evicted, s.Plan.Behind)
	if err != nil {
		return fmt.Errorf("prepare processes with %d steps behind them: %w", s.Plan.Behind, err)
	}
	if err := s.Stack.calm(ctx); err != nil {
		return err
	}
	before := missed.Load()
	got, err := s.rotate(ctx, web, processes)
	if err != nil {
		return err
	}
	if cold := missed.Load() - before; float64(cold) < float64(len(got))*(1-warmShare) {
		return fmt.Errorf("of %d completions only %d met an evicted workflow", len(got), cold)
	}
	return s.Report.Add(
		Figure{Name: fmt.Sprintf("complete a task, evicted, %d steps behind, p50", s.Plan.Behind), Value: percentile(got, 0.5), Unit: "ms"},
		latency(fmt.Sprintf("complete a task, evicted, %d steps behind, p99", s.Plan.Behind), got, 0.99, 100, nil),
	)
}

func (s *Site) evictedHouse(ctx context.Context) (*House, error) {
	url, err := s.Stack.database(ctx, "house_evicted")
	if err != nil {
		return nil, err
	}
	h, err := StartHouse(ctx, HouseOptions{
		DatabaseURL: url, Temporal: s.Stack.Temporal, Mode: advance.ModeWorkflow, Clients: s.Plan.Evicted, NoWorker: true, Log: quietLog(s.Log),
	})
	if err != nil {
		return nil, err
	}
	rounds := s.Plan.Samples/s.Plan.Evicted + 2
	if err := h.publish(ctx, chainSource(chainProcess, s.Plan.Behind+rounds)); err != nil {
		h.Stop()
		return nil, err
	}
	return h, nil
}

// prepare starts processes, one for each client, and completes so many steps of each.
func (h *House) prepare(ctx context.Context, processes, steps int) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, processes)
	group, ctx := errgroup.WithContext(ctx)
	for client := range processes {
		group.Go(func() (err error) {
			if ids[client], err = h.begin(ctx, asker(client), chainProcess, map[string]any{}); err != nil {
				return err
			}
			for range steps {
				task, err := h.openTask(ctx, ids[client])
				if err == nil {
					err = h.complete(ctx, ids[client], task, asker(client), "done")
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return ids, group.Wait()
}

// rotate completes one task of each process in turn, so that the cache has forgotten a process when its turn comes again.
func (s *Site) rotate(ctx context.Context, web *Web, processes []uuid.UUID) ([]time.Duration, error) {
	var got []time.Duration
	for n := range s.Plan.Samples {
		client := n % len(processes)
		task, err := web.inbox(ctx, web.askers[client], processes[client].String())
		if err != nil {
			return nil, err
		}
		w := watch()
		if err := web.complete(ctx, web.askers[client], task, "done"); err != nil {
			return nil, err
		}
		w.lap()
		got = append(got, w.steps...)
	}
	return got, nil
}
