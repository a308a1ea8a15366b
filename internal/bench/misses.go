package bench

import (
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/app"
	"steward/workflows"
)

// misses counts how often a worker did not have the workflow of a task in memory. Everything else that the SDK measures is
// dropped.
type misses struct{ count *atomic.Int64 }

func newMisses() misses { return misses{new(atomic.Int64)} }

const missCounter = "temporal_sticky_cache_miss"

func (m misses) WithTags(map[string]string) client.MetricsHandler { return m }

func (m misses) Counter(name string) client.MetricsCounter {
	if name == missCounter {
		return counter{m.count}
	}
	return counter{new(atomic.Int64)}
}

func (misses) Gauge(string) client.MetricsGauge { return ignored{} }
func (misses) Timer(string) client.MetricsTimer { return ignored{} }

type counter struct{ n *atomic.Int64 }

func (c counter) Inc(n int64) { c.n.Add(n) }

type ignored struct{}

func (ignored) Update(float64)       {}
func (ignored) Record(time.Duration) {}

// countedWorker runs the processes of a house that has no worker of its own, and counts its misses.
func countedWorker(h *House, address string) (missed *atomic.Int64, stop func(), err error) {
	m := newMisses()
	c, err := client.Dial(client.Options{
		HostPort: address, Logger: silent{}, MetricsHandler: m,
		ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}},
	})
	if err != nil {
		return nil, nil, err
	}
	w := worker.New(c, h.Queue, app.WorkerOptions())
	w.RegisterWorkflowWithOptions(workflows.Process, workflow.RegisterOptions{Name: workflows.ProcessWorkflow})
	w.RegisterActivityWithOptions((&activities.Processes{Advancer: h.Advancer}).Advance, activity.RegisterOptions{Name: workflows.AdvanceActivity})
	if err := w.Start(); err != nil {
		c.Close()
		return nil, nil, err
	}
	return m.count, func() { w.Stop(); c.Close() }, nil
}
