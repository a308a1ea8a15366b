package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

// filterOptions are the checks that every request has to pass before a handler sees it.
func filterOptions() *openapi3filter.Options {
	return &openapi3filter.Options{
		MultiError:                        true,
		RejectWhenRequestBodyNotSpecified: true,
		KeepValidatedValue:                true,
		AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{
			openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
				"uuid":      openapi3.NewCallbackValidator(checkUUID),
				"date-time": openapi3.NewCallbackValidator(func(v string) error { return checkTime(time.RFC3339, v) }),
				"date":      openapi3.NewCallbackValidator(func(v string) error { return checkTime(time.DateOnly, v) }),
			}),
		},
	}
}

// checkUUID accepts only the form with hyphens: one resource has one address.
func checkUUID(v string) error {
	if len(v) != 36 {
		return errors.New("want 36 characters")
	}
	return uuid.Validate(v)
}

// The years that a time in a request may name: beyond them a time zone leads out of what RFC 3339 can write.
const (
	firstYear = 1900
	lastYear  = 9998
)

func checkTime(layout, v string) error {
	t, err := time.Parse(layout, v)
	if err == nil && (t.UTC().Year() < firstYear || t.UTC().Year() > lastYear) {
		return fmt.Errorf("want a year from %d to %d", firstYear, lastYear)
	}
	return err
}

// validate checks a request against the contract.
func (s *Server) validate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op := operationOf(c)
		if op == nil {
			return next(c)
		}
		if err := s.checkRequest(c, op); err != nil {
			return err
		}
		return next(c)
	}
}

func (s *Server) checkRequest(c echo.Context, op *operation) error {
	r := c.Request()
	if err := checkQuery(op, r.URL); err != nil {
		return err
	}
	if err := checkMedia(r); err != nil {
		return err
	}
	params := make(map[string]string, len(c.ParamNames()))
	for i, name := range c.ParamNames() {
		params[name] = c.ParamValues()[i]
	}
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: op.route, Options: s.filter}
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		return contractFailure(err)
	}
	if body, ok := r.Body.(interface{ ValidatedValue() any }); ok {
		return checkDocument(r, body.ValidatedValue())
	}
	return nil
}

// checkQuery refuses parameters that the operation does not know: a misspelled filter would silently show everything.
func checkQuery(op *operation, u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return failField("query", "format", Text{Zh: "查询串编码有误", En: "the query string is not well encoded"})
	}
	f := &failure{code: codeInvalid}
	for name, values := range query {
		parameter := parameterOf(op, name)
		switch {
		case parameter == nil:
			f.fields = append(f.fields, fieldFailure{clip(name), "unknown", Text{Zh: "没有这个参数", En: "there is no such parameter"}})
		case len(values) > 1:
			f.fields = append(f.fields, fieldFailure{name, "repeated", Text{Zh: "只能出现一次", En: "may be given only once"}})
		case !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0):
			f.fields = append(f.fields, fieldFailure{name, "character", Text{Zh: "含有无效字符", En: "holds an invalid character"}})
		}
	}
	if len(f.fields) == 0 {
		return nil
	}
	slices.SortFunc(f.fields, func(a, b fieldFailure) int { return strings.Compare(a.field, b.field) })
	return f
}

func parameterOf(op *operation, name string) *openapi3.Parameter {
	if p := op.route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name); p != nil {
		return p
	}
	return op.route.PathItem.Parameters.GetByInAndName(openapi3.ParameterInQuery, name)
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// clip shortens what a client wrote before it is shown to them again.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if runes := []rune(s); len(runes) > 100 {
		return string(runes[:100]) + "…"
	}
	return s
}

// contractFailure turns what the contract's checker found into named fields. Its own messages are not shown: they quote
// values, and passwords are values.
func contractFailure(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return tooLarge
	}
	f := &failure{code: codeInvalid}
	for _, e := range flatten(err) {
		var re *openapi3filter.RequestError
		if !errors.As(e, &re) {
			return &failure{code: codeMalformed, cause: errors.New("request does not fit the contract")}
		}
		if bad := requestFailure(f, re); bad != nil {
			return bad
		}
	}
	slices.SortStableFunc(f.fields, func(a, b fieldFailure) int { return strings.Compare(a.field, b.field) })
	f.fields = slices.CompactFunc(f.fields, func(a, b fieldFailure) bool { return a.field == b.field })
	return f
}

func flatten(err error) []error {
	var many openapi3.MultiError
	if m, ok := err.(openapi3.MultiError); ok { //nolint:errorlint // only the outermost list is taken apart here
		many = m
	} else {
		return []error{err}
	}
	var all []error
	for _, e := range many {
		all = append(all, flatten(e)...)
	}
	return all
}

// requestFailure adds the faulty fields of one error, or answers a failure of the whole request.
func requestFailure(f *failure, re *openapi3filter.RequestError) *failure {
	at := ""
	if re.Parameter != nil {
		at = re.Parameter.Name
	}
	switch {
	case errors.Is(re.Err, openapi3filter.ErrInvalidRequired):
		f.fields = append(f.fields, required(orDefault(at, "body")))
	case re.Parameter == nil && re.Err == nil && strings.HasPrefix(re.Reason, "header Content-Type"):
		return fail(codeMediaType)
	case re.Err == nil:
		return fail(codeMalformed)
	default:
		return valueFailures(f, at, re)
	}
	return nil
}

func valueFailures(f *failure, at string, re *openapi3filter.RequestError) *failure {
	for _, e := range flatten(re.Err) {
		var se *openapi3.SchemaError
		switch {
		case errors.As(e, &se):
			f.fields = append(f.fields, fieldOf(at, se))
		case re.Parameter != nil:
			f.fields = append(f.fields, fieldFailure{at, "type", Text{Zh: "格式或类型不正确", En: "has the wrong type or format"}})
		default:
			return &failure{code: codeMalformed, cause: errors.New("the body is not JSON")}
		}
	}
	return nil
}
