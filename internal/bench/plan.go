package bench

import (
	"fmt"
	"time"
)

// Plan says how much to measure.
type Plan struct {
	Name      string
	Clients   int           // of the throughput figures
	Rounds    int           // each of all variants in turn; medians are reported
	Warm      time.Duration // before each measurement, not counted
	Span      time.Duration // of one throughput measurement
	Burst     time.Duration // of the burst
	Alone     int           // processes of the latency figures
	Evicted   int           // processes with steps behind them
	Behind    int           // steps behind each of them
	Samples   int           // completions of evicted processes
	Deadlines int           // that fall due
	PerSecond int           // of them
	Decisions int           // of one process in memory, per measurement
	Warmups   int           // starts of the development mode that are timed
}

// Quick is the plan of a few minutes.
func Quick() Plan {
	return Plan{
		Name: "quick", Clients: 32, Rounds: 2, Warm: time.Second, Span: 5 * time.Second, Burst: 5 * time.Second, Alone: 100,
		Evicted: 8, Behind: 200, Samples: 100, Deadlines: 600, PerSecond: 100, Decisions: 2000, Warmups: 1,
	}
}

// Full is the plan of a quarter of an hour, whose figures are published.
func Full() Plan {
	return Plan{
		Name: "full", Clients: 32, Rounds: 3, Warm: 3 * time.Second, Span: 15 * time.Second, Burst: 5 * time.Second, Alone: 600,
		Evicted: 12, Behind: 200, Samples: 300, Deadlines: 3000, PerSecond: 100, Decisions: 20000, Warmups: 3,
	}
}

// PlanNamed answers the plan of a name; the empty name means full.
func PlanNamed(name string) (Plan, error) {
	switch name {
	case "quick":
		return Quick(), nil
	case "", "full":
		return Full(), nil
	}
	return Plan{}, fmt.Errorf("BENCH=%s is unknown, want quick or full", name)
}
