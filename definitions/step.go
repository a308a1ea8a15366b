package definitions

import (
	"slices"
	"strings"
)

// Keys of a step by what carries it out: everybody's, and those that only people need.
func stepKeys() []string {
	return []string{"id", "name", "uses", "with", "when", "notBefore", "until", "on", "redo", "priority", "each", "repeat"}
}

func humanKeys() []string {
	return []string{"assign", "exclude", "form", "outcomes", "due", "remind", "escalate", "fields", "checks"}
}

// laterKinds are kinds of the language that this version may not carry out; an installation may register them itself.
func laterKinds() map[string]string {
	return map[string]string{
		"http": "a task, whose person calls the other system", "worker": "a task", "ask": "a task of somebody who calls the customer",
		"measure": "record", "emit": "a child process", "confirm": "a task", "survey": "a task with a form", "start": "process",
	}
}

const taskPrefix = "task/"

// step reads what a step says about its kind, outcomes, form and what follows; expressions come later.
func (c *compiler) step(n *Node, it *item) {
	kind, ok := c.kind(n, it.get("uses"))
	if !ok {
		n.Outcomes = c.outcomeList(it.get("outcomes"))
		c.outcomeActions(n, it.get("on"), false)
		return
	}
	allowed := stepKeys()
	if kind.Human {
		allowed = append(allowed, humanKeys()...)
		if !it.has("assign") {
			c.problems.add(it.at(), codeNoAssign, nodeName(n))
		}
	}
	c.only(it, n.Uses, allowed)
	c.plainKeys(n, it)
	c.kindKeys(n, it)
	c.stepOutcomes(n, it, kind)
	c.stepForm(n, it, kind)
	c.checkFields(n, it)
	c.outcomeActions(n, it.get("on"), true)
}

// kind resolves `uses`, through the task library where it says task/<name>.
func (c *compiler) kind(n *Node, it *item) (Kind, bool) {
	n.Uses = c.word(it, "uses")
	if n.Uses == "" {
		return Kind{}, false
	}
	if name, ok := strings.CutPrefix(n.Uses, taskPrefix); ok {
		n.Task = c.task(it, name)
		kind, known := c.registry.Kind("task")
		if !known {
			c.problems.add(it.at(), codeUnknownKind, "task", strings.Join(c.registry.Names(), ", "))
		}
		return kind, known && n.Task != nil
	}
	kind, ok := c.registry.Kind(n.Uses)
	if ok {
		return kind, true
	}
	if instead, later := laterKinds()[n.Uses]; later {
		c.problems.add(it.at(), codeNotSupported, n.Uses, instead)
		return Kind{}, false
	}
	names := c.registry.Names()
	c.problems.suggest(it.at(), codeUnknownKind, n.Uses, names, n.Uses, strings.Join(names, ", "))
	return Kind{}, false
}

// plainKeys reads the keys that hold constants, the task definition's where the step has none.
func (c *compiler) plainKeys(n *Node, it *item) {
	if p := c.said(n, it, "priority"); p != nil {
		n.Priority = c.whole(p, "priority", 0)
	}
	n.Redo = c.oneOf(it.get("redo"), "redo", []string{"always"})
	for _, e := range c.list(c.said(n, it, "checks"), "checks") {
		n.Checks = append(n.Checks, c.text(e))
	}
	fields := c.said(n, it, "fields")
	if fields == nil || !c.isMap(fields, "fields") {
		return
	}
	n.Fields = map[string]string{}
	for _, e := range fields.entries {
		n.Fields[e.key.text] = c.oneOf(e.value, e.key.text, []string{"read", "write", "hidden"})
	}
}

// said answers what the step says for a key, or else its task definition.
func (c *compiler) said(n *Node, it *item, key string) *item {
	if v := it.get(key); v != nil || n.Task == nil {
		return v
	}
	return c.taskRaw[n.Task.ID].get(key)
}

// stepOutcomes finds the outcomes that a step can have.
func (c *compiler) stepOutcomes(n *Node, it *item, kind Kind) {
	switch {
	case n.Outcomes != nil:
	case kind.Free && c.said(n, it, "outcomes") != nil:
		n.Outcomes = c.outcomeList(c.said(n, it, "outcomes"))
	default:
		n.Outcomes = slices.Clone(kind.Outcomes)
	}
	if o := it.get("outcomes"); o != nil && !kind.Free {
		c.problems.add(it.keyOf("outcomes").at(), codeKeyNotHere, "outcomes", n.Uses, keysText(n.Outcomes))
	}
	c.ladderOutcomes(n, it)
}

// ladderOutcomes notes the outcomes that an escalation gives.
func (c *compiler) ladderOutcomes(n *Node, it *item) {
	for _, rung := range c.said(n, it, "escalate").elements() {
		o := rung.get("outcome")
		if o == nil || c.word(o, "outcome") == "" || !c.checkID(o) {
			continue
		}
		if !slices.Contains(n.Outcomes, o.text) && !slices.Contains(n.Ladder, o.text) {
			n.Ladder = append(n.Ladder, o.text)
		}
		n.timed = append(n.timed, o.text)
	}
}

// allOutcomes are those that people choose and those that only an escalation gives.
func (n *Node) allOutcomes() []string { return append(slices.Clone(n.Outcomes), n.Ladder...) }

// task loads a task definition of the library once.
func (c *compiler) task(it *item, name string) *TaskDefinition {
	if t, ok := c.tasks[name]; ok {
		return t
	}
	file := tasksFolder + "/" + name + ".yaml"
	if _, ok := c.bundle.Files[file]; !ok {
		c.problems.suggest(it.at(), codeUnknownTask, name, c.available(tasksFolder), name, file)
		return nil
	}
	c.tasks[name] = nil
	root := c.included(file)
	if root == nil || !c.keys(root, taskShape()) {
		return nil
	}
	t := &TaskDefinition{ID: name, Name: c.text(root.get("name")), Node: &Node{Path: file, Kind: Step, Uses: "task", Line: root.line}}
	c.taskParameters(t, root.get("parameters"))
	if f := root.get("form"); f != nil {
		t.Node.Form = c.formOf(f)
	}
	c.checkFileName(root.get("task"), name, file)
	c.tasks[name], c.taskRaw[name] = t, root
	return t
}

// taskParameters reads what `with` may give to the task: the properties of a schema.
func (c *compiler) taskParameters(t *TaskDefinition, it *item) {
	if it == nil || !c.isMap(it, "parameters") {
		return
	}
	before := len(c.problems.list)
	c.checkProperties(it, 0)
	if len(c.problems.list) > before {
		return
	}
	props, _ := it.plain().(map[string]any)
	s, err := newSchema(map[string]any{"type": "object", "properties": props})
	if err != nil {
		c.problems.add(it.at(), codeBadForm, err.Error(), "valid properties")
		return
	}
	wrapped := &item{file: it.file, line: it.line, column: it.column, path: it.path, kind: mapItem, entries: []entry{{
		key: &item{text: "properties"}, value: it,
	}}}
	c.schemaType(wrapped, s, s.Raw)
	s.Fields = c.schemaFields(wrapped, s.Raw)
	t.With = s
}

// checkFields makes sure that `fields` names what the form or the process input has.
func (c *compiler) checkFields(n *Node, it *item) {
	if n.Fields == nil {
		return
	}
	names := c.def.Input.names()
	if n.Form != nil {
		names = append(n.Form.Schema.names(), names...)
	}
	for _, k := range c.said(n, it, "fields").entries {
		if !slices.Contains(names, k.key.text) && !c.inputBroken() {
			c.problems.suggest(k.key.at(), codeUnknownField, k.key.text, names, k.key.text, nodeName(n), strings.Join(names, ", "))
		}
	}
}

// checkFileName makes sure that a file of the library is called what it says it is: references go by file name.
func (c *compiler) checkFileName(it *item, name, file string) {
	if said := c.word(it, "the name"); said != "" && said != name {
		c.problems.add(it.at(), codeFileName, said, file, said+".yaml")
	}
}

// stepForm reads the form of a step, or takes its task definition's.
func (c *compiler) stepForm(n *Node, it *item, kind Kind) {
	f := it.get("form")
	switch {
	case f != nil && kind.Human:
		n.Form = c.formOf(f)
	case n.Task != nil && n.Task.Node.Form != nil:
		copied := *n.Task.Node.Form
		n.Form = &copied
	}
	if n.Form == nil {
		return
	}
	for _, o := range f.get("for").elements() {
		if !slices.Contains(n.Outcomes, o.text) {
			c.problems.suggest(o.at(), codeUnknownOutcome, o.text, n.Outcomes, o.text, nodeName(n), strings.Join(n.Outcomes, ", "))
		}
	}
	if n.Form.For == nil {
		n.Form.For = slices.DeleteFunc(slices.Clone(n.Outcomes), func(o string) bool {
			return n.Uses == "approval" && (o == "rejected" || o == "returned")
		})
	}
}

// formOf reads a form: a schema, { $ref: forms/<name> } or { input: [fields] }, each with an optional `for`.
func (c *compiler) formOf(it *item) *Form {
	if !c.isMap(it, "form") {
		return nil
	}
	form := &Form{For: c.words(it.get("for"), "for")}
	rest := *it
	rest.entries = slices.DeleteFunc(slices.Clone(it.entries), func(e entry) bool { return e.key.text == "for" })
	switch {
	case rest.has("$ref"):
		form.Ref = c.word(rest.get("$ref"), "$ref")
		name, ok := strings.CutPrefix(form.Ref, "forms/")
		if !ok || len(rest.entries) > 1 {
			c.problems.add(rest.get("$ref").at(), codeBadForm, "a form refers to forms/<name> and says nothing else", "{ $ref: forms/<name> }")
			return nil
		}
		form.Schema = c.libraryForm(rest.get("$ref"), name)
	case rest.has("input"):
		c.inputForm(form, rest.get("input"))
	default:
		form.Schema = c.schema(&rest)
	}
	if form.Schema == nil {
		return nil
	}
	return form
}

// inputForm makes the form that edits fields of the process's own input.
func (c *compiler) inputForm(form *Form, it *item) {
	form.Input = c.words(it, "input")
	form.Schema = c.inputPart(it, true)
}

// inputPart cuts fields out of the schema of the input; with required they stay required as they are there.
func (c *compiler) inputPart(it *item, required bool) *Schema {
	in := c.def.Input
	props := map[string]any{}
	var fields []Field
	var must []any
	for _, e := range it.elements() {
		if !c.inputHas(e, e.text) {
			continue
		}
		f := in.Fields[slices.Index(in.names(), e.text)]
		all, _ := in.Raw["properties"].(map[string]any)
		props[f.Name] = all[f.Name]
		if f.Required && required {
			must = append(must, f.Name)
		}
		f.Required = f.Required && required
		fields = append(fields, f)
	}
	raw := map[string]any{"type": "object", "properties": props}
	if len(must) > 0 {
		raw["required"] = must
	}
	s, err := newSchema(raw)
	if err != nil {
		return nil
	}
	s.Fields = fields
	c.schemaType(it, s, raw)
	return s
}
