package advance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/definitions"
	"steward/internal/calendar"
	"steward/internal/people"
	"steward/internal/store"
	"steward/workflows/engine"
)

// facts is the Env of a decision inside its transaction. What it writes (bookings) stands under a savepoint of the event.
type facts struct {
	*transaction
	people  map[string]engine.Person
	horizon time.Time
}

var _ engine.Env = (*facts)(nil)

func (f *facts) Horizon() time.Time { return f.horizon }

func (f *facts) Calendar(_ context.Context, name string) (*calendar.Calendar, error) {
	return f.calendars.Get(name)
}

func (f *facts) directory() people.Directory { return people.NewDirectory(f.conn) }

func (f *facts) Members(ctx context.Context, principal string) ([]string, error) {
	id, one := strings.CutPrefix(principal, "user:")
	if one && slices.Contains(f.people[id].Principals, principal) { // at hand already, and active
		return []string{id}, nil
	}
	return members(ctx, f.directory(), principal)
}

// Anyone looks into what the catalog remembers of a second ago; a principal unknown there is looked up.
func (f *facts) Anyone(ctx context.Context, principal string) (bool, error) {
	if f.catalog.populated(principal) {
		return true, nil
	}
	list, err := f.Members(ctx, principal)
	return len(list) > 0, err
}

func (f *facts) Leader(ctx context.Context, user string, level int) (string, error) {
	leader, err := f.directory().Leader(ctx, user, level)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return leader, err
}

func (f *facts) Person(ctx context.Context, user string) (engine.Person, error) {
	if p, ok := f.people[user]; ok {
		return p, nil
	}
	p, err := person(ctx, f.directory(), user)
	if err == nil {
		f.people[user] = p
	}
	return p, err
}

func (f *facts) Load(ctx context.Context, users []string) (map[string]int, error) {
	return f.directory().Load(ctx, users)
}

// Definition answers from memory alone: a transaction holds a connection and must not wait for another one.
func (f *facts) Definition(_ context.Context, id string) (*definitions.Definition, engine.Ref, error) {
	ref, ok := f.catalog.newest(id)
	if !ok {
		return nil, ref, nil
	}
	def := f.catalog.cached(ref)
	if def == nil {
		return nil, ref, &coldError{ref}
	}
	return def, ref, nil
}

// coldError says that a definition has to be loaded before the transaction can go on; it then begins again.
type coldError struct{ ref engine.Ref }

func (e *coldError) Error() string {
	return fmt.Sprintf("definition %s version %d is not loaded yet", e.ref.ID, e.ref.Version)
}

// members answers the users behind a principal; an unknown one has none.
func members(ctx context.Context, d people.Directory, principal string) ([]string, error) {
	kind, id, _ := strings.Cut(principal, ":")
	var list []string
	var err error
	switch kind {
	case "group":
		list, err = d.Members(ctx, id)
	case "post":
		list, err = d.Holders(ctx, id)
	case "department":
		list, err = d.Department(ctx, id)
	default:
		var p people.Person
		if p, err = d.User(ctx, id); err == nil && p.Active {
			list = []string{id}
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return list, err
}

// person answers what decisions may know of a user; an unknown user or one who has left counts as nobody.
func person(ctx context.Context, d people.Directory, user string) (engine.Person, error) {
	p, err := d.User(ctx, user)
	if errors.Is(err, store.ErrNotFound) {
		return engine.Person{ID: user}, nil
	}
	if err != nil {
		return engine.Person{}, err
	}
	principals, err := d.Principals(ctx, user)
	return engine.Person{ID: p.ID, Name: p.Name, Department: p.Department, Principals: principals, Operator: p.Active && p.SeesAll()}, err
}

// ResourceName looks into what the catalog remembers of a second ago; a resource unknown there is looked up.
func (f *facts) ResourceName(ctx context.Context, id string) (definitions.Text, error) {
	return f.catalog.resourceName(ctx, f.conn, id)
}

const sqlReserve = `INSERT INTO reservations (id, resource_id, process_id, node, during, hold, title)
VALUES ($1, $2, $3, $4, tstzrange($5, $6), $7, $8)
ON CONFLICT (id) DO UPDATE SET resource_id = excluded.resource_id, node = excluded.node, during = excluded.during, title = excluded.title`

const sqlHolder = `SELECT r.process_id, coalesce(nullif(p.title, '{}'), r.title), lower(r.during), upper(r.during)
FROM reservations r LEFT JOIN processes p ON p.id = r.process_id
WHERE r.resource_id = $1 AND r.during && tstzrange($2, $3) AND r.process_id <> $4 ORDER BY lower(r.during) LIMIT 1`

const sqlUsable = `SELECT active FROM resources WHERE id = $1`

// Reserve stores a booking. The exclusion constraint of the database refuses an overlap with another process; a lock on the
// resource makes rivals wait for each other instead of meeting in a deadlock.
func (f *facts) Reserve(ctx context.Context, b engine.Booking, title definitions.Text) (*engine.Conflict, error) {
	if err := f.savepoint(); err != nil {
		return nil, err
	}
	var active bool
	err := f.conn.QueryRow(ctx, sqlUsable+" FOR NO KEY UPDATE", b.Resource).Scan(&active)
	if errors.Is(err, pgx.ErrNoRows) || (err == nil && !active) {
		return &engine.Conflict{Unknown: true}, nil
	}
	if err != nil {
		return nil, err
	}
	if c, err := f.holder(ctx, b); c != nil || err != nil {
		return c, err
	}
	_, err = f.conn.Exec(ctx, sqlReserve, b.ID, b.Resource, f.job.process, b.Node, b.From, b.To, b.Hold, encode(title))
	return nil, err
}

// holder answers who has the resource at that time.
func (f *facts) holder(ctx context.Context, b engine.Booking) (*engine.Conflict, error) {
	var c engine.Conflict
	var process uuid.UUID
	var title string
	err := f.conn.QueryRow(ctx, sqlHolder, b.Resource, b.From, b.To, f.job.process).Scan(&process, &title, &c.From, &c.To)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	c.Process, c.From, c.To = process.String(), c.From.UTC(), c.To.UTC()
	return &c, json.Unmarshal([]byte(title), &c.Title)
}

func (f *facts) Decided(ctx context.Context, task string) (*engine.Decided, error) {
	if d, ok := f.closed[task]; ok {
		return &d, nil
	}
	id, err := uuid.Parse(task)
	if err != nil {
		return nil, nil //nolint:nilerr // what is no id is no task
	}
	var d engine.Decided
	var by, outcome *string
	var at *time.Time
	var status string
	err = f.conn.QueryRow(ctx, `SELECT status, outcome, closed_by, closed_at, revision FROM tasks WHERE id = $1 AND process_id = $2`, id, f.job.process).
		Scan(&status, &outcome, &by, &at, &d.Revision)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	d.ByPerson = status == "done"
	if by != nil {
		d.Winner.By = *by
	}
	if outcome != nil {
		d.Winner.Outcome = *outcome
	}
	if at != nil {
		d.Winner.At = at.UTC()
	}
	return &d, nil
}

// Entry locks the key of a register and says whether an entry has it, or will have it by the event at hand.
func (f *facts) Entry(ctx context.Context, register, key string) (bool, error) {
	claim := register + "\x00" + key
	if f.claims[claim] {
		return true, nil
	}
	if _, err := f.conn.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('register/' || $1 || '/' || $2, 0))`, register, key); err != nil {
		return false, err
	}
	var taken bool
	err := f.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM register_entries WHERE register = $1 AND key = $2)`, register, key).Scan(&taken)
	if err == nil && !taken {
		if f.claims == nil {
			f.claims = make(map[string]bool)
		}
		f.claims[claim] = true
	}
	return taken, err
}

func (f *facts) Lookup(register string, key any) (map[string]any, error) {
	text, ok := definitions.KeyText(key)
	if !ok {
		return nil, nil
	}
	entry, err := store.Lookup(f.ctx, f.conn, register, text)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var row map[string]any
	err = json.Unmarshal(entry.Data, &row)
	return row, err
}

// Count locks what it counts, so that two decisions cannot both act on the same number.
func (f *facts) Count(register string, filter map[string]any) (int, error) {
	matching, err := json.Marshal(filter)
	if err != nil {
		return 0, err
	}
	n, err := store.CountForGuard(f.ctx, f.conn, register, string(matching), matching)
	return int(n), err
}

func (f *facts) Exists(register string, filter map[string]any) (bool, error) {
	n, err := f.Count(register, filter)
	return n > 0, err
}
