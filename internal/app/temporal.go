package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"

	"steward/api"
	"steward/internal/advance"
)

// dial makes a client that connects when it is first needed, so that people can work while Temporal is away.
func (a *App) dial() (client.Client, error) {
	opts := client.Options{
		HostPort: a.cfg.TemporalAddress, Namespace: a.cfg.Namespace, Logger: log.NewStructuredLogger(quiet(a.log)),
		ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}},
	}
	if a.cfg.Tracing {
		tracing, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{})
		if err != nil {
			return nil, fmt.Errorf("tracing of Temporal: %w", err)
		}
		opts.Interceptors = []interceptor.ClientInterceptor{tracing}
	}
	c, err := client.NewLazyClient(opts)
	if err != nil {
		return nil, fmt.Errorf("temporal at %s: %w", a.cfg.TemporalAddress, err)
	}
	return c, nil
}

// nudge hands a nudge over, as a part of the request that caused it: a queue that is full slows the request down.
func (a *App) nudge(ctx context.Context, process uuid.UUID, wants advance.Effects) {
	ctx, span := otel.Tracer("steward/internal/app").Start(ctx, "nudge", trace.WithAttributes(attribute.String("steward.process", process.String())))
	defer span.End()
	a.nudger.Nudge(ctx, process, wants)
}

// quiet keeps the SDK's chatter out of the log: it speaks from warnings on.
func quiet(l *slog.Logger) *slog.Logger { return slog.New(warnings{l.Handler()}) }

type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }

// probes are what /readyz looks at besides the database. Without Temporal people can still work, so it is not needed.
func (a *App) probes() []api.Probe {
	return []api.Probe{
		{Name: "migrations", Needed: true, Check: a.Store.SchemaCurrent},
		{Name: "receipts", Needed: true, Check: a.hears},
		{Name: "temporal", Check: a.CheckTemporal},
	}
}

// CheckTemporal says in one sentence what is wrong with Temporal and what to do: it does not answer, or it has no such namespace.
func (a *App) CheckTemporal(ctx context.Context) error {
	return checkNamespace(ctx, a.Temporal, a.cfg)
}

// checkNamespace asks for the namespace: a server that is well in general is no use without it.
func checkNamespace(ctx context.Context, c client.Client, cfg Config) error {
	_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: cfg.Namespace})
	var missing *serviceerror.NamespaceNotFound
	var invalid *serviceerror.InvalidArgument
	switch {
	case err == nil:
		return nil
	case errors.As(err, &missing), errors.As(err, &invalid):
		return fmt.Errorf("the Temporal at %s has no namespace %q: create it (temporal operator namespace create -n %s --retention 720h), or correct TEMPORAL_NAMESPACE (--temporal-namespace)",
			cfg.TemporalAddress, cfg.Namespace, cfg.Namespace)
	}
	return fmt.Errorf("the Temporal at %s does not answer: start it, or correct TEMPORAL_ADDRESS (--temporal-address): %w", cfg.TemporalAddress, err)
}

// hears says whether this program learns of decided commands at once.
func (a *App) hears(context.Context) error {
	if !a.receipts.Live() {
		return errors.New("not connected to Postgres's notifications: answers to commands come late")
	}
	return nil
}
