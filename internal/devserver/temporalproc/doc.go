// Package temporalproc builds the development Temporal server from its source in
// this repository, once per version, and looks after one running copy.
//
// What belongs here: the cache of built programs in <root>/.bin, starting the
// program on a given Postgres, waiting until it serves, stopping and killing it.
//
// What does not: the server itself (the Go module in ../temporal), and using a
// Temporal that runs elsewhere (TEMPORAL_ADDRESS is the caller's business).
package temporalproc
