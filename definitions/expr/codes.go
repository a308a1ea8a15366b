package expr

import "fmt"

// Code names one kind of problem. Codes are stable: documentation and tools refer to them.
type Code string

// The codes of problems found when an expression, template, value or schema is compiled.
const (
	// CodeSyntax says that the text is no expression or template at all.
	CodeSyntax Code = "expr_syntax"
	// CodeTooLong says that the text or its number of nodes exceeds the limit.
	CodeTooLong Code = "expr_too_long"
	// CodeTooDeep says that the expression, value or schema is nested deeper than the limit.
	CodeTooDeep Code = "expr_too_deep"
	// CodeUnknownName says that a name, function or register does not exist.
	CodeUnknownName Code = "expr_unknown_name"
	// CodeUnknownField says that an object or register row has no such field.
	CodeUnknownField Code = "expr_unknown_field"
	// CodeUnknownValue says that a text is compared with a value that it can never have.
	CodeUnknownValue Code = "expr_unknown_value"
	// CodeHyphenatedName says that a name was written with a hyphen, which reads as a subtraction.
	CodeHyphenatedName Code = "expr_hyphenated_name"
	// CodeShadowedName says that `let` declares a name that is already in scope.
	CodeShadowedName Code = "expr_shadowed_name"
	// CodeType says that an operator, function or field does not apply to the types given.
	CodeType Code = "expr_type"
	// CodeNullable says that a value that may be missing is used without `?.`, `??` or a guard.
	CodeNullable Code = "expr_nullable"
	// CodeForbidden says that a construct of expr-lang is not part of this language.
	CodeForbidden Code = "expr_forbidden"
	// CodeArguments says that a function is called with the wrong number or shape of arguments.
	CodeArguments Code = "expr_arguments"
	// CodeResultType says that the result is not what its place in the definition needs; it is also an evaluation error
	// where the type could only be known then.
	CodeResultType Code = "expr_result_type"
	// CodeSchema says that a JSON Schema uses something that has no [Type].
	CodeSchema Code = "expr_schema"
)

// The codes of errors that only an evaluation can meet.
const (
	// CodeEvaluation says that the values given do not fit the operation, for example text where a number is needed.
	CodeEvaluation Code = "expr_evaluation"
	// CodeNumber says that a number overflows, is divided by zero or is not finite.
	CodeNumber Code = "expr_number"
	// CodeBudget says that an evaluation needs more steps or memory than its limits allow.
	CodeBudget Code = "expr_budget"
	// CodeFact says that a register could not be read.
	CodeFact Code = "expr_fact"
)

// Codes returns every code of the package, those of compilation first. Documentation is checked against it.
func Codes() []Code {
	return []Code{
		CodeSyntax, CodeTooLong, CodeTooDeep, CodeUnknownName, CodeUnknownField, CodeUnknownValue, CodeHyphenatedName,
		CodeShadowedName, CodeType, CodeNullable, CodeForbidden, CodeArguments, CodeResultType, CodeSchema,
		CodeEvaluation, CodeNumber, CodeBudget, CodeFact,
	}
}

// Problem is one thing that is wrong with a text. Message says what, Hint what to write instead (it may be empty).
type Problem struct {
	Code Code
	// Path leads to the text within a nested value or schema, such as `input.item[0]`; it is empty for a single text.
	Path string
	// Offset and Length are in bytes and delimit the faulty part of the text that was passed in.
	Offset, Length int
	Message, Hint  string
}

// String renders the problem on one line.
func (p Problem) String() string {
	text := fmt.Sprintf("%s at %d: %s", p.Code, p.Offset, p.Message)
	if p.Path != "" {
		text = p.Path + ": " + text
	}
	if p.Hint != "" {
		text += " (" + p.Hint + ")"
	}
	return text
}

// EvalError is the error of every failed evaluation.
type EvalError struct {
	Code Code
	// Path leads to the expression within a nested [Value], such as `input.item[0]`; it is empty for a single one.
	Path string
	// Source is the text of the expression; Offset and Length delimit, in its bytes, the part that failed.
	Source         string
	Offset, Length int
	Message        string
	// Cause is the error of [Facts], if that is what failed.
	Cause error
}

// Error renders the code, the expression and what went wrong.
func (e *EvalError) Error() string {
	text := fmt.Sprintf("%s: %s, in %s at %d", e.Code, e.Message, "`"+e.Source+"`", e.Offset)
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	return text
}

// Unwrap returns the error of [Facts], or nil.
func (e *EvalError) Unwrap() error { return e.Cause }
