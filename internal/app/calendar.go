package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"

	"steward/internal/calendar"
)

// LoadedCalendar is what LoadCalendar did.
type LoadedCalendar struct {
	ID        string
	Version   int32 // of the calendar as it is stored now
	Changed   bool  // false when this very text was loaded before
	Processes int64 // open processes that plan again
}

// LoadCalendar stores a calendar, or one year of it, and has every open process plan again the deadlines that it had computed
// provisionally. Years loaded earlier stay; a correction must raise the revision ([calendar.CheckUpdate]). The text is that of a calendar (calendar, location, hours, years …) or of a year
// (calendar, year, notice, off, work).
func (a *App) LoadCalendar(ctx context.Context, text []byte) (LoadedCalendar, error) {
	data, err := parseCalendar(text)
	if err != nil {
		return LoadedCalendar{}, err
	}
	before, err := a.loadedCalendar(ctx, data.ID)
	if err != nil {
		return LoadedCalendar{}, err
	}
	data = overlay(before, data)
	if err := usable(before, data); err != nil {
		return LoadedCalendar{}, err
	}
	source, err := yaml.Marshal(data)
	if err != nil {
		return LoadedCalendar{}, fmt.Errorf("write calendar %s: %w", data.ID, err)
	}
	stored, changed, err := a.Store.PutCalendar(ctx, data.ID, string(source))
	if err != nil {
		return LoadedCalendar{}, err
	}
	loaded := LoadedCalendar{ID: data.ID, Version: stored.Version, Changed: changed}
	loaded.Processes, err = a.Advancer.ReplanProvisional(ctx, data.ID, stored.Version)
	return loaded, err
}

// parseCalendar reads either form; a text that is neither is reported as what it looks like.
func parseCalendar(text []byte) (calendar.Data, error) {
	var form struct {
		Year int `yaml:"year"`
	}
	if err := yaml.Unmarshal(text, &form); err != nil || form.Year == 0 {
		return calendar.ParseData(text)
	}
	year, err := calendar.ParseYear(text)
	if err != nil {
		return calendar.Data{}, err
	}
	if year.Calendar == "" {
		return calendar.Data{}, fmt.Errorf("the year %d does not name its calendar: add a line such as `calendar: cn`", year.Year)
	}
	return calendar.Data{ID: year.Calendar, Years: []calendar.Year{year}}, nil
}

// loadedCalendar answers what was loaded before, the zero Data when nothing was.
func (a *App) loadedCalendar(ctx context.Context, id string) (calendar.Data, error) {
	rows, err := a.Store.LatestCalendars(ctx)
	if err != nil {
		return calendar.Data{}, err
	}
	for _, row := range rows {
		if row.ID == id {
			return calendar.ParseData([]byte(row.Data))
		}
	}
	return calendar.Data{}, nil
}

// overlay keeps what was loaded before: years one by one, and the other fields where the new text is only of years.
func overlay(before, more calendar.Data) calendar.Data {
	years := more.Years
	for _, y := range before.Years {
		if !slices.ContainsFunc(years, func(other calendar.Year) bool { return other.Year == y.Year }) {
			years = append(years, y)
		}
	}
	slices.SortFunc(years, func(x, y calendar.Year) int { return x.Year - y.Year })
	if more.Location == "" && len(more.Weekdays) == 0 && len(more.Hours) == 0 && len(more.Windows) == 0 && more.Holidays == "" && len(more.Quiet) == 0 {
		id := more.ID
		more = before
		more.ID = id
	}
	more.Years = years
	return more
}

// usable reports why a calendar cannot be used, or not in place of the one before.
func usable(before, data calendar.Data) error {
	next, err := built(data)
	if err != nil {
		return err
	}
	if before.ID == "" {
		before.ID = data.ID
	}
	known, err := built(before)
	if err != nil { // nothing was known, or what is stored went bad: this load mends it
		known = nil
	}
	return calendar.CheckUpdate(known, next)
}

// built makes a calendar the way decisions do: laid over the shipped one of its name, if there is one.
func built(data calendar.Data) (*calendar.Calendar, error) {
	base, err := calendar.Bundled(data.ID)
	if err != nil {
		return calendar.New(data)
	}
	return base.Extend(data)
}
