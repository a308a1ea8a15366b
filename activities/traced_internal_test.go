package activities

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"steward/internal/advance"
)

func request(n byte) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{n}, SpanID: trace.SpanID{n}, TraceFlags: trace.FlagsSampled})
}

// TestANudgeRemembersTheRequestsThatItServes: of several that became one, the oldest, up to the limit.
func TestANudgeRemembersTheRequestsThatItServes(t *testing.T) {
	t.Parallel()
	n := NewNudger(nil, nil, nil, NudgerOptions{})
	process, other := uuid.New(), uuid.New()
	n.Nudge(t.Context(), other, advance.Effects{Seq: 1})
	require.Empty(t, n.take(other).Causes, "nothing is traced")
	for i := range byte(maxCauses + 3) {
		n.Nudge(trace.ContextWithSpanContext(t.Context(), request(i+1)), process, advance.Effects{Seq: int64(i)})
	}
	wants := n.take(process)
	require.Len(t, wants.Causes, maxCauses)
	require.Equal(t, request(1), wants.Causes[0])
	require.Equal(t, request(maxCauses), wants.Causes[maxCauses-1])
	require.EqualValues(t, maxCauses+2, wants.Seq, "the newest effects all the same")

	ctx, done := inTrace(context.Background(), wants.Causes)
	defer done()
	require.Equal(t, request(1).TraceID(), trace.SpanContextFromContext(ctx).TraceID())
	untraced, done := inTrace(context.Background(), nil)
	defer done()
	require.False(t, trace.SpanContextFromContext(untraced).IsValid())
}

// TestNothingOfATraceIsToldToTheWorkflow: what a workflow is told is in its history for ever.
func TestNothingOfATraceIsToldToTheWorkflow(t *testing.T) {
	t.Parallel()
	with, without := advance.Effects{Seq: 7, Head: "ab", Causes: []trace.SpanContext{request(1)}}, advance.Effects{Seq: 7, Head: "ab"}
	require.Equal(t, carried(without), carried(with))
}
