package telemetry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// Options says who reports.
type Options struct {
	Service string // service.name, unless OTEL_SERVICE_NAME says otherwise
	Version string // service.version
	Getenv  func(string) string
}

// Signals says which kinds of telemetry the environment asks for.
type Signals struct {
	Traces  bool
	Metrics bool
}

// Any reports whether anything is asked for.
func (s Signals) Any() bool { return s.Traces || s.Metrics }

// Wanted reads the standard variables: a signal is on when its exporter or an OTLP endpoint is named, and off when its exporter
// is "none" or OTEL_SDK_DISABLED is true.
func Wanted(getenv func(string) string) Signals {
	if strings.EqualFold(strings.TrimSpace(getenv("OTEL_SDK_DISABLED")), "true") {
		return Signals{}
	}
	return Signals{Traces: wanted(getenv, "TRACES"), Metrics: wanted(getenv, "METRICS")}
}

func wanted(getenv func(string) string, signal string) bool {
	if exporter := getenv("OTEL_" + signal + "_EXPORTER"); exporter != "" {
		return exporter != "none"
	}
	return getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") != ""
}

// Telemetry is what was started. The zero value reports nothing.
type Telemetry struct {
	signals Signals
	stops   []func(context.Context) error
}

// Start installs the global providers for the signals that the environment asks for; with none it changes nothing. An exporter
// whose collector is away loses its data and never delays the program.
func Start(ctx context.Context, opts Options) (*Telemetry, error) {
	t := &Telemetry{signals: Wanted(opts.Getenv)}
	if !t.signals.Any() {
		return t, nil
	}
	about, err := describe(ctx, opts)
	if err != nil {
		return nil, err
	}
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	if err := t.startTraces(ctx, about); err != nil {
		return nil, err
	}
	if err := t.startMetrics(ctx, about); err != nil {
		return nil, errors.Join(err, t.Stop(ctx))
	}
	return t, nil
}

// Tracing reports whether spans are recorded.
func (t *Telemetry) Tracing() bool { return t.signals.Traces }

// Stop sends what is still held back and closes the exporters, or gives up when ctx ends.
func (t *Telemetry) Stop(ctx context.Context) error {
	var problems []error
	for _, stop := range t.stops {
		problems = append(problems, stop(ctx))
	}
	t.stops = nil
	return errors.Join(problems...)
}

func describe(ctx context.Context, opts Options) (*resource.Resource, error) {
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", opts.Service), attribute.String("service.version", opts.Version)),
		resource.WithHost(), resource.WithTelemetrySDK(), resource.WithFromEnv(),
	)
	if err != nil {
		return nil, fmt.Errorf("describe this program to OpenTelemetry (check OTEL_RESOURCE_ATTRIBUTES): %w", err)
	}
	return about, nil
}

func (t *Telemetry) startTraces(ctx context.Context, about *resource.Resource) error {
	if !t.signals.Traces {
		return nil
	}
	exporter, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		return fmt.Errorf("export traces (check OTEL_TRACES_EXPORTER and OTEL_EXPORTER_OTLP_…): %w", err)
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(about))
	otel.SetTracerProvider(provider)
	t.stops = append(t.stops, provider.Shutdown)
	return nil
}

func (t *Telemetry) startMetrics(ctx context.Context, about *resource.Resource) error {
	if !t.signals.Metrics {
		return nil
	}
	reader, err := autoexport.NewMetricReader(ctx)
	if err != nil {
		return fmt.Errorf("export metrics (check OTEL_METRICS_EXPORTER and OTEL_EXPORTER_OTLP_…): %w", err)
	}
	provider := metric.NewMeterProvider(metric.WithReader(reader), metric.WithResource(about))
	otel.SetMeterProvider(provider)
	t.stops = append(t.stops, provider.Shutdown)
	return nil
}
