// Package telemetry connects the program to OpenTelemetry, when the environment asks for it with the standard OTEL_…
// variables, and puts the ids of the current trace into log lines.
//
// What belongs here: exporters, the resource, propagation, start and stop, and the slog handler that knows traces. What does
// not: spans and metrics themselves; they are made where the work is done, through the global providers of OpenTelemetry.
package telemetry
