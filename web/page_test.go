package web_test

import (
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// script is one JavaScript module of the page.
type script struct{ name, text string }

func scripts(t *testing.T) []script {
	t.Helper()
	var list []script
	root := os.DirFS("start")
	require.NoError(t, fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".js" {
			return err
		}
		text, err := fs.ReadFile(root, name)
		list = append(list, script{name, string(text)})
		return err
	}))
	require.NotEmpty(t, list)
	return list
}

func file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// resolved answers the module that from imports as specifier.
func resolved(from, specifier string) string { return path.Join(path.Dir(from), specifier) }

func TestPageHasNoCodeInItsMarkup(t *testing.T) {
	t.Parallel()
	decoder := xml.NewDecoder(strings.NewReader(file(t, "start/index.html")))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	elements, language := 0, ""
	inScript := false
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			elements++
			inScript = token.Name.Local == "script"
			require.NotEqual(t, "style", token.Name.Local, "an inline style breaks the policy")
			for _, a := range token.Attr {
				require.NotEqual(t, "style", a.Name.Local, "an inline style breaks the policy")
				require.False(t, strings.HasPrefix(a.Name.Local, "on"), "the handler %s breaks the policy", a.Name.Local)
				require.NotContains(t, a.Value, "javascript:")
				require.NotContains(t, a.Value, "//", "everything comes from this server")
				if token.Name.Local == "html" && a.Name.Local == "lang" {
					language = a.Value
				}
			}
		case xml.CharData:
			require.False(t, inScript && strings.TrimSpace(string(token)) != "", "an inline script breaks the policy")
		case xml.EndElement:
			inScript = false
		}
	}
	require.Greater(t, elements, 10)
	require.Equal(t, "zh-CN", language, "Chinese comes first")
}

// Data must reach the page only as text, and nothing may ask another host.
func TestScriptsNeverMakeMarkupOrCode(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|https?://|setAttribute\("style"`)
	for _, s := range scripts(t) {
		require.Empty(t, forbidden.FindString(s.text), s.name)
	}
}

var messageLine = regexp.MustCompile(`^  "([A-Za-z_]+\.[A-Za-z_]+)": \["((?:[^"\\]|\\.)+)", "((?:[^"\\]|\\.)+)"\],$`)

// messages reads the table of texts: Chinese and English by key.
func messages(t *testing.T) map[string][2]string {
	t.Helper()
	table := make(map[string][2]string)
	_, body, found := strings.Cut(file(t, "start/messages.js"), "export const messages = {\n")
	require.True(t, found)
	for line := range strings.SplitSeq(strings.TrimSuffix(body, "};\n"), "\n") {
		if line == "" {
			continue
		}
		match := messageLine.FindStringSubmatch(line)
		require.NotNil(t, match, "not a key with its two languages: %s", line)
		require.NotContains(t, table, match[1], "twice in the table")
		table[match[1]] = [2]string{match[2], match[3]}
	}
	return table
}

func TestMessagesAreWrittenInBothLanguages(t *testing.T) {
	t.Parallel()
	places := regexp.MustCompile(`\{\w+\}`)
	han := regexp.MustCompile(`\p{Han}`)
	for key, pair := range messages(t) {
		zh, en := places.FindAllString(pair[0], -1), places.FindAllString(pair[1], -1)
		require.ElementsMatch(t, zh, en, "%s has other places in English", key)
		if key != "app.language" { // it names the other language
			require.Empty(t, han.FindString(pair[1]), "%s has Chinese in its English", key)
		}
	}
}

var (
	usedKey   = regexp.MustCompile(`\bt\("([^"]+)"`)
	usedGroup = regexp.MustCompile(`\blabel\("([a-z]+)",`)
	anyUse    = regexp.MustCompile(`\b(?:t|label)\(([^")][^,)]*)`)
)

func TestMessagesUsedAndMessagesWrittenAreTheSame(t *testing.T) {
	t.Parallel()
	table := messages(t)
	used, groups := map[string]bool{}, map[string]bool{}
	for _, s := range scripts(t) {
		if s.name == "i18n.js" {
			groups["name"] = true // nameOf
			continue
		}
		for _, match := range usedKey.FindAllStringSubmatch(s.text, -1) {
			require.Contains(t, table, match[1], "%s uses an unknown text", s.name)
			used[match[1]] = true
		}
		for _, match := range usedGroup.FindAllStringSubmatch(s.text, -1) {
			groups[match[1]] = true
		}
		require.Empty(t, anyUse.FindString(s.text), "%s: a key must be written out, or be found by label", s.name)
	}
	for key := range table {
		group, _, _ := strings.Cut(key, ".")
		require.True(t, used[key] || groups[group], "%s is used by nothing", key)
	}
	for group := range groups {
		require.True(t, slices.ContainsFunc(slices.Collect(keysOf(table)), func(key string) bool { return strings.HasPrefix(key, group+".") }), group)
	}
}

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// request is a call in api.js. A place in the path is written {}.
type request struct{ method, path string }

var (
	call  = regexp.MustCompile("\\b(get|post|patch|remove|command)\\(\\s*[\"`](/api/[^\"`]*)[\"`]")
	place = regexp.MustCompile(`\$?\{[^}]*\}`)
)

func requests(t *testing.T) []request {
	t.Helper()
	methods := map[string]string{"get": "GET", "post": "POST", "patch": "PATCH", "remove": "DELETE", "command": "POST"}
	var list []request
	text := file(t, "start/api.js")
	for _, match := range call.FindAllStringSubmatch(text, -1) {
		list = append(list, request{methods[match[1]], place.ReplaceAllString(match[2], "{}")})
	}
	require.Len(t, list, strings.Count(text, "/api/"), "a path that this test cannot read")
	return list
}

func contract(t *testing.T) map[request]*openapi3.Operation {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../api/openapi.yaml")
	require.NoError(t, err)
	known := make(map[request]*openapi3.Operation)
	for name, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			known[request{method, place.ReplaceAllString(name, "{}")}] = operation
		}
	}
	return known
}

func TestRequestsAreInTheContract(t *testing.T) {
	t.Parallel()
	known := contract(t)
	list := requests(t)
	require.Greater(t, len(list), 20)
	for _, r := range list {
		require.Contains(t, known, r)
	}
	for _, s := range scripts(t) {
		if s.name != "api.js" {
			require.NotContains(t, s.text, "/api/", "%s: paths belong in api.js", s.name)
			require.NotContains(t, s.text, "fetch(", "%s: requests belong in api.js", s.name)
		}
	}
}

// What the contract wants an Idempotency-Key for must be sent as a command, and nothing else.
func TestCommandsCarryAKey(t *testing.T) {
	t.Parallel()
	known := contract(t)
	text := file(t, "start/api.js")
	commands := 0
	for _, match := range call.FindAllStringSubmatch(text, -1) {
		if match[1] == "get" || match[1] == "remove" || match[1] == "patch" {
			continue
		}
		operation := known[request{"POST", place.ReplaceAllString(match[2], "{}")}]
		require.NotNil(t, operation, match[2])
		keyed := operation.Parameters.GetByInAndName("header", "Idempotency-Key") != nil
		require.Equal(t, keyed, match[1] == "command", match[2])
		if keyed {
			commands++
		}
	}
	require.GreaterOrEqual(t, commands, 9)
}

// colors reads the custom properties of one block of style.css.
func colors(t *testing.T, css, after string) map[string]string {
	t.Helper()
	_, rest, found := strings.Cut(css, after)
	require.True(t, found)
	block, _, _ := strings.Cut(rest, "}")
	list := make(map[string]string)
	for _, match := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(block, -1) {
		list[match[1]] = match[2]
	}
	return list
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		require.NoError(t, err)
		c := float64(n) / 255
		if c <= 0.04045 {
			sum += weight * c / 12.92
			continue
		}
		sum += weight * math.Pow((c+0.055)/1.055, 2.4)
	}
	return sum
}

// Every text stands on its ground with the contrast of WCAG AA, in light and dark.
func TestColorsCanBeRead(t *testing.T) {
	t.Parallel()
	pairs := [][2]string{
		{"text", "ground"},
		{"text", "surface"},
		{"quiet", "ground"},
		{"quiet", "surface"},
		{"quiet", "calm-ground"},
		{"accent", "ground"},
		{"accent", "surface"},
		{"on-accent", "accent"},
		{"on-accent", "accent-strong"},
		{"late", "late-ground"},
		{"late", "surface"},
		{"surface", "late"},
		{"soon", "soon-ground"},
		{"good", "good-ground"},
		{"text", "calm-ground"},
		{"surface", "text"},
	}
	css := file(t, "start/style.css")
	for name, after := range map[string]string{"light": ":root {", "dark": "prefers-color-scheme: dark) {\n  :root {"} {
		palette := colors(t, css, after)
		for _, pair := range pairs {
			require.Contains(t, palette, pair[0], name)
			require.Contains(t, palette, pair[1], name)
			a, b := luminance(t, palette[pair[0]]), luminance(t, palette[pair[1]])
			ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05)
			require.GreaterOrEqual(t, ratio, 4.5, "%s: %s on %s", name, pair[0], pair[1])
		}
	}
}
