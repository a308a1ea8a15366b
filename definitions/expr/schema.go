package expr

import (
	"fmt"
	"maps"
	"slices"
)

// FromSchema derives a type from a JSON Schema 2020-12. It understands type (also a list with "null", and "duration" as
// the parameters of a definition have it), properties, required, additionalProperties, items, enum, const, default and
// the formats date-time (a [Time]) and duration. Other formats stay text: a date in particular, for a date is no
// instant, and the function date turns it into one. A property that is neither required nor has a default is nullable.
// Keywords that only narrow values, annotations and `x-…` are ignored; a keyword that would change the type, such as
// $ref or oneOf, is a problem. The type is usable in any case.
func FromSchema(schema map[string]any) (Type, []Problem) {
	r := schemaReader{}
	t := r.read(schema, "", 0)
	return t, r.problems
}

type schemaReader struct{ problems []Problem }

func (r *schemaReader) reportf(path, hint, format string, args ...any) {
	r.problems = append(r.problems, Problem{
		Code: CodeSchema, Path: path, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

func (r *schemaReader) read(schema map[string]any, path string, depth int) Type {
	if depth > defaultDepth {
		r.problems = append(r.problems, Problem{
			Code: CodeTooDeep, Path: path, Message: fmt.Sprintf("the schema is nested deeper than %d", defaultDepth),
		})
		return Any()
	}
	for _, keyword := range []string{"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "patternProperties"} {
		if _, ok := schema[keyword]; ok {
			r.reportf(within(path, keyword), "resolve it, or state the type with `type`",
				"%s has no type that an expression could rely on", quote(keyword))
		}
	}
	word, nullable := r.typeWord(schema, path)
	t := r.typeOf(word, schema, path, depth)
	if nullable {
		return t.Nullable()
	}
	return t
}

// typeWord returns the word of the `type` keyword, which other keywords imply where it is missing.
func (r *schemaReader) typeWord(schema map[string]any, path string) (word string, nullable bool) {
	words := []string{}
	switch declared := schema["type"].(type) {
	case nil:
		return impliedType(schema), false
	case string:
		words = append(words, declared)
	case []any:
		for _, item := range declared {
			words = append(words, fmt.Sprint(item))
		}
	case []string:
		words = slices.Clone(declared)
	default:
		r.reportf(within(path, "type"), "for example `type: string`", "`type` must be a text or a list of texts")
	}
	if i := slices.Index(words, "null"); i >= 0 && len(words) > 1 {
		words, nullable = slices.Delete(words, i, i+1), true
	}
	if len(words) != 1 {
		if len(words) > 1 {
			r.reportf(within(path, "type"), "choose one type, or one type and null", "several types have no common type")
		}
		return "", nullable
	}
	return words[0], nullable
}

func impliedType(schema map[string]any) string {
	_, properties := schema["properties"]
	_, items := schema["items"]
	values, isEnum := enumTexts(schema)
	switch {
	case properties:
		return "object"
	case items:
		return "array"
	case isEnum && values != nil:
		return "string"
	}
	return ""
}

func (r *schemaReader) typeOf(word string, schema map[string]any, path string, depth int) Type {
	switch word {
	case "":
		return Any()
	case "boolean":
		return Bool()
	case "integer":
		return Int().withSign(leastSign(schema))
	case "number":
		return Number().withSign(leastSign(schema))
	case "duration":
		return Duration()
	case "null":
		return Null()
	case "string":
		return textType(schema)
	case "array":
		return r.listType(schema, path, depth)
	case "object":
		return r.objectType(schema, path, depth)
	}
	words := []string{"boolean", "integer", "number", "duration", "null", "string", "array", "object"}
	r.reportf(within(path, "type"), didYouMean(word, words), "there is no type %s", quote(word))
	return Any()
}

// leastSign reads from the limits of a number whether it can be 0 or less.
func leastSign(schema map[string]any) sign {
	least, hasLeast := numericOf(schema["minimum"])
	above, hasAbove := numericOf(schema["exclusiveMinimum"])
	switch {
	case hasLeast && least.f > 0, hasAbove && above.f >= 0:
		return signPositive
	case hasLeast && least.f == 0:
		return signNotNegative
	}
	return signUnknown
}

func textType(schema map[string]any) Type {
	if values, ok := enumTexts(schema); ok && values != nil {
		return Enum(values...)
	}
	switch schema["format"] {
	case "date-time":
		return Time()
	case "duration":
		return Duration()
	}
	return String()
}

// enumTexts returns the values of enum or const; the values are nil unless all are texts.
func enumTexts(schema map[string]any) (values []string, ok bool) {
	if text, isText := schema["const"].(string); isText {
		return []string{text}, true
	}
	list, ok := schema["enum"].([]any)
	if !ok || len(list) == 0 {
		texts, isTexts := schema["enum"].([]string)
		return texts, isTexts && len(texts) > 0
	}
	for _, item := range list {
		text, isText := item.(string)
		if !isText {
			return nil, true
		}
		values = append(values, text)
	}
	return values, true
}

func (r *schemaReader) listType(schema map[string]any, path string, depth int) Type {
	items, ok := schema["items"].(map[string]any)
	if !ok {
		return List(Any())
	}
	return List(r.read(items, within(path, "items"), depth+1))
}

func (r *schemaReader) objectType(schema map[string]any, path string, depth int) Type {
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		if rest, isSchema := schema["additionalProperties"].(map[string]any); isSchema {
			return Map(r.read(rest, within(path, "additionalProperties"), depth+1))
		}
		return Map(Any())
	}
	required := r.requiredNames(schema, path)
	fields := make(map[string]Type, len(properties))
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		at := within(within(path, "properties"), name)
		property, isSchema := properties[name].(map[string]any)
		if !isSchema {
			r.reportf(at, "for example `{ type: string }`", "the property %s must be a schema", quote(name))
			continue
		}
		field := r.read(property, at, depth+1)
		if _, hasDefault := property["default"]; !hasDefault && !required[name] {
			field = field.Nullable()
		}
		fields[name] = field
	}
	for _, name := range slices.Sorted(maps.Keys(required)) {
		if _, ok := properties[name]; !ok {
			r.reportf(within(path, "required"), didYouMean(name, slices.Sorted(maps.Keys(properties))),
				"the required property %s is not declared", quote(name))
		}
	}
	return Object(fields)
}

func (r *schemaReader) requiredNames(schema map[string]any, path string) map[string]bool {
	names := map[string]bool{}
	switch list := schema["required"].(type) {
	case nil:
	case []string:
		for _, name := range list {
			names[name] = true
		}
	case []any:
		for _, item := range list {
			names[fmt.Sprint(item)] = true
		}
	default:
		r.reportf(within(path, "required"), "for example `required: [title]`", "`required` must be a list of names")
	}
	return names
}

// within extends a path within a nested value by one name.
func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
