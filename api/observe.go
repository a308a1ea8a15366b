package api

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/getkin/kin-openapi/routers"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// operation is what the server knows about the route that a request matched.
type operation struct {
	id         string
	route      *routers.Route
	permission permission
}

const (
	operationKey = "steward.operation"
	noteKey      = "steward.note"
)

// operationOf answers the operation of the contract that a request matched, nil for anything else.
func operationOf(c echo.Context) *operation {
	op, _ := c.Get(operationKey).(*operation)
	return op
}

// note is what a request turned out to be about, for its log line and its span. One goroutine writes it.
type note struct {
	process, task, command uuid.UUID
	person                 string
	code                   string
}

func noteOf(c echo.Context) *note {
	n, ok := c.Get(noteKey).(*note)
	if !ok {
		n = new(note)
		c.Set(noteKey, n)
	}
	return n
}

func noteSubject(c echo.Context, of string, id uuid.UUID) {
	if of == ofTask {
		noteOf(c).task = id
		return
	}
	noteOf(c).process = id
}

func noteFailure(c echo.Context, code string) { noteOf(c).code = code }

type noteContextKey struct{}

// noteFrom answers the note of the request that ctx belongs to, for handlers that learn ids on their way.
func noteFrom(ctx context.Context) *note {
	if n, ok := ctx.Value(noteContextKey{}).(*note); ok {
		return n
	}
	return new(note)
}

// observe names the route in the trace, runs the request, answers its error, and writes one log line.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		n := noteOf(c)
		ctx := context.WithValue(c.Request().Context(), noteContextKey{}, n)
		c.SetRequest(c.Request().WithContext(context.WithValue(ctx, echoKey{}, c)))
		if op, ok := s.operations[c.Request().Method+" "+c.Path()]; ok {
			c.Set(operationKey, op)
		}
		if err := s.guarded(next, c); err != nil {
			c.Error(err)
		}
		s.logRequest(c, n, time.Since(began))
		return nil
	}
}

// guarded turns a panic into an internal error. It is a bug all the same, so its stack is logged.
func (s *Server) guarded(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.LogAttrs(c.Request().Context(), slog.LevelError, "panic", slog.String("route", c.Path()),
				slog.String("stack", string(debug.Stack())))
			err = &failure{code: codeInternal, cause: fmt.Errorf("panic: %v", p)}
		}
	}()
	return next(c)
}

func (s *Server) logRequest(c echo.Context, n *note, took time.Duration) {
	ctx, status := c.Request().Context(), c.Response().Status
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	span := trace.SpanFromContext(ctx)
	if span.IsRecording() {
		span.SetName(c.Request().Method + " " + orDefault(c.Path(), "unknown"))
		span.SetAttributes(attribute.String("http.route", c.Path()))
		span.SetAttributes(n.attributes()...)
	}
	if !s.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", c.Request().Method), slog.String("route", c.Path()), slog.Int("status", status),
		slog.Duration("took", took), slog.String("ip", c.RealIP()),
	}
	for _, a := range n.attributes() {
		attrs = append(attrs, slog.String(string(a.Key)[len("steward."):], a.Value.AsString()))
	}
	if id := traceID(ctx); id != "" {
		attrs = append(attrs, slog.String("traceId", id))
	}
	s.log.LogAttrs(ctx, level, "request", attrs...)
}

// attributes are the ids that are known, never names, texts or secrets.
func (n *note) attributes() []attribute.KeyValue {
	var attrs []attribute.KeyValue
	for _, a := range []struct {
		key string
		id  uuid.UUID
	}{{"steward.process", n.process}, {"steward.task", n.task}, {"steward.command", n.command}} {
		if a.id != uuid.Nil {
			attrs = append(attrs, attribute.String(a.key, a.id.String()))
		}
	}
	if n.person != "" {
		attrs = append(attrs, attribute.String("steward.person", n.person))
	}
	if n.code != "" {
		attrs = append(attrs, attribute.String("steward.code", n.code))
	}
	return attrs
}
