// Package devmode is what `steward dev` runs: Postgres, Temporal and Steward itself on one machine, with demo people and sample
// processes, looked after until the operator says stop.
//
// What belongs here: the order of start and stop, starting again what dies, the sample data, and what is printed to a newcomer.
// What does not: how a server is found and run (internal/devserver), how Steward is put together (internal/app), and anything
// for production.
package devmode
