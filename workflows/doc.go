// Package workflows holds the Temporal shells: the workflow that drives one process, and the names and types that the API
// and the worker share with it (contract.go).
//
// A shell carries no rules and no personal data. It wakes by nudge, timer or cancellation, has the process advanced in
// Postgres by a local activity, and arms one timer for the earliest deadline. What it knows can be rebuilt from Postgres at
// any time.
package workflows
