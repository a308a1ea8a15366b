package definitions

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Folders of a library, and of the files of a bundle.
const (
	tasksFolder      = "tasks"
	formsFolder      = "forms"
	registersFolder  = "registers"
	interfacesFolder = "interfaces"
)

// Bundle is a process definition with everything that it refers to. A stored bundle compiles alone for ever: neither the
// library nor the definitions of child processes are read again.
type Bundle struct {
	Name   string            `json:"name"`   // file name, for problems
	Source string            `json:"source"` // the YAML text
	Files  map[string]string `json:"files"`  // tasks/x.yaml, forms/x.yaml, registers/x.yaml, interfaces/x.json

	// Circles holds for a child process the ways on which it leads back to this one, as the library stood when the bundle
	// was loaded. It is for the author, not part of what is published.
	Circles map[string][]string `json:"-"`
}

// Digest answers the SHA-256 of the bundle in hex. Line ends and the file name do not count; any other byte does.
func (b Bundle) Digest() string {
	h := sha256.New()
	part := func(name, text string) {
		text = strings.ReplaceAll(text, "\r\n", "\n")
		fmt.Fprintf(h, "%d:%s%d:%s", len(name), name, len(text), text)
	}
	part("", b.Source)
	for _, name := range slices.Sorted(maps.Keys(b.Files)) {
		part(name, b.Files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Interface is what a parent needs to know of a child process: how it can end and what it takes.
type Interface struct {
	Process  string         `json:"process"`
	Outcomes []string       `json:"outcomes"`
	Input    map[string]any `json:"input,omitempty"` // JSON Schema
}

// LoadBundle reads a definition and what it refers to from a library: a folder of folders with one YAML file a process,
// named after it, beside tasks/, forms/ and registers/. What cannot be found is left out, for Compile to report. It
// fails only when a file that exists cannot be read.
func LoadBundle(fsys fs.FS, name string) (Bundle, error) {
	source, err := fs.ReadFile(fsys, name)
	if err != nil {
		return Bundle{}, fmt.Errorf("read definition: %w", err)
	}
	b := Bundle{Name: name, Source: string(source), Files: map[string]string{}}
	l := loader{fsys: fsys, bundle: &b}
	if err := l.collect(name, b.Source); err != nil {
		return b, err
	}
	b.Circles, err = circles(fsys, name, b.Source)
	return b, err
}

// loader follows references from file to file.
type loader struct {
	fsys   fs.FS
	bundle *Bundle
}

func (l *loader) collect(name, text string) error {
	f := parseText(name, text, &problems{})
	for _, ref := range references(f.root) {
		if _, have := l.bundle.Files[ref.file]; have {
			continue
		}
		if err := l.load(ref); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) load(ref reference) error {
	if ref.process != "" {
		return l.loadInterface(ref)
	}
	text, err := fs.ReadFile(l.fsys, ref.file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", ref.file, err)
	}
	l.bundle.Files[ref.file] = string(text)
	return l.collect(ref.file, string(text))
}

func (l *loader) loadInterface(ref reference) error {
	found, err := findProcess(l.fsys, ref.process)
	if err != nil || found == "" {
		return err
	}
	text, err := fs.ReadFile(l.fsys, found)
	if err != nil {
		return fmt.Errorf("read %s: %w", found, err)
	}
	iface, ok := interfaceOf(parseText(found, string(text), &problems{}).root)
	if !ok {
		return nil
	}
	out, err := json.MarshalIndent(iface, "", "  ")
	if err != nil {
		return fmt.Errorf("write the interface of %s: %w", ref.process, err)
	}
	l.bundle.Files[ref.file] = string(out)
	return nil
}

// interfaceOf reads what parents need to know from a process definition.
func interfaceOf(root *item) (Interface, bool) {
	if root == nil || !root.get("process").isText() {
		return Interface{}, false
	}
	i := Interface{Process: root.get("process").text}
	for _, o := range root.get("outcomes").elements() {
		i.Outcomes = append(i.Outcomes, o.text)
	}
	if in := root.get("input"); in.isMap() {
		i.Input, _ = in.plain().(map[string]any)
	}
	return i, true
}

// findProcess answers the file of a process in a library, "" when there is none: <id>.yaml in the root or one folder down.
func findProcess(fsys fs.FS, id string) (string, error) {
	if !idPattern.MatchString(id) {
		return "", nil
	}
	for _, pattern := range []string{id + ".yaml", "*/" + id + ".yaml"} {
		found, err := fs.Glob(fsys, pattern)
		if err != nil {
			return "", fmt.Errorf("look for process %s: %w", id, err)
		}
		for _, f := range found {
			if !reserved(path.Dir(f)) {
				return f, nil
			}
		}
	}
	return "", nil
}

func reserved(folder string) bool {
	return slices.Contains([]string{tasksFolder, formsFolder, registersFolder, interfacesFolder}, folder)
}

// reference is one file that a definition needs.
type reference struct {
	file    string
	process string // set for an interface
}

// references lists the files that a text refers to, in the order of the text.
func references(it *item) []reference {
	var out []reference
	if it == nil {
		return nil
	}
	for _, e := range it.entries {
		out = append(out, referenceAt(e)...)
		out = append(out, references(e.value)...)
	}
	for _, e := range it.list {
		out = append(out, references(e)...)
	}
	if it.isText() {
		out = append(out, registerCalls(it.text)...)
	}
	return out
}

func referenceAt(e entry) []reference {
	text := e.value.plainText()
	switch e.key.text {
	case "uses":
		if name, ok := strings.CutPrefix(text, "task/"); ok {
			return named(tasksFolder, name)
		}
	case "$ref":
		if name, ok := strings.CutPrefix(text, "forms/"); ok {
			return named(formsFolder, name)
		}
	case "register":
		return named(registersFolder, text)
	case "process":
		if idPattern.MatchString(text) && e.key.path != "process" {
			return []reference{{file: interfacesFolder + "/" + text + ".json", process: text}}
		}
	}
	return nil
}

func named(folder, name string) []reference {
	if !namePattern.MatchString(name) {
		return nil
	}
	return []reference{{file: folder + "/" + name + ".yaml"}}
}

// registerCalls finds the registers that an expression reads by their literal names.
func registerCalls(text string) []reference {
	var out []reference
	for _, m := range registerCall.FindAllStringSubmatch(text, -1) {
		out = append(out, named(registersFolder, m[1])...)
	}
	return out
}
