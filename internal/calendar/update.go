package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// CheckUpdate says whether next may take the place of old, which is nil when nothing was known before. It is stricter than [New],
// which has to read whatever was stored once: what an administrator loads today must raise the revision of what it corrects, cite
// a real notice, list days off, and name only make-up days that would be free otherwise. Years that do not change are not looked
// at. It returns an *[Error] with the field as it is called in the file of a year.
func CheckUpdate(old, next *Calendar) error {
	if old == nil {
		old = &Calendar{}
	} else if err := checkSettings(old.data, next.data); err != nil {
		return err
	}
	for _, y := range next.data.Years {
		i := slices.IndexFunc(old.data.Years, func(o Year) bool { return o.Year == y.Year })
		if i >= 0 && y.same(old.data.Years[i]) {
			continue
		}
		if err := next.checkYear(y); err != nil {
			return err
		}
		if i >= 0 {
			if err := checkRevision(fmt.Sprint("the year ", y.Year), old.data.Years[i].Revision, y.Revision); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkSettings demands a higher revision for a change of anything but years.
func checkSettings(old, next Data) error {
	had, wants := old.Revision, next.Revision
	old.Years, next.Years, old.Revision, next.Revision = nil, nil, 0, 0
	before, err := old.digest()
	if err != nil {
		return err
	}
	after, err := next.digest()
	if err != nil || before == after && max(wants, 1) >= max(had, 1) {
		return err
	}
	return checkRevision("the calendar "+next.ID, had, wants)
}

func checkRevision(what string, had, wants int) error {
	had, wants = max(had, 1), max(wants, 1)
	if wants > had {
		return nil
	}
	return mistake(CodeRevisionMissing, "revision", fmt.Sprintf("write revision: %d if this corrects it", had+1),
		"%s is known already, with other data, as revision %d, and this is revision %d", what, had, wants)
}

// same says whether both list the same year in the same words; a revision that is left out is 1.
func (y Year) same(o Year) bool {
	return y.Year == o.Year && max(y.Revision, 1) == max(o.Revision, 1) && y.Notice == o.Notice && slices.Equal(y.Off, o.Off) && slices.Equal(y.Work, o.Work)
}

// checkYear finds what can be read and yet cannot be meant.
func (c *Calendar) checkYear(y Year) error {
	if placeholder(y.Notice) {
		return mistake(CodeRequired, "notice", "cite the notice by its title and date", "%q stands where a notice should be", y.Notice)
	}
	if len(y.Off) == 0 {
		return mistake(CodeRequired, "off", "list the days off that the notice names", "%d would have no day off", y.Year)
	}
	for i, text := range y.Work {
		from, to, _ := parseDays(text) // New has read it before
		for d := from; d <= to; d++ {
			if c.days.week.has(d) {
				return mistake(CodeConflict, fmt.Sprintf("work[%d]", i), "list only days that would be free, such as a Saturday that is worked",
					"%s is a %s and worked anyway", d, join(d, 0, time.UTC).Weekday())
			}
		}
	}
	return nil
}

// placeholder recognizes what an example has in place of a notice.
func placeholder(notice string) bool {
	text := strings.ToLower(strings.TrimSpace(notice))
	return strings.ContainsAny(text, "<>") || strings.Trim(text, ".…?-") == "" || slices.Contains([]string{"todo", "tbd", "notice"}, text)
}
