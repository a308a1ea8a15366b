// Package devserver is the root of what "steward dev" and the tests need from
// outside the product: a Postgres and a Temporal server on this machine, with no
// Docker and no account.
//
// What belongs below it: finding or fetching the Postgres binaries and looking
// after one server (postgres), building and looking after the development
// Temporal server (temporalproc, whose program is the Go module in temporal/),
// and the rules for child processes that both share (process).
//
// What does not: anything that runs in production, the product's own schema and
// migrations (internal/store), and the choice between DATABASE_URL and a server
// of our own, which is the caller's (cmd/steward).
package devserver
