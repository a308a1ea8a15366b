package store

import (
	"steward/internal/store/bilingual"
	"steward/internal/store/storesql"
)

// The rows that callers see are the rows as stored. Times are UTC; pointers are nil where the column is null.
type (
	// Text is a name or a message in the two languages of the product.
	Text = bilingual.Text
	// Definition is one published, immutable version of a process definition.
	Definition = storesql.Definition
	// DefinitionSummary is a version without its source.
	DefinitionSummary = storesql.DefinitionVersionsRow
	// Process is one running or ended process. State is text whose exact bytes StateDigest covers: never re-marshal it.
	Process = storesql.Process
	// LogEntry is one row of a decision log.
	LogEntry = storesql.LogEntry
	// Command is something a person or a process asked for, with its receipt once it is settled.
	Command = storesql.Command
	// Task is a task's projection. DueKey is its place in lists ordered by urgency.
	Task = storesql.Task
	// Incident is an event that was parked for an operator.
	Incident = storesql.Incident
	// Comment is a remark that a person made on a process or a task.
	Comment = storesql.Comment
	// Notification is what a person finds in the page's bell.
	Notification = storesql.Notification
	// Message is a row of the outbox.
	Message = storesql.Message
	// Resource is a room, a vehicle or a person that can be booked.
	Resource = storesql.Resource
	// Reservation is the booking of one resource by one process, from FromAt up to, not including, ToAt.
	Reservation = storesql.ProcessReservationsRow
	// Register is a book that people keep; Schema is the JSON Schema of its entries.
	Register = storesql.Register
	// RegisterEntry is one entry of a register.
	RegisterEntry = storesql.RegisterEntry
	// Setting is one house parameter.
	Setting = storesql.Setting
	// Calendar is one version of a working calendar's source.
	Calendar = storesql.Calendar
	// AuditEntry is one row of the audit trail.
	AuditEntry = storesql.AuditEntry
)
