package definitions

import (
	"slices"
	"strings"
)

// header reads what stands before the steps and needs no expression.
func (c *compiler) header(root *item) {
	if !c.keys(root, definitionShape()) {
		return
	}
	d := c.def
	if p := root.get("process"); p != nil && c.word(p, "process") != "" && c.checkID(p) {
		d.ID = p.text
	}
	d.Name, d.Description = c.text(root.get("name")), c.text(root.get("description"))
	d.Domain, d.Calendar = c.word(root.get("domain"), "domain"), c.word(root.get("calendar"), "calendar")
	d.Covers = c.words(root.get("covers"), "covers")
	d.Outcomes = c.outcomeList(root.get("outcomes"))
	if in := root.get("input"); in != nil {
		d.Input = c.schema(in)
	}
	c.parameters(root.get("parameters"))
}

// outcomeList reads names of outcomes, each once.
func (c *compiler) outcomeList(it *item) []string {
	var out []string
	for _, e := range c.list(it, "outcomes") {
		if c.word(e, "an outcome") == "" || !c.checkID(e) {
			continue
		}
		if slices.Contains(out, e.text) {
			c.problems.add(e.at(), codeBadValue, "outcomes", e.text, Text{Zh: "每个结果只写一次", En: "each outcome once"})
			continue
		}
		out = append(out, e.text)
	}
	return out
}

// register answers a register of the bundle, loading it once.
func (c *compiler) register(it *item) *Register {
	name := c.word(it, "register")
	if name == "" {
		return nil
	}
	if r, ok := c.def.Books[name]; ok {
		return r
	}
	file := registersFolder + "/" + name + ".yaml"
	if _, ok := c.bundle.Files[file]; !ok {
		c.problems.suggest(it.at(), codeUnknownRegister, name, c.available(registersFolder), name, file)
		return nil
	}
	root := c.included(file)
	r := c.readRegister(root)
	c.checkFileName(root.get("register"), name, file)
	c.def.Books[name] = r
	if r != nil {
		c.def.Registers = append(c.def.Registers, name)
		slices.Sort(c.def.Registers)
	}
	return r
}

func (c *compiler) readRegister(root *item) *Register {
	if root == nil || !c.keys(root, registerShape()) {
		return nil
	}
	r := &Register{Name: c.word(root.get("register"), "register"), Title: c.text(root.get("name")), Key: c.words(root.get("key"), "key")}
	if s := root.get("schema"); s != nil {
		r.Schema = c.schema(s)
	}
	if r.Schema == nil {
		return nil
	}
	fields := r.Schema.names()
	for _, k := range root.get("key").elements() {
		if !slices.Contains(fields, k.text) {
			c.problems.suggest(k.at(), codeUnknownField, k.text, fields, k.text, "the register", strings.Join(fields, ", "))
		}
	}
	return r
}

// ParseRegister reads the YAML text of a register. It answers every problem; the Register is nil when one is an Error.
func ParseRegister(name, text string) (*Register, []Problem) {
	c := newCompiler(Bundle{Name: name, Source: text}, NewRegistry())
	root := parseText(name, text, c.problems).root
	r := c.readRegister(root)
	list := c.problems.sorted()
	if HasErrors(list) {
		return nil, list
	}
	return r, list
}

// names lists the fields of a schema in the order written.
func (s *Schema) names() []string {
	if s == nil {
		return nil
	}
	out := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		out[i] = f.Name
	}
	return out
}
