package bench

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"steward/internal/app"
)

// Handwritten is the baseline: the same process as a workflow that a programmer would write by hand on Temporal alone, with
// a Signal and a timer for each wait and no storage at all. Its clients learn in memory, at no cost, that a step was
// reached, at the same moment at which the product's clients get their receipt: before the workflow task is reported.
type Handwritten struct {
	client client.Client
	worker worker.Worker
	queue  string
	eager  bool

	mu      sync.Mutex
	waiting map[string]chan time.Time
}

const (
	handwrittenProcess = "bench.Approval"
	handwrittenTimer   = "bench.Timer"
	stepSignal         = "step"
)

// StartHandwritten starts a worker with the options of the product's.
func StartHandwritten(address string, eager bool) (*Handwritten, error) {
	c, err := client.Dial(client.Options{
		HostPort: address, Logger: silent{}, ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}},
	})
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	h := &Handwritten{client: c, queue: "bench-" + uuid.NewString(), eager: eager, waiting: map[string]chan time.Time{}}
	h.worker = worker.New(c, h.queue, app.WorkerOptions())
	h.worker.RegisterWorkflowWithOptions(h.approval, workflow.RegisterOptions{Name: handwrittenProcess})
	h.worker.RegisterWorkflowWithOptions(h.timer, workflow.RegisterOptions{Name: handwrittenTimer})
	if err := h.worker.Start(); err != nil {
		c.Close()
		return nil, fmt.Errorf("baseline: %w", err)
	}
	return h, nil
}

// Stop ends the worker and the connection.
func (h *Handwritten) Stop() {
	h.worker.Stop()
	h.client.Close()
}

// approval waits for a task and an approval, each for a Signal or its timer, whichever is first.
func (h *Handwritten) approval(ctx workflow.Context) error {
	id := workflow.GetInfo(ctx).WorkflowExecution.ID
	signals := workflow.GetSignalChannel(ctx, stepSignal)
	for step, due := range []time.Duration{24 * time.Hour, 48 * time.Hour} {
		h.reached(ctx, id, step)
		late := false
		own, cancel := workflow.WithCancel(ctx)
		timer := workflow.NewTimer(own, due)
		sel := workflow.NewSelector(ctx)
		sel.AddReceive(signals, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
		sel.AddFuture(timer, func(workflow.Future) { late = true })
		sel.Select(ctx)
		cancel()
		if late {
			return nil
		}
	}
	h.reached(ctx, id, 2)
	return nil
}

// timer waits for a moment.
func (h *Handwritten) timer(ctx workflow.Context, at time.Time) error {
	if err := workflow.Sleep(ctx, at.Sub(workflow.Now(ctx))); err != nil {
		return err
	}
	h.reached(ctx, workflow.GetInfo(ctx).WorkflowExecution.ID, 0)
	return nil
}

func stepKey(id string, step int) string { return id + "/" + strconv.Itoa(step) }

// expect prepares to be told that a workflow has reached a step.
func (h *Handwritten) expect(id string, step int) <-chan time.Time {
	told := make(chan time.Time, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting[stepKey(id, step)] = told
	return told
}

// reached tells who expects it, while nothing is replayed; it has no effect on the workflow.
func (h *Handwritten) reached(ctx workflow.Context, id string, step int) {
	if !workflow.IsReplaying(ctx) {
		h.tell(id, step)
	}
}

// tell is called from workflow code but touches nothing of it: the channel has room and the time goes to a client.
//
//workflowcheck:ignore
func (h *Handwritten) tell(id string, step int) {
	key := stepKey(id, step)
	h.mu.Lock()
	defer h.mu.Unlock()
	if told, ok := h.waiting[key]; ok {
		delete(h.waiting, key)
		told <- time.Now()
	}
}

func (h *Handwritten) start(ctx context.Context, id, name string, args ...any) error {
	_, err := h.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: h.queue, EnableEagerStart: h.eager}, name, args...)
	return err
}

// Course takes one workflow from start to end.
func (h *Handwritten) Course(ctx context.Context, _ int) ([]time.Duration, error) {
	id := uuid.NewString()
	_, steps, err := h.walk(ctx, id)
	return steps, err
}

func (h *Handwritten) walk(ctx context.Context, id string) (string, []time.Duration, error) {
	w := watch()
	told := h.expect(id, 0)
	if err := h.start(ctx, id, handwrittenProcess); err != nil {
		return id, nil, err
	}
	if _, err := await(ctx, told); err != nil {
		return id, nil, err
	}
	for step := 1; step <= 2; step++ {
		w.restart()
		told := h.expect(id, step)
		if err := h.client.SignalWorkflow(ctx, id, "", stepSignal, nil); err != nil {
			return id, nil, err
		}
		if _, err := await(ctx, told); err != nil {
			return id, nil, err
		}
		w.lap()
	}
	return id, w.steps, nil
}

// stepPatience bounds the wait for one step, so that a lost one ends the run with an error.
const stepPatience = 20 * time.Second

// await answers when a step was reached.
func await(ctx context.Context, told <-chan time.Time) (time.Time, error) {
	patience := time.NewTimer(stepPatience)
	defer patience.Stop()
	select {
	case at := <-told:
		return at, nil
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	case <-patience.C:
		return time.Time{}, fmt.Errorf("a step was not reached within %s", stepPatience)
	}
}

// silent is a Temporal logger that says nothing: what goes wrong shows as an error of a client.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
