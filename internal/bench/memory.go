package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"time"

	"steward/definitions"
	"steward/internal/app"
	"steward/workflows/engine"
	"steward/workflows/simulate"
)

const (
	memorySteps   = 30
	rehearsalDays = 40
	measurements  = 5 // of which the median counts
)

// Memory measures what happens without any server: one decision, and the rehearsal of a whole process.
func (s *Site) Memory(ctx context.Context) error {
	def, err := compile(chainSource(chainProcess, memorySteps))
	if err != nil {
		return err
	}
	if err := s.decisions(ctx, def); err != nil {
		return err
	}
	return s.rehearsal(ctx)
}

func compile(source string) (*definitions.Definition, error) {
	def, problems := definitions.Compile(bundle(source), app.Kinds())
	if def == nil {
		return nil, &app.FaultyError{File: "bench.yaml", Problems: problems}
	}
	return def, nil
}

// decisions measures the completion of the middle task. Decide applies its changes with Evolve as it goes, so both are in it.
func (s *Site) decisions(ctx context.Context, def *definitions.Definition) error {
	desk, err := newDesk(ctx, def)
	if err != nil {
		return err
	}
	for range memorySteps / 2 {
		if err := desk.completeOne(ctx); err != nil {
			return err
		}
	}
	ev, err := desk.completion()
	if err != nil {
		return err
	}
	spent, allocated, err := repeated(s.Plan.Decisions, func() error {
		_, err := desk.decide(ctx, ev)
		return err
	})
	if err != nil {
		return err
	}
	name := fmt.Sprintf("Decide + Evolve of one event, %d steps", memorySteps)
	return s.Report.Add(
		Figure{Name: name, Value: float64(spent) / float64(time.Microsecond), Unit: "µs", Bound: AtMost, Target: 50},
		Figure{Name: name, Value: allocated, Unit: "allocs", Bound: AtMost, Target: 200},
	)
}

// repeated answers the time and the allocations of one call: the medians of some measurements of count calls each.
func repeated(count int, call func() error) (spent time.Duration, allocated float64, err error) {
	var times, allocs []float64
	for range measurements {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		for range count {
			if err := call(); err != nil {
				return 0, 0, err
			}
		}
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		times = append(times, float64(took)/float64(count))
		allocs = append(allocs, float64(after.Mallocs-before.Mallocs)/float64(count))
	}
	return time.Duration(median(times)), median(allocs), nil
}

// desk is one process in memory, whose people are a model.
type desk struct {
	def    *definitions.Definition
	engine *engine.Engine
	world  *simulate.World
	state  *engine.State
	now    time.Time
	events int
}

const deskProcess = "5f0c2d1e-8c1a-5a51-9f57-6f1a2b3c4d5e"

func newDesk(ctx context.Context, def *definitions.Definition) (*desk, error) {
	d := &desk{
		def: def, engine: engine.New(engine.DefaultLimits, nil), world: simulate.NewWorld(),
		now: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC),
	}
	d.world.People["ann"] = simulate.Person{Name: "Ann"}
	ev, err := d.event(engine.EventStart, engine.StartData{Definition: engine.Ref{ID: def.ID, Version: 1}, Process: deskProcess, Input: map[string]any{}})
	if err != nil {
		return nil, err
	}
	if err := d.apply(ctx, ev); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *desk) event(kind string, data any) (engine.Event, error) {
	body, err := json.Marshal(data)
	if err != nil {
		return engine.Event{}, fmt.Errorf("encode event: %w", err)
	}
	d.events++
	d.now = d.now.Add(time.Minute)
	return engine.Event{ID: fmt.Sprintf("cmd/%d", d.events), Type: kind, At: d.now, Actor: engine.Actor{User: "ann"}, Data: body}, nil
}

func (d *desk) decide(ctx context.Context, ev engine.Event) (engine.Decision, error) {
	return d.engine.Decide(ctx, d.def, d.state, ev, d.world.For(deskProcess, ev.At))
}

func (d *desk) apply(ctx context.Context, ev engine.Event) error {
	decision, err := d.decide(ctx, ev)
	if err != nil {
		return fmt.Errorf("decide %s: %w", ev.ID, err)
	}
	d.world.Keep(deskProcess, decision.State, decision.Changes)
	d.state = decision.State
	return nil
}

func (d *desk) completion() (engine.Event, error) {
	if len(d.state.Tasks) == 0 {
		return engine.Event{}, fmt.Errorf("process %s has no open task", d.def.ID)
	}
	return d.event(engine.EventComplete, engine.TaskData{Task: d.state.Tasks[0].ID, Outcome: "done"})
}

func (d *desk) completeOne(ctx context.Context) error {
	ev, err := d.completion()
	if err != nil {
		return err
	}
	return d.apply(ctx, ev)
}

// rehearsal measures the simulation of a process of thirty steps that takes forty days.
func (s *Site) rehearsal(ctx context.Context) error {
	def, err := compile(longSource(memorySteps, rehearsalDays))
	if err != nil {
		return err
	}
	options := simulate.Options{Definition: def, Start: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)}
	timeline, err := simulate.Run(ctx, options)
	if err != nil {
		return err
	}
	ended := timeline.Summary.Ended
	if ended == nil || ended.Sub(timeline.Summary.Started) < (rehearsalDays-1)*24*time.Hour {
		return fmt.Errorf("the rehearsed process did not take %d days: %+v", rehearsalDays, timeline.Summary)
	}
	spent, _, err := repeated(max(s.Plan.Decisions/100, 1), func() error {
		_, err := simulate.Run(ctx, options)
		return err
	})
	if err != nil {
		return err
	}
	name := fmt.Sprintf("simulate %d days, %d steps", rehearsalDays, memorySteps)
	return s.Report.Add(Figure{Name: name, Value: milliseconds(spent), Unit: "ms", Bound: AtMost, Target: 10})
}
