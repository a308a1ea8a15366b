// Package docs_test holds the documents to what is there: links lead somewhere, commands, flags, targets, routes, files and
// tests that are named exist, and what the README tells a newcomer to type works.
package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the folder of the repository, seen from this one.
const root = ".."

// document is a Markdown file, taken apart.
type document struct {
	path   string // from the root
	text   string
	prose  string   // without fenced blocks
	blocks []block  // fenced
	spans  []string // inline code of the prose
}

// block is a fenced piece of code.
type block struct{ lang, text string }

var (
	fence = regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)\n *```$")
	span  = regexp.MustCompile("`([^`]+)`")
)

// written lists the documents that people write for this repository. Generated ones and those with a test of their own
// beside their subject are checked for links only.
func written(t *testing.T) []document {
	t.Helper()
	return read(t, "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/architecture.md", "docs/operations.md", "docs/decisions/*.md")
}

// all lists every document.
func all(t *testing.T) []document {
	t.Helper()
	return read(t, "*.md", "docs/*.md", "docs/decisions/*.md")
}

func read(t *testing.T, patterns ...string) []document {
	t.Helper()
	var docs []document
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, found, "%s names no document", pattern)
		for _, name := range found {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			path, err := filepath.Rel(root, name)
			require.NoError(t, err)
			docs = append(docs, parse(filepath.ToSlash(path), string(text)))
		}
	}
	return docs
}

func parse(path, text string) document {
	d := document{path: path, text: text, prose: fence.ReplaceAllString(text, "")}
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		d.blocks = append(d.blocks, block{lang: m[1], text: m[2] + "\n"})
	}
	for _, m := range span.FindAllStringSubmatch(d.prose, -1) {
		d.spans = append(d.spans, strings.Join(strings.Fields(m[1]), " "))
	}
	return d
}

// lines answers every piece of code that may hold a command: inline code and the lines of shell blocks.
func (d document) lines() []string {
	lines := append([]string(nil), d.spans...)
	for _, b := range d.blocks {
		if b.lang == "sh" || b.lang == "bash" {
			lines = append(lines, strings.Split(b.text, "\n")...)
		}
	}
	return lines
}

// section answers the part of a document under a heading of the second level.
func (d document) section(t *testing.T, title string) document {
	t.Helper()
	_, rest, found := strings.Cut(d.text, "\n## "+title+"\n")
	require.True(t, found, "%s has no section %q", d.path, title)
	text, _, _ := strings.Cut(rest, "\n## ")
	return parse(d.path, text)
}

func TestFencesAreClosed(t *testing.T) {
	t.Parallel()
	for _, d := range all(t) {
		require.NotContains(t, d.prose, "```", "%s: a fenced block is not closed, or its language is not lower case letters", d.path)
	}
}
