package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store"
)

// Channel is one way to deliver a message to a person.
type Channel interface {
	// Name is what outbox.channel calls it.
	Name() string
	// Deliver delivers one message before ctx ends. tx is the transaction that marks the message as sent: what is written there
	// happens exactly once. A channel to the outside delivers at least once, and gives the message's id along so that the
	// receiver can tell a duplicate. An error means that the message was not delivered; wrap ErrUndeliverable when trying again
	// makes no sense.
	Deliver(ctx context.Context, tx pgx.Tx, m store.Message) error
}

// ErrUndeliverable says that a message cannot be delivered however often it is tried.
var ErrUndeliverable = errors.New("the message cannot be delivered")

// bulkChannel delivers many messages with one statement, all or none.
type bulkChannel interface {
	Channel
	deliverAll(ctx context.Context, tx pgx.Tx, messages []store.Message) error
}

// InApp delivers to the page's bell: a row of notifications. It does so exactly once.
type InApp struct{}

// Name is "in-app".
func (InApp) Name() string { return "in-app" }

// Deliver inserts the notification; one of the same message that exists already is left alone.
func (c InApp) Deliver(ctx context.Context, tx pgx.Tx, m store.Message) error {
	return c.deliverAll(ctx, tx, []store.Message{m})
}

const sqlNotifications = `INSERT INTO notifications (user_id, outbox_id, kind, args, process_id, task_id)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::uuid[], $6::uuid[]) ON CONFLICT (outbox_id) DO NOTHING`

func (InApp) deliverAll(ctx context.Context, tx pgx.Tx, messages []store.Message) error {
	n := len(messages)
	users, kinds, args := make([]string, n), make([]string, n), make([]string, n)
	ids, processes, tasks := make([]int64, n), make([]uuid.UUID, n), make([]*uuid.UUID, n)
	for i, m := range messages {
		task, err := taskOf(m)
		if err != nil {
			return err
		}
		users[i], kinds[i], args[i], ids[i], processes[i], tasks[i] = m.Recipient, m.Template, m.Args, m.ID, m.ProcessID, task
	}
	_, err := tx.Exec(ctx, sqlNotifications, users, ids, kinds, args, processes, tasks)
	return store.Classify(err)
}

// taskOf answers the task that a message is about, nil when it is about the process.
func taskOf(m store.Message) (*uuid.UUID, error) {
	var args struct {
		Task string `json:"task"`
	}
	if err := json.Unmarshal([]byte(m.Args), &args); err != nil {
		return nil, fmt.Errorf("%w: args of message %d are not a JSON object: %w", ErrUndeliverable, m.ID, err)
	}
	if args.Task == "" {
		return nil, nil
	}
	task, err := uuid.Parse(args.Task)
	if err != nil {
		return nil, fmt.Errorf("%w: args.task of message %d is not a task id: %w", ErrUndeliverable, m.ID, err)
	}
	return &task, nil
}

// Log delivers to the program's log: for development, and for installations that forward their logs. It writes ids only; of the
// person nothing but the id.
type Log struct {
	Logger *slog.Logger
}

// Name is "log".
func (Log) Name() string { return "log" }

// Deliver writes one line.
func (c Log) Deliver(ctx context.Context, _ pgx.Tx, m store.Message) error {
	c.Logger.InfoContext(ctx, "message", "message", m.ID, "process", m.ProcessID, "seq", m.Seq, "template", m.Template, "recipient", m.Recipient)
	return nil
}
