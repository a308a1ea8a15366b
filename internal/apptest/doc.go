// Package apptest runs a whole Steward in a test: a real Postgres, the real development Temporal, worker and HTTP server, with
// clients that talk HTTP as people do. Tests of one binary share the two servers; each has its own database and task queue.
package apptest
