package definitions

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a problem keeps a definition from being published.
type Severity string

// The severities of problems.
const (
	Error Severity = "error" // the definition cannot be published
	Hint  Severity = "hint"  // it can, but somebody is likely to be surprised
)

// Problem is one thing that is wrong with a definition, with the place to mend it. Its code is stable and has a section
// in docs/error-codes.md.
type Problem struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	File     string   `json:"file"`
	Line     int      `json:"line"`   // from 1
	Column   int      `json:"column"` // in characters, from 1
	Excerpt  string   `json:"excerpt,omitempty"`
	Message  Text     `json:"message"`
	Hint     Text     `json:"hint"`
	Path     string   `json:"path,omitempty"` // keys and indexes from the root of the file, e.g. "steps[1].on.rejected"
}

// String renders the problem's place, code and message on one line.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s %s: %s", p.File, p.Line, p.Column, p.Severity, p.Code, p.Message.En)
}

// HasErrors reports whether one of the problems is more than a hint.
func HasErrors(list []Problem) bool {
	return slices.ContainsFunc(list, func(p Problem) bool { return p.Severity == Error })
}

// problems collects what is wrong while a definition is compiled.
type problems struct {
	list []Problem
	seen map[string]bool
}

// maxProblems bounds the answer for a text that is broken in very many places.
const maxProblems = 200

// add reports a problem; the catalog of codes has its wording, args fill the wording's {0}, {1}, ….
func (p *problems) add(at place, code Code, args ...any) {
	spec := specOf(code)
	p.put(Problem{
		Code: code, Severity: spec.Severity, Line: at.line, Column: at.column, Path: at.path,
		Message: fill(spec.Message, args), Hint: fill(spec.Hint, args),
	}, at)
}

// suggest is add with a "did you mean" in front of the hint when one of the candidates is near to what was written.
func (p *problems) suggest(at place, code Code, written string, candidates []string, args ...any) {
	spec := specOf(code)
	hint := fill(spec.Hint, args)
	if near := nearest(written, candidates); near != "" {
		hint = Text{Zh: "你是想写“" + near + "”吗？", En: "did you mean \"" + near + "\"?"}
	}
	p.put(Problem{
		Code: code, Severity: spec.Severity, Line: at.line, Column: at.column, Path: at.path,
		Message: fill(spec.Message, args), Hint: hint,
	}, at)
}

// once reports a problem unless the code was reported before, wherever that was.
func (p *problems) once(at place, code Code, args ...any) {
	if !slices.ContainsFunc(p.list, func(q Problem) bool { return q.Code == code }) {
		p.add(at, code, args...)
	}
}

func (p *problems) put(pr Problem, at place) {
	if at.file != nil {
		pr.File, pr.Excerpt = at.file.name, shorten(at.file.line(at.line))
	}
	key := fmt.Sprintf("%s|%s|%d|%d|%s", pr.Code, pr.File, pr.Line, pr.Column, pr.Message.En)
	if p.seen[key] || len(p.list) >= maxProblems {
		return
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.seen[key] = true
	p.list = append(p.list, pr)
}

// sorted answers the problems by file, line, column and code.
func (p *problems) sorted() []Problem {
	slices.SortStableFunc(p.list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message.En, b.Message.En))
	})
	return p.list
}

// fill puts args into the places {0}, {1}, … of both languages; a Text among them gives each language its own words.
func fill(t Text, args []any) Text {
	if len(args) == 0 {
		return t
	}
	zh, en := make([]string, 0, 2*len(args)), make([]string, 0, 2*len(args))
	for i, a := range args {
		mark := fmt.Sprintf("{%d}", i)
		words, ok := a.(Text)
		if !ok {
			words = phrase(fmt.Sprint(a))
		}
		zh, en = append(zh, mark, words.In("zh")), append(en, mark, words.In("en"))
	}
	return Text{Zh: strings.NewReplacer(zh...).Replace(t.Zh), En: strings.NewReplacer(en...).Replace(t.En)}
}

const longestExcerpt = 400 // characters of a line

func shorten(line string) string {
	line = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(line, "\uFFFD"))
	runes := []rune(line)
	if len(runes) > longestExcerpt {
		return string(runes[:longestExcerpt]) + "…"
	}
	return line
}
