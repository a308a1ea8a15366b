// Package app puts one running Steward together: database, catalog, decisions, the Temporal client and worker, the services
// around them and the HTTP server. The commands, the benches and the end-to-end tests all start the same App.
//
// What belongs here: construction, order of start and stop, publishing of the shipped library. What does not: rules,
// statements, handlers.
package app
