package definitions

import (
	"encoding/json"
	"slices"
	"strings"

	"steward/definitions/expr"
	"steward/definitions/timex"
)

func parsedTime(text string, use timeUse) *timex.Expr {
	t, err := timex.ParseFrom(use.anchor, text)
	if err != nil {
		return nil
	}
	return &t
}

func needsDue(t *timex.Expr) bool { return slices.Contains(t.Anchors(), "due") }

// with compiles the parameters of a step and checks them against what its kind takes.
func (c *compiler) with(n *Node, it *item, at scopeAt) {
	kind, ok := c.registry.Kind(baseKind(n.Uses))
	if !ok {
		return
	}
	with := it.get("with")
	if with == nil {
		with = &item{file: it.file, line: it.line, column: it.column, path: it.path, kind: mapItem}
	}
	if !with.isMap() {
		return
	}
	takes := c.paramsOf(n, kind)
	c.checkParams(n, with, takes)
	rest := *with
	rest.entries = slices.DeleteFunc(slices.Clone(with.entries), func(e entry) bool {
		return c.special(n, e, at) || !takes.open && takes.fields[e.key.text] == nil
	})
	n.With = c.value(&rest, at)
	n.Params = c.constants(&rest, at)
	c.forgottenInWith(n, &rest, at)
	for _, e := range rest.entries {
		if want := takes.fields[e.key.text]; want != nil {
			c.parameterFits(e, at, *want)
		}
	}
	c.withFields(n, with, at)
}

func baseKind(uses string) string {
	if strings.HasPrefix(uses, taskPrefix) {
		return "task"
	}
	return uses
}

// special compiles the parameters that are more than values; the model has fields of their own for them.
func (c *compiler) special(n *Node, e entry, at scopeAt) bool {
	switch n.Uses + "." + e.key.text {
	case "notify.to":
		n.To = c.roleList(e.value, setting{scope: at})
	case "notify.text":
		n.Message = c.template(e.value, at)
	case "wait.until":
		n.Wait.Until = c.times(e.value, at, opening)
	case "approval.mode", "approval.self", "choose.table", "wait.event", "process.process", "process.wait", "record.register":
	default:
		return false
	}
	return n.Uses != "record" // the engine reads the register's name from With
}

// takes is what a kind lets `with` hold.
type takes struct {
	fields   map[string]*expr.Type
	required []string
	open     bool
}

// paramsOf derives what `with` may hold from the kind's parameter struct, or from the task definition.
func (c *compiler) paramsOf(n *Node, kind Kind) takes {
	if n.Task != nil {
		return takesOf(n.Task.With.TypeOf(), nil, false)
	}
	schema, err := kind.Schema()
	if err != nil {
		return takes{open: true}
	}
	t, _ := expr.FromSchema(schema)
	return takesOf(t, texts(schema["required"]), kind.Open)
}

func takesOf(t expr.Type, required []string, open bool) takes {
	out := takes{fields: map[string]*expr.Type{}, required: required, open: open}
	for _, name := range t.Fields() {
		f, _ := t.Field(name)
		out.fields[name] = &f
	}
	return out
}

func (c *compiler) checkParams(n *Node, with *item, t takes) {
	names := sortedKeys(t.fields)
	for _, e := range with.entries {
		if t.fields[e.key.text] == nil && !t.open {
			c.problems.suggest(e.key.at(), codeUnknownKey, e.key.text, names, e.key.text, "with of "+n.Uses, strings.Join(names, ", "))
		}
	}
	for _, name := range t.required {
		if !with.has(name) {
			c.problems.add(with.at(), codeMissingKey, name, "with of "+n.Uses)
		}
	}
}

// constants answers those parameters that hold no expression, as JSON.
func (c *compiler) constants(with *item, at scopeAt) json.RawMessage {
	fixed := map[string]any{}
	for _, e := range with.entries {
		v, found := expr.CompileValue(e.value.plain(), at.Scope)
		if len(found) > 0 || !v.IsConstant() {
			continue
		}
		if x, err := v.Eval(expr.Env{}); err == nil {
			fixed[e.key.text] = expr.Unbind(x)
		}
	}
	if len(fixed) == 0 {
		return nil
	}
	text, err := json.Marshal(fixed)
	if err != nil {
		return nil
	}
	return text
}

// parameterFits checks the type of what `with` gives; of a text that lacks its `=`, enough has been said.
func (c *compiler) parameterFits(e entry, at scopeAt, want expr.Type) {
	if !readsLikeExpression(e.value, at) {
		c.fits(e.value, at, want, e.key.text)
	}
}

// fits checks that a value may stand where a type is wanted.
func (c *compiler) fits(it *item, at scopeAt, want expr.Type, what string) {
	v, found := expr.CompileValue(it.plain(), at.Scope)
	if len(found) > 0 {
		return
	}
	got := v.Type()
	if v.IsConstant() && got.Kind() == expr.KindText && (want.Kind() == expr.KindTime || want.Kind() == expr.KindDuration) {
		return // a constant in JSON form: Bind gives it its type
	}
	if !got.AssignableTo(want) {
		c.problems.add(it.at(), codeTypeMismatch, what, want.String(), got.String())
	}
}

// withFields checks the objects inside `with` whose fields another schema knows.
func (c *compiler) withFields(n *Node, with *item, at scopeAt) {
	switch n.Uses {
	case "set":
		c.fieldsFit(with.get("input"), at, c.inputType(), "input", false)
	case "process":
		iface := c.children[n.Child.Process]
		if iface == nil || iface.Input == nil {
			return
		}
		t, _ := expr.FromSchema(iface.Input)
		in := with.get("input")
		if in == nil {
			in = &item{file: with.file, line: with.line, column: with.column, path: with.path, kind: mapItem}
		}
		c.fieldsFit(in, at, t, "input of "+n.Child.Process, true)
	case "record":
		if book := c.def.Books[with.get("register").plainText()]; book != nil {
			c.fieldsFit(with.get("entry"), at, book.Schema.TypeOf(), "register "+book.Name, true)
		}
	}
}

// fieldsFit checks a mapping of fields against an object type; whole demands that no field is missing that cannot be empty.
func (c *compiler) fieldsFit(it *item, at scopeAt, t expr.Type, what string, whole bool) {
	if !it.isMap() || t.Kind() != expr.KindObject {
		return
	}
	for _, e := range it.entries {
		field, ok := t.Field(e.key.text)
		if !ok {
			c.problems.suggest(e.key.at(), codeUnknownField, e.key.text, t.Fields(), e.key.text, what, strings.Join(t.Fields(), ", "))
			continue
		}
		c.parameterFits(e, at, field)
	}
	for _, name := range t.Fields() {
		if f, _ := t.Field(name); whole && !f.IsNullable() && f.Kind() != expr.KindAny && !it.has(name) {
			c.problems.add(it.at(), codeMissingKey, name, what)
		}
	}
}
