package api

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// This file says in both languages what the contract wants of a field.

func required(field string) fieldFailure {
	if field == "Idempotency-Key" {
		return fieldFailure{field, "required", Text{
			Zh: "缺少请求头 Idempotency-Key：每次操作请生成一个新的值，例如 UUID", En: "the header Idempotency-Key is missing: send a fresh value for each change, for example a UUID",
		}}
	}
	return fieldFailure{field, "required", Text{Zh: "必填", En: "is required"}}
}

var quoted = regexp.MustCompile(`"([^"]*)"`)

// fieldOf words one violated rule of a schema.
func fieldOf(at string, se *openapi3.SchemaError) fieldFailure {
	for _, name := range se.JSONPointer() {
		at = join(at, clip(name))
	}
	code := se.SchemaField
	switch code {
	case "required":
		return required(orDefault(at, "body"))
	case "properties":
		name := ""
		if m := quoted.FindStringSubmatch(se.Reason); m != nil {
			name = clip(m[1])
		}
		return fieldFailure{join(at, name), "unknown", Text{Zh: "没有这个字段", En: "there is no such field"}}
	case "nullable":
		code = "type"
	}
	return fieldFailure{orDefault(at, "body"), code, wording(code, se.Schema)}
}

// wording says in both languages what a rule of a schema wants.
func wording(code string, schema *openapi3.Schema) Text {
	if schema == nil {
		return Text{Zh: "不符合要求", En: "is not acceptable"}
	}
	switch code {
	case "type":
		return Text{Zh: "类型应为 " + typeOf(schema), En: "must be of type " + typeOf(schema)}
	case "format", "pattern":
		form := orDefault(schema.Format, schema.Pattern)
		if form == "date" || form == "date-time" {
			form = fmt.Sprintf("%s (RFC 3339, %d–%d)", form, firstYear, lastYear)
		}
		return Text{Zh: "格式应为 " + form, En: "must have the format " + form}
	case "enum":
		options := strings.Trim(fmt.Sprint(schema.Enum...), "[]")
		if len(schema.Enum) > 1 {
			options = joined(schema.Enum)
		}
		return Text{Zh: "应为以下之一：" + options, En: "must be one of " + options}
	}
	return bounds(code, schema)
}

func bounds(code string, schema *openapi3.Schema) Text {
	switch code {
	case "minLength":
		return Text{Zh: fmt.Sprintf("至少 %d 个字符", schema.MinLength), En: fmt.Sprintf("must have at least %d characters", schema.MinLength)}
	case "maxLength":
		return Text{Zh: fmt.Sprintf("最多 %d 个字符", *schema.MaxLength), En: fmt.Sprintf("must have at most %d characters", *schema.MaxLength)}
	case "minimum":
		return Text{Zh: fmt.Sprintf("不能小于 %v", *schema.Min), En: fmt.Sprintf("must be at least %v", *schema.Min)}
	case "maximum":
		return Text{Zh: fmt.Sprintf("不能大于 %v", *schema.Max), En: fmt.Sprintf("must be at most %v", *schema.Max)}
	case "minItems":
		return Text{Zh: fmt.Sprintf("至少 %d 项", schema.MinItems), En: fmt.Sprintf("must have at least %d entries", schema.MinItems)}
	case "maxItems":
		return Text{Zh: fmt.Sprintf("最多 %d 项", *schema.MaxItems), En: fmt.Sprintf("must have at most %d entries", *schema.MaxItems)}
	case "uniqueItems":
		return Text{Zh: "不能有重复项", En: "must not repeat an entry"}
	case "minProperties", "maxProperties":
		return Text{Zh: "须恰好填写其中一项", En: "must have exactly one of its fields"}
	}
	return Text{Zh: "不符合要求", En: "is not acceptable"}
}

func typeOf(schema *openapi3.Schema) string {
	if schema.Type == nil {
		return "?"
	}
	return strings.Join(schema.Type.Slice(), ", ")
}

func joined(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}
