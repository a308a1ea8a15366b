package simulate

import (
	"container/heap"
	"time"
)

// command is something that somebody, or another process, does at a moment.
type command struct {
	at      time.Time
	n       int // order of queueing, which decides among equal times
	process string
	do      func()
}

// queue holds commands in the order of their times.
type queue struct {
	list commands
	n    int
}

func (q *queue) put(c command) {
	q.n++
	c.n = q.n
	heap.Push(&q.list, c)
}

func (q *queue) peek() (command, bool) {
	if len(q.list) == 0 {
		return command{}, false
	}
	return q.list[0], true
}

func (q *queue) pop() command { return heap.Pop(&q.list).(command) }

type commands []command

func (c commands) Len() int { return len(c) }
func (c commands) Less(i, j int) bool {
	if !c[i].at.Equal(c[j].at) {
		return c[i].at.Before(c[j].at)
	}
	return c[i].n < c[j].n
}
func (c commands) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *commands) Push(x any)   { *c = append(*c, x.(command)) }
func (c *commands) Pop() any {
	old := *c
	last := old[len(old)-1]
	*c = old[:len(old)-1]
	return last
}
