package telemetry_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"steward/internal/telemetry"
)

func env(pairs map[string]string) func(string) string {
	return func(key string) string { return pairs[key] }
}

func TestWantedFollowsTheStandardVariables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  map[string]string
		want telemetry.Signals
	}{
		"nothing set":        {nil, telemetry.Signals{}},
		"one endpoint":       {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, telemetry.Signals{Traces: true, Metrics: true}},
		"traces endpoint":    {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318"}, telemetry.Signals{Traces: true}},
		"exporter":           {map[string]string{"OTEL_METRICS_EXPORTER": "console"}, telemetry.Signals{Metrics: true}},
		"one is none":        {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_METRICS_EXPORTER": "none"}, telemetry.Signals{Traces: true}},
		"disabled":           {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "TRUE"}, telemetry.Signals{}},
		"a name is not a go": {map[string]string{"OTEL_SERVICE_NAME": "x"}, telemetry.Signals{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, telemetry.Wanted(env(c.env)))
		})
	}
}

func TestNothingIsStartedUnlessAsked(t *testing.T) {
	t.Parallel()
	started, err := telemetry.Start(t.Context(), telemetry.Options{Service: "steward", Getenv: env(nil)})
	require.NoError(t, err)
	require.False(t, started.Tracing())
	require.NoError(t, started.Stop(t.Context()))
}

// TestSpansReachTheCollector is not parallel: the exporter reads the environment of the process, and the provider is global.
func TestSpansReachTheCollector(t *testing.T) {
	received := make(chan string, 8)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		received <- r.URL.Path
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(collector.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.URL+"/v1/traces")
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	variables := env(map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector.URL})
	before := otel.GetTracerProvider()
	t.Cleanup(func() { otel.SetTracerProvider(before) })

	started, err := telemetry.Start(t.Context(), telemetry.Options{Service: "steward", Version: "1", Getenv: variables})
	require.NoError(t, err)
	require.True(t, started.Tracing())
	_, span := otel.Tracer("test").Start(t.Context(), "work")
	span.End()
	require.NoError(t, started.Stop(t.Context()))
	select {
	case path := <-received:
		require.Equal(t, "/v1/traces", path)
	case <-time.After(10 * time.Second):
		t.Fatal("no span arrived")
	}
}

func TestUnknownExporterIsNamed(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "pigeon")
	_, err := telemetry.Start(t.Context(), telemetry.Options{Getenv: env(map[string]string{"OTEL_TRACES_EXPORTER": "pigeon"})})
	require.ErrorContains(t, err, "OTEL_TRACES_EXPORTER")
}

func inSpan(ctx context.Context) context.Context {
	return trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}}))
}

func TestLinesNameTheirTrace(t *testing.T) {
	t.Parallel()
	const traceID, spanID = "01000000000000000000000000000000", "0200000000000000"
	for name, c := range map[string]struct {
		ctx  context.Context
		args []any
		want map[string]any
	}{
		"outside a span":     {t.Context(), nil, map[string]any{}},
		"inside a span":      {inSpan(t.Context()), nil, map[string]any{"traceId": traceID, "spanId": spanID}},
		"named by the line":  {inSpan(t.Context()), []any{"traceId", "mine"}, map[string]any{"traceId": "mine", "spanId": spanID}},
		"with fields of own": {inSpan(t.Context()), []any{"process", "p"}, map[string]any{"traceId": traceID, "spanId": spanID, "process": "p"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			log, err := telemetry.NewLogger(&out, "info", "json")
			require.NoError(t, err)
			log.With("kept", true).InfoContext(c.ctx, "hello", c.args...)
			line := map[string]any{}
			require.NoError(t, json.Unmarshal([]byte(out.String()), &line))
			require.Equal(t, "hello", line["msg"])
			require.Equal(t, true, line["kept"])
			require.Regexp(t, `Z$`, line["time"])
			for _, key := range []string{"msg", "kept", "time", "level"} {
				delete(line, key)
			}
			require.Equal(t, c.want, line)
		})
	}
}

func TestLoggerRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	_, err := telemetry.NewLogger(&strings.Builder{}, "loud", "text")
	require.ErrorContains(t, err, `"loud"`)
	_, err = telemetry.NewLogger(&strings.Builder{}, "info", "xml")
	require.ErrorContains(t, err, `"xml"`)
}

func TestLevelIsKept(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log, err := telemetry.NewLogger(&out, "warn", "text")
	require.NoError(t, err)
	log.Info("quiet")
	log.WithGroup("g").Log(t.Context(), slog.LevelWarn, "loud", "k", 1)
	require.NotContains(t, out.String(), "quiet")
	require.Contains(t, out.String(), "g.k=1")
}
