package activities

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"golang.org/x/time/rate"

	"steward/internal/advance"
	"steward/internal/store"
	"steward/workflows"
)

// NudgerOptions configures a Nudger. The zero value is ready for use: every field names its default.
type NudgerOptions struct {
	Workers     int           // nudges sent at the same time, default 32
	Queue       int           // processes that may wait for a worker before Nudge makes its caller wait, default 5,000
	Timeout     time.Duration // of one nudge, default 2 s
	AwayFor     time.Duration // how long Temporal counts as away after a failure, default 5 s
	SettleEvery time.Duration // how often marks of delivered nudges are cleared in Postgres, default 200 ms
	Drain       time.Duration // how long Run goes on sending after its context ended, default 5 s
	TaskQueue   string        // of the workers that run processes, default workflows.TaskQueue
	// Busy says that people wait for this program. While they do, a nudge that Temporal can do without for a moment waits, and
	// becomes one with later nudges of its process. nil means never.
	Busy func() bool
	// Defer is how long such a nudge waits at most, default 5 s. It waits no longer either once half of the queue is taken.
	Defer time.Duration
	// EagerStart asks Temporal to give the first task of a workflow to a worker of this program, which saves a round trip.
	EagerStart bool
}

func (o NudgerOptions) withDefaults() NudgerOptions {
	o.Workers = orDefault(o.Workers, 32)
	o.Queue = orDefault(o.Queue, 5000)
	o.Timeout = orDefault(o.Timeout, 2*time.Second)
	o.AwayFor = orDefault(o.AwayFor, 5*time.Second)
	o.SettleEvery = orDefault(o.SettleEvery, 200*time.Millisecond)
	o.Drain = orDefault(o.Drain, 5*time.Second)
	o.TaskQueue = orDefault(o.TaskQueue, workflows.TaskQueue)
	o.Defer = orDefault(o.Defer, 5*time.Second)
	if o.Busy == nil {
		o.Busy = func() bool { return false }
	}
	return o
}

// orDefault answers the given value, or the default when it is zero or negative.
func orDefault[T int | int32 | float64 | time.Duration | string](given, otherwise T) T {
	var zero T
	if given <= zero {
		return otherwise
	}
	return given
}

// Nudger tells the workflows of processes what they have to know. It promises nothing: what it cannot deliver stays marked in
// Postgres, and the Sweeper repeats it. It is safe for concurrent use.
type Nudger struct {
	sender
	settler *settler
	log     *slog.Logger
	opts    NudgerOptions
	seldom  rate.Sometimes

	slots    chan struct{} // one for each process in waiting
	ready    chan uuid.UUID
	stopping chan struct{}

	mu       sync.Mutex
	stopped  bool
	waiting  map[uuid.UUID]*waiting
	sending  map[uuid.UUID]bool // nudges of one process are sent one after the other
	deferred deferred
}

// waiting is what the next nudge of a process says.
type waiting struct {
	wants advance.Effects
	since time.Time
	ready bool // a worker is to take it
}

// NewNudger makes a Nudger on a connected client. Nothing is sent until Run is called.
func NewNudger(c client.Client, st *store.Store, log *slog.Logger, opts NudgerOptions) *Nudger {
	opts = opts.withDefaults()
	return &Nudger{
		sender:  sender{client: c, opts: opts},
		settler: &settler{store: st, log: log},
		log:     log, opts: opts,
		seldom:   rate.Sometimes{First: 1, Interval: 10 * time.Second},
		slots:    make(chan struct{}, opts.Queue),
		ready:    make(chan uuid.UUID, opts.Queue),
		stopping: make(chan struct{}),
		waiting:  make(map[uuid.UUID]*waiting),
		sending:  make(map[uuid.UUID]bool),
		deferred: deferred{begun: make(chan struct{}, 1)},
	}
}

// Nudge hands over what a process wants now. Several nudges of one process that wait become one. While the queue is full its
// caller waits until there is room or ctx ends (the nudge is dropped then): whoever decides faster than Temporal takes is slowed
// down. While Temporal is away, and after Run has ended, the nudge is dropped at once. Nudge has the type advance.Nudge.
func (n *Nudger) Nudge(ctx context.Context, process uuid.UUID, wants advance.Effects) {
	if wants.Causes = causes(ctx); n.Away() || n.join(process, wants) {
		return
	}
	select {
	case n.slots <- struct{}{}:
	case <-ctx.Done():
		return
	case <-n.stopping:
		return
	}
	if !n.enqueue(process, wants) {
		<-n.slots
	}
}

// Holds reports whether a nudge of the process waits or is being sent.
func (n *Nudger) Holds(process uuid.UUID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.waiting[process] != nil || n.sending[process]
}

// join adds a nudge to one of the same process that waits already.
func (n *Nudger) join(process uuid.UUID, wants advance.Effects) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.merge(process, wants)
}

func (n *Nudger) merge(process uuid.UUID, wants advance.Effects) bool {
	w := n.waiting[process]
	if w == nil {
		return false
	}
	w.wants = coalesce(w.wants, wants)
	if !w.ready && n.urgent(w.wants) {
		n.place(process, w)
	}
	return true
}

// enqueue uses the slot that the caller holds and reports whether it was needed.
func (n *Nudger) enqueue(process uuid.UUID, wants advance.Effects) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stopped || n.merge(process, wants) {
		return false
	}
	w := &waiting{wants: wants, since: time.Now()}
	n.waiting[process] = w
	n.place(process, w)
	return true
}

// place gives a nudge to the workers, or lets it wait while they have more urgent things to do. The nudges of a process that is
// being told something are placed when that is done.
func (n *Nudger) place(process uuid.UUID, w *waiting) {
	switch {
	case n.sending[process]:
	case n.stopped || n.urgent(w.wants) || !n.opts.Busy():
		n.hand(process, w)
	default:
		n.deferred.add(process, w)
	}
}

// hand gives a nudge to the workers.
func (n *Nudger) hand(process uuid.UUID, w *waiting) {
	w.ready = true
	n.ready <- process // never blocks: it has as many places as there are slots
}

// coalesce makes one nudge of two: the newest effects, and whatever either of them asks for. It belongs to the trace of the first
// request that waits for it.
func coalesce(earlier, later advance.Effects) advance.Effects {
	one := later
	if earlier.Seq > later.Seq {
		one = earlier
	}
	one.Again = earlier.Again || later.Again
	one.Start = earlier.Start || later.Start
	if one.Causes = append(slices.Clip(earlier.Causes), later.Causes...); later.Again && !earlier.Again {
		one.Causes = append(slices.Clip(later.Causes), earlier.Causes...)
	}
	one.Causes = one.Causes[:min(len(one.Causes), maxCauses)]
	one.Unsettled = earlier.Unsettled
	if u := later.Unsettled; u != nil && (one.Unsettled == nil || u.After(*one.Unsettled)) {
		one.Unsettled = u
	}
	return one
}

// Run sends nudges until ctx ends, and then what still waits, for at most NudgerOptions.Drain. It may be called once.
func (n *Nudger) Run(ctx context.Context) {
	work, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	var workers, clearing sync.WaitGroup
	for range n.opts.Workers {
		workers.Go(func() { n.work(work) })
	}
	delivered := make(chan struct{})
	clearing.Go(func() { n.settler.run(work, n.opts.SettleEvery, delivered) })
	clearing.Go(func() { n.letGo() })
	<-ctx.Done()
	n.stop()
	defer time.AfterFunc(n.opts.Drain, abandon).Stop()
	workers.Wait()
	close(delivered)
	clearing.Wait()
}

func (n *Nudger) stop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stopped {
		return
	}
	n.stopped = true
	n.release(time.Time{})
	close(n.stopping)
}

// work serves processes until the Nudger stops and none waits any more.
func (n *Nudger) work(ctx context.Context) {
	for {
		select {
		case process := <-n.ready:
			n.serve(ctx, process)
			continue
		case <-n.stopping:
		}
		select {
		case process := <-n.ready:
			n.serve(ctx, process)
		default:
			return
		}
	}
}

// lateRetries is how often a nudge that ran out of time is sent again before it is left to the sweeper.
const lateRetries = 2

func (n *Nudger) serve(ctx context.Context, process uuid.UUID) {
	wants := n.take(process)
	defer n.sent(process)
	if n.Away() || ctx.Err() != nil {
		return
	}
	ctx, done := inTrace(ctx, wants.Causes)
	defer done()
	err := n.Send(ctx, process, wants)
	for range lateRetries {
		if !late(err) || n.Away() || ctx.Err() != nil {
			break
		}
		err = n.Send(ctx, process, wants)
	}
	if err != nil {
		n.seldom.Do(func() {
			n.log.DebugContext(ctx, "nudge not delivered, the sweeper repeats it", "process", process, "error", err)
		})
		return
	}
	if wants.Unsettled != nil {
		n.settler.add(process, *wants.Unsettled)
	}
}

func (n *Nudger) take(process uuid.UUID) advance.Effects {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.waiting[process]
	delete(n.waiting, process)
	n.sending[process] = true
	<-n.slots
	return w.wants
}

// sent lets the next nudge of the process go, when one came meanwhile.
func (n *Nudger) sent(process uuid.UUID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.sending, process)
	if w := n.waiting[process]; w != nil {
		n.place(process, w)
	}
}
