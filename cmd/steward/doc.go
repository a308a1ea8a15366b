// Steward runs service operations as durable processes. This program is all of it: `steward dev` for one machine without any
// account, `steward serve` and `steward worker` for production, and the commands of operators and of those who write
// definitions.
//
// What belongs here: flags, their environment variables, what is printed, and exit codes; one file per command. What does not:
// everything that a command does, which lies in the packages that it calls.
package main
