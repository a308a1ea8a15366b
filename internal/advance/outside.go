package advance

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"steward/definitions"
	"steward/internal/calendar"
	"steward/internal/people"
	"steward/workflows/engine"
)

// outside is the Env of a check before anything is stored: it knows people and calendars and changes nothing.
type outside struct {
	catalog   *Catalog
	calendars *Calendars
	directory people.Directory
}

var (
	_          engine.Env = (*outside)(nil)
	errOutside            = errors.New("this fact is known only inside a decision")
)

func (o *outside) Horizon() time.Time { return time.Time{} }

func (o *outside) Calendar(_ context.Context, name string) (*calendar.Calendar, error) {
	return o.calendars.Get(name)
}

func (o *outside) Members(ctx context.Context, principal string) ([]string, error) {
	return members(ctx, o.directory, principal)
}

func (o *outside) Anyone(ctx context.Context, principal string) (bool, error) {
	list, err := o.Members(ctx, principal)
	return len(list) > 0, err
}

func (o *outside) Leader(ctx context.Context, user string, level int) (string, error) {
	return o.directory.Leader(ctx, user, level)
}

func (o *outside) Person(ctx context.Context, user string) (engine.Person, error) {
	return person(ctx, o.directory, user)
}

func (o *outside) Load(context.Context, []string) (map[string]int, error) { return nil, errOutside }

func (o *outside) ResourceName(ctx context.Context, id string) (definitions.Text, error) {
	return o.catalog.resourceName(ctx, o.catalog.store.Pool(), id)
}

func (o *outside) Reserve(context.Context, engine.Booking, definitions.Text) (*engine.Conflict, error) {
	return nil, errOutside
}

func (o *outside) Definition(context.Context, string) (*definitions.Definition, engine.Ref, error) {
	return nil, engine.Ref{}, errOutside
}

func (o *outside) Decided(context.Context, string) (*engine.Decided, error) { return nil, errOutside }

func (o *outside) Entry(context.Context, string, string) (bool, error) { return false, errOutside }

func (o *outside) Lookup(string, any) (map[string]any, error) { return nil, errOutside }

func (o *outside) Count(string, map[string]any) (int, error) { return 0, errOutside }

func (o *outside) Exists(string, map[string]any) (bool, error) { return false, errOutside }

// traceOf answers the trace context of a request in W3C form, nil when there is none.
func traceOf(ctx context.Context) *string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	if parent := carrier["traceparent"]; parent != "" {
		return &parent
	}
	return nil
}
