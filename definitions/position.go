package definitions

import (
	"strings"
	"unicode/utf8"
)

// file is one source text of a bundle, with what a problem needs to show a line of it.
type file struct {
	name  string
	text  string
	lines []string
	root  *item
}

func newFile(name, text string) *file {
	return &file{name: name, text: text, lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
}

// line answers the text of line n (from 1), "" when there is none.
func (f *file) line(n int) string {
	if f == nil || n < 1 || n > len(f.lines) {
		return ""
	}
	return f.lines[n-1]
}

// place is where a problem is: a column counts characters from 1.
type place struct {
	file   *file
	line   int
	column int
	path   string
}

// within moves a place to a byte offset inside the text of a scalar. It is exact for scalars written on one line, which
// nearly all are; for folded ones it stays at the start of the scalar.
func (it *item) within(offset int) place {
	at := it.at()
	line := it.file.line(it.line)
	if offset <= 0 || it.column < 1 {
		return at
	}
	start := byteColumn(line, it.column)
	rest := line[start:]
	skip := strings.Index(rest, it.text)
	if skip < 0 || offset > len(it.text) {
		return at
	}
	at.column += utf8.RuneCountInString(rest[:skip]) + utf8.RuneCountInString(it.text[:offset])
	return at
}

// byteColumn turns a column in characters into a byte offset of line.
func byteColumn(line string, column int) int {
	for i := range line {
		column--
		if column == 0 {
			return i
		}
	}
	return len(line)
}
