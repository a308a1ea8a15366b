package simulate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"steward/definitions"
)

// check makes sure that a scenario names only what the definition, or a child process of it, has: a misspelled step would
// otherwise never be met.
func (l *Library) check(def *definitions.Definition, s *Scenario) error {
	if s.Name == "" {
		return s.spot.wrap(errors.New("name is missing: say what the scenario shows"))
	}
	if s.Start.Text == "" {
		return s.spot.wrap(errors.New("start is missing: say when the process begins, for example 2026-03-02 09:00"))
	}
	if s.Days < 0 {
		return s.of("days").wrap(fmt.Errorf("days: %d is negative", s.Days))
	}
	if err := CheckParameters(def, s.Parameters); err != nil {
		return s.of("parameters").wrap(fmt.Errorf("parameters: %w", err))
	}
	defs, err := l.family(def)
	if err != nil {
		return s.spot.wrap(err)
	}
	if err := checkScript(defs, s.Script, s.of("script")); err != nil {
		return err
	}
	for _, e := range slices.Concat(s.Expect, s.Never) {
		if e.Step != "" && !slices.ContainsFunc(defs, func(d *definitions.Definition) bool { return d.Steps[e.Step] != nil }) {
			return e.spot.wrap(fmt.Errorf("step %q does not exist%s: %s has %s", e.Step, meant(e.Step, steps(defs)), def.ID, names(def.Steps)))
		}
	}
	if ends := slices.Concat(def.Outcomes, []string{"", "open", "done", "cancelled"}); !slices.Contains(ends, s.Outcome) {
		return s.of("outcome").wrap(fmt.Errorf("outcome %q%s: %s ends with %s, or is still open", s.Outcome, meant(s.Outcome, ends), def.ID, strings.Join(def.Outcomes, ", ")))
	}
	return nil
}

// checkPeople makes sure that people names steps, and persons whom the rehearsed world knows or the input names: it tells of a name
// that can have had no effect.
func (l *Library) checkPeople(def *definitions.Definition, s *Scenario, world *World) error {
	defs, err := l.family(def)
	if err != nil {
		return s.spot.wrap(err)
	}
	who := slices.Sorted(maps.Keys(world.People))
	for _, name := range slices.Sorted(maps.Keys(s.People.Named)) {
		if slices.Contains(steps(defs), name) || slices.Contains(who, name) || mentions(s.Input, name) {
			continue
		}
		return s.People.spots[name].orElse(s.spot).wrap(fmt.Errorf("people: %q is neither a step nor a person%s: %s has the steps %s, and the people are %s",
			name, meant(name, slices.Concat(steps(defs), who, []string{"default"})), def.ID, names(def.Steps), strings.Join(who, ", ")))
	}
	return nil
}

// mentions says whether a text is anywhere in a value of YAML or JSON.
func mentions(value any, text string) bool {
	switch v := value.(type) {
	case string:
		return v == text
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return mentions(item, text) })
	case map[string]any:
		return mentions(slices.Collect(maps.Values(v)), text)
	}
	return false
}

// steps lists the steps of definitions.
func steps(defs []*definitions.Definition) []string {
	var ids []string
	for _, d := range defs {
		ids = slices.AppendSeq(ids, maps.Keys(d.Steps))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// CheckParameters makes sure that overrides name parameters of a definition, fit their types and are what its expressions
// need of them.
func CheckParameters(def *definitions.Definition, values map[string]any) error {
	wrong := def.CheckParameters(values)
	switch {
	case len(wrong) == 0:
		return nil
	case wrong[0].Code == "unknown":
		known := make([]string, len(def.Parameters))
		for i, p := range def.Parameters {
			known[i] = p.Name
		}
		return fmt.Errorf("%s has no parameter %q: it has %s", def.ID, wrong[0].Field, strings.Join(known, ", "))
	}
	return fmt.Errorf("%s: %s", wrong[0].Field, wrong[0].En)
}

// family lists a definition and all that it may start, the definition first.
func (l *Library) family(def *definitions.Definition) ([]*definitions.Definition, error) {
	defs := []*definitions.Definition{def}
	for i := 0; i < len(defs); i++ {
		for _, n := range defs[i].Nodes {
			if n.Child == nil || slices.ContainsFunc(defs, func(d *definitions.Definition) bool { return d.ID == n.Child.Process }) {
				continue
			}
			child, err := l.Process(n.Child.Process)
			if err != nil {
				return nil, err
			}
			if child != nil {
				defs = append(defs, child)
			}
		}
	}
	return defs, nil
}

// CheckScript makes sure that a script names only steps and events that a definition of the library, or a child process
// of it, has.
func (l *Library) CheckScript(def *definitions.Definition, s Script) error {
	defs, err := l.family(def)
	if err != nil {
		return err
	}
	return checkScript(defs, s, spot{})
}

func checkScript(defs []*definitions.Definition, s Script, at spot) error {
	def := defs[0]
	for _, key := range slices.Sorted(maps.Keys(s.Steps)) {
		process, step, inner := strings.Cut(key, ".")
		if !inner {
			process, step = def.ID, key
		}
		i := slices.IndexFunc(defs, func(d *definitions.Definition) bool { return d.ID == process })
		if i < 0 || defs[i].Steps[step] == nil {
			return at.wrap(fmt.Errorf("script: step %q does not exist%s: %s has %s", key, meant(key, steps(defs)), def.ID, names(def.Steps)))
		}
		for _, a := range s.Steps[key].List {
			if a.Outcome != "" && !slices.Contains(outcomesOf(defs[i].Steps[step]), a.Outcome) {
				return at.wrap(fmt.Errorf("script: step %s has no outcome %q: use one of %s", key, a.Outcome, strings.Join(outcomesOf(defs[i].Steps[step]), ", ")))
			}
		}
	}
	for _, e := range s.Events {
		known := slices.ContainsFunc(def.Events, func(d *definitions.Event) bool { return d.Name == e.Event })
		switch {
		case (e.Event == "") == (e.Cancel == ""):
			return e.At.spot.orElse(at).wrap(errors.New("script: an event says either event or cancel"))
		case e.At.Text == "":
			return at.wrap(fmt.Errorf("script: event %s: at is missing", first(e.Event, "cancel")))
		case e.Event != "" && !known:
			return e.At.spot.orElse(at).wrap(fmt.Errorf("script: %s has no event %q", def.ID, e.Event))
		}
	}
	return nil
}

// outcomesOf answers the outcomes that people may choose in a step, or in the body of a loop.
func outcomesOf(n *definitions.Node) []string {
	if n.Kind != definitions.Step && len(n.Children) == 1 {
		return outcomesOf(n.Children[0])
	}
	return n.Outcomes
}

func names(steps map[string]*definitions.Node) string {
	return strings.Join(slices.Sorted(maps.Keys(steps)), ", ")
}
