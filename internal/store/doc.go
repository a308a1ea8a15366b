// Package store is Steward's way to Postgres: connections with the session settings that decisions rely on, the embedded
// migrations, transactions with bounded retries, LISTEN with reconnect, and every read and write that is not part of a decision.
//
// What belongs here: definitions, lists of processes and tasks, the pages of the decision log, comments, notifications, the
// outbox, resources and their bookings, registers, settings, calendars, incidents and the audit trail. Fixed queries live in
// queries/*.sql and are generated into storesql; lists with optional filters are written by hand beside their types.
//
// What does not: the transaction that locks a process, decides and appends to its log (internal/advance), people and sign-in
// (internal/people), and any rule of a process (workflows/engine). Nothing here interprets changes or state: they are text.
package store
