package expr

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"
)

// source is one text on its way to a syntax tree. Its offsets are bytes of the text as written, while expr-lang counts
// runes.
type source struct {
	text   string
	bytes  []int // byte offset of every rune and of the end; nil while the text is ASCII
	tokens []lexer.Token
}

func newSource(text string) *source {
	s := &source{text: text}
	if utf8.RuneCountInString(text) == len(text) {
		return s
	}
	for i := range text {
		s.bytes = append(s.bytes, i)
	}
	s.bytes = append(s.bytes, len(text))
	return s
}

func (s *source) offset(runes int) int {
	if s.bytes == nil {
		return min(max(runes, 0), len(s.text))
	}
	return s.bytes[min(max(runes, 0), len(s.bytes)-1)]
}

// closed extends a part of the text by the brackets around it that no node knows of: those that close what the part
// opens, and those that open what it closes.
func (s *source) closed(at file.Location) file.Location {
	depth, lowest := 0, 0
	first, after := len(s.tokens), len(s.tokens)
	for i, token := range s.tokens {
		if token.From >= at.To {
			after = i
			break
		}
		if token.From >= at.From {
			first = min(first, i)
			depth += nesting(token)
			lowest = min(lowest, depth)
		}
	}
	for i := first - 1; i >= 0 && lowest < 0 && nesting(s.tokens[i]) > 0; i-- {
		at.From = s.tokens[i].From
		depth, lowest = depth+1, lowest+1
	}
	for _, token := range s.tokens[after:] {
		if depth <= 0 {
			break
		}
		depth += nesting(token)
		at.To = token.To
	}
	return at
}

// nesting returns how much deeper the text is after a token.
func nesting(token lexer.Token) int {
	if token.Kind != lexer.Bracket {
		return 0
	}
	switch token.Value {
	case "(", "[", "{":
		return 1
	}
	return -1
}

func (s *source) problem(code Code, from, to int, message, hint string) Problem {
	start, end := s.offset(from), s.offset(to)
	return Problem{Code: code, Offset: start, Length: max(end-start, 0), Message: message, Hint: hint}
}

// registerCount is what `count("register", {…})` is called in the syntax tree. expr-lang parses `count(list, predicate)`
// by rules of its own that reject a filter; the two are told apart by the literal register name. The name has the length
// of `count`, so that every offset stays true, and a `$`, which no text may contain.
const registerCount = "$rows"

// parse returns the syntax tree, or problems.
func (s *source) parse(limits Limits) (root ast.Node, problems []Problem) {
	defer func() {
		if r := recover(); r != nil { // a fault of the parser must not stop the lint
			root, problems = nil, []Problem{{Code: CodeSyntax, Length: len(s.text), Message: fmt.Sprint(r)}}
		}
	}()
	if len(s.text) > limits.Source {
		return nil, []Problem{{
			Code: CodeTooLong, Length: len(s.text),
			Message: fmt.Sprintf("the expression has %d bytes, the limit is %d", len(s.text), limits.Source),
			Hint:    "split it into several `vars`",
		}}
	}
	if strings.TrimSpace(s.text) == "" {
		return nil, []Problem{{Code: CodeSyntax, Length: len(s.text), Message: "the expression is empty"}}
	}
	if !utf8.ValidString(s.text) {
		return nil, []Problem{{Code: CodeSyntax, Length: len(s.text), Message: "the expression is not valid UTF-8"}}
	}
	text, problems := s.scan(limits)
	if len(problems) > 0 {
		return nil, problems
	}
	tree, err := parser.ParseWithConfig(text, parserConfig(limits))
	if err != nil {
		return nil, []Problem{s.syntaxProblem(err, limits)}
	}
	return tree.Node, nil
}

// parserConfig makes the parser treat every function that takes no predicate as an ordinary call, which the checker
// then looks up among our own.
func parserConfig(limits Limits) *conf.Config {
	config := &conf.Config{MaxNodes: uint(limits.Nodes), Disabled: make(map[string]bool, len(builtin.Names))}
	for _, name := range builtin.Names {
		config.Disabled[name] = true
	}
	return config
}

// scan looks at the tokens before the parser does: it bounds the nesting that the parser would recurse into, refuses
// names with `$`, and renames register counts.
func (s *source) scan(limits Limits) (string, []Problem) {
	tokens, err := lexer.Lex(file.NewSource(s.text))
	if err != nil {
		return s.text, []Problem{s.syntaxProblem(err, limits)}
	}
	s.tokens = tokens
	var problems []Problem
	text, depth := []byte(s.text), 0
	for i, token := range tokens {
		switch {
		case token.Kind == lexer.Identifier && strings.Contains(token.Value, "$"):
			problems = append(problems, s.problem(CodeForbidden, token.From, token.To,
				"a name must not contain `$`", "names are lower_snake"))
		case token.Kind == lexer.Bracket:
			depth += nesting(token)
			if depth == limits.Depth+1 && len(problems) == 0 {
				problems = append(problems, s.tooDeep(token.Location, limits))
			}
		case countsRegister(tokens[i:]):
			copy(text[s.offset(token.From):], registerCount)
		}
	}
	return string(text), problems
}

func countsRegister(tokens []lexer.Token) bool {
	return len(tokens) > 2 && tokens[0].Is(lexer.Identifier, "count") && tokens[1].Is(lexer.Bracket, "(") &&
		tokens[2].Is(lexer.String)
}

func (s *source) tooDeep(at file.Location, limits Limits) Problem {
	return s.problem(CodeTooDeep, at.From, at.To,
		fmt.Sprintf("the expression is nested deeper than %d", limits.Depth), "split it into several `vars`")
}

func (s *source) syntaxProblem(err error, limits Limits) Problem {
	var fault *file.Error
	if !errors.As(err, &fault) {
		return Problem{Code: CodeSyntax, Length: len(s.text), Message: err.Error()}
	}
	if strings.Contains(fault.Message, "exceeds maximum allowed nodes") {
		return Problem{
			Code: CodeTooLong, Length: len(s.text),
			Message: fmt.Sprintf("the expression has more than %d parts", limits.Nodes),
			Hint:    "split it into several `vars`",
		}
	}
	return s.problem(CodeSyntax, fault.From, fault.To, fault.Message, syntaxHint(s.text))
}

func syntaxHint(text string) string {
	if strings.HasPrefix(text, "=") {
		return "where only an expression may stand, it is written without `=`"
	}
	if strings.Contains(text, " = ") {
		return "`==` compares"
	}
	return ""
}
