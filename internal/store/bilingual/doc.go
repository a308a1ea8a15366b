// Package bilingual holds the one type that names and messages in two languages are stored as.
//
// What belongs here: that type, how it is stored and read, and which language a reader gets. It stands apart from package
// store so that generated code (storesql) can use it. What does not: the wording of messages (internal/messages) and the texts
// of definitions, which are definitions.Text.
package bilingual
