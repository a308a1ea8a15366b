package calendar

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
)

//go:embed cn/*.yaml
var bundled embed.FS

const settingsFile = "calendar.yaml"

// Bundled returns a calendar that is shipped with the program: cn, working time in mainland China with the years whose
// notices were out. Keep the result; each call reads the files again.
func Bundled(id string) (*Calendar, error) {
	d, err := BundledData(id)
	if err != nil {
		return nil, err
	}
	return New(d)
}

// BundledData returns the data of a shipped calendar, for filling an installation's table of calendars.
func BundledData(id string) (Data, error) {
	if !validName(id) {
		return Data{}, mistake(CodeName, "calendar", "the shipped calendar is cn", "%q is no calendar id", id)
	}
	src, err := bundled.ReadFile(path.Join(id, settingsFile))
	if err != nil {
		return Data{}, mistake(CodeRequired, "calendar", "the shipped calendar is cn", "%q is not shipped", id)
	}
	d, err := ParseData(src)
	if err != nil {
		return Data{}, fmt.Errorf("read calendar %s: %w", id, err)
	}
	d.Years, err = bundledYears(id)
	return d, err
}

func bundledYears(id string) ([]Year, error) {
	files, err := fs.Glob(bundled, path.Join(id, "[0-9]*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("list years of calendar %s: %w", id, err)
	}
	var years []Year
	for _, file := range files {
		src, err := bundled.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		y, err := ParseYear(src)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		years = append(years, y)
	}
	return years, nil
}
