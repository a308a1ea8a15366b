package bench

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/people"
	"steward/internal/store"
	"steward/workflows/engine"
)

// sustainedQueue is how many messages may wait for Temporal where it has to keep up.
const sustainedQueue = 200

// House is one Steward under load: the whole product in this program, on a database and a task queue of its own. Each
// client has two people: an asker who starts processes, and the asker's leader who approves.
type House struct {
	*app.App
	Queue   string
	clients int
}

func asker(client int) string  { return fmt.Sprintf("asker-%d", client) }
func leader(client int) string { return fmt.Sprintf("leader-%d", client) }

// HouseOptions say what to start. All but NoWorker and Queue are required.
type HouseOptions struct {
	DatabaseURL string
	Temporal    string
	Mode        advance.Mode
	Clients     int
	NoWorker    bool // somebody else works on the house's queue
	Queue       int  // of messages to Temporal; 0 means the product's default
	Log         *slog.Logger
}

// StartHouse starts a Steward with people for so many clients, and publishes the definitions that are measured.
func StartHouse(ctx context.Context, o HouseOptions) (h *House, err error) {
	if _, err := store.Migrate(ctx, o.DatabaseURL); err != nil {
		return nil, fmt.Errorf("house: %w", err)
	}
	h = &House{Queue: "bench-" + uuid.NewString(), clients: o.Clients}
	config := app.Config{
		DatabaseURL: o.DatabaseURL, TemporalAddress: o.Temporal, TaskQueue: h.Queue, Listen: "127.0.0.1:0", Worker: !o.NoWorker, Decide: o.Mode, Log: o.Log,
	}
	config.Nudges.Queue = o.Queue
	const unlimited = 1e9
	config.API.PersonRate, config.API.PersonBurst = unlimited, unlimited
	config.API.AddressRate, config.API.AddressBurst = unlimited, unlimited
	config.People.Lockout.Address = people.Allowance{Free: unlimited, Decay: time.Second}
	if h.App, err = app.Start(ctx, config); err != nil {
		return nil, fmt.Errorf("house: %w", err)
	}
	if err := h.furnish(ctx); err != nil {
		h.Stop()
		return nil, fmt.Errorf("house: %w", err)
	}
	return h, nil
}

func (h *House) furnish(ctx context.Context) error {
	for client := range h.clients {
		if err := h.settleIn(ctx, leader(client), ""); err != nil {
			return err
		}
		if err := h.settleIn(ctx, asker(client), leader(client)); err != nil {
			return err
		}
	}
	// One hash serves all: hashing is not what is measured.
	if err := h.People.SetPassword(ctx, asker(0), people.DemoPassword, ""); err != nil {
		return err
	}
	_, err := h.Store.Pool().Exec(ctx, "UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE id = $1)", asker(0))
	if err != nil {
		return err
	}
	for _, source := range []string{approvalSource, timerSource} {
		if err := h.publish(ctx, source); err != nil {
			return err
		}
	}
	return nil
}

func (h *House) settleIn(ctx context.Context, id, leader string) error {
	_, err := h.People.PutUser(ctx, people.Person{
		ID: id, Name: id, NameEn: id, Email: id + "@example.com", Department: "office", LeaderID: leader, Active: true, Locale: "en",
	})
	return err
}

func (h *House) publish(ctx context.Context, source string) error {
	_, err := h.Publish(ctx, bundle(source), "bench")
	return err
}

// Course takes one process from start to end by direct calls.
func (h *House) Course(ctx context.Context, client int) ([]time.Duration, error) {
	_, steps, err := h.walk(ctx, client)
	return steps, err
}

func (h *House) walk(ctx context.Context, client int) (uuid.UUID, []time.Duration, error) {
	id, err := h.begin(ctx, asker(client), approvalProcess, map[string]any{"days": 2})
	if err != nil {
		return id, nil, err
	}
	w := watch()
	for _, step := range []struct{ user, outcome string }{{asker(client), "done"}, {leader(client), "approved"}} {
		task, err := h.openTask(ctx, id)
		if err != nil {
			return id, nil, err
		}
		w.restart()
		if err := h.complete(ctx, id, task, step.user, step.outcome); err != nil {
			return id, nil, err
		}
		w.lap()
	}
	return id, w.steps, nil
}

// begin starts a process.
func (h *House) begin(ctx context.Context, user, definition string, input map[string]any) (uuid.UUID, error) {
	res, err := h.Service.Start(ctx, advance.Start{Definition: definition, Input: input, Actor: user, Key: uuid.NewString()})
	if err != nil {
		return res.Process, fmt.Errorf("start %s: %w", definition, err)
	}
	return res.Process, applied(res)
}

// openTask answers the one open task of a process, as the read model has it.
func (h *House) openTask(ctx context.Context, process uuid.UUID) (uuid.UUID, error) {
	tasks, err := h.Store.ProcessTasks(ctx, process, 1000)
	if err != nil {
		return uuid.Nil, err
	}
	for _, t := range tasks {
		if t.Status == "open" {
			return t.ID, nil
		}
	}
	return uuid.Nil, fmt.Errorf("process %s has no open task: a receipt came before its effects", process)
}

func (h *House) complete(ctx context.Context, process, task uuid.UUID, user, outcome string) error {
	res, err := h.Service.Submit(ctx, advance.Command{
		Process: process, Type: engine.EventComplete, Actor: user, Key: uuid.NewString(),
		Payload: engine.TaskData{Task: task.String(), Outcome: outcome},
	})
	if err != nil {
		return fmt.Errorf("complete task %s: %w", task, err)
	}
	return applied(res)
}

func applied(res advance.Result) error {
	if res.Receipt.Status != "applied" {
		return fmt.Errorf("process %s refused: %s %s", res.Process, res.Receipt.Code, res.Receipt.Message.En)
	}
	return nil
}

// ended reports whether every process has ended.
func (h *House) ended(ctx context.Context) (bool, error) {
	var open bool
	err := h.Store.Pool().QueryRow(ctx, `SELECT EXISTS (SELECT FROM processes WHERE status <> 'ended')`).Scan(&open)
	return !open, err
}

// settled reports whether nothing is owed any more: every command decided, every process known to Temporal as it is, and
// every ended process's workflow closed.
func (h *House) settled(ctx context.Context) (bool, error) {
	var owed bool
	err := h.Store.Pool().QueryRow(ctx, `SELECT EXISTS (SELECT FROM commands WHERE settled_at IS NULL)
 OR EXISTS (SELECT FROM processes WHERE unsettled_since IS NOT NULL)`).Scan(&owed)
	if err != nil || owed {
		return false, err
	}
	running, err := h.running(ctx)
	if err != nil {
		return false, err
	}
	var open int64
	err = h.Store.Pool().QueryRow(ctx, `SELECT count(*) FROM processes WHERE status <> 'ended'`).Scan(&open)
	return running == open, err
}
