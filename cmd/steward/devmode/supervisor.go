package devmode

import (
	"context"
	"errors"
	"sync"
	"time"
)

// server is a child process that serves until it is stopped or dies.
type server interface {
	Done() <-chan struct{}
	Err() error
	Stop(ctx context.Context) error
}

// The pause before a dead server is started again: it doubles from shortest to longest, and is shortest again once the server
// has run for calm.
const (
	shortestPause = 200 * time.Millisecond
	longestPause  = 10 * time.Second
	calm          = 30 * time.Second
)

// stopPatience bounds the stop of one server; each knows better long before.
const stopPatience = 40 * time.Second

// supervisor starts a server again whenever it ends by itself.
type supervisor struct {
	name  string
	start func(ctx context.Context) (server, error)
	say   func(format string, args ...any)

	current server
	cancel  context.CancelFunc
	ended   sync.WaitGroup
}

// begin starts the server for the first time and watches it from then on. ctx bounds only the start.
func (s *supervisor) begin(ctx context.Context) error {
	first, err := s.start(ctx)
	if err != nil {
		return err
	}
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.current, s.cancel = first, cancel
	s.ended.Go(func() { s.watch(watch) })
	return nil
}

// stop ends the watch and then the server. Before begin it does nothing.
func (s *supervisor) stop() error {
	if s.cancel == nil {
		return nil
	}
	s.cancel()
	s.ended.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	return s.current.Stop(ctx)
}

func (s *supervisor) watch(ctx context.Context) {
	pause := shortestPause
	for {
		began := time.Now()
		select {
		case <-ctx.Done():
			return
		case <-s.current.Done():
		}
		if time.Since(began) > calm {
			pause = shortestPause
		}
		s.say("%s has ended unexpectedly; starting it again.", s.name)
		if pause = s.revive(ctx, pause); ctx.Err() == nil {
			s.say("%s runs again.", s.name)
		}
	}
}

// revive starts the server again, as often as it takes, and answers the pause to begin with next time.
func (s *supervisor) revive(ctx context.Context, pause time.Duration) time.Duration {
	said := ""
	for sleep(ctx, pause) {
		pause = min(2*pause, longestPause)
		again, err := s.start(ctx)
		if err == nil {
			s.current = again
			return pause
		}
		if text := err.Error(); text != said && !errors.Is(err, context.Canceled) {
			said = text
			s.say("%s does not start: %s", s.name, text)
		}
	}
	return pause
}

// sleep waits for d and reports whether ctx lasted so long.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
