// Package definitions is the language in which processes are written.
//
// It holds the model of a compiled definition, the compiler that turns a bundle of YAML files into it, the problems that
// the compiler finds (each with a stable code, a place and a remedy), the schemas of forms, and the descriptors of the
// task kinds. Subpackages hold the two small languages inside it: expressions (expr) and time expressions (timex).
//
// What a definition means while a process runs does not belong here: that is workflows/engine. Neither does anything
// that touches a clock, a database or the network; compiling is a pure function of a bundle and a registry of kinds.
//
// The stages of the compiler, each in files of its own: syntax (parse, item), schema (header, nodes, step, schema),
// references (bundle, action, roles), reach (flow, lint_graph), types (scope, expression, express, with), people
// (roles), time (times), traps (lint, table_cover). All of them run, so one run reports everything that is wrong.
package definitions
