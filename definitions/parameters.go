package definitions

import (
	"slices"
	"strings"
	"time"

	"steward/definitions/expr"
	"steward/definitions/timex"
)

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

func (c *compiler) checkParameter(p Parameter, d *item) bool {
	_, why, ok := p.check(d.value)
	if !ok {
		c.problems.add(d.at(), codeBadDefault, d.shown(), why)
	}
	return ok
}

// CheckParameters checks values that are to stand for parameters of the definition, as a house or a rehearsal gives them:
// each names a parameter, has its type, and is what the expressions need, by itself and together with the others; for what is
// not given the defaults count. It answers every problem in the order of the names, then those that values have together,
// nil when there is none. Codes are unknown, type, minimum, anchor and window.
func (d *Definition) CheckParameters(values map[string]any) []FieldError {
	var wrong []FieldError
	for _, name := range sortedKeys(values) {
		i := slices.IndexFunc(d.Parameters, func(p Parameter) bool { return p.Name == name })
		if i < 0 {
			wrong = append(wrong, FieldError{Field: name, Code: "unknown", Zh: d.ID + " 没有此参数", En: d.ID + " has no such parameter"})
			continue
		}
		if code, why, ok := d.Parameters[i].check(values[name]); !ok {
			wrong = append(wrong, FieldError{Field: name, Code: code, Zh: why.Zh, En: why.En})
		}
	}
	return append(wrong, d.checkPaces(values, wrong)...)
}

// check tells whether value may stand for the parameter, by itself; an installation's override is checked with it too. The text
// says why not.
func (p Parameter) check(value any) (code string, why Text, ok bool) {
	switch {
	case !p.fits(value):
		return "type", p.wanted(), false
	case p.NotZero && p.isZero(value):
		return "minimum", Text{Zh: "有公式以它为除数，不能为 0", En: "it must not be 0, because something is divided by it"}, false
	case p.Interval && !p.isInterval(value):
		return "minimum", Text{
			Zh: "它是重复的间隔，至少为 1 秒，如 30m、1wd", En: "something is repeated at this distance: it must be a duration of at least one second, such as 30m",
		}, false
	case p.Anchors != nil:
		return p.checkTime(value)
	}
	return "", Text{}, true
}

// checkTime tells whether the text of a time counts from what is known where the parameter stands.
func (p Parameter) checkTime(value any) (code string, why Text, ok bool) {
	text, _ := value.(string)
	t, err := timex.Parse(text)
	if err != nil {
		return "type", Text{Zh: "应为时间表达式，如 +2h、start-30m", En: "it must be a time expression such as +2h or start-30m: " + err.Error()}, false
	}
	for _, a := range t.Anchors() {
		if !slices.Contains(p.Anchors, a) {
			return "anchor", unknownAnchor(a, p.Anchors), false
		}
	}
	if t.IsWindow() && !p.Window {
		return "window", Text{Zh: "此处只能是一个时刻，不能是 a..b", En: "one moment is needed here, not a window a..b"}, false
	}
	return "", Text{}, true
}

func unknownAnchor(written string, names []string) Text {
	known := strings.Join(names, ", ")
	why := Text{Zh: "没有名为 " + written + " 的时间锚点；可用：" + known, En: "there is no anchor " + written + " here; known are " + known}
	if near := nearest(written, names); near != "" {
		why = Text{Zh: "没有名为 " + written + " 的时间锚点；是否为 " + near + "？", En: "there is no anchor " + written + " here; did you mean " + near + "?"}
	}
	return why
}

// fits tells whether a value is of the parameter's type.
func (p Parameter) fits(value any) bool {
	text, isText := value.(string)
	switch p.Type {
	case "string":
		return isText
	case "integer":
		return isWhole(value)
	case "number":
		_, fraction := value.(float64)
		return fraction || isWhole(value)
	case "boolean":
		_, ok := value.(bool)
		return ok
	case "duration":
		_, ok := fixedDuration(text)
		return ok
	case "time":
		_, err := timex.Parse(text)
		return err == nil
	}
	return false
}

func (p Parameter) wanted() Text {
	if p.Type == "duration" {
		return Text{Zh: "应为固定长度的时长，如 30m、2h、1d", En: "it must be a fixed duration such as 30m, 2h or 1d"}
	}
	return Text{Zh: "应为 " + p.Type + " 类型", En: "it must be of type " + p.Type}
}

// isZero tells a number or a duration of 0.
func (p Parameter) isZero(value any) bool {
	if text, isText := value.(string); isText {
		length, ok := fixedDuration(text)
		return ok && length == 0
	}
	switch n := value.(type) {
	case int:
		return n == 0
	case int64:
		return n == 0
	case uint64:
		return n == 0
	case float64:
		return n == 0
	}
	return false
}

// isInterval tells the text of a duration at which something can be repeated.
func (p Parameter) isInterval(value any) bool {
	text, _ := value.(string)
	a, err := timex.ParseDuration(text)
	return err == nil && LongEnough(a)
}

func fixedDuration(text string) (time.Duration, bool) {
	a, err := timex.ParseDuration(text)
	if err != nil {
		return 0, false
	}
	return a.Fixed()
}

func isWhole(v any) bool {
	switch v := v.(type) {
	case int, int64, uint64:
		return true
	case float64:
		return v == float64(int64(v)) && !unsafeInteger(v)
	}
	return false
}

// ValueType is the type that expressions see. A number or duration may be divided by: it is then checked not to be 0.
func (p Parameter) ValueType() expr.Type {
	switch p.Type {
	case "integer":
		return expr.Int().Promised()
	case "number":
		return expr.Number().Promised()
	case "boolean":
		return expr.Bool()
	case "duration":
		return expr.Duration().Promised()
	}
	return expr.String()
}
