package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// NewLogger makes a logger that writes lines of the given format (text or json) from the given level on (debug, info, warn or
// error), each with the ids of the trace that it belongs to. Times are written in UTC.
func NewLogger(out io.Writer, level, format string) (*slog.Logger, error) {
	opts := &slog.HandlerOptions{ReplaceAttr: inUTC}
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q is unknown, want debug, info, warn or error", level)
	}
	opts.Level = least
	switch strings.ToLower(format) {
	case "text":
		return slog.New(WithTraceIDs(slog.NewTextHandler(out, opts))), nil
	case "json":
		return slog.New(WithTraceIDs(slog.NewJSONHandler(out, opts))), nil
	default:
		return nil, fmt.Errorf("log format %q is unknown, want text or json", format)
	}
}

func inUTC(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}

// WithTraceIDs adds traceId and spanId to every line that is written with a context inside a span. A line that names its
// traceId already keeps it.
func WithTraceIDs(next slog.Handler) slog.Handler { return tracing{next} }

const (
	traceKey = "traceId"
	spanKey  = "spanId"
)

type tracing struct{ slog.Handler }

// Handle adds the ids and passes the line on.
func (t tracing) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r = r.Clone()
		if !names(r, traceKey) {
			r.AddAttrs(slog.String(traceKey, span.TraceID().String()))
		}
		r.AddAttrs(slog.String(spanKey, span.SpanID().String()))
	}
	return t.Handler.Handle(ctx, r)
}

// WithAttrs keeps the ids for the lines of the derived logger.
func (t tracing) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tracing{t.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the ids for the lines of the derived logger.
func (t tracing) WithGroup(name string) slog.Handler { return tracing{t.Handler.WithGroup(name)} }

func names(r slog.Record, key string) bool {
	found := false
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == key
		return !found
	})
	return found
}
