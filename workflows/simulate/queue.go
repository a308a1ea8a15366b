package simulate

import (
	"slices"
	"time"
)

// command is something that somebody, or another process, does at a moment.
type command struct {
	at      time.Time
	process string
	do      func()
}

// queue holds commands in the order of their times; among equal times the one queued first comes first.
type queue struct {
	list []command
	n    int // commands queued so far
}

func (q *queue) put(c command) {
	q.n++
	i, _ := slices.BinarySearchFunc(q.list, c.at, func(queued command, at time.Time) int {
		if queued.at.After(at) {
			return 1
		}
		return -1 // behind all of the same time
	})
	q.list = slices.Insert(q.list, i, c)
}

func (q *queue) peek() (command, bool) {
	if len(q.list) == 0 {
		return command{}, false
	}
	return q.list[0], true
}

// pop takes what peek showed.
func (q *queue) pop() command {
	c := q.list[0]
	q.list = slices.Delete(q.list, 0, 1)
	return c
}
