package definitions

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of one YAML text. They are far above what people write by hand and keep parsing bounded.
const (
	MaxBytes = 256 << 10 // bytes of one file
	MaxDepth = 40        // levels of nesting
	MaxNodes = 2000      // values of one file, keys not counted
)

// parseText reads one YAML text into items. It reports every problem it can tell and answers nil when there is nothing
// to go on with. It never panics: a panic of the YAML library is a syntax problem too.
func parseText(name, text string, out *problems) (f *file) {
	f = newFile(name, text)
	if !acceptable(f, out) {
		return f
	}
	defer func() {
		if r := recover(); r != nil {
			f.root = nil
			out.add(place{file: f, line: 1, column: 1}, codeSyntaxYAML, "the text confuses the YAML parser")
		}
	}()
	tokens := lexer.Tokenize(text)
	if !acceptTokens(f, tokens, out) {
		return f
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		out.add(syntaxPlace(f, err), codeSyntaxYAML, syntaxMessage(err))
		return f
	}
	f.root = readDocument(f, tree, out)
	return f
}

// acceptable checks what can be told before the text is taken apart.
func acceptable(f *file, out *problems) bool {
	at := place{file: f, line: 1, column: 1}
	switch {
	case len(f.text) > MaxBytes:
		out.add(at, codeSyntaxTooLarge, fmt.Sprintf("%d bytes", len(f.text)), fmt.Sprintf("%d bytes", MaxBytes))
		return false
	case !utf8.ValidString(f.text) || strings.ContainsRune(f.text, 0):
		out.add(at, codeSyntaxEncoding)
		return false
	}
	return acceptLines(f, out)
}

// acceptLines refuses tabs as indentation and nesting that no person writes, before the recursive parser meets it.
func acceptLines(f *file, out *problems) bool {
	ok := true
	for i, line := range f.lines {
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if tab := strings.IndexByte(indent, '\t'); tab >= 0 && len(indent) < len(line) {
			out.add(place{file: f, line: i + 1, column: tab + 1}, codeSyntaxTab)
			ok = false
		}
		if strings.Count(line, "- ") > 4*MaxDepth || strings.Count(line, "? ") > 4*MaxDepth || len(indent) > 8*MaxDepth {
			out.add(place{file: f, line: i + 1, column: 1}, codeSyntaxTooLarge, "very deep nesting", fmt.Sprintf("%d levels", MaxDepth))
			return false
		}
	}
	return ok
}

// acceptTokens refuses the parts of YAML that let one text mean something that a reader does not see.
func acceptTokens(f *file, tokens token.Tokens, out *problems) bool {
	ok, flow := true, 0
	for _, tk := range tokens {
		at := place{file: f, line: tk.Position.Line, column: tk.Position.Column}
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType, token.MappingKeyType:
			out.add(at, codeSyntaxAnchor, tk.Value)
			ok = false
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		}
		if flow > MaxDepth {
			out.add(at, codeSyntaxTooLarge, "deeper nesting", fmt.Sprintf("%d levels", MaxDepth))
			return false
		}
	}
	return ok
}

func syntaxPlace(f *file, err error) place {
	at := place{file: f, line: 1, column: 1}
	var se yaml.Error
	if errors.As(err, &se) && se.GetToken() != nil && se.GetToken().Position != nil {
		at.line, at.column = se.GetToken().Position.Line, se.GetToken().Position.Column
	}
	return at
}

func syntaxMessage(err error) string {
	var se yaml.Error
	if errors.As(err, &se) {
		return se.GetMessage()
	}
	return err.Error()
}

// reader turns the YAML library's tree into items.
type reader struct {
	file  *file
	out   *problems
	nodes int
	full  bool
}

func readDocument(f *file, tree *ast.File, out *problems) *item {
	r := &reader{file: f, out: out}
	var docs []ast.Node
	for _, d := range tree.Docs {
		if d != nil && d.Body != nil {
			docs = append(docs, d.Body)
		}
	}
	switch {
	case len(docs) == 0:
		out.add(place{file: f, line: 1, column: 1}, codeSyntaxYAML, "the file is empty")
		return nil
	case len(docs) > 1:
		out.add(r.place(docs[1]), codeSyntaxYAML, "one file holds one document")
		return nil
	}
	root := r.read(docs[0], "", 1)
	if r.full {
		return nil
	}
	return root
}

func (r *reader) place(n ast.Node) place {
	at := place{file: r.file, line: 1, column: 1}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return at
	}
	tk := n.GetToken()
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		tk = m.Values[0].Key.GetToken()
	}
	if mv, ok := n.(*ast.MappingValueNode); ok {
		tk = mv.Key.GetToken()
	}
	at.line, at.column = tk.Position.Line, tk.Position.Column
	return at
}

func (r *reader) read(n ast.Node, path string, depth int) *item {
	at := r.place(n)
	it := &item{file: r.file, line: at.line, column: at.column, path: path, kind: nullItem}
	r.nodes++
	if r.full = r.full || depth > MaxDepth || r.nodes > MaxNodes; r.full {
		if depth > MaxDepth {
			r.out.once(at, codeSyntaxTooLarge, "deeper nesting", fmt.Sprintf("%d levels", MaxDepth))
		} else {
			r.out.once(at, codeSyntaxTooLarge, "more values", fmt.Sprintf("%d values", MaxNodes))
		}
		return it
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		r.readMap(it, n.Values, depth)
	case *ast.MappingValueNode:
		r.readMap(it, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		it.kind = listItem
		for i, v := range n.Values {
			it.list = append(it.list, r.read(v, elementPath(path, i), depth+1))
		}
	default:
		r.readScalar(it, n)
	}
	return it
}

func (r *reader) readMap(it *item, values []*ast.MappingValueNode, depth int) {
	it.kind = mapItem
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		if r.full {
			return
		}
		kp := r.place(v.Key)
		key := v.Key.GetToken().Value
		k := &item{file: r.file, line: kp.line, column: kp.column, path: childPath(it.path, key), kind: textItem, text: key, value: key}
		if seen[key] {
			r.out.add(k.at(), codeSyntaxDuplicateKey, key)
			continue
		}
		seen[key] = true
		it.entries = append(it.entries, entry{key: k, value: r.read(v.Value, k.path, depth+1)})
	}
}

func (r *reader) readScalar(it *item, n ast.Node) {
	switch n := n.(type) {
	case *ast.StringNode:
		it.kind, it.text, it.value = textItem, n.Value, n.Value
	case *ast.LiteralNode:
		it.kind, it.text, it.value = textItem, n.Value.Value, n.Value.Value
	case *ast.BoolNode:
		it.kind, it.text, it.value = boolItem, strconv.FormatBool(n.Value), n.Value
	case *ast.IntegerNode:
		r.readInteger(it, n)
	case *ast.FloatNode:
		it.kind, it.text, it.value = numberItem, n.Token.Value, n.Value
	case *ast.NullNode:
	default:
		r.out.add(it.at(), codeSyntaxYAML, "a value of an unusual kind")
	}
}

func (r *reader) readInteger(it *item, n *ast.IntegerNode) {
	it.kind, it.text = numberItem, n.Token.Value
	switch v := n.Value.(type) {
	case int64:
		it.value = int(v)
	case uint64:
		if v > math.MaxInt64 {
			r.out.add(it.at(), codeSyntaxYAML, "an integer beyond 64 bits")
			return
		}
		it.value = int(v)
	default:
		r.out.add(it.at(), codeSyntaxYAML, "an integer that cannot be read")
	}
}
