package api

import (
	_ "embed"
	"fmt"

	"github.com/goccy/go-yaml"
)

// A code names one kind of problem for ever; clients may compare it. What it says to people stands in problems.yaml.
const (
	codeInvalid      = "invalid"
	codeMalformed    = "malformed"
	codeInvalidForm  = "invalid_form"
	codeSignIn       = "sign_in_required"
	codeCredentials  = "wrong_credentials" //nolint:gosec // the name of a problem, no credential
	codeLocked       = "sign_in_locked"
	codeCrossSite    = "cross_site_request"
	codeForbidden    = "forbidden"
	codeScope        = "token_scope"
	codeNotFound     = "not_found"
	codeMethod       = "method_not_allowed"
	codeMediaType    = "unsupported_media_type"
	codeTooLarge     = "too_large"
	codeTooMany      = "too_many_requests"
	codeKeyReused    = "idempotency_key_reused"
	codeBusinessKey  = "business_key_taken"
	codeUnknownDef   = "unknown_definition"
	codeParked       = "parked"
	codeTooLate      = "too_late"
	codeNoSuchEvent  = "no_such_event"
	codeConflict     = "conflict"
	codeBusy         = "busy"
	codeUnavailable  = "unavailable"
	codeTimeout      = "timeout"
	codeInternal     = "internal"
	codeRefused      = "refused"
	codeClientClosed = "client_closed_request"
)

//go:embed problems.yaml
var problemsText []byte

// kind is what a code means.
type kind struct {
	Status int  `yaml:"status"`
	Title  Text `yaml:"title"`
	Detail Text `yaml:"detail"`
}

// problemKinds is problems.yaml.
type problemKinds struct {
	Requests map[string]kind `yaml:"requests"`
	Refusals map[string]kind `yaml:"refusals"`
}

func loadProblemKinds() (*problemKinds, error) {
	var k problemKinds
	if err := yaml.UnmarshalWithOptions(problemsText, &k, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read problems.yaml: %w", err)
	}
	return &k, nil
}

// of finds what a failure's code means.
func (k *problemKinds) of(f *failure) kind {
	if f.refusal != nil {
		if found, ok := k.Refusals[f.code]; ok {
			return found
		}
		return k.Refusals[codeRefused]
	}
	if found, ok := k.Requests[f.code]; ok {
		return found
	}
	return k.Requests[codeInternal]
}

// problem writes a failure for a caller who reads lang.
func (k *problemKinds) problem(f *failure, lang, path, traceID string) Problem {
	what := k.of(f)
	detail := what.Detail
	if f.detail != (Text{}) {
		detail = f.detail
	}
	p := Problem{
		Type: "urn:steward:problem:" + f.code, Title: in(what.Title, lang), Status: what.Status, Detail: in(detail, lang),
		Code: f.code, Instance: path, TraceID: traceID, Process: f.process, Command: f.command,
	}
	for _, field := range f.fields {
		p.Fields = append(p.Fields, FieldProblem{Field: field.field, Code: field.code, Message: in(field.message, lang)})
	}
	if f.refusal != nil {
		p.Revision = f.refusal.Revision
	}
	if f.winner != nil {
		p.Winner = *f.winner
	}
	return p
}
