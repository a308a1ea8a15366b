package advance

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/workflows/engine"
)

// newProcess is a process that its start brings along.
type newProcess struct {
	ref         engine.Ref
	starter     string
	title       string
	businessKey *string
}

// args are those of sqlInsertProcess.
func (p *newProcess) args(c *newCommand) []any {
	return []any{c.ProcessID, p.ref.ID, p.ref.Version, p.ref.Digest, p.title, p.businessKey, p.starter, engine.StateFormat, c.ID}
}

// row is what a transaction knows of the process before it decides the start.
func (p *newProcess) row() processRow {
	return processRow{
		ref: p.ref, starter: p.starter, status: "starting", state: &engine.State{}, format: engine.StateFormat, head: []byte{}, key: p.businessKey, fresh: true,
	}
}

// newCommand is a command to be stored; fresh says that it was not there before.
type newCommand struct {
	ID         uuid.UUID
	ProcessID  uuid.UUID
	Actor      string
	Key        string // unique per actor
	BodyDigest []byte
	Type       string
	Payload    string
	HoldUntil  *time.Time
	Trace      *string
	fresh      bool
}

// args are those of sqlInsertCommand.
func (c *newCommand) args() []any {
	return []any{c.ID, c.ProcessID, c.Actor, c.Key, c.BodyDigest, c.Type, c.Payload, c.HoldUntil, c.Trace}
}

// argsAt are those of sqlInsertKnown: receipt is nil when the command is not decided yet.
func (c *newCommand) argsAt(at time.Time, receipt *string) []any {
	stored := *c
	if receipt != nil {
		stored.Payload = settledPayload
	}
	return append(stored.args(), at, receipt)
}

// pending answers the command as one that waits at a moment, if it does.
func (c *newCommand) pending(at time.Time) (p pending, waits bool) {
	if c == nil || !c.fresh || c.HoldUntil != nil && c.HoldUntil.After(at) {
		return p, false
	}
	return pending{id: c.ID, actor: c.Actor, kind: c.Type, payload: c.Payload, at: at, trace: c.Trace}, true
}

// processRow is what a transaction needs of a process.
type processRow struct {
	ref     engine.Ref
	starter string
	status  string
	outcome string // of a process that ends before it starts
	state   *engine.State
	format  int
	seq     int64
	head    []byte
	armed   *time.Time
	created time.Time
	key     *string    // business key
	parent  *uuid.UUID // the process that started this one
	fresh   bool       // not started yet, so its workflow may not exist
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

// sqlInsertProcess follows the command that starts the process, where the start itself is left to later. There is no process where
// the key of that command was used before, for something else.
const sqlInsertProcess = `INSERT INTO processes
(id, definition_id, version, digest, title, business_key, status, starter, state, state_format, started_at, unsettled_since)
SELECT $1, $2, $3::int, $4, $5, $6, 'starting', $7, '{}', $8::int, clock_timestamp(), clock_timestamp()
WHERE EXISTS (SELECT FROM commands WHERE id = $9 AND process_id = $1)
ON CONFLICT (id) DO NOTHING`

// A command is stored once: the key of an earlier one inserts nothing and answers no row.
const (
	intoCommands = `INSERT INTO commands (id, process_id, actor, key, body_digest, type, payload, hold_until, trace)
`
	commandOnce = ` ON CONFLICT (actor, key) DO NOTHING
RETURNING id`
)

const sqlInsertCommand = intoCommands + `VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)` + commandOnce

// sqlInsertCommandSoon is the same for a command that somebody else decides: it need not be on disk before the decision is, whose
// commit brings both there.
const sqlInsertCommandSoon = `WITH soon AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
` + intoCommands + `SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM soon` + commandOnce

// sqlInsertKnown stores a command together with what became of it, if anything did: whoever holds the lock of its process has seen
// that its key is new, and when it came.
const sqlInsertKnown = `INSERT INTO commands (id, process_id, actor, key, body_digest, type, payload, hold_until, trace, received_at, receipt, settled_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, CASE WHEN $11::text IS NOT NULL THEN clock_timestamp() END)`

// sqlNow reads the clock, which events wait for an operator, and whether the key of a command that the job brought was used before.
const sqlNow = `SELECT clock_timestamp(), ARRAY(SELECT event_id FROM incidents WHERE process_id = $1 AND resolved_at IS NULL),
 $2 <> '' AND EXISTS (SELECT FROM commands WHERE actor = $2 AND key = $3)`

const sqlLockProcess = `SELECT definition_id, version, digest, starter, status, state, state_format, seq, head_hash, armed_at, started_at, business_key, parent_id
FROM processes WHERE id = $1 FOR NO KEY UPDATE`

// Commands that wait for an operator are left out, so that however many they are, they do not hide the others. The locks keep an
// author from withdrawing what is being decided; a command that is just being withdrawn is passed over.
const sqlPending = `SELECT id, actor, type, payload, greatest(received_at, hold_until), trace
FROM commands c WHERE process_id = $1 AND settled_at IS NULL AND (hold_until IS NULL OR hold_until <= clock_timestamp())
 AND NOT EXISTS (SELECT FROM incidents i WHERE i.process_id = $1 AND i.event_id = 'cmd/' || c.id AND i.resolved_at IS NULL)
ORDER BY greatest(received_at, hold_until), id LIMIT 101 FOR UPDATE OF c SKIP LOCKED`

const sqlSeen = `SELECT seq, encode(substr(chain_hash, 1, 8), 'hex') FROM decision_log WHERE process_id = $1 AND seq = ANY($2)`

const sqlActors = `SELECT u.id, u.name, u.department, u.roles && '{admin,operator}',
 ARRAY(SELECT 'group:' || group_id FROM memberships WHERE user_id = u.id ORDER BY 1),
 ARRAY(SELECT 'post:' || post_id FROM post_holders WHERE user_id = u.id ORDER BY 1)
FROM users u WHERE u.active AND u.id IN (SELECT actor FROM commands WHERE process_id = $1 AND settled_at IS NULL UNION ALL SELECT $2)`

// begin opens the transaction, locks the process and reads all that is waiting: one round trip. The clock is read before the
// commands, so that no deadline fires before a command that came earlier; a command that the job brings is stamped by it, under the
// lock, so that no Advance that reads a later clock can overlook it.
func (t *transaction) begin() ([]pending, map[string]engine.Person, error) {
	b, actor, key := &pgx.Batch{}, "", ""
	if c := t.job.insert; c != nil {
		actor, key = c.Actor, c.Key
	}
	b.Queue("BEGIN")
	b.Queue(sqlLockProcess, t.job.process)
	b.Queue(sqlNow, t.job.process, actor, key)
	b.Queue(sqlPending, t.job.process)
	b.Queue(sqlActors, t.job.process, actor)
	if seen := t.job.seen(); seen != nil {
		b.Queue(sqlSeen, t.job.process, seen)
	}
	results := t.conn.SendBatch(t.ctx, b)
	defer func() { _ = results.Close() }()
	return t.read(results)
}

// seen lists the sequences at which the log must be the one that Temporal remembers.
func (j job) seen() []int64 {
	var list []int64
	for _, m := range j.wake.Seen {
		if m.Head != "" {
			list = append(list, m.Seq)
		}
	}
	return list
}

func (t *transaction) read(results pgx.BatchResults) (waiting []pending, people map[string]engine.Person, err error) {
	if err := t.readStored(results); err != nil {
		return nil, nil, err
	}
	if waiting, err = readAll(results, func(r pgx.Rows, p *pending) error {
		return r.Scan(&p.id, &p.actor, &p.kind, &p.payload, &p.at, &p.trace)
	}); err != nil {
		return nil, nil, err
	}
	if own, waits := t.job.insert.pending(t.now); waits {
		later := slices.IndexFunc(waiting, func(p pending) bool { return p.at.After(own.at) })
		if later < 0 {
			later = len(waiting)
		}
		waiting = slices.Insert(waiting, later, own)
	}
	if people, err = readPeople(results); err != nil {
		return nil, nil, err
	}
	return waiting, people, t.readSeen(results)
}

// readStored reads what became of BEGIN, the process, and what is known of this moment. A process that the job brought is there
// already, is yet to be stored, or does not come to be: the key of its start was used before, for something else.
func (t *transaction) readStored(results pgx.BatchResults) error {
	if _, err := results.Exec(); err != nil {
		return err
	}
	err := t.readProcess(results)
	if t.unsaved = errors.Is(err, ErrNoProcess) && t.job.create != nil; t.unsaved {
		t.row, err = t.job.create.row(), nil
	}
	if err != nil {
		return err
	}
	var used bool
	var parked []string
	if err := results.QueryRow().Scan(&t.now, &parked, &used); err != nil {
		return err
	}
	t.now, t.parked = t.now.UTC(), make(map[string]bool, len(parked))
	for _, event := range parked {
		t.parked[event] = true
	}
	if t.job.insert != nil {
		t.job.insert.fresh = !used
	}
	if t.unsaved {
		t.row.created = t.now
		if used {
			return ErrNoProcess
		}
	}
	return nil
}

// nearby is how much later than the clock a command may have come while its transaction began. One from further ahead was stamped
// before somebody set the clock back, and is decided now.
const nearby = time.Second

// ready answers which of the stored commands can be decided now, oldest first. Before a process has started, only its start can:
// the others wait, also while the start waits for an operator. What came after the clock was read is left to the next
// transaction, because a deadline may lie in between.
func (t *transaction) ready(waiting []pending) []pending {
	if t.row.fresh {
		i := slices.IndexFunc(waiting, func(p pending) bool { return p.kind == engine.EventStart })
		if i < 0 {
			return nil
		}
		start := waiting[i]
		waiting = slices.Insert(slices.Delete(waiting, i, i+1), 0, start)
	}
	late := slices.IndexFunc(waiting, func(p pending) bool { return p.at.After(t.now) && p.at.Before(t.now.Add(nearby)) })
	if late < 0 {
		return waiting
	}
	t.more = true
	return waiting[:late]
}

// readSeen compares the log with what Temporal remembers of it. A row that has been archived is taken on trust.
func (t *transaction) readSeen(results pgx.BatchResults) error {
	if t.job.seen() == nil {
		return nil
	}
	rows, err := readAll(results, func(r pgx.Rows, m *Mark) error { return r.Scan(&m.Seq, &m.Head) })
	for _, row := range rows {
		for _, seen := range t.job.wake.Seen {
			if seen.Seq == row.Seq && seen.Head != "" && seen.Head != row.Head {
				return fmt.Errorf("%w: sequence %d holds another event than the workflow saw", ErrBehind, row.Seq)
			}
		}
	}
	return err
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
	err := results.QueryRow().Scan(&r.ref.ID, &r.ref.Version, &r.ref.Digest, &r.starter, &r.status, &state, &r.format, &r.seq, &r.head,
		&r.armed, &r.created, &r.key, &r.parent)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNoProcess
	case err != nil:
		return err
	case r.format > engine.StateFormat:
		return fmt.Errorf("state format %d: %w", r.format, engine.ErrNewerFormat)
	}
	for _, seen := range t.job.wake.Seen {
		if r.seq < seen.Seq {
			return fmt.Errorf("%w: sequence %d, the workflow saw %d", ErrBehind, r.seq, seen.Seq)
		}
	}
	r.fresh = r.seq == 0 && r.status == "starting"
	r.state, err = decodeState(state)
	return err
}

// decodeState reads a state. One with a field that this build does not know was written by a newer one: were it folded here, the
// field would be lost. The error then wraps engine.ErrNewerFormat.
func decodeState(text string) (*engine.State, error) {
	st := &engine.State{}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(st)
	if err != nil && strings.HasPrefix(err.Error(), "json: unknown field") {
		return nil, fmt.Errorf("state with an %s: %w", strings.TrimPrefix(err.Error(), "json: "), engine.ErrNewerFormat)
	}
	return st, err
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
