// Package advance is the transaction of Steward: it stores commands, locks a process, fires what is due, applies what is
// stored, appends to the decision log and writes the projections, all in one Postgres transaction. The workflow's local
// activity and the API call the same code.
//
// What belongs here: everything that must commit together with a decision, and the Env that decisions read facts
// through. What does not: rules (workflows/engine), HTTP (api), Temporal (workflows, activities).
package advance
