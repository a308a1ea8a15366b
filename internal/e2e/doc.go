// Package e2e proves Steward from outside: processes from start to end through HTTP, and what remains true when programs are
// killed. It holds tests only.
package e2e
