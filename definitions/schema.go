package definitions

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"steward/definitions/expr"
)

// Limits of forms.
const (
	// MaxTextLength is the greatest length of a text field in characters when its schema has no maxLength.
	MaxTextLength = 10_000
	// MaxPatternLength is the greatest length of a pattern in bytes. Patterns run in linear time whatever they say.
	MaxPatternLength = 500
)

// schemaKeywords are the keywords of JSON Schema 2020-12 that a form can be drawn from and that give every value one type.
func schemaKeywords() []string {
	return []string{
		"type", "title", "description", "default", "examples", "enum", "const", "format", "pattern", "minLength", "maxLength",
		"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "items", "minItems", "maxItems", "uniqueItems",
		"properties", "required", "additionalProperties", "readOnly",
	}
}

func schemaTypes() []string {
	return []string{"string", "integer", "number", "boolean", "array", "object"}
}

func schemaFormats() []string { return []string{"date-time", "date", "email", "uri", "uuid"} }

// schema reads the JSON Schema of an object: the input of a process, a form, a register. It answers nil after an error.
func (c *compiler) schema(it *item) *Schema {
	if !c.isMap(it, "a schema") {
		return nil
	}
	before := len(c.problems.list)
	c.checkSchema(it, 0)
	if t := it.get("type"); t != nil && t.text != "object" {
		c.problems.add(t.at(), codeBadForm, "its type is "+t.text, "type: object")
	}
	if len(c.problems.list) > before {
		return nil
	}
	raw, _ := it.plain().(map[string]any)
	raw["type"] = "object"
	s, err := newSchema(raw)
	if err != nil {
		c.problems.add(it.at(), codeBadForm, err.Error(), "a valid schema")
		return nil
	}
	c.schemaType(it, s, raw)
	s.Fields = c.schemaFields(it, raw)
	c.checkDefaults(it, s)
	return s
}

func (c *compiler) schemaType(it *item, s *Schema, raw map[string]any) {
	t, found := expr.FromSchema(raw)
	s.Type = t
	for _, p := range found {
		c.problems.add(it.find(strings.Split(p.Path, ".")).at(), codeBadForm, p.Message, p.Hint)
	}
}

func (c *compiler) schemaFields(it *item, raw map[string]any) []Field {
	required := texts(raw["required"])
	var fields []Field
	for _, e := range mapEntries(it.get("properties")) {
		f := Field{Name: e.key.text, Required: slices.Contains(required, e.key.text), Default: e.value.get("default").plain()}
		if t := e.value.get("x-title"); t != nil {
			f.Title = c.text(t)
		} else if t := e.value.get("title"); t != nil {
			f.Title = c.text(t)
		}
		if r := e.value.get("x-resource"); r != nil {
			f.Resource = r.text
		}
		fields = append(fields, f)
	}
	return fields
}

// checkSchema checks keywords and their values here, where the place of each is known.
func (c *compiler) checkSchema(it *item, depth int) {
	if depth > MaxDepth/2 || !c.isMap(it, "a schema") {
		return
	}
	for _, e := range it.entries {
		key := e.key.text
		switch {
		case key == "$ref":
			c.problems.add(e.key.at(), codeBadForm, "$ref can only be the whole form: { $ref: forms/<name> }", "the properties themselves")
		case slices.Contains(schemaKeywords(), key):
			c.checkKeyword(key, e.value, it, depth)
		case !strings.HasPrefix(key, "x-"):
			c.problems.suggest(e.key.at(), codeBadForm, key, schemaKeywords(), "unknown keyword "+key, strings.Join(schemaKeywords(), ", "))
		}
	}
}

func (c *compiler) checkKeyword(key string, v, parent *item, depth int) {
	switch key {
	case "type":
		for _, t := range v.elements() {
			if t.text != "null" || !v.isList() {
				c.oneOf(t, "type", schemaTypes())
			}
		}
	case "format":
		c.oneOf(v, "format", schemaFormats())
	case "pattern":
		c.checkPattern(v)
	case "minLength", "maxLength", "minItems", "maxItems":
		if n, ok := v.value.(int); !ok || n < 0 {
			c.problems.add(v.at(), codeBadForm, key+" is no count", "a whole number from 0")
		}
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		if v.kind != numberItem {
			c.problems.add(v.at(), codeBadForm, key+" is no number", "a number")
		}
	case "enum":
		if !v.isList() || len(v.list) == 0 {
			c.problems.add(v.at(), codeBadForm, "enum is no list of values", "a list such as [a, b]")
		}
	case "items":
		c.checkSchema(v, depth+1)
	case "additionalProperties":
		if v.kind != boolItem {
			c.checkSchema(v, depth+1)
		}
	case "properties":
		c.checkProperties(v, depth)
	case "required":
		c.checkRequired(v, parent)
	}
}

func (c *compiler) checkPattern(v *item) {
	if len(v.text) > MaxPatternLength {
		c.problems.add(v.at(), codeBadForm, "the pattern is too long", fmt.Sprintf("at most %d bytes", MaxPatternLength))
		return
	}
	if _, err := regexp.Compile(v.text); err != nil || !v.isText() {
		c.problems.add(v.at(), codeBadForm, "the pattern is no regular expression", "RE2 syntax, without look-around and back references")
	}
}

func (c *compiler) checkProperties(v *item, depth int) {
	if !c.isMap(v, "properties") {
		return
	}
	for _, p := range v.entries {
		c.checkID(p.key)
		c.checkSchema(p.value, depth+1)
	}
}

func (c *compiler) checkRequired(v, parent *item) {
	names := keysOf(parent.get("properties"))
	for _, r := range c.list(v, "required") {
		if !slices.Contains(names, r.text) {
			c.problems.suggest(r.at(), codeUnknownField, r.text, names, r.text, "the schema", strings.Join(names, ", "))
		}
	}
}

// checkDefaults makes sure that the data which the defaults alone give is accepted, required fields aside.
func (c *compiler) checkDefaults(it *item, s *Schema) {
	for _, e := range s.Validate(s.ApplyDefaults(map[string]any{})) {
		if e.Code == "required" {
			continue
		}
		at := it.get("properties").find(strings.Split(e.Field, "."))
		if d := at.get("default"); d != nil {
			at = d
		}
		c.problems.add(at.at(), codeBadDefault, at.text, Text{Zh: e.Zh, En: e.En})
	}
}

// closed answers a copy of a schema in which objects refuse unknown fields and texts have a greatest length, unless the
// schema says otherwise.
func closed(schema map[string]any) map[string]any {
	out := maps.Clone(schema)
	if props, ok := schema["properties"].(map[string]any); ok {
		inner := make(map[string]any, len(props))
		for name, p := range props {
			inner[name] = closedAny(p)
		}
		out["properties"] = inner
	}
	if items, ok := schema["items"]; ok {
		out["items"] = closedAny(items)
	}
	_, open := schema["additionalProperties"]
	if _, has := schema["properties"]; (has || schema["type"] == "object") && !open {
		out["additionalProperties"] = false
	}
	if schema["type"] == "string" && schema["maxLength"] == nil && schema["enum"] == nil {
		out["maxLength"] = MaxTextLength
	}
	return out
}

func closedAny(v any) any {
	if m, ok := v.(map[string]any); ok {
		return closed(m)
	}
	return v
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
