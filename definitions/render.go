package definitions

import (
	"fmt"
	"io"
	"strings"
)

// Render writes problems for people: place, code and message, the line with a caret under the column, and the remedy.
// lang is "zh" or "en".
func Render(w io.Writer, list []Problem, lang string) error {
	for _, p := range list {
		if _, err := io.WriteString(w, p.render(lang)); err != nil {
			return fmt.Errorf("write problems: %w", err)
		}
	}
	return nil
}

func (p Problem) render(lang string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s [%s] %s\n", p.File, p.Line, p.Column, p.Severity, p.Code, p.Message.In(lang))
	if p.Excerpt != "" {
		number := fmt.Sprintf("%6d", p.Line)
		fmt.Fprintf(&b, "%s | %s\n%s | %s^\n", number, p.Excerpt, strings.Repeat(" ", len(number)), padding(p.Excerpt, p.Column))
	}
	if hint := p.Hint.In(lang); hint != "" {
		fmt.Fprintf(&b, "         %s\n", hint)
	}
	return b.String()
}

// padding answers the blanks that put a caret under a column: tabs stay tabs, and a Chinese character is two wide.
func padding(line string, column int) string {
	var b strings.Builder
	for _, r := range line {
		if column--; column <= 0 {
			break
		}
		switch {
		case r == '\t':
			b.WriteByte('\t')
		case wide(r):
			b.WriteString("  ")
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func wide(r rune) bool {
	return r >= 0x1100 && r <= 0x115F || r >= 0x2E80 && r <= 0xA4CF || r >= 0xAC00 && r <= 0xD7A3 ||
		r >= 0xF900 && r <= 0xFAFF || r >= 0xFE30 && r <= 0xFE6F || r >= 0xFF00 && r <= 0xFF60 || r >= 0xFFE0 && r <= 0xFFE6
}
