package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/apptest"
)

// TestOneTraceFromRequestToPostgres: one request is one trace, whoever decides; without OpenTelemetry nothing is traced. It sets
// the global provider of OpenTelemetry and therefore runs alone.
func TestOneTraceFromRequestToPostgres(t *testing.T) {
	off := apptest.Start(t, nil)
	off.Publish(leave)
	asker := off.SignIn("ahua")
	asker.Complete(asker.Start("leave", map[string]any{"days": 1}), "plan", "done", nil)
	require.Zero(t, off.Count(`SELECT count(*) FROM commands WHERE trace IS NOT NULL`), "off unless asked for")

	spans := tracetest.NewInMemoryExporter()
	otel.SetTextMapPropagator(propagation.TraceContext{})
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))
	t.Cleanup(func() { otel.SetTracerProvider(noop.NewTracerProvider()) })
	for _, mode := range []advance.Mode{advance.ModeWorkflow, advance.ModeAPI} {
		t.Run(string(mode), func(t *testing.T) {
			spans.Reset()
			h := apptest.Start(t, func(c *app.Config) { c.Decide, c.Tracing = mode, true })
			h.Publish(leave)
			asker := h.SignIn("ahua")
			id := asker.Start("leave", map[string]any{"days": 1})
			asker.Complete(id, "plan", "done", nil)

			// The path from the request to the statement that commits what was decided.
			path := map[advance.Mode][]string{advance.ModeWorkflow: {"decide"}, advance.ModeAPI: {"advance"}}[mode]
			var tree traced
			apptest.Until(t, "the trace of the request is complete", func() bool {
				tree = traceOfRoute(spans.GetSpans(), "POST /api/v1/tasks/:taskId/complete")
				return tree.chain(append(path, "COMMIT")...)
			})
			if mode == advance.ModeWorkflow {
				require.True(t, tree.chain("INSERT INTO commands"), "the command is stored in the request: %v", tree.names())
				apptest.Until(t, "what Temporal is told is a part of the request, through the queue of nudges", func() bool {
					tree = traceOfRoute(spans.GetSpans(), "POST /api/v1/tasks/:taskId/complete")
					// The start of the workflow may have waited for a moment without requests; it goes with the first one that needs it.
					return tree.chain("nudge", "send nudge", "SignalWorkflow:nudge") || tree.chain("nudge", "send nudge", "StartWorkflow:steward.Process")
				})
			}
		})
	}
}

// traced is the spans of one trace.
type traced []tracetest.SpanStub

// traceOfRoute answers the trace that begins with a request to a route.
func traceOfRoute(all tracetest.SpanStubs, route string) traced {
	var id trace.TraceID
	for _, s := range all {
		if s.SpanKind == trace.SpanKindServer && strings.Contains(s.Name, route) {
			id = s.SpanContext.TraceID()
		}
	}
	var own traced
	for _, s := range all {
		if s.SpanContext.TraceID() == id && id.IsValid() {
			own = append(own, s)
		}
	}
	return own
}

func (t traced) names() []string {
	var names []string
	for _, s := range t {
		names = append(names, s.Name)
	}
	return names
}

// chain says whether there are spans, named so in part, of which each lies anywhere below the one before and the first below the
// request.
func (t traced) chain(names ...string) bool {
	for _, s := range t {
		if t.says(s, names[len(names)-1]) && t.above(s, names[:len(names)-1]) {
			return true
		}
	}
	return false
}

// says looks for a text in a span's name and in the statement that it ran.
func (t traced) says(s tracetest.SpanStub, text string) bool {
	if strings.Contains(s.Name, text) {
		return true
	}
	for _, a := range s.Attributes {
		if strings.Contains(a.Value.String(), text) {
			return true
		}
	}
	return false
}

// above follows the parents of a span up to the request and says whether it meets the names, the last first.
func (t traced) above(s tracetest.SpanStub, names []string) bool {
	for {
		parent, ok := t.parent(s)
		if !ok {
			return len(names) == 0 && s.SpanKind == trace.SpanKindServer
		}
		if n := len(names); n > 0 && t.says(parent, names[n-1]) {
			names = names[:n-1]
		}
		s = parent
	}
}

func (t traced) parent(s tracetest.SpanStub) (tracetest.SpanStub, bool) {
	for _, p := range t {
		if p.SpanContext.SpanID() == s.Parent.SpanID() {
			return p, true
		}
	}
	return tracetest.SpanStub{}, false
}
