// Package bench measures what Steward promises about speed and cost, and says of every figure whether its target is met.
//
// Nearly every figure is a ratio: the product against a baseline that runs on the same servers, with the same clients, in
// the same run, in turn. Ratios survive another machine and noisy neighbors; absolute numbers do not. docs/benchmarks.md
// says how to read them.
//
// What belongs here: load generators, baselines, the arithmetic of figures and the servers they need. What does not: any
// change to the product that would make it faster, and figures that a test of another package states already (the inbox at
// a million tasks is in internal/store).
package bench
