package simulate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"steward/definitions"
	"steward/internal/calendar"
	"steward/workflows/engine"
)

// Profile is how a model person acts.
type Profile string

// The profiles; docs/simulate.md says what each does.
const (
	Fast      Profile = "fast"
	Slow      Profile = "slow"
	Absent    Profile = "absent"
	Rejecting Profile = "rejecting"
)

// ProfileNames lists the profiles.
func ProfileNames() []string {
	return []string{string(Fast), string(Slow), string(Absent), string(Rejecting)}
}

// ParseProfile reads the name of a profile.
func ParseProfile(name string) (Profile, error) {
	if !slices.Contains(ProfileNames(), name) {
		return "", fmt.Errorf("%q is no profile of people: use one of %s", name, strings.Join(ProfileNames(), ", "))
	}
	return Profile(name), nil
}

// Profiles says who acts how: by the id of a step, else by that of a person, else Default. An empty Default means Fast.
type Profiles struct {
	Default Profile
	Named   map[string]Profile
	spots   map[string]spot // where each name is written
}

func (p Profiles) of(step, user string) Profile {
	if found, ok := p.Named[step]; ok {
		return found
	}
	if found, ok := p.Named[user]; ok {
		return found
	}
	if p.Default == "" {
		return Fast
	}
	return p.Default
}

// How long people take.
const (
	quick         = 10 * time.Minute
	slowShare     = 0.8
	slowDays      = 2
	slowWhenLate  = 4 * time.Hour // of working time
	shortestDelay = time.Second
)

// actsAt answers when somebody of a profile does a task that was opened or given to them at from; false is never.
func (p Profile) actsAt(t engine.Task, def *definitions.Node, from time.Time, cal *calendar.Calendar) (time.Time, bool) {
	if p == Absent {
		return time.Time{}, false
	}
	if p == Slow {
		return slowly(t, def, from, cal), true
	}
	if onSpot(t, def, from, cal) {
		return from.Add(quick), true
	}
	at, _, _ := cal.AddWorkingTime(from, quick)
	return at, true
}

func slowly(t engine.Task, def *definitions.Node, from time.Time, cal *calendar.Calendar) time.Time {
	var at time.Time
	switch {
	case t.Due == nil && onSpot(t, def, from, cal):
		return from.Add(quick)
	case t.Due == nil:
		at, _, _ = cal.AddWorkingDays(from, slowDays)
		at, _, _ = cal.NearestWorkingTime(at, false)
	case !t.Due.After(from):
		at, _, _ = cal.AddWorkingTime(from, slowWhenLate)
	case onSpot(t, def, from, cal):
		at = from.Add(time.Duration(slowShare * float64(t.Due.Sub(from))))
	default:
		left, _ := cal.WorkingTimeBetween(from, *t.Due)
		at, _, _ = cal.AddWorkingTime(from, max(time.Duration(slowShare*float64(left)), shortestDelay))
	}
	if at.Sub(from) > quick {
		return at.Truncate(time.Minute)
	}
	return at.Truncate(time.Second)
}

// onSpot says whether whoever does the task is there anyhow and does not wait for working time: the body of a repeat, and
// what falls due before work begins again.
func onSpot(t engine.Task, def *definitions.Node, from time.Time, cal *calendar.Calendar) bool {
	if def != nil && def.Parent != nil && def.Parent.Kind == definitions.Repeat {
		return true
	}
	if t.Due == nil || !t.Due.After(from) {
		return false
	}
	if working, _ := cal.IsWorkingTime(from); working {
		return false
	}
	begin, _, _ := cal.NearestWorkingTime(from, false)
	return !begin.Before(*t.Due)
}

// decides answers the outcome that somebody of a profile chooses.
func (p Profile) decides(t engine.Task) string {
	if p == Rejecting && t.Kind == "approval" && len(t.Outcomes) > 1 {
		return t.Outcomes[1]
	}
	return t.Outcomes[0]
}
