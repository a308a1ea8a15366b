package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"steward/internal/store"
)

// DispatcherOptions configures a Dispatcher. The zero value is ready for use: every field names its default.
type DispatcherOptions struct {
	Every       time.Duration // how often the outbox is looked at, default 500 ms
	Batch       int           // messages taken at a time, default 100
	Workers     int           // deliveries at the same time, default 8
	Timeout     time.Duration // of one delivery, default 2 s; Postgres ends a transaction that idles for 3 s
	Lease       time.Duration // after which the messages of a dispatcher that died come back, default 1 minute
	MaxAttempts int32         // then the message is given up, default 10
	FirstWait   time.Duration // before the second attempt; doubles from then on, default 2 s
	LastWait    time.Duration // the longest wait between two attempts, default 10 minutes
}

func (o DispatcherOptions) withDefaults() DispatcherOptions {
	o.Every = orDefault(o.Every, 500*time.Millisecond)
	o.Batch = orDefault(o.Batch, 100)
	o.Workers = orDefault(o.Workers, 8)
	o.Timeout = orDefault(o.Timeout, 2*time.Second)
	o.Lease = orDefault(o.Lease, time.Minute)
	o.MaxAttempts = orDefault(o.MaxAttempts, 10)
	o.FirstWait = orDefault(o.FirstWait, 2*time.Second)
	o.LastWait = orDefault(o.LastWait, 10*time.Minute)
	return o
}

// Dispatcher delivers the outbox. Any number of them may run, in one program or many: they share the work.
type Dispatcher struct {
	store    *store.Store
	channels map[string]Channel
	log      *slog.Logger
	opts     DispatcherOptions
	seldom   rate.Sometimes
}

// NewDispatcher makes a Dispatcher that knows the given channels. A message for any other channel is given up at once. The error
// names a channel that was given twice.
func NewDispatcher(st *store.Store, log *slog.Logger, opts DispatcherOptions, channels ...Channel) (*Dispatcher, error) {
	d := &Dispatcher{
		store: st, channels: make(map[string]Channel, len(channels)), log: log, opts: opts.withDefaults(),
		seldom: rate.Sometimes{First: 1, Interval: 10 * time.Second},
	}
	for _, c := range channels {
		if _, twice := d.channels[c.Name()]; twice {
			return nil, fmt.Errorf("channel %q is given twice: give each channel a name of its own", c.Name())
		}
		d.channels[c.Name()] = c
	}
	return d, nil
}

// Run delivers until ctx ends. Deliveries that have begun by then are finished; messages taken and not begun come back when their
// lease ends.
func (d *Dispatcher) Run(ctx context.Context) {
	for ctx.Err() == nil {
		taken, err := d.Deliver(ctx)
		if err != nil && ctx.Err() == nil {
			d.seldom.Do(func() { d.log.WarnContext(ctx, "outbox not read, trying again", "error", err) })
		}
		if taken < d.opts.Batch {
			pause(ctx, d.opts.Every)
		}
	}
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Deliver takes one batch of messages that are due, tries each once, and answers how many it took.
func (d *Dispatcher) Deliver(ctx context.Context) (int, error) {
	messages, err := d.store.ClaimMessages(ctx, d.opts.Batch, d.opts.Lease)
	if err != nil {
		return 0, fmt.Errorf("claim messages: %w", err)
	}
	byChannel := make(map[string][]store.Message)
	for _, m := range messages {
		if m.Attempts > d.opts.MaxAttempts {
			d.bury(ctx, m, fmt.Sprintf("%d attempts ended with neither success nor error", d.opts.MaxAttempts))
			continue
		}
		byChannel[m.Channel] = append(byChannel[m.Channel], m)
	}
	for name, list := range byChannel {
		d.deliverChannel(ctx, name, list)
	}
	return len(messages), nil
}

func (d *Dispatcher) deliverChannel(ctx context.Context, name string, messages []store.Message) {
	channel, known := d.channels[name]
	if !known {
		reason := fmt.Sprintf("no channel is called %q: use one of %s", name, strings.Join(slices.Sorted(maps.Keys(d.channels)), ", "))
		for _, m := range messages {
			d.bury(ctx, m, reason)
		}
		return
	}
	if bulk, ok := channel.(bulkChannel); ok && d.deliverBulk(ctx, bulk, messages) == nil {
		return
	}
	var group errgroup.Group
	group.SetLimit(d.opts.Workers)
	for _, m := range messages {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			d.deliverOne(ctx, channel, m)
			return nil
		})
	}
	_ = group.Wait() // deliverOne records its own errors
}

const sqlMarkSent = `UPDATE outbox SET sent_at = clock_timestamp(), args = '{}', last_error = NULL
WHERE id = ANY ($1::bigint[]) AND sent_at IS NULL AND dead_at IS NULL RETURNING id`

// deliverBulk delivers what nobody has delivered meanwhile, in one transaction. After an error nothing has happened and the
// messages are to be tried one by one.
func (d *Dispatcher) deliverBulk(ctx context.Context, channel bulkChannel, messages []store.Message) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.opts.Timeout)
	defer cancel()
	ids := make([]int64, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	return d.store.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sqlMarkSent, ids)
		if err != nil {
			return err
		}
		fresh, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		list := slices.DeleteFunc(slices.Clone(messages), func(m store.Message) bool { return !slices.Contains(fresh, m.ID) })
		return channel.deliverAll(ctx, tx, list)
	})
}

// deliverOne marks a message and delivers it in one transaction, whose row lock keeps other dispatchers away meanwhile.
func (d *Dispatcher) deliverOne(ctx context.Context, channel Channel, m store.Message) {
	ctx = context.WithoutCancel(ctx)
	attempt, cancel := context.WithTimeout(ctx, d.opts.Timeout)
	defer cancel()
	err := d.store.InTx(attempt, func(ctx context.Context, tx pgx.Tx) error {
		fresh, err := store.MessageSent(ctx, tx, m.ID)
		if err != nil || !fresh {
			return err
		}
		return deliverSafely(ctx, channel, tx, m)
	})
	if err != nil {
		d.failed(ctx, m, err)
	}
}

// deliverSafely turns a panic of a channel into an error.
func deliverSafely(ctx context.Context, channel Channel, tx pgx.Tx, m store.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("channel %q panicked: %v", channel.Name(), p)
		}
	}()
	return channel.Deliver(ctx, tx, m)
}

// maxReason keeps what is stored of an error short, in bytes.
const maxReason = 500

func (d *Dispatcher) failed(ctx context.Context, m store.Message, cause error) {
	reason := cause.Error()
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	if errors.Is(cause, ErrUndeliverable) || m.Attempts >= d.opts.MaxAttempts {
		d.bury(ctx, m, reason)
		return
	}
	if err := d.store.MessageFailed(ctx, m.ID, reason, d.waitAfter(m.Attempts)); err != nil && !errors.Is(err, store.ErrNotFound) {
		d.log.WarnContext(ctx, "failed delivery not recorded, the message comes back when its lease ends", "message", m.ID, "error", err)
	}
}

// waitAfter doubles with every attempt, up to the longest wait, and takes a random half of it off: what failed together is not
// tried together.
func (d *Dispatcher) waitAfter(attempts int32) time.Duration {
	full := d.opts.FirstWait
	for range attempts - 1 {
		if full *= 2; full >= d.opts.LastWait {
			full = d.opts.LastWait
			break
		}
	}
	return full/2 + rand.N(full/2+1)
}

func (d *Dispatcher) bury(ctx context.Context, m store.Message, reason string) {
	d.log.ErrorContext(ctx, "message given up", "message", m.ID, "process", m.ProcessID, "channel", m.Channel, "attempts", m.Attempts, "reason", reason)
	if err := d.store.MessageDead(ctx, m.ID, reason); err != nil && !errors.Is(err, store.ErrNotFound) {
		d.log.WarnContext(ctx, "dead message not recorded, it comes back when its lease ends", "message", m.ID, "error", err)
	}
}
