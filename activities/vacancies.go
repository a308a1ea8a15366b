package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store"
)

// Limits of one look at vacancies. What one look leaves, the next ones take up where it stopped: they come to everything in turn, in
// a small house each time.
const (
	vacancyPrincipals = 1000  // principals that tasks wait for, and people who have tasks, that one look comes to
	vacancyTasks      = 10000 // tasks that one look reads
	vacancyCount      = 1000  // up to which the tasks of somebody who left are counted
	// smallGroup is up to how many active members a group, post or person is looked at task by task: all of them may be excluded
	// from a task. In a larger one somebody is left unless more people than these are excluded (sqlCrowded).
	smallGroup = 4
)

// vacancyWalk is how far the looks have come. The zero value is the beginning.
type vacancyWalk struct {
	waiting inboxPlace
	holders string // up to whom, in the order of ids, people who have tasks were looked at
}

// inboxPlace is a position in the inbox's index. Every principal up to settled is done; the one after it may be done up to a task.
type inboxPlace struct {
	settled   string
	principal string // of the task below; empty when none was begun
	due       time.Time
	task      uuid.UUID
	found     vacancy // so far, of that principal
}

// LookForVacancies opens an incident for every group, post or person for whom open tasks wait that nobody is left to do, and for
// every person who has open tasks and has left. It keeps the text of open ones up to date and closes those of whom no such task is
// left. It answers how many it opened and closed. One look is bounded, and the next goes on where it stopped; calls must not
// overlap.
func (a *Auditor) LookForVacancies(ctx context.Context) (opened, closed int, err error) {
	for _, look := range []func(context.Context) (int, int, error){a.lookAtWaiting, a.lookAtHolders} {
		o, c, err := look(ctx)
		opened, closed = opened+o, closed+c
		if err != nil {
			return opened, closed, fmt.Errorf("look for tasks that nobody can do: %w", store.Classify(err))
		}
	}
	return opened, closed, nil
}

// staffed is a principal that tasks wait for and the active people behind it, at most one more than smallGroup.
type staffed struct {
	Principal string
	Members   []string
}

// lookedAt is what a look read of the tasks that wait for a principal.
type lookedAt struct {
	Principal string
	Due       time.Time // with Task: the last one
	Task      uuid.UUID
	Vacant    int
	First     *vacantTask
	Cut       bool // the look left some, of this principal or of a later one
}

// lookAtWaiting goes on through the tasks that wait for somebody.
func (a *Auditor) lookAtWaiting(ctx context.Context) (opened, closed int, err error) {
	from := a.vacancies.waiting
	principals, err := collect[staffed](ctx, a.store, sqlWaiting, from.settled, vacancyPrincipals, smallGroup)
	if err != nil {
		return 0, 0, err
	}
	small, members, large := []string{}, []string{}, []string{}
	for _, s := range principals {
		if len(s.Members) > smallGroup {
			large = append(large, s.Principal)
		} else {
			small, members = append(small, s.Principal), append(members, strings.Join(s.Members, ","))
		}
	}
	read, err := collect[lookedAt](ctx, a.store, sqlLooked, small, members, from.principal, from.due, from.task, vacancyTasks, large)
	if err != nil {
		return 0, 0, err
	}
	next, end := from.next(principals, read)
	v := verdict{prefix: "nobody/", after: from.settled, describe: vacancy.ofPrincipal}
	if !end {
		v.upTo = &next.settled
	}
	for _, found := range from.tally(principals, read) {
		if found.Who == next.principal {
			next.found = found
			v.unfinished = append(v.unfinished, found)
		} else {
			v.found = append(v.found, found)
		}
	}
	if opened, closed, err = v.write(ctx, a.store); err == nil {
		a.vacancies.waiting = next
	}
	return opened, closed, err
}

// tally answers the principals that have vacant tasks, among those read now and, of the first one, before.
func (p inboxPlace) tally(principals []staffed, read []lookedAt) (found []vacancy) {
	for _, s := range principals {
		v := vacancy{Who: s.Principal, Excluded: len(s.Members) > 0}
		if s.Principal == p.principal {
			v.Tasks, v.First = p.found.Tasks, p.found.First
		}
		if i := slices.IndexFunc(read, func(l lookedAt) bool { return l.Principal == s.Principal }); i >= 0 {
			v.Tasks += read[i].Vacant
			if v.First == nil {
				v.First = read[i].First
			}
		}
		if v.Tasks > 0 {
			found = append(found, v)
		}
	}
	return found
}

// next is where the next look goes on, and whether that is at the beginning because this one came to the end.
func (p inboxPlace) next(principals []staffed, read []lookedAt) (next inboxPlace, end bool) {
	if len(read) > 0 && read[0].Cut {
		last := read[len(read)-1]
		next = inboxPlace{settled: p.settled, principal: last.Principal, due: last.Due, task: last.Task}
		if i := slices.IndexFunc(principals, func(s staffed) bool { return s.Principal == last.Principal }); i > 0 {
			next.settled = principals[i-1].Principal
		}
		return next, false
	}
	if len(principals) == vacancyPrincipals {
		return inboxPlace{settled: principals[len(principals)-1].Principal}, false
	}
	return inboxPlace{}, true
}

// holder is somebody who has open tasks; of one who left, how many, and the first.
type holder struct {
	Person string
	Tasks  int
	First  *vacantTask
}

// lookAtHolders goes on through the people who have open tasks.
func (a *Auditor) lookAtHolders(ctx context.Context) (opened, closed int, err error) {
	from, next := a.vacancies.holders, ""
	holders, err := collect[holder](ctx, a.store, sqlHolders, from, vacancyPrincipals, vacancyCount)
	if err != nil {
		return 0, 0, err
	}
	v := verdict{prefix: "left/", after: from, describe: vacancy.ofHolder}
	if len(holders) == vacancyPrincipals {
		next = holders[len(holders)-1].Person
		v.upTo = &next
	}
	for _, h := range holders {
		if h.First != nil {
			v.found = append(v.found, vacancy{Who: h.Person, Tasks: h.Tasks, First: h.First})
		}
	}
	if opened, closed, err = v.write(ctx, a.store); err == nil {
		a.vacancies.holders = next
	}
	return opened, closed, err
}

// collect reads the rows of one of the queries for vacancies.
func collect[T any](ctx context.Context, st *store.Store, sql string, args ...any) (list []T, err error) {
	err = pgx.BeginTxFunc(ctx, st.Lists(), pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlPlanning); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		return err
	})
	return list, err
}
