package advance

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store"
	"steward/workflows/engine"
)

// storeCommand stores a command, and the process that it starts, in one transaction. fresh is false when the key was used
// before.
func (a *Advancer) storeCommand(ctx context.Context, c *newCommand, p *newProcess) (fresh bool, err error) {
	if p == nil {
		return insertCommand(ctx, a.store.Pool(), sqlInsertCommand, c)
	}
	err = a.store.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if fresh, err = insertCommand(ctx, tx, sqlInsertCommand, c); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlInsertProcess, p.args(c)...)
		return err
	})
	return fresh, err
}

// storeCommandSoon stores a command that is safe once it has been decided, or kept. fresh is false when the key was used before.
func (a *Advancer) storeCommandSoon(ctx context.Context, c *newCommand) (fresh bool, err error) {
	return insertCommand(ctx, a.store.Pool(), sqlInsertCommandSoon, c)
}

// sqlFlush writes to Postgres's log and commits, which waits until that and everything before it is on disk. A transaction that has
// written nothing would not wait.
const sqlFlush = `SELECT EXISTS (SELECT FROM commands WHERE id = $1) FROM pg_logical_emit_message(true, 'steward', '')`

// flushPatience bounds the wait, which goes on when the request has given up.
const flushPatience = time.Second

// flush waits until everything committed so far is on disk.
func (a *Advancer) flush(ctx context.Context, command uuid.UUID) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushPatience)
	defer cancel()
	var there bool
	err := a.store.Pool().QueryRow(ctx, sqlFlush, command).Scan(&there)
	if err == nil && !there { // Postgres was away meanwhile, and lost it
		return ErrUnavailable
	}
	return store.Classify(err)
}

func insertCommand(ctx context.Context, db store.DBTX, sql string, c *newCommand) (bool, error) {
	var id uuid.UUID
	err := db.QueryRow(ctx, sql, c.args()...).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, store.Classify(err)
}

// CancelFromTemporal stores the command that a cancellation of the workflow in Temporal stands for, once per process.
func (a *Advancer) CancelFromTemporal(ctx context.Context, process uuid.UUID) error {
	body := encode(engine.CancelData{Reason: "workflow cancelled"})
	sum := sha256.Sum256([]byte(body))
	_, err := insertCommand(ctx, a.store.Pool(), sqlInsertCommand, &newCommand{
		ID: uuid.NewSHA1(process, []byte("temporal/cancel")), ProcessID: process, Actor: "process/temporal", Key: "cancel/" + process.String(),
		BodyDigest: sum[:], Type: engine.EventCancel, Payload: body,
	})
	return err
}
