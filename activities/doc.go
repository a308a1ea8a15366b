// Package activities is what Temporal's workers and the product's services run outside the workflows: the local activity that
// advances a process, the nudger that tells workflows to look, the dispatcher of messages, the sweeper of what got lost and
// the auditor of what was closed from outside. Rules live in workflows/engine, transactions in internal/advance.
package activities
