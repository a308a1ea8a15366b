package bench

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

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
	h := site.Houses[advance.ModeWorkflow]
	for _, clients := range []int{1, 4, 32} {
		var mu sync.Mutex
		var starts, plans, approves []time.Duration
		_, err := run(ctx, clients, 4*time.Second, func(ctx context.Context, c int) ([]time.Duration, error) {
			b := time.Now()
			id, err := h.begin(ctx, asker(c), approvalProcess, map[string]any{"days": 2})
			if err != nil {
				return nil, err
			}
			d0 := time.Since(b)
			b = time.Now()
			if err := h.advanceOne(ctx, id, asker(c)); err != nil {
				return nil, err
			}
			d1 := time.Since(b)
			b = time.Now()
			task, _ := h.openTask(ctx, id)
			if err := h.complete(ctx, id, task, leader(c), "approved"); err != nil {
				return nil, err
			}
			d2 := time.Since(b)
			mu.Lock()
			starts, plans, approves = append(starts, d0), append(plans, d1), append(approves, d2)
			mu.Unlock()
			return nil, nil
		})
		fmt.Println("clients", clients, "n", len(starts), "err", err)
		for n, l := range map[string][]time.Duration{"start": starts, "plan": plans, "approve": approves} {
			fmt.Printf("  %s p10 %.1f p50 %.1f p90 %.1f p99 %.1f\n", n, percentile(l, .1), percentile(l, .5), percentile(l, .9), percentile(l, .99))
		}
	}
}
