// Package process starts child processes that never outlive this one and that
// stop in an orderly way: each in a process group of its own (so that Ctrl-C in
// a terminal reaches only us), tied to our life where the system can do that,
// asked to stop by a ladder of signals with a patience for each.
//
// What belongs here: how a child is started, watched and stopped; which ports
// are free. What does not: knowledge of any particular server.
package process
