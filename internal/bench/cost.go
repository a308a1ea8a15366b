package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// cost is what the programs of a run used. Under load from outside it is worth more than a rate: neighbors make everything
// slower, but what a process needs they leave alone.
type cost struct {
	Own      time.Duration // processor time of this program: clients, worker, API
	Temporal time.Duration
	Postgres time.Duration // all of it
	Behind   time.Duration // the part of Postgres that serves Temporal
	Commits  int64         // of all databases
	ForUs    int64         // of those, commits of the databases that are not Temporal's
}

func (c cost) plus(o cost) cost {
	return cost{c.Own + o.Own, c.Temporal + o.Temporal, c.Postgres + o.Postgres, c.Behind + o.Behind, c.Commits + o.Commits, c.ForUs + o.ForUs}
}

func (c cost) minus(o cost) cost {
	return c.plus(cost{-o.Own, -o.Temporal, -o.Postgres, -o.Behind, -o.Commits, -o.ForUs})
}

func (c cost) processor() time.Duration { return c.Own + c.Temporal + c.Postgres }

// per says what one of n processes cost, in milliseconds of processor time.
func (c cost) per(n int) string {
	each := func(d time.Duration) string { return number(milliseconds(d) / float64(n)) }
	count := func(commits int64) string { return number(float64(commits) / float64(n)) }
	return fmt.Sprintf("%s ms of CPU each (clients, worker, API %s; Temporal %s; Postgres for Temporal %s, else %s), commits %s + %s",
		each(c.processor()), each(c.Own), each(c.Temporal), each(c.Behind), each(c.Postgres-c.Behind), count(c.Commits-c.ForUs), count(c.ForUs))
}

// meter reads what the servers and this program have used so far. Without /proc it knows commits only.
type meter struct {
	stack *Stack
}

const temporalDatabases = "datname LIKE 'temporal%'"

func (m meter) read(ctx context.Context) (c cost, err error) {
	var backends []int32
	err = m.stack.query(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT sum(xact_commit)::bigint, coalesce(sum(xact_commit) FILTER (WHERE NOT (`+temporalDatabases+`)), 0)::bigint,
 (SELECT coalesce(array_agg(pid), '{}') FROM pg_stat_activity WHERE `+temporalDatabases+`) FROM pg_stat_database`).Scan(&c.Commits, &c.ForUs, &backends)
	})
	tasks := processes()
	c.Own, c.Temporal = tasks[os.Getpid()].used, tasks[m.stack.temporalPID].used
	for _, t := range tasks {
		if t.parent == m.stack.postgresPID {
			c.Postgres += t.used
		}
	}
	for _, pid := range backends {
		if t := tasks[int(pid)]; t.parent == m.stack.postgresPID {
			c.Behind += t.used
		}
	}
	c.Postgres += tasks[m.stack.postgresPID].used + tasks[m.stack.postgresPID].children
	return c, err
}

// task is a process of the operating system.
type task struct {
	pid, parent    int
	used, children time.Duration // processor time of itself, and of children that have ended
}

// tick is the unit of /proc/<pid>/stat on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// processes reads all that /proc has.
func processes() map[int]task {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	all := make(map[int]task, len(files))
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		if t, ok := parseStat(string(text)); ok {
			all[t.pid] = t
		}
	}
	return all
}

// parseStat reads a line of /proc/<pid>/stat: fields are counted from behind the name, which may hold anything.
func parseStat(line string) (t task, ok bool) {
	head, rest, found := strings.Cut(line, " (")
	end := strings.LastIndex(rest, ") ")
	if !found || end < 0 {
		return t, false
	}
	fields := strings.Fields(rest[end+2:])
	if len(fields) < 15 {
		return t, false
	}
	var numbers [6]int
	for i, text := range []string{head, fields[1], fields[11], fields[12], fields[13], fields[14]} {
		n, err := strconv.Atoi(text)
		if err != nil {
			return t, false
		}
		numbers[i] = n
	}
	t = task{pid: numbers[0], parent: numbers[1]}
	t.used = time.Duration(numbers[2]+numbers[3]) * tick
	t.children = time.Duration(numbers[4]+numbers[5]) * tick
	return t, true
}
