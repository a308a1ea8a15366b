// Temporal-dev is the official Temporal server and its Web UI in one process,
// set up for development: on a given Postgres, on loopback only, with small
// limits where a laptop wants them and large ones where a test would hit them.
//
// What belongs here: the server's configuration, its databases and schema, the
// namespace with Steward's search attributes, the lock against a second server
// on the same databases. What does not: anything of Steward itself. The program
// is a Go module of its own because the server's dependencies and ours cannot
// be resolved together, and it is started as a child process (package
// temporalproc) so that tests can kill it alone.
//
// It prints one line, "READY grpc=<address> ui=<address or none>", on standard
// output once it serves, and ends on SIGTERM, SIGINT, and, with --watch-stdin,
// when its standard input is closed.
package main
