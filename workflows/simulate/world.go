package simulate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"steward/definitions"
	"steward/internal/calendar"
	"steward/workflows/engine"
)

// World is a model of everything that decisions learn facts from. It stands for one run and is not safe for concurrent use.
type World struct {
	People      map[string]Person   // by user id
	Groups      map[string][]string // user ids
	Posts       map[string][]string
	Definitions map[string]*definitions.Definition
	Bookings    []Booking
	Resources   map[string]definitions.Text // names by id; a resource without one is called by its id
	Entries     map[string][]Entry
	Closed      map[string]engine.Decided // tasks that are not open any more
	Open        map[string]int            // open tasks of each user, besides those of the process at hand
	Until       time.Time                 // see engine.Env.Horizon
	Invent      bool                      // whoever a rule names and nobody knows is invented

	process   string
	claimed   map[string]bool // keys of registers that the decision at hand is about to use
	calendars map[string]*calendar.Calendar
}

// Person is one model person.
type Person struct {
	Name       string
	Department string
	Leader     string
	Operator   bool
}

// Booking is a resource taken in the model.
type Booking struct {
	engine.Booking
	Process string
	Title   definitions.Text
}

// Entry is one row of a register in the model.
type Entry struct {
	Key  string
	Data map[string]any
}

var _ engine.Env = (*World)(nil)

// NewWorld makes an empty world.
func NewWorld() *World {
	return &World{
		People: map[string]Person{}, Groups: map[string][]string{}, Posts: map[string][]string{}, Definitions: map[string]*definitions.Definition{},
		Entries: map[string][]Entry{}, Closed: map[string]engine.Decided{}, Open: map[string]int{}, calendars: map[string]*calendar.Calendar{},
	}
}

// UseCalendar makes the world know a calendar by a name; the shipped ones are known anyhow.
func (w *World) UseCalendar(name string, c *calendar.Calendar) { w.calendars[name] = c }

// For answers the world as decisions of one process see it; it shares everything with w.
func (w *World) For(process string, horizon time.Time) *World {
	view := *w
	view.process, view.Until, view.claimed = process, horizon, map[string]bool{}
	return &view
}

// Horizon answers Until.
func (w *World) Horizon() time.Time { return w.Until }

// Calendar answers a bundled calendar.
func (w *World) Calendar(_ context.Context, name string) (*calendar.Calendar, error) {
	if name == "" {
		name = "cn"
	}
	if c := w.calendars[name]; c != nil {
		return c, nil
	}
	c, err := calendar.Bundled(name)
	if err == nil {
		w.calendars[name] = c
	}
	return c, err
}

// Members lists the users behind a principal.
func (w *World) Members(_ context.Context, principal string) ([]string, error) {
	w.know(principal)
	kind, id, _ := strings.Cut(principal, ":")
	switch kind {
	case "group":
		return slices.Sorted(slices.Values(w.Groups[id])), nil
	case "post":
		return slices.Sorted(slices.Values(w.Posts[id])), nil
	}
	if kind != "user" {
		id = principal
	}
	if _, ok := w.People[id]; ok {
		return []string{id}, nil
	}
	return nil, nil
}

// Anyone says whether a principal has members.
func (w *World) Anyone(ctx context.Context, principal string) (bool, error) {
	members, err := w.Members(ctx, principal)
	return len(members) > 0, err
}

// Leader climbs the leaders of a person.
func (w *World) Leader(_ context.Context, user string, level int) (string, error) {
	for ; level > 0 && user != ""; level-- {
		w.know(user)
		user = w.People[user].Leader
	}
	return user, nil
}

// Person answers a model person with everything that they count as.
func (w *World) Person(_ context.Context, user string) (engine.Person, error) {
	w.know(user)
	p, ok := w.People[user]
	if !ok {
		return engine.Person{ID: user}, nil
	}
	as := append([]string{"user:" + user}, belongs("group:", w.Groups, user)...)
	as = append(as, belongs("post:", w.Posts, user)...)
	return engine.Person{ID: user, Name: p.Name, Department: p.Department, Principals: as, Operator: p.Operator}, nil
}

// belongs lists the principals of one sort that a user counts as, sorted.
func belongs(prefix string, of map[string][]string, user string) []string {
	var as []string
	for id, members := range of {
		if slices.Contains(members, user) {
			as = append(as, prefix+id)
		}
	}
	slices.Sort(as)
	return as
}

// Load answers how much each user has to do.
func (w *World) Load(_ context.Context, users []string) (map[string]int, error) {
	load := make(map[string]int, len(users))
	for _, u := range users {
		load[u] = w.Open[u]
	}
	return load, nil
}

// ResourceName answers the name of a model resource.
func (w *World) ResourceName(_ context.Context, id string) (definitions.Text, error) {
	return w.Resources[id], nil
}

// Reserve keeps a booking unless another process has the resource at that time.
func (w *World) Reserve(_ context.Context, b engine.Booking, title definitions.Text) (*engine.Conflict, error) {
	for _, other := range w.Bookings {
		if other.Resource == b.Resource && other.Process != w.process && other.From.Before(b.To) && b.From.Before(other.To) {
			return &engine.Conflict{Process: other.Process, Title: other.Title, From: other.From, To: other.To}, nil
		}
	}
	return nil, nil
}

// Definition answers a child's definition.
func (w *World) Definition(_ context.Context, id string) (*definitions.Definition, engine.Ref, error) {
	d := w.Definitions[id]
	if d == nil {
		return nil, engine.Ref{}, nil
	}
	return d, engine.Ref{ID: id, Version: 1, Digest: d.Digest}, nil
}

// Decided says how a closed task ended.
func (w *World) Decided(_ context.Context, task string) (*engine.Decided, error) {
	if d, ok := w.Closed[task]; ok {
		return &d, nil
	}
	return nil, nil
}

// Entry says whether a register has the key, or will have it by the decision at hand.
func (w *World) Entry(_ context.Context, register, key string) (bool, error) {
	claim := register + "\x00" + key
	if w.claimed[claim] || slices.ContainsFunc(w.Entries[register], func(e Entry) bool { return e.Key == key }) {
		return true, nil
	}
	if w.claimed != nil {
		w.claimed[claim] = true
	}
	return false, nil
}

// Lookup reads a row by its key.
func (w *World) Lookup(register string, key any) (map[string]any, error) {
	text, ok := definitions.KeyText(key)
	for _, e := range w.Entries[register] {
		if ok && e.Key == text {
			return e.Data, nil
		}
	}
	return nil, nil
}

// Count counts the rows that have all values of filter.
func (w *World) Count(register string, filter map[string]any) (int, error) {
	n := 0
	for _, e := range w.Entries[register] {
		if fits(e.Data, filter) {
			n++
		}
	}
	return n, nil
}

// Exists says whether any row has all values of filter.
func (w *World) Exists(register string, filter map[string]any) (bool, error) {
	n, err := w.Count(register, filter)
	return n > 0, err
}

func fits(row, filter map[string]any) bool {
	for k, v := range filter {
		if fmt.Sprint(row[k]) != fmt.Sprint(v) {
			return false
		}
	}
	return true
}

// Keep takes over what a decision of a process changed in the world.
func (w *World) Keep(process string, st *engine.State, changes []engine.Change) {
	for _, c := range changes {
		switch c := c.(type) {
		case *engine.Booked:
			w.drop(c.Booking.ID)
			w.Bookings = append(w.Bookings, Booking{Booking: c.Booking, Process: process, Title: st.Title})
		case *engine.BookingEnded:
			w.drop(c.ID)
		case *engine.Recorded:
			w.Entries[c.Register] = append(w.Entries[c.Register], Entry{Key: c.Key, Data: c.Data})
		case *engine.TaskClosed:
			w.Closed[c.Task] = engine.Decided{
				Winner: engine.Winner{By: c.By, Outcome: c.Outcome, At: c.At}, Revision: c.Revision, ByPerson: c.Status == "done",
			}
		}
	}
}

func (w *World) drop(id string) {
	w.Bookings = slices.DeleteFunc(w.Bookings, func(b Booking) bool { return b.ID == id })
}
