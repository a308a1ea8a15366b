package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"steward/internal/app"
)

type calendarCmd struct {
	Load calendarLoadCmd `cmd:"" help:"Load a calendar or one year of it, and plan provisional deadlines again."`
}

type calendarLoadCmd struct {
	operatorFlags
	File string `arg:"" type:"existingfile" help:"YAML file of a calendar, or of one year such as 2027.yaml."`
}

// Run stores the calendar and has every open process plan again what it had planned without it.
func (c *calendarLoadCmd) Run(ctx context.Context, out io.Writer, around *surroundings) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("read the calendar: %w", err)
	}
	a, err := c.open(ctx, around)
	if err != nil {
		return err
	}
	defer a.Stop()
	loaded, err := a.LoadCalendar(ctx, text)
	if err != nil {
		return fmt.Errorf("calendar %s: %w", c.File, err)
	}
	return tell(out, loaded)
}

func tell(out io.Writer, l app.LoadedCalendar) error {
	if !l.Changed {
		_, err := fmt.Fprintf(out, "calendar %s is loaded already, as version %d\n", l.ID, l.Version)
		return err
	}
	_, err := fmt.Fprintf(out, "calendar %s loaded as version %d; %d open processes plan their provisional deadlines again\n", l.ID, l.Version, l.Processes)
	return err
}
