// Package people knows who works here: users, the groups and posts they belong to, who leads whom, and how they sign in.
//
// What belongs here: the Directory that decisions read inside their transaction, accounts, passwords, sign-in with its lockout,
// sessions, API tokens, and the demo house. What does not: who may do a task (workflows/engine decides that from what the
// Directory tells), permissions of routes (api), and notifications.
package people
