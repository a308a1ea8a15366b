package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

var (
	target     = regexp.MustCompile(`(?m)^([a-z][a-z-]*):.*## `)
	makeTarget = regexp.MustCompile(`^ *make ([a-z-]+)`)
)

// TestMakeTargetsExist: every `make …` that is named is a target of the Makefile that `make help` lists.
func TestMakeTargetsExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	var targets []string
	for _, m := range target.FindAllStringSubmatch(string(text), -1) {
		targets = append(targets, m[1])
	}
	named := 0
	for _, d := range all(t) {
		for _, line := range d.lines() {
			if m := makeTarget.FindStringSubmatch(line); m != nil {
				named++
				require.Contains(t, targets, m[1], "%s: %s", d.path, line)
			}
		}
	}
	require.Greater(t, named, 15, "targets are not found any more")
}

// command is a `steward …` in a document: its words up to the first argument, and its flags.
var (
	command = regexp.MustCompile(`^ *(?:\$ )?(?:\.bin/)?steward ((?:[a-z][a-z-]*(?: |$))+)?(.*)$`)
	flag    = regexp.MustCompile(`(?:^| )--([a-z][a-z-]*)`)
)

// TestCommandsAndFlagsExist: every `steward …` that is named, and every flag that is named alone, is known to the program.
func TestCommandsAndFlagsExist(t *testing.T) {
	t.Parallel()
	known := reference(t)
	named := 0
	for _, d := range append(written(t), read(t, "docs/simulate.md")...) {
		for _, line := range d.lines() {
			if alone, ok := strings.CutPrefix(line, "--"); ok {
				name, _, _ := strings.Cut(alone, " ")
				require.True(t, slices.ContainsFunc(known.flags(), func(f string) bool { return f == name }), "%s: no command has %s", d.path, line)
				continue
			}
			if m := command.FindStringSubmatch(strings.SplitN(line, "#", 2)[0]); m != nil {
				named++
				known.check(t, d.path+": "+line, strings.Fields(m[1]), m[2])
			}
		}
	}
	require.Greater(t, named, 25, "commands are not found any more")
}

// commands are the flags of every command, by its words.
type commands map[string][]string

func (c commands) flags() []string {
	var list []string
	for _, flags := range c {
		list = append(list, flags...)
	}
	return list
}

// check finds the longest run of words that is a command, or begins one, and then its flags.
func (c commands) check(t *testing.T, where string, words []string, rest string) {
	t.Helper()
	for n := len(words); n > 0; n-- {
		name := strings.Join(words[:n], " ")
		if flags, ok := c[name]; ok {
			for _, m := range flag.FindAllStringSubmatch(rest, -1) {
				require.True(t, slices.Contains(flags, m[1]) || slices.Contains(c[""], m[1]), "%s: %s has no flag --%s", where, name, m[1])
			}
			return
		}
		for other := range c {
			if n == len(words) && rest == "" && strings.HasPrefix(other, name+" ") {
				return
			}
		}
	}
	require.Fail(t, "no such command", where)
}

var (
	referenceHeading = regexp.MustCompile(`^## steward ((?:[a-z][a-z-]*(?: |$))+)`)
	referenceFlag    = regexp.MustCompile("^\\| `--([a-z-]+)`")
)

// reference asks the program itself for its commands and flags.
func reference(t *testing.T) commands {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "run", "../cmd/steward", "config-docs").Output()
	require.NoError(t, err)
	known := commands{"config-docs": nil, "build-temporal": nil}
	current := ""
	for line := range strings.SplitSeq(string(out), "\n") {
		if m := referenceHeading.FindStringSubmatch(line); m != nil {
			current = strings.TrimSpace(m[1])
			known[current] = nil
		}
		if m := referenceFlag.FindStringSubmatch(line); m != nil {
			known[current] = append(known[current], m[1])
		}
	}
	require.Greater(t, len(known), 15)
	require.Contains(t, known["dev"], "fresh")
	return known
}

var route = regexp.MustCompile(`(?:^|[ "])(?:(GET|POST|PATCH|DELETE) )?(?:\$S)?(/(?:api/v1|healthz|readyz)[^\s"?]*)`)

// TestRoutesExist: every route that is named is one of the contract.
func TestRoutesExist(t *testing.T) {
	t.Parallel()
	known := routes(t)
	named := 0
	for _, d := range written(t) {
		for _, line := range d.lines() {
			for _, m := range route.FindAllStringSubmatch(line, -1) {
				named++
				require.True(t, slices.ContainsFunc(known, func(r string) bool { return sameRoute(r, m[2]) }), "%s: %s", d.path, line)
			}
		}
	}
	require.Greater(t, named, 8, "routes are not found any more")
}

func routes(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "api", "openapi.yaml"))
	require.NoError(t, err)
	var contract struct {
		Paths map[string]any `yaml:"paths"`
	}
	require.NoError(t, yaml.Unmarshal(text, &contract))
	var list []string
	for p := range contract.Paths {
		list = append(list, p)
	}
	return list
}

// sameRoute compares part by part: a variable of the shell or of the contract stands for any one part.
func sameRoute(known, named string) bool {
	a, b := strings.Split(known, "/"), strings.Split(named, "/")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		variable := strings.HasPrefix(a[i], "{") && strings.IndexAny(b[i], "${") == 0
		if a[i] != b[i] && !variable {
			return false
		}
	}
	return true
}
