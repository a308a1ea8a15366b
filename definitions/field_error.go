package definitions

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// leaf words one failed keyword of a schema for the person who filled in the field.
func leaf(k jsonschema.ErrorKind) FieldError {
	switch k := k.(type) {
	case *kind.Type:
		return fieldError("type", "应为"+typeWords(k.Want, true), "must be "+typeWords(k.Want, false))
	case *kind.Enum:
		return fieldError("enum", "只能是："+listed(k.Want), "must be one of: "+listed(k.Want))
	case *kind.Const:
		return fieldError("enum", "只能是："+fmt.Sprint(k.Want), "must be: "+fmt.Sprint(k.Want))
	case *kind.Format:
		return formatError(k.Want)
	case *kind.Pattern:
		return fieldError("pattern", "格式不符："+k.Want, "does not match "+k.Want)
	}
	if fe, ok := lengthLeaf(k); ok {
		return fe
	}
	if fe, ok := rangeLeaf(k); ok {
		return fe
	}
	return fieldError("invalid", "无效", "is invalid")
}

func lengthLeaf(k jsonschema.ErrorKind) (FieldError, bool) {
	switch k := k.(type) {
	case *kind.MinLength:
		return counted("minLength", "至少 %d 个字", "needs at least %d characters", k.Want), true
	case *kind.MaxLength:
		return counted("maxLength", "最多 %d 个字", "takes at most %d characters", k.Want), true
	case *kind.MinItems:
		return counted("minItems", "至少 %d 项", "needs at least %d items", k.Want), true
	case *kind.MaxItems:
		return counted("maxItems", "最多 %d 项", "takes at most %d items", k.Want), true
	case *kind.UniqueItems:
		return fieldError("uniqueItems", "各项不能重复", "must not repeat an item"), true
	}
	return FieldError{}, false
}

func rangeLeaf(k jsonschema.ErrorKind) (FieldError, bool) {
	switch k := k.(type) {
	case *kind.Minimum:
		return fieldError("minimum", "不能小于 "+number(k.Want), "must be at least "+number(k.Want)), true
	case *kind.Maximum:
		return fieldError("maximum", "不能大于 "+number(k.Want), "must be at most "+number(k.Want)), true
	case *kind.ExclusiveMinimum:
		return fieldError("minimum", "必须大于 "+number(k.Want), "must be greater than "+number(k.Want)), true
	case *kind.ExclusiveMaximum:
		return fieldError("maximum", "必须小于 "+number(k.Want), "must be less than "+number(k.Want)), true
	case *kind.MultipleOf:
		return fieldError("multipleOf", "必须是 "+number(k.Want)+" 的倍数", "must be a multiple of "+number(k.Want)), true
	}
	return FieldError{}, false
}

func fieldError(code, zh, en string) FieldError { return FieldError{Code: code, Zh: zh, En: en} }

func counted(code, zh, en string, n int) FieldError {
	words := fmt.Sprintf(en, n)
	if n == 1 {
		words = strings.TrimSuffix(words, "s")
	}
	return FieldError{Code: code, Zh: fmt.Sprintf(zh, n), En: words}
}

func formatError(format string) FieldError {
	switch format {
	case "date-time":
		return fieldError("format", "应为带时区的时间，例如 2026-03-02T09:00:00+08:00", "must be a time with its zone, such as 2026-03-02T09:00:00+08:00")
	case "date":
		return fieldError("format", "应为日期，例如 2026-03-02", "must be a date such as 2026-03-02")
	case "email":
		return fieldError("format", "应为电子邮箱地址", "must be an e-mail address")
	}
	return fieldError("format", "应为 "+format+" 格式", "must be a valid "+format)
}

func typeWords(types []string, zh bool) string {
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = typeWord(t, zh)
	}
	if zh {
		return strings.Join(words, "或")
	}
	return strings.Join(words, " or ")
}

func typeWord(t string, zh bool) string {
	w, ok := map[string]Text{
		"string": {"文本", "a text"}, "integer": {"整数", "a whole number"}, "number": {"数字", "a number"}, "boolean": {"是或否", "true or false"},
		"array": {"列表", "a list"}, "object": {"一组字段", "a group of fields"}, "null": {"空", "empty"},
	}[t]
	if !ok {
		return t
	}
	if zh {
		return w.Zh
	}
	return w.En
}

func listed(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

func number(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	f, _ := r.Float64()
	return fmt.Sprintf("%g", f)
}
