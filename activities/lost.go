package activities

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store"
)

// place is a position in a list ordered by time and id.
type place struct {
	at time.Time
	id uuid.UUID
}

// lost is a process for which something has stayed unsettled too long.
type lost struct {
	place
	process uuid.UUID
	ended   bool
	seq     int64
}

// sqlLostCommands leaves out what waits for an operator, by itself or with the start of its process. A command that was held back is
// due the moment its undo window ends: nobody has been told of it before.
const sqlLostCommands = `SELECT c.id, c.process_id, c.received_at FROM commands c
WHERE c.settled_at IS NULL AND c.received_at < $1
 AND CASE WHEN c.hold_until IS NULL THEN c.received_at < $2 ELSE c.hold_until < $1 END
 AND (c.received_at, c.id) > ($3, $4)
 AND NOT EXISTS (SELECT FROM incidents i WHERE i.process_id = c.process_id AND i.resolved_at IS NULL AND (i.event_id = 'cmd/' || c.id
  OR i.event_id LIKE 'cmd/%' AND EXISTS (SELECT FROM processes p WHERE p.id = c.process_id AND p.status = 'starting')))
ORDER BY c.received_at, c.id LIMIT $5`

func lostCommands(ctx context.Context, st *store.Store, now time.Time, age time.Duration, after place, limit int) ([]lost, error) {
	rows, err := st.Lists().Query(ctx, sqlLostCommands, now, now.Add(-age), after.at, after.id, limit)
	if err != nil {
		return nil, store.Classify(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l lost, err error) {
		return l, row.Scan(&l.id, &l.process, &l.at)
	})
	return list, store.Classify(err)
}

// hasWorkflow leaves out processes whose workflow was closed from outside: only an operator can give them a new one.
const hasWorkflow = ` AND NOT EXISTS (SELECT FROM incidents i
WHERE i.process_id = p.id AND i.kind = '` + store.IncidentWorkflowClosed + `' AND i.resolved_at IS NULL)`

// sqlLostProcesses finds processes that have been waiting to be settled with Temporal.
const sqlLostProcesses = `SELECT p.id, p.unsettled_since, p.status = 'ended', p.seq FROM processes p
WHERE p.unsettled_since < $1 AND (p.unsettled_since, p.id) > ($2, $3)
` + hasWorkflow + `
ORDER BY p.unsettled_since, p.id LIMIT $4`

// sqlOverdueProcesses finds deadlines whose timer never fired. Those that wait for an operator are not in next_at.
const sqlOverdueProcesses = `SELECT p.id, p.next_at, false, p.seq FROM processes p
WHERE p.status <> 'ended' AND p.next_at < $1 AND (p.next_at, p.id) > ($2, $3)
` + hasWorkflow + `
ORDER BY p.next_at, p.id LIMIT $4`

// lostProcesses reads a page of one of the two statements above: what is older than before.
func lostProcesses(ctx context.Context, st *store.Store, sql string, before time.Time, after place, limit int) ([]lost, error) {
	rows, err := st.Lists().Query(ctx, sql, before, after.at, after.id, limit)
	if err != nil {
		return nil, store.Classify(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l lost, err error) {
		err = row.Scan(&l.id, &l.at, &l.ended, &l.seq)
		l.process = l.id
		return l, err
	})
	return list, store.Classify(err)
}

// patience says when a process may be served again. While workers are down, every nudge that is repeated adds an event to the history
// of a workflow that cannot read it: so the pauses double with each that Temporal took.
type patience struct {
	first   time.Duration
	longest time.Duration

	mu    sync.Mutex
	now   time.Time // of the sweep
	known map[uuid.UUID]repetition
}

type repetition struct {
	seen  time.Time // the last sweep that met the process
	tried time.Time // the last sweep that tried to serve it
	next  time.Time // when it may be served again
	wait  time.Duration
}

func (p *patience) begin(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = make(map[uuid.UUID]repetition)
	}
	p.now = now
}

// allows reports whether the process is to be served in this sweep, at its first mention.
func (p *patience) allows(process uuid.UUID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, met := p.known[process]
	r.seen = p.now
	allowed := !met || !p.now.Equal(r.tried) && !p.now.Before(r.next)
	if allowed {
		r.tried = p.now
	}
	p.known[process] = r
	return allowed
}

// spend notes that a process was served.
func (p *patience) spend(process uuid.UUID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.known[process]
	if r.wait *= 2; r.wait == 0 {
		r.wait = p.first
	}
	r.wait = min(r.wait, p.longest)
	r.next = p.now.Add(r.wait)
	p.known[process] = r
}

// putOff notes that serving a process came to nothing: it is tried again after the first pause, however often it fails.
func (p *patience) putOff(process uuid.UUID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.known[process]
	r.next = p.now.Add(p.first)
	p.known[process] = r
}

// spent reports whether a process was served before.
func (p *patience) spent(process uuid.UUID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[process].wait > 0
}

// forget drops the processes that this sweep did not meet: they are settled.
func (p *patience) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for process, r := range p.known {
		if !r.seen.Equal(p.now) {
			delete(p.known, process)
		}
	}
}
