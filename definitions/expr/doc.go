// Package expr compiles and evaluates the expressions of process definitions.
//
// The language is expr-lang/expr: its parser reads the text and its virtual machine runs it. Between the two stands a
// checker of this package's own, because a definition is published once and then decides about people for months:
//
//   - Every name, field, operator and result is checked against a [Type] derived from schemas, and all problems are
//     reported at once, each with a stable [Code], a byte offset and a remedy.
//   - A value that may be missing is [Type.Nullable], and using it needs `?.`, `??` or a guard such as `x != nil && …`.
//   - A division whose divisor may be 0 is such a value, and yields nil there: `(a / b) ?? 0`, or `b != 0 ? a / b : 0`.
//   - The built-in functions are an allow-list. There is no clock, no randomness, no iteration in random order, and
//     every evaluation is bounded by [Limits].
//   - Facts from outside (registers) come through [Facts], so an evaluation is a pure function of its [Env].
//
// Belongs here: types of expressions, their compilation and evaluation, templates (`{{ }}`), values that may be either
// literal or computed, and the conversion between JSON and run-time values.
//
// Does not belong here: time expressions such as `start-30m` (package timex), the shape of a definition, where an
// expression may stand, any I/O, and any knowledge of a calendar.
package expr
