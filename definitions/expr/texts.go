package expr

import (
	"strconv"
	"strings"
	"time"
)

func textArg(v any) (string, error) {
	text, ok := v.(string)
	if !ok {
		return "", fault(CodeEvaluation, "a text is needed, this is %s", describe(v))
	}
	return text, nil
}

func upper(args ...any) (any, error) { return mapText(args, strings.ToUpper) }

func lower(args ...any) (any, error) { return mapText(args, strings.ToLower) }

func trim(args ...any) (any, error) { return mapText(args, strings.TrimSpace) }

func mapText(args []any, f func(string) string) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	text, err := textArg(args[0])
	if err != nil {
		return nil, err
	}
	if err := r.grow(len(text)); err != nil {
		return nil, err
	}
	return f(text), nil
}

// bytesPerStep is how much text a search may look through for the price of one list element.
const bytesPerStep = 64

// textOperand stands before a text that a predicate searches for every element, and charges for the search.
func textOperand(args ...any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	text, err := textArg(args[0])
	if err != nil {
		return nil, err
	}
	return text, r.step(len(text) / bytesPerStep)
}

func concatTexts(r *run, a, b string) (any, error) {
	if err := r.grow(len(a) + len(b)); err != nil {
		return nil, err
	}
	return a + b, nil
}

// render turns a single value into the text that people read; nil is empty.
func render(v any, env Env) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case time.Time:
		return env.formatTime(v), nil
	case time.Duration:
		return FormatDuration(v), nil
	}
	n, ok := numericOf(v)
	switch {
	case !ok:
		return "", fault(CodeEvaluation, "%s has no text", describe(v))
	case n.whole:
		return strconv.Itoa(n.i), nil
	}
	return strconv.FormatFloat(n.f, 'f', -1, 64), nil
}

func toText(args ...any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	text, err := render(args[0], r.env)
	if err != nil {
		return nil, err
	}
	return text, r.grow(len(text))
}

func split(args ...any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	text, err := textArg(args[0])
	if err != nil {
		return nil, err
	}
	separator, err := textArg(args[1])
	if err != nil {
		return nil, err
	}
	if err := r.grow(len(text) + 1); err != nil {
		return nil, err
	}
	parts := strings.Split(text, separator)
	list := make([]any, len(parts))
	for i, part := range parts {
		list[i] = part
	}
	return list, r.step(len(list))
}

func joinTexts(args ...any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	list, err := listArg(r, args[0])
	if err != nil {
		return nil, err
	}
	separator := ""
	if len(args) > 1 {
		if separator, err = textArg(args[1]); err != nil {
			return nil, err
		}
	}
	var b strings.Builder
	for i, item := range list {
		text, err := render(item, r.env)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			text = separator + text
		}
		if err := r.grow(len(text)); err != nil {
			return nil, err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}
