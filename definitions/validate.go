package definitions

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// newSchema compiles a schema once; Validate then only runs it.
func newSchema(raw map[string]any) (*Schema, error) {
	full := closed(raw)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.RegisterFormat(&jsonschema.Format{Name: "date-time", Validate: checkDateTime})
	c.AssertFormat()
	c.UseLoader(noLoader{})
	const at = "steward:///schema"
	if err := c.AddResource(at, full); err != nil {
		return nil, fmt.Errorf("add schema: %w", err)
	}
	compiled, err := c.Compile(at)
	if err != nil {
		return nil, fmt.Errorf("compile schema: %w", err)
	}
	return &Schema{Raw: full, validate: func(data map[string]any) []FieldError {
		return patternsInWords(full, validate(compiled, data))
	}}, nil
}

// patternsInWords says what a pattern wants as its x-pattern-title does: the pattern itself is no word for people.
func patternsInWords(schema map[string]any, found []FieldError) []FieldError {
	for i, fe := range found {
		if fe.Code != "pattern" {
			continue
		}
		title, _ := at(schema, strings.Split(fe.Field, "."))["x-pattern-title"].(map[string]any)
		zh, _ := title["zh"].(string)
		en, _ := title["en"].(string)
		if zh != "" && en != "" {
			found[i].Zh, found[i].En = "应为"+zh, "must be "+en
		}
	}
	return found
}

// at answers the part of a schema that a path of names and positions leads to; nil when there is none.
func at(schema map[string]any, path []string) map[string]any {
	for _, name := range path {
		props, _ := schema["properties"].(map[string]any)
		next, ok := props[name].(map[string]any)
		if !ok {
			next, _ = schema["items"].(map[string]any)
		}
		schema = next
	}
	return schema
}

// noLoader refuses every schema that is not in the definition: a form never depends on the network or on files.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("schema %s is not part of the definition", url)
}

// checkDateTime demands a zone: a local time would mean another moment on another server.
func checkDateTime(v any) error {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err == nil && (at.UTC().Year() < firstYear || at.UTC().Year() > lastYear) {
		return fmt.Errorf("the year must lie between %d and %d", firstYear, lastYear)
	}
	return err
}

// Years that a form takes: beyond them lies a slip of the keyboard, and room for no deadline.
const (
	firstYear = 1900
	lastYear  = 2999
)

func validate(schema *jsonschema.Schema, data map[string]any) []FieldError {
	if data == nil {
		data = map[string]any{}
	}
	if found := checkNumbers(data, ""); len(found) > 0 {
		return ordered(found)
	}
	var ve *jsonschema.ValidationError
	err := schema.Validate(data)
	if err == nil {
		return nil
	}
	if !errors.As(err, &ve) {
		return []FieldError{{Code: "invalid", Zh: "数据无效", En: "the data is invalid"}}
	}
	return ordered(leaves(ve, nil))
}

func ordered(list []FieldError) []FieldError {
	slices.SortStableFunc(list, func(a, b FieldError) int {
		return strings.Compare(a.Field+"\x00"+a.Code, b.Field+"\x00"+b.Code)
	})
	return slices.Compact(list)
}

// longestNumber bounds the digits of a number in submitted data: exact arithmetic on 1e999999999 would never return.
const longestNumber = 40

// checkNumbers refuses numbers that would lose digits or cost unbounded work.
func checkNumbers(v any, path string) []FieldError {
	var found []FieldError
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			found = append(found, checkNumbers(e, childPath(path, name))...)
		}
	case []any:
		for i, e := range v {
			found = append(found, checkNumbers(e, childPath(path, strconv.Itoa(i)))...)
		}
	case json.Number:
		if f, err := v.Float64(); err != nil || len(v) > longestNumber || unsafeInteger(f) && !fitsInt64(string(v)) || tiny(string(v)) {
			found = append(found, rangeError(path))
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) || unsafeInteger(v) {
			found = append(found, rangeError(path))
		}
	}
	return found
}

func rangeError(path string) FieldError {
	return FieldError{Field: path, Code: "range", Zh: "数字超出可精确保存的范围", En: "the number is too large to be kept exactly"}
}

func unsafeInteger(f float64) bool { return math.Abs(f) > 1<<53 }

func fitsInt64(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

// tiny tells numbers with a huge negative exponent, whose exact form would be huge.
func tiny(s string) bool {
	_, exponent, found := strings.Cut(strings.ToLower(s), "e")
	n, err := strconv.Atoi(strings.TrimPrefix(exponent, "+"))
	return found && (err != nil || n < -300)
}

// leaves flattens the tree of errors to one entry per field and reason.
func leaves(e *jsonschema.ValidationError, out []FieldError) []FieldError {
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			out = leaves(cause, out)
		}
		return out
	}
	path := strings.Join(e.InstanceLocation, ".")
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			out = append(out, FieldError{Field: childPath(path, name), Code: "required", Zh: "必填", En: "is required"})
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			out = append(out, FieldError{Field: childPath(path, name), Code: "unknown", Zh: "没有这个字段", En: "there is no such field"})
		}
	default:
		fe := leaf(e.ErrorKind)
		fe.Field = path
		out = append(out, fe)
	}
	return out
}

// ApplyDefaults answers a copy of data in which fields that are absent have the defaults of the schema, in nested objects
// too. Fields that are present, null included, stay as they are.
func (s *Schema) ApplyDefaults(data map[string]any) map[string]any {
	if s == nil {
		return maps.Clone(data)
	}
	return applyDefaults(s.Raw, data)
}

func applyDefaults(schema, data map[string]any) map[string]any {
	out := make(map[string]any, len(data))
	maps.Copy(out, data)
	props, _ := schema["properties"].(map[string]any)
	for name, p := range props {
		field, _ := p.(map[string]any)
		value, present := out[name]
		if d, has := field["default"]; has && !present {
			out[name] = clone(d)
			continue
		}
		if inner, ok := value.(map[string]any); ok {
			out[name] = applyDefaults(field, inner)
		}
	}
	return out
}

// clone copies a JSON value, so that a default is never shared between processes.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = clone(e)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = clone(e)
		}
		return l
	}
	return v
}
