package advance

import "github.com/jackc/pgx/v5"

// savepoint makes sure that what the event at hand writes can be undone by itself. The savepoint of an earlier event goes first:
// savepoints of one name nest, and each costs Postgres a subtransaction.
func (t *transaction) savepoint() error {
	if t.touched {
		return nil
	}
	b := &pgx.Batch{}
	if t.saved {
		b.Queue("RELEASE SAVEPOINT event")
	}
	b.Queue("SAVEPOINT event")
	if err := t.conn.SendBatch(t.ctx, b).Close(); err != nil {
		return err
	}
	t.saved, t.touched = true, true
	return nil
}

// undo takes back what a refused or faulty event wrote.
func (t *transaction) undo() error {
	touched := t.touched
	t.forget()
	if !touched {
		return nil
	}
	_, err := t.conn.Exec(t.ctx, "ROLLBACK TO SAVEPOINT event")
	return err
}

// forget ends an event: what it wrote stays.
func (t *transaction) forget() {
	t.touched, t.claims = false, nil
}
