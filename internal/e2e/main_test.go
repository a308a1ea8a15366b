package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/store"
)

// roleVariable makes this test binary run one program of an installation instead of tests, so that it can be killed.
const roleVariable = "STEWARD_E2E_ROLE"

// role is what such a program does.
type role struct {
	DatabaseURL string            `json:"database_url"`
	Temporal    string            `json:"temporal"`
	TaskQueue   string            `json:"task_queue"`
	Listen      string            `json:"listen"`
	Worker      bool              `json:"worker"`
	Decide      advance.Mode      `json:"decide"`
	Point       advance.FailPoint `json:"point"`     // where it comes to harm
	Nth         int64             `json:"nth"`       // at which occurrence
	Harm        string            `json:"harm"`      // kill | stop | stall
	Unhurried   bool              `json:"unhurried"` // it pauses as long as in production
	Quiet       bool              `json:"quiet"`     // its database goes away: what it says about that is no news
}

func TestMain(m *testing.M) {
	if text := os.Getenv(roleVariable); text != "" {
		if err := play(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// play runs a program until it is told to stop, or comes to harm.
func play(text string) error {
	var r role
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	level := slog.LevelError
	if r.Quiet {
		level++
	}
	cfg := app.Config{
		DatabaseURL: r.DatabaseURL, TemporalAddress: r.Temporal, TaskQueue: r.TaskQueue, Listen: r.Listen, Worker: r.Worker, Decide: r.Decide,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})), Store: store.Options{MaxConns: 12, ListMaxConns: 4},
		Hook: r.hook(),
	}
	if !r.Unhurried {
		cfg.Intervals = app.Intervals{Dispatch: 100 * time.Millisecond, Sweep: 500 * time.Millisecond, Settle: 2 * time.Second}
	}
	cfg.API.PersonRate, cfg.API.PersonBurst, cfg.API.AddressRate, cfg.API.AddressBurst = 1e6, 1e6, 1e6, 1e6
	a, err := app.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer a.Stop()
	fmt.Println("up")
	<-ctx.Done()
	return nil
}

// hook comes to harm at the chosen point.
func (r role) hook() func(advance.FailPoint, uuid.UUID) {
	var seen atomic.Int64
	return func(p advance.FailPoint, _ uuid.UUID) {
		if p != r.Point || seen.Add(1) != r.Nth {
			return
		}
		switch r.Harm {
		case "kill":
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		case "stop": // blackholed: it neither answers nor lets go
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		case "stall": // longer than the activity's timeout, shorter than Postgres's patience
			time.Sleep(2400 * time.Millisecond)
		}
	}
}
