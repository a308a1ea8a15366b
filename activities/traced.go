package activities

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
)

// maxCauses bounds how many requests one nudge is said to be a part of.
const maxCauses = 16

// causes answers the request that a nudge is a part of; nothing when it is not traced.
func causes(ctx context.Context) []trace.SpanContext {
	if cause := trace.SpanContextFromContext(ctx); cause.IsValid() {
		return []trace.SpanContext{cause}
	}
	return nil
}

// inTrace begins the sending of a nudge as a part of the first request that asked for it, linked to the others. The queue between
// them has dropped their contexts. Without a traced request there is no span.
func inTrace(ctx context.Context, causes []trace.SpanContext) (context.Context, func()) {
	if len(causes) == 0 {
		return ctx, func() {}
	}
	links := make([]trace.Link, 0, len(causes)-1)
	for _, other := range causes[1:] {
		links = append(links, trace.Link{SpanContext: other})
	}
	ctx, span := otel.Tracer("steward/activities").Start(trace.ContextWithSpanContext(ctx, causes[0]), "send nudge", trace.WithLinks(links...))
	return ctx, func() { span.End() }
}
