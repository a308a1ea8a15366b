package api

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	"steward/internal/people"
	"steward/internal/store"
	"steward/workflows/engine"
)

// namesKept is how long names are served from memory; a new name is seen that much later.
const namesKept = 10 * time.Second

// maxNames bounds the memory of the cache.
const maxNames = 10_000

// nameCache keeps the names of people, groups and posts by principal, and those of resources as `resource:<id>`.
type nameCache struct {
	store  *store.Store
	people *people.Service

	mu    sync.Mutex
	until time.Time
	known map[string]Text
	house bool // groups, posts and resources are in known
}

func newNameCache(s *store.Store, p *people.Service) *nameCache {
	return &nameCache{store: s, people: p, known: make(map[string]Text)}
}

// load answers the names of principals that are known; it asks the database for those that memory lacks.
func (c *nameCache) load(ctx context.Context, principals map[string]bool) (map[string]Text, error) {
	found, missing, house := c.remembered(principals)
	if house {
		names, err := c.houseNames(ctx)
		if err != nil {
			return nil, err
		}
		c.remember(names, true)
		for p := range principals {
			if name, ok := names[p]; ok {
				found[p] = name
			}
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	names, err := c.people.Directory().Names(ctx, missing)
	if err != nil {
		return nil, err
	}
	fresh := make(map[string]Text, len(names))
	for id, name := range names {
		fresh["user:"+id], found["user:"+id] = Text(name), Text(name)
	}
	c.remember(fresh, false)
	return found, nil
}

// remembered answers what memory has, the users it lacks, and whether groups, posts and resources have to be read.
func (c *nameCache) remembered(principals map[string]bool) (found map[string]Text, missing []string, house bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().After(c.until) || len(c.known) > maxNames {
		clear(c.known)
		c.house, c.until = false, time.Now().Add(namesKept)
	}
	found = make(map[string]Text, len(principals))
	for p := range principals {
		name, ok := c.known[p]
		user, isUser := strings.CutPrefix(p, "user:")
		switch {
		case ok:
			found[p] = name
		case isUser:
			missing = append(missing, user)
		case !c.house:
			house = true
		}
	}
	return found, missing, house
}

func (c *nameCache) remember(names map[string]Text, house bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(c.known, names)
	c.house = c.house || house
}

// houseNames reads the names of all groups, posts and resources: there are as many as a house has desks and rooms.
func (c *nameCache) houseNames(ctx context.Context) (map[string]Text, error) {
	groups, err := c.store.Queries().Groups(ctx)
	if err != nil {
		return nil, store.Classify(err)
	}
	posts, err := c.store.Queries().Posts(ctx)
	if err != nil {
		return nil, store.Classify(err)
	}
	resources, err := c.store.Resources(ctx, "", true)
	if err != nil {
		return nil, err
	}
	names := make(map[string]Text, len(groups)+len(posts)+len(resources))
	for _, g := range groups {
		names["group:"+g.ID] = Text(g.Name)
	}
	for _, p := range posts {
		names["post:"+p.ID] = Text(p.Name)
	}
	for _, r := range resources {
		if name := Text(r.Name); name != (Text{}) {
			names["resource:"+r.ID] = name
		}
	}
	return names, nil
}

// nameBook answers names while an answer is built. An unknown person, group or resource is shown by its id.
type nameBook struct {
	names  map[string]Text
	wanted map[string]bool // nil once the names are there
}

// named builds an answer twice: the first time tells whose names it needs, the second has them.
func named[T any](ctx context.Context, s *Server, build func(*nameBook) T) (T, error) {
	book := &nameBook{wanted: make(map[string]bool)}
	built := build(book)
	if len(book.wanted) == 0 {
		return built, nil
	}
	names, err := s.names.load(ctx, book.wanted)
	if err != nil {
		return built, err
	}
	return build(&nameBook{names: names}), nil
}

func (b *nameBook) name(principal string) Text {
	if b.wanted != nil {
		b.wanted[principal] = true
	}
	if name, ok := b.names[principal]; ok {
		return name
	}
	_, id, _ := strings.Cut(principal, ":")
	return Text{Zh: id, En: id}
}

func (b *nameBook) resource(id string) Text { return b.name("resource:" + id) }

func (b *nameBook) person(id string) PersonRef {
	if id == "" {
		return PersonRef{}
	}
	return PersonRef{ID: id, Name: b.name("user:" + id)}
}

func (b *nameBook) personOr(id *string) PersonRef { return b.person(deref(id)) }

func (b *nameBook) principal(p string) Principal {
	kind, id, ok := strings.Cut(p, ":")
	if !ok {
		kind, id = "user", p
	}
	return Principal{Kind: PrincipalKind(kind), ID: id, Name: b.name(kind + ":" + id)}
}

func (b *nameBook) principals(list []string) []Principal {
	out := make([]Principal, len(list))
	for i, p := range list {
		out[i] = b.principal(p)
	}
	return out
}

// holders answers who has a task, or who may take it.
func (b *nameBook) holders(t engine.Task) []Principal {
	if t.Assignee != "" {
		return []Principal{b.principal("user:" + t.Assignee)}
	}
	return b.principals(t.Candidates)
}

// winner names who was first.
func (b *nameBook) winner(w *engine.Winner) *Winner {
	if w == nil {
		return nil
	}
	return &Winner{By: b.person(w.By), Outcome: w.Outcome, At: w.At.UTC()}
}
