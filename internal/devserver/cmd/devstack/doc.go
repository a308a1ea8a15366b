// Devstack starts the development Postgres and Temporal and prints their URLs
// until it is interrupted: for working on one part of Steward by hand. What it
// prints can be pasted into a shell. The product's own command is "steward dev".
//
// What belongs here: flags, and the order in which the two servers start and
// stop. What does not: how a server is found, started or looked after (packages
// postgres and temporalproc), and anything of the product (cmd/steward).
package main
