package advance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/definitions"
	"steward/internal/calendar"
	"steward/internal/store"
	"steward/internal/store/storesql"
	"steward/workflows/engine"
)

// freshness is how long the newest version of a definition, house parameters and calendars are taken from memory. What was
// published is seen everywhere within this time.
const freshness = time.Second

// Catalog compiles published definitions and keeps them; a published version never changes.
type Catalog struct {
	store    *store.Store
	registry *definitions.Registry

	turn turn

	mu         sync.RWMutex
	compiled   map[engine.Ref]*definitions.Definition // by id and version alone
	latest     map[string]engine.Ref
	parameters map[string]map[string]any
	present    map[string]bool             // principals behind whom somebody active stands
	resources  map[string]definitions.Text // names of rooms and other resources
}

// NewCatalog makes a catalog over the definitions in st, compiled with the kinds of registry.
func NewCatalog(st *store.Store, registry *definitions.Registry) *Catalog {
	return &Catalog{
		store: st, registry: registry, compiled: make(map[engine.Ref]*definitions.Definition), latest: make(map[string]engine.Ref),
		parameters: make(map[string]map[string]any),
	}
}

// Get answers a version of a definition. The error wraps store.ErrNotFound when there is none.
func (c *Catalog) Get(ctx context.Context, id string, version int) (*definitions.Definition, error) {
	key := engine.Ref{ID: id, Version: version}
	c.mu.RLock()
	def := c.compiled[key]
	c.mu.RUnlock()
	if def != nil {
		return def, nil
	}
	row, err := c.store.Definition(ctx, id, int32(version))
	if err != nil {
		return nil, err
	}
	return c.compile(key, row.Bundle)
}

func (c *Catalog) compile(key engine.Ref, text string) (*definitions.Definition, error) {
	var bundle definitions.Bundle
	if err := json.Unmarshal([]byte(text), &bundle); err != nil {
		return nil, fmt.Errorf("read bundle of %s version %d: %w", key.ID, key.Version, err)
	}
	def, problems := definitions.Compile(bundle, c.registry)
	if def == nil {
		return nil, fmt.Errorf("definition %s version %d does not compile any more: %v", key.ID, key.Version, problems)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compiled[key] = def
	return def, nil
}

// cached answers a version that is in memory, without a look at the database.
func (c *Catalog) cached(ref engine.Ref) *definitions.Definition {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.compiled[engine.Ref{ID: ref.ID, Version: ref.Version}]
}

// newest answers which version of a definition was the newest at the last refresh.
func (c *Catalog) newest(id string) (engine.Ref, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	ref, ok := c.latest[id]
	return ref, ok
}

// Latest answers the newest published version; nil when nothing is published under the id.
func (c *Catalog) Latest(ctx context.Context, id string) (*definitions.Definition, engine.Ref, error) {
	if err := c.Refresh(ctx); err != nil {
		return nil, engine.Ref{}, err
	}
	ref, ok := c.newest(id)
	if !ok {
		return nil, engine.Ref{}, nil
	}
	def, err := c.Get(ctx, id, ref.Version)
	return def, ref, err
}

// List answers the newest published version of every definition, by id.
func (c *Catalog) List(ctx context.Context) ([]engine.Ref, error) {
	if err := c.Refresh(ctx); err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.SortedFunc(maps.Values(c.latest), func(a, b engine.Ref) int { return strings.Compare(a.ID, b.ID) }), nil
}

// Refresh reads which versions are the newest, and the house parameters, when what is in memory is older than a second.
// While one caller reads, the others go on with what there is.
func (c *Catalog) Refresh(ctx context.Context) error {
	return c.turn.take(ctx, func() error {
		latest, err := c.readLatest(ctx)
		if err != nil {
			return err
		}
		parameters, err := c.readParameters(ctx)
		if err != nil {
			return err
		}
		present, err := c.readPresent(ctx)
		if err != nil {
			return err
		}
		resources, err := c.readResources(ctx)
		if err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.latest, c.parameters, c.present, c.resources = latest, parameters, present, resources
		return nil
	})
}

// Reload makes the next Refresh read in any case, after something was published here.
func (c *Catalog) Reload() { c.turn.expire() }

func (c *Catalog) readLatest(ctx context.Context) (map[string]engine.Ref, error) {
	rows, err := c.store.Lists().Query(ctx, `SELECT DISTINCT ON (id) id, version, digest FROM definitions WHERE state = 'published' ORDER BY id, version DESC`)
	if err != nil {
		return nil, fmt.Errorf("read definitions: %w", store.Classify(err))
	}
	defer rows.Close()
	latest := make(map[string]engine.Ref)
	for rows.Next() {
		var ref engine.Ref
		if err := rows.Scan(&ref.ID, &ref.Version, &ref.Digest); err != nil {
			return nil, err
		}
		latest[ref.ID] = ref
	}
	return latest, store.Classify(rows.Err())
}

// populated says whether somebody active stood behind a principal at the last refresh.
func (c *Catalog) populated(principal string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.present[principal]
}

func (c *Catalog) readPresent(ctx context.Context) (map[string]bool, error) {
	rows, err := c.store.Lists().Query(ctx, `SELECT 'user:' || id FROM users WHERE active
UNION ALL SELECT DISTINCT 'group:' || m.group_id FROM memberships m JOIN users u ON u.id = m.user_id AND u.active
UNION ALL SELECT DISTINCT 'post:' || h.post_id FROM post_holders h JOIN users u ON u.id = h.user_id AND u.active`)
	if err != nil {
		return nil, fmt.Errorf("read who is there: %w", store.Classify(err))
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	present := make(map[string]bool, len(names))
	for _, n := range names {
		present[n] = true
	}
	return present, store.Classify(err)
}

func (c *Catalog) readResources(ctx context.Context) (map[string]definitions.Text, error) {
	list, err := c.store.Resources(ctx, "", true)
	if err != nil {
		return nil, fmt.Errorf("read resources: %w", err)
	}
	names := make(map[string]definitions.Text, len(list))
	for _, r := range list {
		names[r.ID] = definitions.Text(r.Name)
	}
	return names, nil
}

// resourceName answers the name of a resource as of the last refresh; one that was not there then is looked up.
func (c *Catalog) resourceName(ctx context.Context, db store.DBTX, id string) (definitions.Text, error) {
	c.mu.RLock()
	name, ok := c.resources[id]
	c.mu.RUnlock()
	if ok {
		return name, nil
	}
	r, err := storesql.New(db).ResourceByID(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return definitions.Text{}, nil
	}
	return definitions.Text(r.Name), store.Classify(err)
}

// Calendars answers working calendars: the bundled ones, with the years that the house has loaded since.
type Calendars struct {
	store *store.Store
	turn  turn

	mu     sync.RWMutex
	byName map[string]*calendar.Calendar
}

// DefaultCalendar is the calendar of definitions that name none.
const DefaultCalendar = "cn"

// NewCalendars makes the calendars of a house; st may be nil for the bundled ones alone.
func NewCalendars(st *store.Store) *Calendars {
	return &Calendars{store: st, byName: make(map[string]*calendar.Calendar)}
}

// Get answers a calendar by name, "" being the house's, as of the last Refresh.
func (c *Calendars) Get(name string) (*calendar.Calendar, error) {
	if name == "" {
		name = DefaultCalendar
	}
	c.mu.RLock()
	cal := c.byName[name]
	c.mu.RUnlock()
	if cal != nil {
		return cal, nil
	}
	cal, err := calendar.Bundled(name)
	if err != nil {
		return nil, fmt.Errorf("calendar %q: %w", name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byName[name] = cal
	return cal, nil
}

// Refresh reads the loaded calendars again when they are older than a second.
func (c *Calendars) Refresh(ctx context.Context) error {
	if c.store == nil {
		return nil
	}
	return c.turn.take(ctx, func() error { return c.Renew(ctx) })
}

// Renew reads the loaded calendars again now.
func (c *Calendars) Renew(ctx context.Context) error {
	if c.store == nil {
		return nil
	}
	made, err := c.read(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byName = made
	return nil
}

// read makes the calendars of the house from the bundled ones and what was loaded.
func (c *Calendars) read(ctx context.Context) (map[string]*calendar.Calendar, error) {
	rows, err := c.store.LatestCalendars(ctx)
	if err != nil {
		return nil, fmt.Errorf("read calendars: %w", err)
	}
	made := make(map[string]*calendar.Calendar)
	for _, row := range rows {
		data, err := calendar.ParseData([]byte(row.Data))
		if err != nil {
			return nil, fmt.Errorf("calendar %s version %d: %w", row.ID, row.Version, err)
		}
		if made[row.ID], err = merge(row.ID, data); err != nil {
			return nil, fmt.Errorf("calendar %s version %d: %w", row.ID, row.Version, err)
		}
	}
	return made, nil
}

// merge lays loaded data over the bundled calendar of the same name, if there is one.
func merge(id string, data calendar.Data) (*calendar.Calendar, error) {
	base, err := calendar.Bundled(id)
	if err != nil {
		return calendar.New(data)
	}
	return base.Extend(data)
}
