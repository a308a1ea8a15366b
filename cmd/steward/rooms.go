package main

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"steward/internal/store"
)

type roomsCmd struct {
	List   roomsListCmd   `cmd:"" help:"List rooms."`
	Put    roomsPutCmd    `cmd:"" help:"Add a room, or change what is given of one; a retired one is in use again."`
	Retire roomsRetireCmd `cmd:"" help:"Take a room out of use: it cannot be booked any more, and its bookings stay."`
}

// rooms opens the store of an installation, closes it after work, and words what was refused for a command line.
func (f databaseFlags) rooms(ctx context.Context, work func(*store.Store) error) error {
	st, err := f.database(ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	return refused(work(st))
}

type roomsListCmd struct {
	listFlags
	All bool `help:"Also those out of use."`
}

// Run prints one line for each room.
func (c *roomsListCmd) Run(ctx context.Context, out io.Writer) error {
	return c.rooms(ctx, func(st *store.Store) error {
		all, err := st.Resources(ctx, store.KindRoom, c.All)
		if err != nil {
			return err
		}
		return printed(out, c.Format, "ID SEATS LAYOUT STATE NAME", all, func(r store.Resource) map[string]any {
			return map[string]any{"id": r.ID, "name": r.Name, "capacity": r.Capacity, "layout": r.Layout, "active": r.Active}
		}, func(r store.Resource) []any {
			seats := ""
			if r.Capacity > 0 {
				seats = strconv.Itoa(int(r.Capacity))
			}
			return []any{r.ID, seats, r.Layout, stateOf(r.Active, "in use", "retired"), r.Name.Zh}
		})
	})
}

type roomsPutCmd struct {
	namedFlags
	ID       string  `arg:"" help:"Id of the room, such as room-1."`
	Capacity *int32  `placeholder:"SEATS" help:"How many people it seats; 0 when that is not stated."`
	Layout   *string `help:"How it is furnished, such as classroom."`
}

// Run stores what was given of the room.
func (c *roomsPutCmd) Run(ctx context.Context, out io.Writer) error {
	return c.rooms(ctx, func(st *store.Store) error {
		edit, err := st.EditRoom(ctx, c.ID, c.actor(), func(r *store.Resource, known bool) error {
			give(&r.Capacity, c.Capacity)
			give(&r.Layout, c.Layout)
			r.Active = true
			return c.rename(&r.Name, known, "room", c.ID)
		})
		if err != nil {
			return err
		}
		return edited(out, c.ID, edit)
	})
}

type roomsRetireCmd struct {
	databaseFlags
	byFlag
	ID string `arg:"" help:"Id of the room."`
}

// Run takes the room out of use and says how many bookings it still has.
func (c *roomsRetireCmd) Run(ctx context.Context, out io.Writer) error {
	return c.rooms(ctx, func(st *store.Store) error {
		edit, err := st.EditRoom(ctx, c.ID, c.actor(), func(r *store.Resource, known bool) error {
			if !known {
				return fmt.Errorf("%w: there is no room %s; `steward rooms list` shows those that there are", store.ErrInvalid, c.ID)
			}
			r.Active = false
			return nil
		})
		if err != nil {
			return err
		}
		if edit == store.Unchanged {
			return edited(out, c.ID, edit)
		}
		open, err := st.OpenBookings(ctx, c.ID)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s retired; %s of it not over yet: they stay\n", c.ID, counted(open, "booking"))
		return err
	})
}
