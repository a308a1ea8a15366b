package simulate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"steward/definitions"
	"steward/internal/calendar"
	"steward/workflows/engine"
)

// MaxScenarioBytes is the longest file of scenarios, scripts or people that is read.
const MaxScenarioBytes = 1 << 20

// Scenario is one test of a definition: what is given, what people do, and what must come of it.
type Scenario struct {
	Name       string             `yaml:"name"`
	Start      When               `yaml:"start"`
	Starter    string             `yaml:"starter"`
	Input      map[string]any     `yaml:"input"`
	Parameters map[string]any     `yaml:"parameters"`
	People     Profiles           `yaml:"people"`
	House      House              `yaml:"house"`
	Bookings   []Taken            `yaml:"bookings"`
	Registers  map[string][]Entry `yaml:"registers"`
	Script     Script             `yaml:"script"`
	Days       int                `yaml:"days"`
	Expect     []Expectation      `yaml:"expect"`
	Never      []Expectation      `yaml:"never"`
	Outcome    string             `yaml:"outcome"` // "open" means that it must not have ended
	EndsBy     When               `yaml:"ends_by"`
	Refused    string             `yaml:"refused"` // code of the refusal with which the start must be answered
	spot       spot
	keys       map[string]spot // where each of its keys has its value
}

// of answers the place of the value of a key, else that of the scenario.
func (s *Scenario) of(key string) spot { return s.keys[key].orElse(s.spot) }

// Taken is a resource that somebody else has booked before the scenario begins.
type Taken struct {
	Resource string `yaml:"resource"`
	From     When   `yaml:"from"`
	To       When   `yaml:"to"`
	Title    string `yaml:"title"`
}

// Expectation describes a line of the timeline. What it leaves empty may be anything.
type Expectation struct {
	At      When   `yaml:"at"`
	Step    string `yaml:"step"`
	Event   Kind   `yaml:"event"`
	Who     string `yaml:"who"`
	Outcome string `yaml:"outcome"`
	Due     When   `yaml:"due"`
	Name    string `yaml:"name"`
	Process string `yaml:"process"`
	spot    spot
}

// ParseScenarios reads a file of scenarios. Errors name file, line and column.
func ParseScenarios(file string, text []byte) ([]Scenario, error) {
	var list []Scenario
	if err := readYAML(file, text, &list); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: it holds no scenario: write a list of { name, start, input, expect, … }", file)
	}
	for i := range list {
		list[i].place(file)
	}
	return list, nil
}

// ParseScript reads a script. Errors name file, line and column.
func ParseScript(file string, text []byte) (Script, error) {
	var s Script
	err := readYAML(file, text, &s)
	s.place(file)
	return s, err
}

// ParseHouse reads a file of model people. Errors name file, line and column.
func ParseHouse(file string, text []byte) (House, error) {
	var h House
	err := readYAML(file, text, &h)
	return h, err
}

// readYAML reads one YAML document strictly: what is not known is an error with its place.
func readYAML(file string, text []byte, into any) (err error) {
	if len(text) > MaxScenarioBytes {
		return fmt.Errorf("%s: %d bytes are too many, at most %d are read: split the file", file, len(text), MaxScenarioBytes)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: the text confuses the YAML parser: %v", file, p)
		}
	}()
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return placed(file, err, into)
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return fmt.Errorf("%s: it must hold one YAML document", file)
	}
	return placed(file, yaml.NodeToValue(tree.Docs[0].Body, into, yaml.Strict()), into)
}

// placed gives an error of the YAML reader its place.
func placed(file string, err error, into any) error {
	if err == nil {
		return nil
	}
	var e yaml.Error
	if errors.As(err, &e) && e.GetToken() != nil && e.GetToken().Position != nil {
		at := e.GetToken().Position
		return spot{file, at.Line, at.Column}.wrap(errors.New(e.GetMessage() + meantKey(e.GetMessage(), into)))
	}
	return fmt.Errorf("%s: %w", file, err)
}

func strictly(n ast.Node, into any) error { return yaml.NodeToValue(n, into, yaml.Strict()) }

// UnmarshalYAML reads a moment and keeps its place.
func (w *When) UnmarshalYAML(n ast.Node) error {
	w.spot = spotOf(n)
	return strictly(n, &w.Text)
}

// UnmarshalYAML reads one act or a list of them.
func (a *Acts) UnmarshalYAML(n ast.Node) error {
	if _, list := n.(*ast.SequenceNode); list {
		return strictly(n, &a.List)
	}
	a.Always, a.List = true, make([]Act, 1)
	return strictly(n, &a.List[0])
}

// UnmarshalYAML reads one profile, or profiles by step and person with a default.
func (p *Profiles) UnmarshalYAML(n ast.Node) error {
	var word string
	if strictly(n, &word) == nil && word != "" {
		found, err := ParseProfile(word)
		p.Default = found
		return placedError(n, err)
	}
	var words map[string]string
	if err := strictly(n, &words); err != nil {
		return err
	}
	p.Named, p.spots = make(map[string]Profile, len(words)), map[string]spot{}
	for name, pair := range pairsOf(n) {
		p.spots[name] = spotOf(pair.Key)
	}
	for name, w := range words {
		found, err := ParseProfile(w)
		if err != nil {
			return placedError(n, fmt.Errorf("%s: %w", name, err))
		}
		p.Named[name] = found
	}
	p.Default = p.Named["default"]
	delete(p.Named, "default")
	return nil
}

// placedError is an error of ours with the place of a node.
func placedError(n ast.Node, err error) error {
	if err == nil {
		return nil
	}
	return &yaml.SyntaxError{Message: err.Error(), Token: n.GetToken()}
}

// UnmarshalYAML reads an expectation, or the id of a step that is opened.
func (e *Expectation) UnmarshalYAML(n ast.Node) error {
	type plainExpectation Expectation
	e.spot = spotOf(n)
	if _, text := n.(*ast.StringNode); text {
		e.Event = Opened
		return strictly(n, &e.Step)
	}
	if err := strictly(n, (*plainExpectation)(e)); err != nil {
		return err
	}
	if e.Event != "" && !known(e.Event) {
		return placedError(n, fmt.Errorf("event %q is none of %v", e.Event, Kinds()))
	}
	return nil
}

// UnmarshalYAML reads a scenario and keeps its place.
func (s *Scenario) UnmarshalYAML(n ast.Node) error {
	type plainScenario Scenario
	s.spot = spotOf(n)
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		s.spot = spotOf(m.Values[0].Key)
	}
	s.keys = map[string]spot{}
	for key, pair := range pairsOf(n) {
		s.keys[key] = spotOf(pair.Value)
	}
	return strictly(n, (*plainScenario)(s))
}

// place notes the file of everything that may be reported later.
func (s *Scenario) place(file string) {
	s.spot.file, s.Start.spot.file, s.EndsBy.spot.file = file, file, file
	for _, spots := range []map[string]spot{s.keys, s.People.spots} {
		for key, at := range spots {
			spots[key] = spot{file, at.line, at.column}
		}
	}
	s.Script.place(file)
	for _, list := range [][]Expectation{s.Expect, s.Never} {
		for i := range list {
			list[i].spot.file, list[i].At.spot.file, list[i].Due.spot.file = file, file, file
		}
	}
	for i := range s.Bookings {
		s.Bookings[i].From.spot.file, s.Bookings[i].To.spot.file = file, file
	}
}

func (s *Script) place(file string) {
	for i := range s.Events {
		s.Events[i].At.spot.file = file
	}
	for _, acts := range s.Steps {
		for i := range acts.List {
			acts.List[i].At.spot.file = file
		}
	}
}

// options makes the options of a scenario's rehearsal.
func (s *Scenario) options(ctx context.Context, l *Library, def *definitions.Definition) (Options, error) {
	o := Options{
		Definition: def, Child: l.Process, Input: jsonValues(s.Input), Parameters: s.Parameters, Starter: s.Starter, People: s.People, House: s.House,
		Script: s.Script, Registers: s.Registers, Bounds: Bounds{Span: time.Duration(s.Days) * 24 * time.Hour},
	}
	cal, err := l.calendar(ctx, def.Calendar)
	if err != nil {
		return o, s.spot.wrap(err)
	}
	o.Calendars = map[string]*calendar.Calendar{first(def.Calendar, "cn"): cal}
	if o.Start, err = ParseClock(s.Start.Text, cal.Location()); err != nil {
		return o, s.Start.spot.orElse(s.spot).wrap(fmt.Errorf("start: %w", err))
	}
	m := moments{cal: cal, started: o.Start}
	for _, b := range s.Bookings {
		from, err := m.resolve(b.From)
		if err != nil {
			return o, b.From.spot.orElse(s.spot).wrap(fmt.Errorf("bookings: from: %w", err))
		}
		to, err := m.resolve(b.To)
		if err != nil {
			return o, b.To.spot.orElse(s.spot).wrap(fmt.Errorf("bookings: to: %w", err))
		}
		title := first(b.Title, b.Resource)
		o.Bookings = append(o.Bookings, Booking{
			Booking: engine.Booking{Resource: b.Resource, From: from, To: to}, Process: "elsewhere", Title: definitions.Text{Zh: title, En: title},
		})
	}
	return o, nil
}

func (s spot) orElse(other spot) spot {
	if s.line == 0 {
		return other
	}
	return s
}
