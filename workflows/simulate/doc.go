// Package simulate rehearses a process: the real Decide and Evolve on a virtual clock and a model of the world.
//
// What belongs here: the model (people, resources, registers, children), the people who act in it, the timeline that comes
// out, and the scenario tests of definitions. What does not: rules of processes, which live in workflows/engine alone.
package simulate
