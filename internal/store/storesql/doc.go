// Package storesql holds the Go code that sqlc generates from internal/store/queries. Nothing but this file is written by hand:
// change a query there and run `make generate`. Lists with optional filters do not belong here: package store writes them itself.
package storesql
