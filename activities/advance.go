package activities

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"

	"steward/internal/advance"
	"steward/workflows"
)

// Processes is the local activity behind every workflow of a process.
type Processes struct {
	Advancer *advance.Advancer
}

// Advance advances a process in Postgres and answers what it wants now. Database errors are retried by the workflow.
func (p *Processes) Advance(ctx context.Context, args workflows.Advance) (workflows.Effects, error) {
	process, err := uuid.Parse(args.Process)
	if err != nil {
		return workflows.Effects{}, temporal.NewNonRetryableApplicationError("not a process id: "+args.Process, "bad-process", err)
	}
	if args.Cancel {
		if err := p.Advancer.CancelFromTemporal(ctx, process); err != nil {
			return workflows.Effects{}, fmt.Errorf("store cancellation: %w", err)
		}
	}
	e, err := p.Advancer.Advance(ctx, process, advance.Wake{Workflow: true, Seen: seen(args)})
	switch {
	case errors.Is(err, advance.ErrBehind):
		return workflows.Effects{Behind: true}, nil
	case errors.Is(err, advance.ErrNewerFormat):
		return workflows.Effects{}, temporal.NewNonRetryableApplicationError(err.Error(), workflows.NewerFormat, err)
	case err != nil:
		return workflows.Effects{}, err
	}
	return workflows.Effects{Seq: e.Seq, Head: e.Head, Next: e.Next, Ended: e.Ended, Again: e.Again, Waits: e.Waits}, nil
}

// seen is all that the workflow knows to have been decided.
func seen(args workflows.Advance) []advance.Mark {
	marks := []advance.Mark{{Seq: args.Seen, Head: args.Head}}
	if args.Told != nil {
		marks = append(marks, advance.Mark(*args.Told))
	}
	return marks
}
