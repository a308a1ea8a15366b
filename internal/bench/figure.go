package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"
)

// Bound says on which side of its target a figure has to lie.
type Bound string

// The two bounds.
const (
	AtLeast Bound = "at least"
	AtMost  Bound = "at most"
)

// Figure is one measured number with its target. A figure with no Bound is shown for orientation and has no verdict.
type Figure struct {
	Name     string    `json:"name"`
	Value    float64   `json:"value"`
	Unit     string    `json:"unit"`
	Bound    Bound     `json:"bound,omitempty"`
	Target   float64   `json:"target,omitempty"`
	Baseline string    `json:"baseline,omitempty"` // what the same run measured without the product, in words
	Runs     []float64 `json:"runs,omitempty"`     // the single measurements behind Value
	Note     string    `json:"note,omitempty"`
}

// Verdict is ok, short, or empty for a figure without a target. What could not be measured (NaN or infinite) is short.
func (f Figure) Verdict() string {
	switch {
	case f.Bound == "":
		return ""
	case math.IsInf(f.Value, 0):
		return "short"
	case f.Bound == AtLeast && f.Value >= f.Target, f.Bound == AtMost && f.Value <= f.Target:
		return "ok"
	}
	return "short"
}

// String is the line of a figure: name, value, target, verdict, and what the value is to be compared with.
func (f Figure) String() string {
	line := fmt.Sprintf("%-58s %10s", f.Name, number(f.Value)+" "+f.Unit)
	if f.Bound != "" {
		sign := map[Bound]string{AtLeast: "≥", AtMost: "≤"}[f.Bound]
		line += fmt.Sprintf("   %s %-9s %s", sign, number(f.Target)+" "+f.Unit, f.Verdict())
	}
	if f.Baseline != "" {
		line += "   (baseline: " + f.Baseline + ")"
	}
	if f.Note != "" {
		line += "   " + f.Note
	}
	return line
}

// number shows three significant digits and never more than two after the point.
func number(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "none"
	case size >= 100 || v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	case size >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// Machine says where and how figures were measured.
type Machine struct {
	At       time.Time `json:"at"` // UTC
	Plan     string    `json:"plan"`
	Go       string    `json:"go"`
	CPUs     int       `json:"cpus"`
	GOGC     string    `json:"gogc"`
	Postgres string    `json:"postgres"`
}

// row is one line of the results file.
type row struct {
	Machine
	Figure
	Verdict string `json:"verdict,omitempty"`
}

// Report prints figures as they are measured and keeps them as JSON, one object a line.
type Report struct {
	out     io.Writer
	rows    *json.Encoder
	machine Machine
	short   int
}

// NewReport makes a Report that prints to out and writes JSON rows to rows.
func NewReport(out, rows io.Writer, m Machine) *Report {
	enc := json.NewEncoder(rows)
	enc.SetEscapeHTML(false)
	return &Report{out: out, rows: enc, machine: m}
}

// Add prints and keeps figures. A figure that could not be measured is kept with value 0, a note, and the verdict short.
func (r *Report) Add(figures ...Figure) error {
	for _, f := range figures {
		fmt.Fprintln(r.out, f)
		verdict := f.Verdict()
		if verdict == "short" {
			r.short++
		}
		if math.IsNaN(f.Value) || math.IsInf(f.Value, 0) {
			f.Value, f.Note = 0, f.Note+" not measured"
		}
		if err := r.rows.Encode(row{r.machine, f, verdict}); err != nil {
			return fmt.Errorf("write the results: %w", err)
		}
	}
	return nil
}

// Short answers how many figures missed their target.
func (r *Report) Short() int { return r.short }
