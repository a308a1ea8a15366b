package definitions

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"steward/definitions/expr"
	"steward/definitions/timex"
)

// A house may override every parameter, and must not stop a process by it. What the expressions need of a value is
// gathered here while they are compiled; [Definition.CheckParameters] then asks for it.

// parameterNeeds tells the parameters what the expressions need of them, now that all are compiled, and checks the defaults
// again: a house may override every value, and must not stop a process by it.
func (c *compiler) parameterNeeds(it *item) {
	sound := true
	for i := range c.def.Parameters {
		p := &c.def.Parameters[i]
		d := it.get(p.Name).get("default")
		if d == nil || p.Type == "" {
			sound = false
			continue
		}
		if _, _, ok := p.check(d.value); !ok { // reported before
			sound = false
			continue
		}
		p.NotZero, p.Interval = c.divisors[p.Name], c.intervals[p.Name]
		if use := c.timeUses[p.Name]; use != nil {
			p.Anchors, p.Window = use.anchors, use.window
		}
		sound = c.checkParameter(*p, d) && sound
	}
	if sound {
		c.checkDefaultPaces()
	}
}

// promise notes parameters that something is divided by.
func (c *compiler) promise(divisors []expr.Path) {
	for _, path := range divisors {
		if len(path) == 2 && path[0] == "parameters" {
			c.divisors[path[1]] = true
		}
	}
}

// yields answers the paths whose value an expression may yield as it is, those of vars traced back to what they are made of.
func (c *compiler) yields(p *expr.Program) []expr.Path {
	var out []expr.Path
	for _, path := range p.Yields() {
		if len(path) == 2 && path[0] == "vars" {
			out = append(out, c.varYields[path[1]]...)
			continue
		}
		out = append(out, path)
	}
	return out
}

// yieldedParameters names the parameters that an expression may yield as they are.
func (c *compiler) yieldedParameters(p *expr.Program) []string {
	var names []string
	for _, path := range c.yields(p) {
		if len(path) == 2 && path[0] == "parameters" {
			names = append(names, path[1])
		}
	}
	return names
}

// placeOfTime is what the text of a time may name at every place where a parameter gives it.
type placeOfTime struct {
	anchors []string
	window  bool
}

// timeParameters notes that parameters give a time here. A moment of a step is known to the planner only when the default
// names one: it then plans anew whenever a step is done.
func (c *compiler) timeParameters(p *expr.Program, at scopeAt, use timeUse) {
	for _, name := range c.yieldedParameters(p) {
		anchors := use.names(at)
		if c.defaultNamesStep(name) {
			if at.node != nil {
				at.node.WaitsForSteps = true
			}
		} else {
			anchors = slices.DeleteFunc(anchors, isStepAnchor)
		}
		if before := c.timeUses[name]; before != nil {
			before.window = before.window && use.window
			before.anchors = slices.DeleteFunc(before.anchors, func(a string) bool { return !slices.Contains(anchors, a) })
			continue
		}
		c.timeUses[name] = &placeOfTime{anchors: anchors, window: use.window}
	}
}

func isStepAnchor(name string) bool { return strings.Contains(name, ".") }

func (c *compiler) defaultNamesStep(parameter string) bool {
	for _, p := range c.def.Parameters {
		text, _ := p.Default.(string)
		if t, err := timex.Parse(text); p.Name == parameter && err == nil {
			return slices.ContainsFunc(t.Anchors(), isStepAnchor)
		}
	}
	return false
}

// pace is the distance of a repetition that is computed from parameters alone: any values can be tried out on it.
type pace struct {
	expr       *expr.Program
	parameters []string // that it reads, sorted
}

// notePace keeps the distance of a repetition when nothing but parameters goes into it.
func (c *compiler) notePace(it *item, p *expr.Program) {
	if names, ok := c.def.parametersOf(p); ok && len(names) > 0 {
		c.def.paces = append(c.def.paces, pace{p, names})
		c.paceItems = append(c.paceItems, it)
	}
}

// checkDefaultPaces tries the defaults, each of which is sound by itself.
func (c *compiler) checkDefaultPaces() {
	for i, pc := range c.def.paces {
		if c.def.tryPace(pc, nil) != nil {
			c.problems.add(c.paceItems[i].at(), codeInterval, c.paceItems[i].text)
		}
	}
}

// parametersOf names the parameters that an expression reads, sorted; ok is false when it reads anything else.
func (d *Definition) parametersOf(p *expr.Program) (names []string, ok bool) {
	if len(p.Registers()) > 0 {
		return nil, false
	}
	for _, path := range p.References() {
		switch {
		case len(path) == 2 && path[0] == "parameters":
			names = append(names, path[1])
		case len(path) == 2 && path[0] == "vars":
			more, ok := d.parametersOfVar(path[1])
			if !ok {
				return nil, false
			}
			names = append(names, more...)
		default:
			return nil, false
		}
	}
	slices.Sort(names)
	return slices.Compact(names), true
}

func (d *Definition) parametersOfVar(name string) (names []string, ok bool) {
	i := slices.IndexFunc(d.Vars, func(v Var) bool { return v.Name == name })
	if i < 0 {
		return nil, false
	}
	return d.parametersOf(d.Vars[i].Expr)
}

// checkPaces tries values out on the distances that are computed from them, but for values that are wrong anyhow. A distance that is
// too short is a problem of every value that goes into it.
func (d *Definition) checkPaces(values map[string]any, known []FieldError) []FieldError {
	var wrong []FieldError
	for _, pc := range d.paces {
		given := slices.DeleteFunc(slices.Clone(pc.parameters), func(name string) bool { _, is := values[name]; return !is })
		if len(given) == 0 || slices.ContainsFunc(known, func(f FieldError) bool { return slices.Contains(pc.parameters, f.Field) }) {
			continue
		}
		if d.tryPace(pc, values) == nil {
			continue
		}
		for _, name := range given {
			wrong = append(wrong, d.tooShort(pc, name, values))
		}
	}
	slices.SortStableFunc(wrong, func(a, b FieldError) int { return strings.Compare(a.Field, b.Field) })
	return wrong
}

// tooShort says of one parameter that a distance is too short, and with which values of the others.
func (d *Definition) tooShort(pc pace, name string, values map[string]any) FieldError {
	var zh, en []string
	for _, p := range d.Parameters {
		if p.Name == name || !slices.Contains(pc.parameters, p.Name) {
			continue
		}
		if value, given := values[p.Name]; given {
			zh, en = append(zh, p.Name+"（"+valueText(value)+"）"), append(en, p.Name+" "+valueText(value))
			continue
		}
		zh, en = append(zh, p.Name+"（默认 "+valueText(p.Default)+"）"), append(en, p.Name+" "+valueText(p.Default)+" (the default)")
	}
	why := FieldError{
		Field: name, Code: "minimum",
		Zh: "重复的间隔 " + pc.expr.Source() + " 由它算出，至少为 1 秒",
		En: "it must leave at least one second between repetitions, which come every " + pc.expr.Source(),
	}
	if len(en) > 0 {
		why.Zh = "重复的间隔 " + pc.expr.Source() + " 由它和 " + strings.Join(zh, "、") + " 算出，至少为 1 秒"
		why.En = "together with " + strings.Join(en, " and ") + " " + why.En
	}
	return why
}

// longestValue is how many characters of a value a message shows.
const longestValue = 60

// valueText shows the value of a parameter in a message.
func valueText(value any) string {
	text, isText := value.(string)
	if !isText {
		plain, err := json.Marshal(value)
		if err != nil {
			return fmt.Sprint(value)
		}
		text = string(plain)
	}
	if runes := []rune(text); len(runes) > longestValue {
		return string(runes[:longestValue]) + "…"
	}
	return text
}

var errPace = errors.New("no distance of at least one second")

// tryPace computes a distance from the values, and from the defaults where none is given.
func (d *Definition) tryPace(pc pace, values map[string]any) error {
	value, err := pc.expr.Eval(d.houseEnv(values))
	if err != nil {
		return err
	}
	switch x := value.(type) {
	case time.Duration:
		if x >= ShortestInterval {
			return nil
		}
	case string:
		if a, err := timex.ParseDuration(x); err == nil && LongEnough(a) {
			return nil
		}
	}
	return errPace
}

// houseEnv has the parameters in it and the vars that nothing else goes into.
func (d *Definition) houseEnv(values map[string]any) expr.Env {
	parameters, vars := make(map[string]any, len(d.Parameters)), make(map[string]any, len(d.Vars))
	for _, p := range d.Parameters {
		value, given := values[p.Name]
		if !given {
			value = p.Default
		}
		if b := expr.NewBinder(p.ValueType()); b != nil {
			value = b.Bind(value)
		}
		parameters[p.Name] = value
	}
	env := expr.Env{Values: map[string]any{"parameters": parameters, "vars": vars}}
	for _, v := range d.Vars {
		if _, ok := d.parametersOf(v.Expr); !ok {
			continue
		}
		if value, err := v.Expr.Eval(env); err == nil { // what cannot be computed is missing, and what reads it fails
			vars[v.Name] = value
		}
	}
	return env
}
