package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Listener is told what happens on a channel. All functions are called from one goroutine, never at the same time, and must be
// quick: a slow one delays every later notification.
type Listener struct {
	// Connected is called after every (re)connect, when notifications are certain to arrive from now on. What was sent while the
	// connection was away is lost: re-read it here. May be nil.
	Connected func()
	// Lost is called when the connection ended, before the next attempt to connect. May be nil.
	Lost func()
	// Notified is called with the payload of each notification.
	Notified func(payload string)
}

const (
	listenFirstWait = 20 * time.Millisecond
	listenLastWait  = 2 * time.Second
	listenProbe     = 10 * time.Second // silence after which the connection is checked
)

// Listen hears one channel on a connection of its own and connects again, with growing pauses, whenever it is lost. It returns
// only when ctx ends, with nil, or when the database URL cannot be used.
func (s *Store) Listen(ctx context.Context, channel string, listener Listener) error {
	config, err := pgx.ParseConfig(s.url)
	if err != nil {
		return fmt.Errorf("database URL: %w", err)
	}
	config.ConnectTimeout = orDefault(config.ConnectTimeout, 2*time.Second)
	config.RuntimeParams["application_name"] = "steward-listen"
	config.DialFunc = dialer(5 * time.Second).DialContext
	for attempt := 0; ctx.Err() == nil; attempt++ {
		connected, err := listenOnce(ctx, config, channel, listener)
		if listener.Lost != nil {
			listener.Lost()
		}
		if connected {
			attempt = 0
		}
		if ctx.Err() == nil {
			slog.WarnContext(ctx, "notifications interrupted, connecting again", "channel", channel, "error", err)
			pause(ctx, min(backoff(listenFirstWait, attempt), listenLastWait))
		}
	}
	return nil
}

func listenOnce(ctx context.Context, config *pgx.ConnConfig, channel string, listener Listener) (connected bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, err
	}
	defer closeConn(ctx, conn)
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return false, err
	}
	if listener.Connected != nil {
		listener.Connected()
	}
	for {
		notification, err := nextNotification(ctx, conn)
		if err != nil {
			return true, err
		}
		if notification != nil {
			listener.Notified(notification.Payload)
		}
	}
}

// nextNotification waits for one; after a silence it asks the server for a sign of life and returns nil.
func nextNotification(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	wait, cancel := context.WithTimeout(ctx, listenProbe)
	defer cancel()
	notification, err := conn.WaitForNotification(wait)
	if err == nil || ctx.Err() != nil || !errors.Is(wait.Err(), context.DeadlineExceeded) {
		return notification, err
	}
	probe, cancelProbe := context.WithTimeout(ctx, 2*time.Second)
	defer cancelProbe()
	return nil, conn.Ping(probe)
}

// closeConn says goodbye to the server, also when ctx has ended.
func closeConn(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // the connection is given up either way
}
