// Bench measures Steward's speed and cost against baselines in the same run, and prints every figure with its target.
// BENCH=quick takes a few minutes, BENCH=full (the default) about a quarter of an hour. The exit code is 0 when all could be
// measured, whether or not targets were met: a figure that falls short is reported, not hidden.
//
// What belongs here: signals, the command line and the exit code. What does not: what is measured and how, which is package
// bench, so that its tests reach it.
package main
