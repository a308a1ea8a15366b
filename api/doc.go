// Package api is Steward's HTTP face: the contract (openapi.yaml, written first), the Echo server that serves it, and the
// rules of who may call what (permissions.yaml).
//
// A request passes, in this order: tracing and logging, security headers, limits on size, rate and time, sign-in, the
// permission row of its operation, the contract's own checks, validator tags, and only then a thin handler that asks the
// store or hands a command to the Commander. Every error leaves through errors.go as problem+json.
//
// What belongs here: HTTP, the shapes of answers, wording of problems. What does not: the rules of a process (they are in
// workflows/engine, and Decide checks every command again whoever called), SQL (internal/store; one look-up of titles in
// notifications.go aside), sign-in and passwords (internal/people), the wording of messages (internal/messages). Echo is
// imported nowhere else.
//
// To change a route: openapi.yaml, `go generate ./api`, the handler in its resource's file, a row in permissions.yaml.
package api

//go:generate go tool -modfile=tools.mod oapi-codegen -config oapi-codegen.yaml -o gen.go openapi.yaml
