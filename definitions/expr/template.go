package expr

import (
	"errors"
	"strings"
	"unicode/utf8"
)

const (
	openMark  = "{{"
	closeMark = "}}"
	// escapedOpen stands for the two braces themselves.
	escapedOpen = `\{{`
)

// Template is a text with expressions between `{{` and `}}`. It is immutable and safe for concurrent use.
type Template struct {
	text       string
	parts      []part
	references []Path
	limit      int
}

// part is literal text, or an expression at an offset of the template.
type part struct {
	literal string
	program *Program
	offset  int
	path    Path // what the expression reads, when it does nothing else
}

// CompileTemplate checks and compiles a template; `\{{` stands for two literal braces. An expression must yield a
// single value that is never missing. Offsets of problems count from the start of the whole text. It returns a template
// only when there is no problem.
func CompileTemplate(text string, scope Scope) (*Template, []Problem) {
	limits := scope.effectiveLimits()
	if len(text) > limits.Memory {
		return nil, []Problem{{Code: CodeTooLong, Length: len(text), Message: "the text is longer than the memory limit"}}
	}
	t := &Template{text: text, limit: limits.Memory}
	var problems []Problem
	for at := 0; at < len(text); {
		next, more := t.compilePart(at, scope)
		problems = append(problems, more...)
		at = next
	}
	if len(problems) > 0 {
		return nil, problems
	}
	for _, p := range t.parts {
		if p.program != nil {
			t.references = mergePaths(t.references, p.program.references)
		}
	}
	return t, nil
}

// compilePart compiles what begins at an offset and returns where it ends.
func (t *Template) compilePart(at int, scope Scope) (int, []Problem) {
	rest := t.text[at:]
	open := strings.Index(rest, openMark)
	switch {
	case open < 0:
		t.parts = append(t.parts, part{literal: rest})
		return len(t.text), nil
	case open > 0 && rest[open-1] == '\\':
		t.parts = append(t.parts, part{literal: rest[:open-1] + openMark})
		return at + open + len(openMark), nil
	case open > 0:
		t.parts = append(t.parts, part{literal: rest[:open]})
		return at + open, nil
	}
	start := at + len(openMark)
	length, ok := expressionLength(t.text[start:])
	if !ok {
		return len(t.text), []Problem{{
			Code: CodeSyntax, Offset: at, Length: len(openMark), Message: "`{{` is not closed",
			Hint: "close it with `}}`; `" + escapedOpen + "` stands for the braces themselves",
		}}
	}
	program, problems := Compile(t.text[start:start+length], scope, WantKinds(scalarKinds()...))
	for i := range problems {
		problems[i].Offset += start
	}
	if program != nil {
		program.want = program.want.OrNull() // of a value whose type is unknown, nil renders as nothing
	}
	t.parts = append(t.parts, part{program: program, offset: start, path: barePath(program)})
	return start + length + len(closeMark), problems
}

// barePath answers the path of an expression that only reads one, such as input.room.
func barePath(p *Program) Path {
	if p == nil || len(p.references) != 1 || strings.Join(p.references[0], ".") != strings.TrimSpace(p.Source()) {
		return nil
	}
	return p.references[0]
}

// expressionLength finds the closing mark, which inside a literal text or an object of the expression closes nothing.
func expressionLength(text string) (int, bool) {
	depth := 0
	for i := 0; i < len(text); {
		char, size := utf8.DecodeRuneInString(text[i:])
		switch char {
		case '"', '\'', '`':
			size = literalLength(text[i:], char)
		case '{':
			depth++
		case '}':
			if depth == 0 && strings.HasPrefix(text[i:], closeMark) {
				return i, true
			}
			depth--
		}
		i += size
	}
	return 0, false
}

// literalLength returns the length of the literal text at the start of text, quotes included.
func literalLength(text string, quote rune) int {
	escaped := false
	for i, char := range text[1:] {
		switch {
		case escaped:
			escaped = false
		case char == '\\' && quote != '`':
			escaped = true
		case char == quote:
			return i + 2
		}
	}
	return len(text)
}

// Source returns the text that was compiled.
func (t *Template) Source() string { return t.text }

// References returns the static paths that the template reads, sorted and distinct. The list is shared: do not change it.
func (t *Template) References() []Path { return t.references }

// Divisors returns the promised values (see [Type.Promised]) that must not be 0, sorted and distinct.
func (t *Template) Divisors() []Path {
	var paths []Path
	for _, p := range t.parts {
		if p.program != nil {
			paths = append(paths, p.program.divisors...)
		}
	}
	return mergePaths(paths)
}

// Registers returns the names of the registers that the template reads, in the order of the text.
func (t *Template) Registers() []string {
	var names []string
	for _, p := range t.parts {
		if p.program != nil {
			names = append(names, p.program.Registers()...)
		}
	}
	return names
}

// Render evaluates the expressions and joins everything. A value of an unknown type that turns out to be nil is empty.
// Every error is an [*EvalError] whose source is the whole template.
func (t *Template) Render(env Env) (string, error) {
	var b strings.Builder
	for _, p := range t.parts {
		text, err := p.render(env)
		if err != nil {
			return "", t.failure(err, p.offset)
		}
		b.WriteString(text)
		if b.Len() > t.limit {
			return "", &EvalError{
				Code: CodeBudget, Source: t.text, Length: len(t.text), Message: "the text is longer than the memory limit",
			}
		}
	}
	return b.String(), nil
}

func (p part) render(env Env) (string, error) {
	if p.program == nil {
		return p.literal, nil
	}
	value, err := p.program.Eval(env)
	if err != nil {
		return "", err
	}
	if id, ok := value.(string); ok && p.path != nil && env.NameOf != nil {
		return env.NameOf(p.path, id), nil
	}
	text, err := render(value, env)
	if err != nil {
		return "", p.program.failure(err)
	}
	return text, nil
}

func (t *Template) failure(err error, offset int) error {
	var inner *EvalError
	if !errors.As(err, &inner) {
		return err
	}
	outer := *inner
	outer.Source, outer.Offset = t.text, inner.Offset+offset
	return &outer
}
