// Package library holds the processes that are shipped: YAML only, one folder a domain, one file a process, beside the
// tasks, forms and registers that they share. To add a process, copy a file and its <id>.test.yaml, the scenarios that
// `steward test` runs; the tests of this package hold every file to the rules of the house: no lint hint, both languages,
// every time a parameter, scenarios for every process.
//
// The Go code here embeds and loads these files and does nothing else; what a file means is told by package definitions.
package library
