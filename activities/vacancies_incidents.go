package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"steward/internal/store"
)

// vacancy is what nobody can do: some open tasks that wait for one principal, or that one person has who left.
type vacancy struct {
	Who      string // a principal, or the id of a person
	Tasks    int
	Excluded bool // there are people behind the principal, but they may not do these tasks
	First    *vacantTask
}

// vacantTask is the most urgent task of a vacancy; the incident is kept with its process.
type vacantTask struct {
	ID      uuid.UUID  `json:"id"`
	Process uuid.UUID  `json:"process"`
	Title   store.Text `json:"title"`
	Step    string     `json:"step"`
}

// verdict is what a look found about everybody after one name, up to another (nil: to the end).
type verdict struct {
	prefix     string // begins the events of its incidents, the name follows
	after      string
	upTo       *string
	found      []vacancy
	unfinished []vacancy // beyond upTo: told at once, counted when the rest was read
	describe   func(vacancy) string
}

// write closes, refreshes and opens incidents, and answers how many it opened and closed. Each statement stands alone: what one of a
// broken-off look did not do, the next look does.
func (v verdict) write(ctx context.Context, st *store.Store) (opened, closed int, err error) {
	names := make([]string, len(v.found))
	for i, f := range v.found {
		names[i] = f.Who
	}
	tag, err := st.Lists().Exec(ctx, sqlStaffed, store.IncidentNobodyLeft, v.prefix, v.after, v.upTo, names)
	if err != nil {
		return 0, 0, err
	}
	closed = int(tag.RowsAffected())
	if len(v.found) > 0 {
		if _, err = st.Lists().Exec(ctx, sqlRefreshVacancies, v.incidents(v.found)...); err != nil {
			return 0, closed, err
		}
	}
	if all := slices.Concat(v.found, v.unfinished); len(all) > 0 {
		tag, err = st.Lists().Exec(ctx, sqlOpenVacancies, v.incidents(all)...)
		opened = int(tag.RowsAffected())
	}
	return opened, closed, err
}

// incidents are the arguments of the statements that write incidents.
func (v verdict) incidents(of []vacancy) []any {
	var events, messages, details []string
	var processes []uuid.UUID
	for _, f := range of {
		events, processes, messages = append(events, v.prefix+f.Who), append(processes, f.First.Process), append(messages, v.describe(f))
		details = append(details, fmt.Sprintf("most urgent: task %s of process %s; the incident closes by itself, at the latest some minutes after somebody can do the tasks or they are over",
			f.First.ID, f.First.Process))
	}
	return []any{store.IncidentNobodyLeft, events, processes, messages, details}
}

// ofPrincipal says what to do about tasks that wait for a principal.
func (v vacancy) ofPrincipal() string {
	person, isPerson := strings.CutPrefix(v.Who, "user:")
	why, remedy := "no active person is behind it", "put an active person behind "+v.Who
	switch {
	case v.Excluded && isPerson:
		why, remedy = person+" may not do them", ""
	case v.Excluded:
		why, remedy = "the people behind it may not do them", "put another person behind "+v.Who
	case isPerson:
		why, remedy = person+" has left", "make "+person+" active again"
	}
	if remedy != "" {
		remedy += ", or "
	}
	return fmt.Sprintf("Nobody is left who can do %s for %s (%s), first %s: %san operator or administrator transfers what is urgent.",
		v.count("that waits", "that wait"), v.Who, why, v.First, remedy)
}

// ofHolder says what to do about tasks that somebody has who left.
func (v vacancy) ofHolder() string {
	return fmt.Sprintf("%s, who has left, has %s, first %s: an operator or administrator transfers what is urgent to somebody else.",
		v.Who, v.count("", ""), v.First)
}

func (v vacancy) count(one, many string) string {
	switch {
	case v.Tasks == 1:
		return strings.TrimSpace("1 open task " + one)
	case many == "" && v.Tasks == vacancyCount:
		return fmt.Sprintf("%d open tasks or more", v.Tasks)
	default:
		return strings.TrimSpace(fmt.Sprintf("%d open tasks %s", v.Tasks, many))
	}
}

// String names the task for people.
func (t *vacantTask) String() string { return fmt.Sprintf("%q (step %s)", t.Title.In("en"), t.Step) }
