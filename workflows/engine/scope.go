package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"steward/definitions"
	"steward/definitions/expr"
)

var errNotOpen = errors.New("it is not open here")

// view is the data of the process as one part of it sees it: a proposal's block sees the proposed values.
type view struct {
	raw     map[string]any // input as JSON
	input   any            // input with times as times
	anchors map[string]any
	vars    map[string]any
}

// viewCache keeps the two views of a decision until a change outdates them.
type viewCache struct {
	real, proposed *view
}

func (c *viewCache) forget(ch Change) {
	switch ch.(type) {
	case *InputChanged, *AnchorsChanged, *VarsChanged, *ProposalOpened, *ProposalClosed, *ProcessStarted:
		c.real, c.proposed = nil, nil
	}
}

// view answers the data as node id sees it.
func (d *decider) view(id int) *view {
	if p := d.st.Proposal; p != nil && p.Node != 0 && d.st.inside(id, p.Node) {
		return d.proposedView()
	}
	return d.realView()
}

func (d *decider) realView() *view {
	if d.views.real == nil {
		v := &view{raw: d.st.Input, input: d.bindInput(d.st.Input), anchors: make(map[string]any, len(d.def.Anchors)), vars: d.st.Vars}
		for _, a := range d.def.Anchors {
			v.anchors[a.Name] = known(d.st.Anchors, a.Name)
		}
		v.vars = d.boundVars(d.st.Vars)
		d.views.real = v
	}
	return d.views.real
}

// bindInput gives raw input its types.
func (d *decider) bindInput(raw map[string]any) any {
	return d.engine.bind(d.def, d.def.Input.TypeOf, raw)
}

func known(anchors map[string]time.Time, name string) any {
	if at, ok := anchors[name]; ok {
		return at
	}
	return nil
}

// boundVars gives kept values of formulas their types back.
func (d *decider) boundVars(kept map[string]any) map[string]any {
	vars := make(map[string]any, len(d.def.Vars))
	for _, v := range d.def.Vars {
		vars[v.Name] = d.engine.bind(v.Expr, v.Expr.Type, kept[v.Name])
	}
	return vars
}

// proposedView computes the data as it would be if the proposal held.
func (d *decider) proposedView() *view {
	if d.views.proposed == nil {
		d.views.proposed = d.viewOf(d.st.Proposal.Fields)
	}
	return d.views.proposed
}

// viewOf answers the data with some fields of the input replaced, and all that follows from them.
func (d *decider) viewOf(fields map[string]any) *view {
	raw := maps.Clone(d.st.Input)
	if raw == nil {
		raw = make(map[string]any, len(fields))
	}
	maps.Copy(raw, fields)
	v := &view{raw: raw, input: d.bindInput(raw), anchors: map[string]any{}, vars: map[string]any{}}
	for _, a := range d.def.Anchors {
		v.anchors[a.Name] = known(d.st.Anchors, a.Name)
		if a.Expr != nil {
			v.anchors[a.Name] = d.evalIn(v, a.Expr, 0, nil)
		}
	}
	for _, f := range d.def.Vars {
		v.vars[f.Name] = d.evalIn(v, f.Expr, 0, nil)
	}
	return v
}

// recompute brings anchors and formulas in line with the input.
func (d *decider) recompute() {
	if d.err != nil {
		return
	}
	v := d.viewOf(nil)
	if anchors := d.changedAnchors(v); len(anchors) > 0 {
		d.emit(&AnchorsChanged{Anchors: anchors})
	}
	vars := make(map[string]any)
	for _, f := range d.def.Vars {
		value := expr.Unbind(v.vars[f.Name])
		if old, ok := d.st.Vars[f.Name]; !ok || !sameJSON(old, value) {
			vars[f.Name] = value
		}
	}
	if len(vars) > 0 && d.err == nil {
		d.emit(&VarsChanged{Vars: vars})
	}
}

func (d *decider) changedAnchors(v *view) map[string]*time.Time {
	changed := make(map[string]*time.Time)
	for _, a := range d.def.Anchors {
		if a.Expr == nil {
			continue
		}
		at, ok := v.anchors[a.Name].(time.Time)
		old, had := d.st.Anchors[a.Name]
		switch {
		case ok && (!had || !old.Equal(at)):
			at = at.UTC()
			changed[a.Name] = &at
		case !ok && had:
			changed[a.Name] = nil
		}
	}
	return changed
}

// brokenRules lists the rules between fields that do not hold for some data. changed names the fields that are new, nil
// for all of them: a rule that reads none of them held when its own were given and is not asked again (a meeting that has
// begun may still move its end).
func (d *decider) brokenRules(v *view, changed []string) []definitions.FieldError {
	var broken []definitions.FieldError
	for _, r := range d.def.Rules {
		if changed != nil && !reads(r.Must, changed) {
			continue
		}
		ok, _ := d.evalIn(v, r.Must, 0, nil).(bool)
		if d.miscomputed() {
			ok = false
		}
		if d.err != nil {
			return nil
		}
		if ok {
			continue
		}
		msg := definitions.Text{Zh: d.renderIn(v, r.Message.Zh, 0, "zh"), En: d.renderIn(v, r.Message.En, 0, "en")}
		if d.miscomputed() || msg == (definitions.Text{}) {
			msg = definitions.Text{Zh: "不满足规则 " + r.Must.Source(), En: "the rule " + r.Must.Source() + " does not hold"}
		}
		broken = append(broken, definitions.FieldError{Field: r.Field, Code: "rule", Zh: msg.Zh, En: msg.En})
	}
	return broken
}

// miscomputed says that an expression failed over what was filled in, and forgets it: that is no fault of the definition.
func (d *decider) miscomputed() bool {
	fault := new(Fault)
	if !errors.As(d.err, &fault) || fault.Code != "expression" {
		return false
	}
	d.err = nil
	return true
}

// reads says whether an expression reads one of the input's fields, directly or through what is computed from them.
func reads(p *expr.Program, fields []string) bool {
	return slices.ContainsFunc(p.References(), func(ref expr.Path) bool {
		switch ref[0] {
		case "vars", "anchors":
			return true
		case "input":
			return len(ref) == 1 || slices.Contains(fields, ref[1])
		}
		return false
	})
}

// eval evaluates an expression as node id sees the world; extra names come first.
func (d *decider) eval(p *expr.Program, id int, extra map[string]any) any {
	return d.evalIn(d.view(id), p, id, extra)
}

func (d *decider) evalIn(v *view, p *expr.Program, id int, extra map[string]any) any {
	if p == nil || d.err != nil {
		return nil
	}
	value, err := p.Eval(d.envFor(v, p.References(), id, extra))
	if err != nil {
		d.misfire(p.Source(), err)
		return nil
	}
	return value
}

// misfire tells an expression that is at fault from a fact that could not be read: the one is an incident, the other is
// tried again.
func (d *decider) misfire(where string, err error) {
	var e *expr.EvalError
	if errors.As(err, &e) && e.Code == expr.CodeFact {
		d.fail(fmt.Errorf("read a fact for %s: %w", where, err))
		return
	}
	d.fault("expression", where, err)
}

func (d *decider) truth(p *expr.Program, id int, extra map[string]any) bool {
	b, _ := d.eval(p, id, extra).(bool)
	return b
}

// value evaluates a step's parameters.
func (d *decider) value(v expr.Value, id int) any {
	if d.err != nil {
		return nil
	}
	out, err := v.Eval(d.envFor(d.view(id), v.References(), id, nil))
	if err != nil {
		path := ""
		if n := d.st.node(id); n != nil {
			path = n.Path
		}
		d.misfire(path, err)
	}
	return out
}

// render fills a template in both languages.
func (d *decider) render(t *definitions.Template, id int, fallback definitions.Text) definitions.Text {
	if t == nil || (t.Zh == nil && t.En == nil) {
		return fallback
	}
	return definitions.Text{Zh: d.renderOne(t.Zh, id, "zh"), En: d.renderOne(t.En, id, "en")}
}

// renderOne fills a template. In a text for people, which has a language, resources are called by their names.
func (d *decider) renderOne(t *expr.Template, id int, lang string) string {
	return d.renderIn(d.view(id), t, id, lang)
}

func (d *decider) renderIn(v *view, t *expr.Template, id int, lang string) string {
	if t == nil || d.err != nil {
		return ""
	}
	env := d.envFor(v, t.References(), id, nil)
	if lang != "" {
		env.NameOf = func(path expr.Path, text string) string { return d.resourceName(path, text, lang) }
	}
	text, err := t.Render(env)
	if err != nil {
		d.misfire(t.Source(), err)
	}
	return text
}

// resourceName answers the name of the resource that a field of the input holds the id of; any other text as it is.
func (d *decider) resourceName(path expr.Path, text, lang string) string {
	kind := d.def.ResourceOf(path)
	if kind == "" || text == "" || d.err != nil {
		return text
	}
	name, err := d.env.ResourceName(d.ctx, text)
	if err != nil {
		d.fail(fmt.Errorf("read the name of %s %s: %w", kind, text, err))
	}
	if said := name.In(lang); said != "" {
		return said
	}
	return text
}

// envFor gathers the names that the references ask for, and no others.
func (d *decider) envFor(v *view, refs []expr.Path, id int, extra map[string]any) expr.Env {
	values := make(map[string]any, 8)
	for _, ref := range refs {
		root := ref[0]
		if _, done := values[root]; done {
			continue
		}
		if x, ok := extra[root]; ok {
			values[root] = x
			continue
		}
		values[root] = d.name(v, root, refs, id)
	}
	return expr.Env{Values: values, Facts: d.env, FormatTime: d.formatTime}
}

// name answers the value of one name in scope.
func (d *decider) name(v *view, root string, refs []expr.Path, id int) any {
	switch root {
	case "input":
		return v.input
	case "before":
		return d.realView().input
	case "parameters":
		return d.parameters()
	case "anchors":
		return v.anchors
	case "vars":
		return v.vars
	case "now":
		return d.now
	case "outputs":
		return d.outputsFor(refs, id)
	case "rounds":
		return d.roundsFor(id)
	case "process":
		return map[string]any{
			"id": d.st.Process, "started_at": d.st.StartedAt, "title": d.st.Title.In("zh"), "business_key": d.st.BusinessKey,
		}
	case "starter":
		p, err := d.env.Person(d.ctx, d.st.Starter)
		if err != nil {
			d.fail(fmt.Errorf("read starter: %w", err))
		}
		return map[string]any{"id": p.ID, "name": p.Name, "department": p.Department}
	default:
		return d.loopName(root, id)
	}
}

// loopName looks a name up among the loops around a node.
func (d *decider) loopName(name string, id int) any {
	for id != 0 {
		n := d.st.node(id)
		if n == nil {
			return nil
		}
		if def := d.static(n); def.Parent != nil && def.Parent.Each != nil && def.Parent.Each.As == name {
			return n.Item
		}
		id = n.Parent
	}
	return nil
}

func (d *decider) parameters() map[string]any {
	values := make(map[string]any, len(d.def.Parameters))
	for i := range d.def.Parameters {
		p := &d.def.Parameters[i]
		values[p.Name] = d.engine.bind(p, p.ValueType, d.st.Parameters[p.Name])
	}
	return values
}

// outputsFor binds the outputs that references name; a reference to all of them binds all.
func (d *decider) outputsFor(refs []expr.Path, id int) map[string]any {
	values := make(map[string]any)
	for _, ref := range refs {
		switch {
		case ref[0] != "outputs":
		case len(ref) > 1:
			d.bindOutput(values, ref[1], id)
		default:
			for step := range d.def.Steps {
				d.bindOutput(values, step, id)
			}
		}
	}
	return values
}

func (d *decider) bindOutput(into map[string]any, step string, id int) {
	into[step] = nil
	o, ok := d.findOutput(step, id)
	if !ok {
		return
	}
	def := d.def.Steps[step]
	if def == nil {
		return
	}
	value := d.outputValue(o)
	if m, ok := value.(map[string]any); ok {
		m["rounds"] = d.earlier(def, id)
	}
	into[step] = d.engine.bind(def, func() expr.Type { return def.Type }, value)
}

// earlier lists the outputs of a step's earlier rounds, oldest first.
func (d *decider) earlier(def *definitions.Node, id int) []any {
	rounds := d.findRounds(def.ID, id)
	list := make([]any, len(rounds))
	for i, o := range rounds {
		list[i] = d.outputValue(o)
	}
	return list
}

// findOutput looks for a step's output in the frames from node id outwards.
func (d *decider) findOutput(step string, id int) (Output, bool) {
	for {
		frame := d.st.frame(id)
		if o, ok := d.st.outputs(frame)[step]; ok {
			return o, true
		}
		if frame == 0 {
			return Output{}, false
		}
		id = 0
		if n := d.st.node(frame); n != nil {
			id = n.Parent
		}
	}
}

// outputValue is an output as expressions see it, before types are given back.
func (d *decider) outputValue(o Output) any {
	if o.Loop {
		items := slices.SortedStableFunc(slices.Values(o.Items), func(a, b Output) int { return a.Round - b.Round })
		list := make([]any, len(items))
		for i, item := range items {
			list[i] = d.outputItem(item)
		}
		return list
	}
	return d.outputItem(o)
}

func (d *decider) outputItem(o Output) any {
	if o.Steps != nil {
		run := make(map[string]any, len(o.Steps))
		for step, inner := range o.Steps {
			run[step] = d.outputValue(inner)
		}
		return run
	}
	m := map[string]any{"outcome": o.Outcome, "by": o.By, "done_at": o.DoneAt, "round": o.Round, "claimed_at": nil, "data": o.Data}
	if o.ClaimedAt != nil {
		m["claimed_at"] = *o.ClaimedAt
	}
	if o.Data == nil {
		m["data"] = map[string]any{}
	}
	return m
}

// roundsFor counts how often each step has been completed.
func (d *decider) roundsFor(id int) map[string]any {
	counts := make(map[string]any, len(d.def.Steps))
	for step := range d.def.Steps {
		counts[step] = roundsDone(d.findRounds(step, id))
		if o, now := d.findOutput(step, id); now {
			counts[step] = max(o.Round, 1)
		}
	}
	return counts
}

// findRounds looks for a step's earlier rounds in the frames from node id outwards.
func (d *decider) findRounds(step string, id int) []Output {
	for {
		frame := d.st.frame(id)
		if rounds := d.st.rounds(frame, step); len(rounds) > 0 || frame == 0 {
			return rounds
		}
		id = 0
		if n := d.st.node(frame); n != nil {
			id = n.Parent
		}
	}
}

// roundsDone counts the earlier rounds of a step; only the last of them are still in the state.
func roundsDone(rounds []Output) int {
	if len(rounds) == 0 {
		return 0
	}
	return max(rounds[len(rounds)-1].Round, len(rounds))
}

// usedDigest sums up the values that a step read of the input, so that a later round can tell whether they changed.
func (d *decider) usedDigest(def *definitions.Node, id int) string {
	if len(def.Used) == 0 {
		return ""
	}
	raw := d.view(id).raw
	used := make([]any, 0, len(def.Used))
	for _, path := range def.Used {
		used = append(used, dig(raw, path))
	}
	text, err := json.Marshal(used)
	if err != nil {
		d.fault("digest", def.Path, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// dig follows a path such as input.room into raw input; the path `input` alone is all of it.
func dig(raw map[string]any, path expr.Path) any {
	var v any = raw
	for _, name := range path[1:] {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// formatTime writes a time in texts for people, in the house's time zone.
func (d *decider) formatTime(t time.Time) string {
	if cal, err := d.env.Calendar(d.ctx, d.def.Calendar); err == nil {
		t = t.In(cal.Location())
	}
	return t.Format("2006-01-02 15:04")
}
