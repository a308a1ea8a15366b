// Package engine holds every rule of a running process, as two pure functions.
//
// Decide looks at a definition, the state of one process and one event, learns facts through Env, and answers the
// changes that follow: which step comes next, who may do it, when it is due, what an expression yields. Evolve folds one
// change into a state and computes nothing. The decision log is the list of those changes, and the state is their fold.
//
// What belongs here: the life of nodes, tasks, deadlines, proposals, bookings and children; the task kinds that wait for
// people or need nothing but facts. What does not: storage, transport, clocks, randomness, goroutines. The package
// imports definitions and internal/calendar and nothing else of ours.
//
// A change kind's fold is never edited once released: a new meaning is a new kind (docs/architecture.md).
package engine
