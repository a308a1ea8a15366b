package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// course takes one process from its start to its end for a client, and answers how long each of its steps took.
type course func(ctx context.Context, client int) ([]time.Duration, error)

// load is what one measurement saw.
type load struct {
	Rate  float64         // processes a second that ended within the time
	Steps []time.Duration // each from request to answer
	Ended int             // processes in all, those that ended late included
	Cost  cost            // of all
}

// run lets clients take processes one after another for a time. A process under way at the end of the time is finished but
// not counted. The first error ends the run: a load that loses requests measures nothing.
func run(ctx context.Context, clients int, span time.Duration, one course) (load, error) {
	var mu sync.Mutex
	var sum load
	group, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	intime := 0
	for client := range clients {
		group.Go(func() error {
			for time.Since(began) < span && ctx.Err() == nil {
				steps, err := one(ctx, client)
				if err != nil {
					return fmt.Errorf("client %d: %w", client, err)
				}
				mu.Lock()
				sum.Ended++
				if time.Since(began) <= span {
					intime++
				}
				sum.Steps = append(sum.Steps, steps...)
				mu.Unlock()
			}
			return ctx.Err()
		})
	}
	err := group.Wait()
	sum.Rate = float64(intime) / span.Seconds()
	return sum, err
}

// times repeats one process for one client.
func times(ctx context.Context, count int, one course) ([]time.Duration, error) {
	var all []time.Duration
	for range count {
		steps, err := one(ctx, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, steps...)
	}
	return all, nil
}

// stopwatch takes the times of the steps of a course.
type stopwatch struct {
	last  time.Time
	steps []time.Duration
}

func watch() *stopwatch { return &stopwatch{last: time.Now()} }

func (w *stopwatch) restart() { w.last = time.Now() }

func (w *stopwatch) lap() { w.steps = append(w.steps, time.Since(w.last)) }
