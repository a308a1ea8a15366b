package advance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store"
	"steward/workflows/engine"
)

// LogRow is one row of the decision log.
type LogRow struct {
	Seq     int64
	EventID string
	Event   string
	Changes string
	At      time.Time
	Hash    []byte
	Digest  []byte
}

// readLog reads the whole log of a process, oldest first.
func readLog(ctx context.Context, db store.DBTX, process uuid.UUID) ([]LogRow, error) {
	rows, err := db.Query(ctx, `SELECT seq, event_id, event, changes, at, chain_hash, state_digest FROM decision_log WHERE process_id = $1 ORDER BY seq`, process)
	if err != nil {
		return nil, store.Classify(err)
	}
	log, err := pgx.CollectRows(rows, pgx.RowToStructByPos[LogRow])
	return log, store.Classify(err)
}

// Replay folds the log of a process, checking that the sequence has no gap, that every link of the hash chain holds and that
// the state after each row is the one that was digested then. It answers the state and the last hash.
func Replay(log []LogRow) (*engine.State, []byte, error) {
	st, head := &engine.State{}, []byte{}
	for i, row := range log {
		if row.Seq != int64(i)+1 {
			return nil, nil, fmt.Errorf("sequence %d is missing", i+1)
		}
		head = ChainHash(head, row.Seq, []byte(row.Event), []byte(row.Changes))
		if !bytes.Equal(head, row.Hash) {
			return nil, nil, fmt.Errorf("sequence %d: the row was changed after it was written", row.Seq)
		}
		changes, err := engine.DecodeChanges([]byte(row.Changes))
		if err != nil {
			return nil, nil, fmt.Errorf("sequence %d: %w", row.Seq, err)
		}
		st = engine.Fold(st, changes...)
		text, err := json.Marshal(st)
		if err != nil {
			return nil, nil, fmt.Errorf("sequence %d: %w", row.Seq, err)
		}
		if sum := sha256.Sum256(text); !bytes.Equal(sum[:], row.Digest) {
			return nil, nil, fmt.Errorf("sequence %d: the changes do not lead to the state that was digested", row.Seq)
		}
	}
	return st, head, nil
}

// Verify checks the log of a process against itself and against the process's row.
func (a *Advancer) Verify(ctx context.Context, process uuid.UUID) error {
	return a.store.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var seq int64
		var head []byte
		var state string
		err := tx.QueryRow(ctx, `SELECT seq, head_hash, state FROM processes WHERE id = $1 FOR SHARE`, process).Scan(&seq, &head, &state)
		if err != nil {
			return err
		}
		log, err := readLog(ctx, tx, process)
		if err != nil {
			return err
		}
		st, last, err := Replay(log)
		switch {
		case err != nil:
			return fmt.Errorf("process %s: %w", process, err)
		case int64(len(log)) != seq || !bytes.Equal(last, head):
			return fmt.Errorf("process %s: its log ends at %d, its row says %d: rows were taken away", process, len(log), seq)
		case seq > 0 && encode(st) != state:
			return fmt.Errorf("process %s: its state is not the fold of its log", process)
		}
		return nil
	})
}

const sqlRebuildBooking = `INSERT INTO reservations (id, resource_id, process_id, node, during, hold, title)
VALUES ($1, $2, $3, $4, tstzrange($5, $6), $7, $8)`

const sqlParked = `SELECT event_id FROM incidents WHERE process_id = $1 AND resolved_at IS NULL`

// Rebuild writes the projections of a process anew from its log: tasks, candidates, bookings and its earliest deadline. It
// sends nothing, starts nothing and records nothing in registers.
func (a *Advancer) Rebuild(ctx context.Context, process uuid.UUID) error {
	return a.store.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		t := &transaction{Advancer: a, ctx: ctx, job: job{process: process}, parked: make(map[string]bool)}
		err := tx.QueryRow(ctx, `SELECT definition_id, version, starter, started_at FROM processes WHERE id = $1 FOR UPDATE`, process).
			Scan(&t.row.ref.ID, &t.row.ref.Version, &t.row.starter, &t.row.created)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, sqlParked, process)
		if err != nil {
			return err
		}
		events, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, e := range events {
			t.parked[e] = true
		}
		log, err := readLog(ctx, tx, process)
		if err != nil {
			return err
		}
		b := &t.write.batch
		b.Queue(`DELETE FROM task_candidates WHERE process_id = $1`, process)
		b.Queue(`DELETE FROM tasks WHERE process_id = $1`, process)
		b.Queue(`DELETE FROM reservations WHERE process_id = $1`, process)
		if err := t.reproject(log); err != nil {
			return err
		}
		b.Queue(`UPDATE processes SET next_at = $2 WHERE id = $1`, process, t.row.state.NextDeadline(t.isParked))
		return tx.SendBatch(ctx, b).Close()
	})
}

// reproject queues the projections of every row of a log. Bookings are written as they are in the end: while they were longer,
// others may have had no claim to the time that they have now.
func (t *transaction) reproject(log []LogRow) error {
	t.row.state = &engine.State{}
	var held bookings
	for _, row := range log {
		changes, err := engine.DecodeChanges([]byte(row.Changes))
		if err != nil {
			return fmt.Errorf("sequence %d: %w", row.Seq, err)
		}
		t.row.state = engine.Fold(t.row.state, changes...)
		for _, c := range changes {
			t.projectTask(c)
			held.apply(c, encode(t.row.state.Title))
		}
	}
	for _, b := range held {
		t.write.batch.Queue(sqlRebuildBooking, b.ID, b.Resource, t.job.process, b.Node, b.From, b.To, b.Hold, b.title)
	}
	return nil
}

// bookings are what a process has booked, with the past of what it gave back.
type bookings []booked

type booked struct {
	engine.Booking
	title string
}

// apply does to the list what projectOther does to the table.
func (l *bookings) apply(c engine.Change, title string) {
	of := func(id string) int { return slices.IndexFunc(*l, func(b booked) bool { return b.ID == id }) }
	switch c := c.(type) {
	case *engine.Booked:
		if i := of(c.Booking.ID); i >= 0 {
			*l = slices.Delete(*l, i, i+1)
		}
		*l = append(*l, booked{c.Booking, title})
	case *engine.BookingConfirmed:
		if i := of(c.ID); i >= 0 {
			(*l)[i].Hold = false
		}
	case *engine.BookingEnded:
		i := of(c.ID)
		switch {
		case i < 0:
		case (*l)[i].Hold || !(*l)[i].From.Before(c.At):
			*l = slices.Delete(*l, i, i+1)
		case c.At.Before((*l)[i].To):
			(*l)[i].To = c.At
		}
	}
}
