package activities

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/store"
)

// leaderTimeout bounds every statement on a leader's connection.
const leaderTimeout = 2 * time.Second

// leader keeps a service running once per installation, however many programs offer it. The session that holds a Postgres
// advisory lock is the one that works; when its connection is lost the lock is free and another takes over. A leader that has not
// noticed yet may work beside the new one for as long as its connection goes unchecked, so what it does must bear repetition.
// The connection goes to Postgres itself or through a pool in session mode: a transaction pool gives locks away.
type leader struct {
	store *store.Store
	key   int64         // of the advisory lock
	name  string        // of the connection in pg_stat_activity
	every time.Duration // between two attempts to lead, and between two checks of the connection
	log   *slog.Logger
}

// run calls work whenever this program leads, with a context that ends when it no longer does, until ctx ends.
func (l *leader) run(ctx context.Context, work func(context.Context)) {
	for ctx.Err() == nil {
		if err := l.campaign(ctx, work); err != nil && ctx.Err() == nil {
			l.log.WarnContext(ctx, "not leading, trying again", "service", l.name, "error", err)
		}
		pause(ctx, l.every)
	}
}

// campaign waits for the lock on one connection and leads until the connection is lost.
func (l *leader) campaign(ctx context.Context, work func(context.Context)) error {
	conn, err := l.connect(ctx)
	if err != nil {
		return err
	}
	defer closeConn(conn) //nolint:contextcheck // it must work after ctx has ended
	for ctx.Err() == nil {
		locked, err := l.tryLock(ctx, conn)
		if err != nil {
			return err
		}
		if locked {
			return l.lead(ctx, conn, work)
		}
		pause(ctx, l.every)
	}
	return nil
}

func (l *leader) connect(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, leaderTimeout)
	defer cancel()
	config := l.store.Pool().Config().ConnConfig.Copy()
	config.RuntimeParams["application_name"] = l.name
	conn, err := pgx.ConnectConfig(ctx, config)
	return conn, store.Classify(err)
}

func (l *leader) tryLock(ctx context.Context, conn *pgx.Conn) (locked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, leaderTimeout)
	defer cancel()
	err = conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", l.key).Scan(&locked)
	return locked, store.Classify(err)
}

// lead works and watches the connection; it returns when either has ended.
func (l *leader) lead(ctx context.Context, conn *pgx.Conn, work func(context.Context)) error {
	l.log.InfoContext(ctx, "leading", "service", l.name)
	leading, resign := context.WithCancel(ctx)
	var worker sync.WaitGroup
	worker.Go(func() {
		defer resign()
		work(leading)
	})
	defer worker.Wait()
	defer resign()
	for {
		pause(leading, l.every)
		if leading.Err() != nil {
			return nil
		}
		if err := ping(leading, conn); err != nil && leading.Err() == nil {
			return err
		}
	}
}

func ping(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, leaderTimeout)
	defer cancel()
	return store.Classify(conn.Ping(ctx))
}

func closeConn(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // the connection is given up either way
}
