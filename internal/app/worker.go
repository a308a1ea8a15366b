package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
)

// CheckWorker says whether a worker on the named host can work and does: Postgres answers with the schema of this program, Temporal
// has the namespace, and a worker of that host asks for work on the task queue. It is a check from outside, by a program of its
// own, that leaves the worker alone; of cfg it uses the addresses, the namespace and the task queue.
func CheckWorker(ctx context.Context, cfg Config, host string) error {
	cfg = cfg.withDefaults()
	a := &App{cfg: cfg, log: cfg.Log}
	defer a.Stop()
	if err := a.connect(ctx); err != nil {
		return err
	}
	if err := a.Store.SchemaCurrent(ctx); err != nil {
		return err
	}
	if err := a.CheckTemporal(ctx); err != nil {
		return err
	}
	queue, err := a.Temporal.DescribeTaskQueue(ctx, cfg.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return fmt.Errorf("ask for the workers of task queue %s: %w", cfg.TaskQueue, err)
	}
	if !polls(queue.GetPollers(), host) {
		return fmt.Errorf("no worker on %s asks for work on task queue %s: start `steward worker` there, or correct STEWARD_TASK_QUEUE (--task-queue)", host, cfg.TaskQueue)
	}
	return nil
}

// polls looks for a worker of the host. Workers call themselves process@host@queue.
func polls(pollers []*taskqueuepb.PollerInfo, host string) bool {
	return slices.ContainsFunc(pollers, func(p *taskqueuepb.PollerInfo) bool {
		parts := strings.Split(p.GetIdentity(), "@")
		return len(parts) > 1 && parts[1] == host
	})
}
