package main

import (
	"context"
	"fmt"
	"io"

	"steward/internal/app"
)

type calendarCmd struct {
	Load calendarLoadCmd `cmd:"" help:"Load a calendar or one year of it, and plan provisional deadlines again."`
}

type calendarLoadCmd struct {
	operatorFlags
	File string `arg:"" help:"YAML file of a calendar, or of one year such as 2027.yaml."`
}

// Run stores the calendar and has every open process plan again what it had planned without it.
func (c *calendarLoadCmd) Run(ctx context.Context, out io.Writer, around *surroundings) error {
	text, err := readFile("calendar load", c.File)
	if err != nil {
		return err
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
	again := "no process is open"
	switch {
	case l.Processes == 1:
		again = "1 open process looks at its deadlines again"
	case l.Processes > 1:
		again = fmt.Sprintf("%d open processes look at their deadlines again", l.Processes)
	}
	_, err := fmt.Fprintf(out, "calendar %s loaded as version %d; %s\n", l.ID, l.Version, again)
	return err
}
