package definitions

import (
	"steward/definitions/expr"
	"steward/definitions/timex"
)

// Code names one kind of problem. Codes are stable: editors, tests and docs/error-codes.md refer to them.
type Code string

// The codes of stage syntax.
const (
	codeSyntaxYAML         Code = "syntax_yaml"
	codeSyntaxEncoding     Code = "syntax_encoding"
	codeSyntaxTab          Code = "syntax_tab"
	codeSyntaxDuplicateKey Code = "syntax_duplicate_key"
	codeSyntaxAnchor       Code = "syntax_anchor"
	codeSyntaxTooLarge     Code = "syntax_too_large"
)

// The codes of stage schema.
const (
	codeUnknownKey   Code = "schema_unknown_key"
	codeNotSupported Code = "not_supported"
	codeMissingKey   Code = "schema_missing_key"
	codeWrongType    Code = "schema_wrong_type"
	codeBadValue     Code = "schema_value"
	codeBadID        Code = "schema_bad_id"
	codeDuplicateID  Code = "schema_duplicate_id"
	codeKeyNotHere   Code = "schema_key_not_here"
	codeConflict     Code = "schema_conflict"
	codeBadForm      Code = "schema_form"
	codeBadDefault   Code = "schema_default"
	codeFileName     Code = "schema_file_name"
	codeTooMany      Code = "schema_limit"
)

// The codes of stage reference.
const (
	codeUnknownKind     Code = "reference_unknown_kind"
	codeUnknownTask     Code = "reference_unknown_task"
	codeUnknownForm     Code = "reference_unknown_form"
	codeUnknownRegister Code = "reference_unknown_register"
	codeUnknownProcess  Code = "reference_unknown_process"
	codeUnknownTable    Code = "reference_unknown_table"
	codeUnknownBlock    Code = "reference_unknown_block"
	codeUnknownStep     Code = "reference_unknown_step"
	codeUnknownEvent    Code = "reference_unknown_event"
	codeUnknownField    Code = "reference_unknown_field"
	codeUnknownOutcome  Code = "reference_unknown_outcome"
	codeCycle           Code = "reference_cycle"
	codeProcessCircle   Code = "reference_process_circle"
)

// The codes of stage reach.
const (
	codeUnreachable       Code = "reach_unreachable"
	codeUnusedBlock       Code = "reach_unused_block"
	codeGotoTarget        Code = "reach_goto_target"
	codeGotoLoop          Code = "reach_goto_loop"
	codeBlockRecursion    Code = "reach_block_recursion"
	codeNoEnd             Code = "reach_no_end"
	codeOutcomeUndeclared Code = "reach_outcome_undeclared"
	codeOutcomeUnused     Code = "reach_outcome_unused"
	codeOutcomeUnhandled  Code = "reach_outcome_unhandled"
	codeOutcomeIgnored    Code = "reach_outcome_ignored"
	codeFailOutsideVia    Code = "reach_fail_outside_via"
	codeEndInFinally      Code = "reach_end_in_finally"
)

// The codes of stage type.
const (
	codeTypeMismatch   Code = "type_mismatch"
	codeForgottenValue Code = "type_forgotten_equals"
)

// The codes of stage people.
const (
	codeUnknownRole  Code = "people_unknown_role"
	codeNoAssign     Code = "people_no_assign"
	codeRoleSource   Code = "people_role_source"
	codeRoleCycle    Code = "people_role_cycle"
	codeAssigneeHere Code = "people_no_assignee_here"
	codeUnusedRole   Code = "people_unused_role"

	codeForgottenEquals Code = "people_forgotten_equals"
)

// The codes of stage time.
const (
	codeUnknownAnchor Code = "time_unknown_anchor"
	codeNoDue         Code = "time_no_due"
	codeWindowHere    Code = "time_window_here"
	codeInterval      Code = "time_interval"
)

// The codes of stage trap.
const (
	codeTrapClockBehindJoin Code = "trap_clock_behind_join"
	codeTrapNoWayOut        Code = "trap_no_way_out"
	codeTrapRepeatOverlap   Code = "trap_repeat_overlap"
	codeTrapRepeatEndless   Code = "trap_repeat_endless"
	codeTrapShadow          Code = "trap_shadow"
	codeTrapPersonalKey     Code = "trap_personal_key"
	codeTrapEventIdle       Code = "trap_event_idle"
	codeTrapBookingKept     Code = "trap_booking_kept"
	codeTrapTableOverlap    Code = "trap_table_overlap"
	codeTrapTableRow        Code = "trap_table_row"
)

// Codes lists every code that a problem can have, by stage: those of this package first, then those of
// expressions and of time expressions.
func Codes() []Code {
	codes := []Code{
		codeSyntaxYAML, codeSyntaxEncoding, codeSyntaxTab, codeSyntaxDuplicateKey, codeSyntaxAnchor, codeSyntaxTooLarge,
		codeUnknownKey, codeNotSupported, codeMissingKey, codeWrongType, codeBadValue, codeBadID, codeDuplicateID,
		codeKeyNotHere, codeConflict, codeBadForm, codeBadDefault, codeFileName, codeTooMany,
		codeUnknownKind, codeUnknownTask, codeUnknownForm, codeUnknownRegister, codeUnknownProcess, codeUnknownTable, codeUnknownBlock,
		codeUnknownStep, codeUnknownEvent, codeUnknownField, codeUnknownOutcome, codeCycle, codeProcessCircle,
		codeUnreachable, codeUnusedBlock, codeGotoTarget, codeGotoLoop, codeBlockRecursion, codeNoEnd, codeOutcomeUndeclared,
		codeOutcomeUnused, codeOutcomeUnhandled, codeOutcomeIgnored, codeFailOutsideVia, codeEndInFinally,
		codeTypeMismatch, codeForgottenValue,
		codeUnknownRole, codeNoAssign, codeRoleSource, codeRoleCycle, codeAssigneeHere, codeUnusedRole, codeForgottenEquals,
		codeUnknownAnchor, codeNoDue, codeWindowHere, codeInterval,
		codeTrapClockBehindJoin, codeTrapNoWayOut, codeTrapRepeatOverlap, codeTrapRepeatEndless, codeTrapShadow, codeTrapPersonalKey, codeTrapEventIdle, codeTrapBookingKept,
		codeTrapTableOverlap, codeTrapTableRow,
	}
	for _, c := range expr.Codes() {
		if !evaluationOnly(c) {
			codes = append(codes, Code(c))
		}
	}
	for _, c := range timex.Codes() {
		if !atEvaluation(c) {
			codes = append(codes, Code(c))
		}
	}
	return codes
}

// evaluationOnly tells the codes of expressions that compiling a definition never gives: those of an evaluation, and that
// of schemas, which a definition reports as its own schema_form.
func evaluationOnly(c expr.Code) bool {
	switch c {
	case expr.CodeSchema, expr.CodeEvaluation, expr.CodeNumber, expr.CodeBudget, expr.CodeFact:
		return true
	}
	return false
}

// atEvaluation tells the codes of time expressions that show only when a calendar is at hand.
func atEvaluation(c timex.Code) bool {
	switch c {
	case timex.CodeNoCalendar, timex.CodeNoLocation, timex.CodeUnknownWindow, timex.CodeOutOfRange:
		return true
	}
	return false
}
