package definitions

import (
	"slices"
	"strings"

	"steward/definitions/expr"
	"steward/definitions/timex"
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

func parameterTypes() []string {
	return []string{"string", "integer", "number", "boolean", "duration", "time"}
}

func (c *compiler) parameters(it *item) {
	if it == nil || !c.isMap(it, "parameters") {
		return
	}
	for _, e := range it.entries {
		if !c.checkID(e.key) || !c.keys(e.value, parameterShape()) {
			continue
		}
		p := Parameter{Name: e.key.text, Title: c.text(e.value.get("title"))}
		p.Type = c.oneOf(e.value.get("type"), "type", parameterTypes())
		if d := e.value.get("default"); d != nil && p.Type != "" {
			p.Default = d.value
			c.checkParameter(p, d)
		}
		c.def.Parameters = append(c.def.Parameters, p)
	}
}

func (c *compiler) checkParameter(p Parameter, d *item) {
	if why, ok := p.Check(d.value); !ok {
		c.problems.add(d.at(), codeBadDefault, d.shown(), why)
	}
}

// Check reports whether value may stand for the parameter; an installation's override is checked with it too. The text
// says why not.
func (p Parameter) Check(value any) (Text, bool) {
	ok := false
	switch p.Type {
	case "string":
		_, ok = value.(string)
	case "integer":
		ok = isWhole(value)
	case "number":
		ok = isWhole(value)
		if _, f := value.(float64); f {
			ok = true
		}
	case "boolean":
		_, ok = value.(bool)
	case "duration":
		return p.checkDuration(value)
	case "time":
		s, _ := value.(string)
		if _, err := timex.Parse(s); err == nil {
			ok = true
		}
	}
	if ok {
		return Text{}, true
	}
	return Text{Zh: "应为 " + p.Type + " 类型", En: "it must be of type " + p.Type}, false
}

func (p Parameter) checkDuration(value any) (Text, bool) {
	s, _ := value.(string)
	if a, err := timex.ParseDuration(s); err == nil {
		if _, fixed := a.Fixed(); fixed {
			return Text{}, true
		}
	}
	return Text{Zh: "应为固定长度的时长，如 30m、2h、1d", En: "it must be a fixed duration such as 30m, 2h or 1d"}, false
}

func isWhole(v any) bool {
	switch v := v.(type) {
	case int, int64:
		return true
	case float64:
		return v == float64(int64(v)) && !unsafeInteger(v)
	}
	return false
}

// ValueType is the type that expressions see.
func (p Parameter) ValueType() expr.Type {
	switch p.Type {
	case "integer":
		return expr.Int()
	case "number":
		return expr.Number()
	case "boolean":
		return expr.Bool()
	case "duration":
		return expr.Duration()
	}
	return expr.String()
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
