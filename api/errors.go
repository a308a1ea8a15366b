package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"steward/internal/advance"
	"steward/internal/store"
	"steward/workflows/engine"
)

// failure is an error that knows its problem. It never carries what the caller may not read: cause is only logged.
type failure struct {
	code    string
	detail  Text // instead of the kind's own
	fields  []fieldFailure
	retry   time.Duration
	process uuid.UUID
	command uuid.UUID
	refusal *engine.Receipt
	winner  *Winner
	cause   error
}

// fieldFailure is one faulty field with its message in both languages.
type fieldFailure struct {
	field, code string
	message     Text
}

// Error answers the code and the cause, for logs.
func (f *failure) Error() string {
	if f.cause == nil {
		return f.code
	}
	return f.code + ": " + f.cause.Error()
}

// Unwrap answers the cause.
func (f *failure) Unwrap() error { return f.cause }

func fail(code string) *failure { return &failure{code: code} }

// failField reports one faulty field of a request.
func failField(field, code string, message Text) *failure {
	return &failure{code: codeInvalid, fields: []fieldFailure{{field, code, message}}}
}

// domainFailures says what errors of the inner packages mean to a client. The first that fits counts.
func domainFailures() []struct {
	err  error
	code string
} {
	return []struct {
		err  error
		code string
	}{
		{advance.ErrKeyReused, codeKeyReused},
		{advance.ErrNoProcess, codeNotFound},
		{advance.ErrNoDefinition, codeUnknownDef},
		{advance.ErrBusinessKey, codeBusinessKey},
		{advance.ErrParked, codeParked},
		{advance.ErrUnavailable, codeUnavailable},
		{store.ErrNotFound, codeNotFound},
		{store.ErrUnavailable, codeUnavailable},
		{store.ErrBusy, codeBusy},
		{context.DeadlineExceeded, codeTimeout},
		{context.Canceled, codeClientClosed},
	}
}

// failureOf turns any error into a failure. What nobody foresaw is an internal error whose cause is logged, never shown.
func failureOf(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	if errors.Is(err, store.ErrInvalidCursor) {
		return failField("cursor", "format", Text{"分页标记无效，请从第一页重新读取", "not a cursor of this list; start again from the first page"})
	}
	for _, known := range domainFailures() {
		if errors.Is(err, known.err) {
			return &failure{code: known.code, cause: err}
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &failure{code: codeTooLarge, cause: err, detail: Text{
			"请求体最多 " + strconv.FormatInt(tooLarge.Limit, 10) + " 字节。",
			"A body has at most " + strconv.FormatInt(tooLarge.Limit, 10) + " bytes.",
		}}
	}
	return failureOfEcho(err)
}

// failureOfEcho reads the errors of the router, which carry only a status.
func failureOfEcho(err error) *failure {
	var he *echo.HTTPError
	if !errors.As(err, &he) {
		if errors.Is(err, store.ErrInvalid) {
			return &failure{code: codeInvalid, cause: err}
		}
		return &failure{code: codeInternal, cause: err}
	}
	codes := map[int]string{
		http.StatusBadRequest: codeMalformed, http.StatusNotFound: codeNotFound, http.StatusMethodNotAllowed: codeMethod,
		http.StatusUnsupportedMediaType: codeMediaType, http.StatusRequestEntityTooLarge: codeTooLarge,
	}
	if code, ok := codes[he.Code]; ok {
		return &failure{code: code, cause: err}
	}
	return &failure{code: codeInternal, cause: err}
}

// refused turns a receipt that says no into a failure.
func refused(command uuid.UUID, r engine.Receipt, winner *Winner) *failure {
	f := &failure{code: r.Code, detail: Text(r.Message), command: command, refusal: &r, winner: winner}
	switch f.code {
	case "":
		f.code = codeRefused
	case codeInvalid: // a 400 elsewhere: here the request was well made, what it says is not
		f.code = codeInvalidForm
	}
	for _, e := range r.Fields {
		f.fields = append(f.fields, fieldFailure{e.Field, e.Code, Text{e.Zh, e.En}})
	}
	return f
}

// in answers a text in the language, or in the other one when it lacks.
func in(t Text, lang string) string {
	if (lang == langEn && t.En != "") || t.Zh == "" {
		return t.En
	}
	return t.Zh
}

// handleError is the one place where an error becomes an answer.
func (s *Server) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	ctx := c.Request().Context()
	f := failureOf(err)
	if f.code == codeClientClosed && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		f = &failure{code: codeTimeout, cause: err}
	}
	p := s.kinds.problem(f, language(c), c.Request().URL.Path, traceID(ctx))
	if p.Status >= http.StatusInternalServerError {
		s.log.LogAttrs(ctx, slog.LevelError, "request failed", slog.String("code", f.code), slog.Any("error", err), slog.String("traceId", p.TraceID))
	}
	noteFailure(c, f.code)
	if f.retry > 0 || p.Status == http.StatusServiceUnavailable {
		c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(max(1, int((f.retry+time.Second-1)/time.Second))))
	}
	if f.code == codeSignIn {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Bearer realm="steward"`)
	}
	writeProblem(c, p)
}

func writeProblem(c echo.Context, p Problem) {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "application/problem+json")
	h.Set("Cache-Control", "no-store")
	c.Response().WriteHeader(p.Status)
	if c.Request().Method == http.MethodHead {
		return
	}
	// The client may be gone; there is nobody left to tell.
	_ = json.NewEncoder(c.Response()).Encode(p) //nolint:errchkjson // a problem is made of texts, numbers and ids
}

// traceID answers the id under which the request is found in traces, "" when it is not traced.
func traceID(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return ""
}
