package bench

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
)

func TestYY(t *testing.T) {
	if os.Getenv("ZZ") == "" {
		t.Skip()
	}
	ctx := context.Background()
	s, err := StartStack(ctx, StackOptions{Dir: "/tmp/h12yy"})
	require.NoError(t, err)
	defer s.Stop()
	site := &Site{Plan: Quick(), Stack: s, Report: NewReport(os.Stdout, os.Stderr, Machine{})}
	require.NoError(t, site.Open(ctx))
	defer site.Close()
	measure := func(name string, begin func(ctx context.Context, c int) (func() error, func() error, error)) {
		require.NoError(t, s.calm(ctx))
		var mu sync.Mutex
		var starts, plans, approves []time.Duration
		m := meter{s}
		before, _ := m.read(ctx)
		l, err := run(ctx, 32, 4*time.Second, func(ctx context.Context, c int) ([]time.Duration, error) {
			b := time.Now()
			one, two, err := begin(ctx, c)
			if err != nil {
				return nil, err
			}
			d0 := time.Since(b)
			b = time.Now()
			if err := one(); err != nil {
				return nil, err
			}
			d1 := time.Since(b)
			b = time.Now()
			if err := two(); err != nil {
				return nil, err
			}
			d2 := time.Since(b)
			mu.Lock()
			starts, plans, approves = append(starts, d0), append(plans, d1), append(approves, d2)
			mu.Unlock()
			return nil, nil
		})
		require.NoError(t, s.calm(ctx))
		after, _ := m.read(ctx)
		fmt.Printf("%s: %.1f/s n %d err %v; %s\n", name, l.Rate, len(starts), err, after.minus(before).per(len(starts)))
		for n, l := range map[string][]time.Duration{"start": starts, "plan": plans, "approve": approves} {
			fmt.Printf("  %s p10 %.1f p50 %.1f p90 %.1f p99 %.1f\n", n, percentile(l, .1), percentile(l, .5), percentile(l, .9), percentile(l, .99))
		}
	}
	hand := func(h *Handwritten) func(ctx context.Context, c int) (func() error, func() error, error) {
		return func(ctx context.Context, c int) (func() error, func() error, error) {
			id := uuid.NewString()
			told := h.expect(id, 0)
			if err := h.start(ctx, id, handwrittenProcess); err != nil {
				return nil, nil, err
			}
			if _, err := await(ctx, told); err != nil {
				return nil, nil, err
			}
			step := func(n int) func() error {
				return func() error {
					told := h.expect(id, n)
					if err := h.client.SignalWorkflow(ctx, id, "", stepSignal, nil); err != nil {
						return err
					}
					_, err := await(ctx, told)
					return err
				}
			}
			return step(1), step(2), nil
		}
	}
	prod := func(h *House) func(ctx context.Context, c int) (func() error, func() error, error) {
		return func(ctx context.Context, c int) (func() error, func() error, error) {
			id, err := h.begin(ctx, asker(c), approvalProcess, map[string]any{"days": 2})
			return func() error { return h.advanceOne(ctx, id, asker(c)) }, func() error {
				task, err := h.openTask(ctx, id)
				if err != nil {
					return err
				}
				return h.complete(ctx, id, task, leader(c), "approved")
			}, err
		}
	}
	url, err := s.database(ctx, "house_x")
	require.NoError(t, err)
	h, err := StartHouse(ctx, HouseOptions{DatabaseURL: url, Temporal: s.Temporal, Mode: advance.ModeWorkflow, Clients: 32, NoWorker: true, Log: quietLog(os.Stdout)})
	require.NoError(t, err)
	defer h.Stop()
	for range 2 {
	for _, p := range []int{2, 8, 16} {
		zzPollers = p
		b, err := StartHandwritten(s.Temporal, false)
		require.NoError(t, err)
		measure(fmt.Sprint("hand pollers ", p), hand(b))
		b.Stop()
		_, stop, err := countedWorker(h, s.Temporal)
		require.NoError(t, err)
		measure(fmt.Sprint("prod pollers ", p), prod(h))
		stop()
	}
	}
	zzPollers = 16
	b, err := StartHandwritten(s.Temporal, true)
	require.NoError(t, err)
	measure(fmt.Sprint("hand eager pollers 16"), hand(b))
	b.Stop()
	zzPollers = 2
	b, err = StartHandwritten(s.Temporal, true)
	require.NoError(t, err)
	measure(fmt.Sprint("hand eager pollers 2"), hand(b))
	b.Stop()
}
