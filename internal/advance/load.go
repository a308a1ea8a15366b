package advance

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store/storesql"
	"steward/workflows/engine"
)

// newProcess is a processes row to be inserted before anything else.
type newProcess struct {
	ref         engine.Ref
	starter     string
	title       string
	businessKey *string
}

// newCommand is a commands row to be inserted before anything else; fresh says that it was not there before.
type newCommand struct {
	storesql.InsertCommandParams
	fresh bool
}

// processRow is what a transaction needs of a process.
type processRow struct {
	ref     engine.Ref
	starter string
	status  string
	state   *engine.State
	format  int
	seq     int64
	head    []byte
	next    *time.Time
	armed   *time.Time
	created time.Time
	fresh   bool // nothing has been decided yet, so its workflow may not exist
}

// pending is a stored command that is not decided yet.
type pending struct {
	id      uuid.UUID
	actor   string
	kind    string
	payload string
	at      time.Time
	trace   *string // of the request that stored it, in W3C form
}

const sqlInsertProcess = `INSERT INTO processes
(id, definition_id, version, digest, title, business_key, status, starter, state, state_format, started_at, unsettled_since)
VALUES ($1, $2, $3, $4, $5, $6, 'starting', $7, '{}', $8, clock_timestamp(), clock_timestamp())
ON CONFLICT (id) DO NOTHING`

const sqlInsertCommand = `INSERT INTO commands (id, process_id, actor, key, body_digest, type, payload, hold_until, trace)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (actor, key) DO NOTHING
RETURNING id`

const sqlLockProcess = `SELECT definition_id, version, digest, starter, status, state, state_format, seq, head_hash, next_at, armed_at, started_at
FROM processes WHERE id = $1 FOR NO KEY UPDATE`

const sqlPending = `SELECT id, actor, type, payload, greatest(received_at, hold_until), trace
FROM commands c WHERE process_id = $1 AND settled_at IS NULL AND (hold_until IS NULL OR hold_until <= clock_timestamp())
ORDER BY greatest(received_at, hold_until), id LIMIT 101`

const sqlParked = `SELECT event_id FROM incidents WHERE process_id = $1 AND resolved_at IS NULL`

const sqlActors = `SELECT u.id, u.name, u.department, u.roles && '{admin,operator}',
 ARRAY(SELECT 'group:' || group_id FROM memberships WHERE user_id = u.id ORDER BY 1),
 ARRAY(SELECT 'post:' || post_id FROM post_holders WHERE user_id = u.id ORDER BY 1)
FROM users u WHERE u.active AND u.id IN (SELECT actor FROM commands WHERE process_id = $1 AND settled_at IS NULL)`

// begin opens the transaction, stores what the job brings, locks the process and reads all that is waiting: one round trip.
func (t *transaction) begin() ([]pending, map[string]bool, map[string]engine.Person, error) {
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	if p := t.job.create; p != nil {
		b.Queue(sqlInsertProcess, t.job.process, p.ref.ID, p.ref.Version, p.ref.Digest, p.title, p.businessKey, p.starter, engine.StateFormat)
	}
	if c := t.job.insert; c != nil {
		b.Queue(sqlInsertCommand, c.ID, c.ProcessID, c.Actor, c.Key, c.BodyDigest, c.Type, c.Payload, c.HoldUntil, c.Trace)
	}
	b.Queue(sqlLockProcess, t.job.process)
	b.Queue(sqlPending, t.job.process)
	b.Queue(sqlParked, t.job.process)
	b.Queue(sqlActors, t.job.process)
	b.Queue("SELECT clock_timestamp()")
	results := t.conn.SendBatch(t.ctx, b)
	defer func() { _ = results.Close() }()
	return t.read(results)
}

func (t *transaction) read(results pgx.BatchResults) (waiting []pending, parked map[string]bool, people map[string]engine.Person, err error) {
	if _, err = results.Exec(); err != nil { // BEGIN
		return nil, nil, nil, err
	}
	if t.job.create != nil {
		if _, err = results.Exec(); err != nil {
			return nil, nil, nil, err
		}
	}
	if t.job.insert != nil {
		var id uuid.UUID
		err = results.QueryRow().Scan(&id)
		if t.job.insert.fresh = err == nil; err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return nil, nil, nil, err
		}
	}
	if err = t.readProcess(results); err != nil {
		return nil, nil, nil, err
	}
	if waiting, err = readAll(results, func(r pgx.Rows, p *pending) error {
		return r.Scan(&p.id, &p.actor, &p.kind, &p.payload, &p.at, &p.trace)
	}); err != nil {
		return nil, nil, nil, err
	}
	events, err := readAll(results, func(r pgx.Rows, s *string) error { return r.Scan(s) })
	if err != nil {
		return nil, nil, nil, err
	}
	parked = make(map[string]bool, len(events))
	for _, e := range events {
		parked[e] = true
	}
	if people, err = readPeople(results); err != nil {
		return nil, nil, nil, err
	}
	err = results.QueryRow().Scan(&t.now)
	t.now = t.now.UTC()
	return waiting, parked, people, err
}

func readAll[T any](results pgx.BatchResults, scan func(pgx.Rows, *T) error) ([]T, error) {
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

func (t *transaction) readProcess(results pgx.BatchResults) error {
	var state string
	r := &t.row
	err := results.QueryRow().Scan(&r.ref.ID, &r.ref.Version, &r.ref.Digest, &r.starter, &r.status, &state, &r.format, &r.seq, &r.head, &r.next, &r.armed, &r.created)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNoProcess
	case err != nil:
		return err
	case r.format > engine.StateFormat:
		return fmt.Errorf("state format %d: %w", r.format, engine.ErrNewerFormat)
	case r.seq < t.job.wake.SeenSeq:
		return fmt.Errorf("%w: sequence %d, the workflow saw %d", ErrBehind, r.seq, t.job.wake.SeenSeq)
	}
	r.state, r.fresh = &engine.State{}, r.seq == 0
	return json.Unmarshal([]byte(state), r.state)
}

func readPeople(results pgx.BatchResults) (map[string]engine.Person, error) {
	list, err := readAll(results, func(r pgx.Rows, p *engine.Person) error {
		var groups, posts []string
		if err := r.Scan(&p.ID, &p.Name, &p.Department, &p.Operator, &groups, &posts); err != nil {
			return err
		}
		p.Principals = slices.Concat([]string{"user:" + p.ID}, groups, posts)
		return nil
	})
	people := make(map[string]engine.Person, len(list))
	for _, p := range list {
		people[p.ID] = p
	}
	return people, err
}
