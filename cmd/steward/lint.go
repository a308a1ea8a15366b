package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"steward/definitions"
	"steward/definitions/library"
	"steward/internal/app"
)

// ExitError ends a command with an exit code. One without a message has printed already what there is to say.
type ExitError struct {
	Code    int
	Message string
}

// Error answers the message.
func (e *ExitError) Error() string { return e.Message }

// ExitCode answers the code with which the program ends.
func (e *ExitError) ExitCode() int { return e.Code }

// misused is an error of the command line that its grammar cannot tell.
func misused(format string, args ...any) error {
	return &ExitError{Code: exitUsage, Message: fmt.Sprintf(format, args...)}
}

// LintCmd is `steward lint`.
type LintCmd struct {
	Paths  []string `arg:"" optional:"" help:"Definitions or folders of them; - reads one from standard input. Without any: the built-in library."`
	Format string   `enum:"text,json" default:"text" help:"Form of the answer: text or json."`
	Lang   string   `enum:"zh,en" default:"en" help:"Language of the messages: zh or en."`
}

// Run prints every problem. It ends with 1 when one of them is an error; hints alone do not count.
func (c *LintCmd) Run(in io.Reader, out io.Writer) error {
	report, err := c.lint(in)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		err = printJSON(out, report)
	} else {
		err = c.print(out, report)
	}
	if err == nil {
		err = c.missed(report.Files)
	}
	if err == nil && definitions.HasErrors(report.Problems) {
		return &ExitError{Code: exitFailed}
	}
	return err
}

func (c *LintCmd) lint(in io.Reader) (definitions.Report, error) {
	all := definitions.Report{Files: []string{}, Problems: []definitions.Problem{}}
	files := []string{}
	for _, p := range c.Paths {
		if p != "-" {
			files = append(files, p)
			continue
		}
		problems, err := lintInput(in)
		if err != nil {
			return all, err
		}
		all.Files, all.Problems = append(all.Files, "-"), append(all.Problems, problems...)
	}
	if len(files) == 0 && len(c.Paths) > 0 {
		return all, nil
	}
	shelves, err := shelvesOf(files)
	if err != nil {
		return all, err
	}
	for _, s := range shelves {
		report, err := definitions.Lint(s.fsys, app.Kinds(), s.paths...)
		if err != nil {
			return all, err
		}
		for _, f := range report.Files {
			all.Files = append(all.Files, s.shown(f))
		}
		for _, p := range report.Problems {
			p.File = s.shown(p.File)
			all.Problems = append(all.Problems, p)
		}
	}
	return all, nil
}

// missed says that a path, or a folder among several, has no definition: a wrong path must not look like success.
func (c *LintCmd) missed(files []string) error {
	for _, p := range c.Paths {
		info, err := os.Stat(p)
		folder := err == nil && info.IsDir()
		if len(files) == 0 || folder && !slices.ContainsFunc(files, func(f string) bool { return within(p, f) }) {
			return &ExitError{Code: exitFailed, Message: fmt.Sprintf("there is no definition in %s: correct the path, or write <id>.yaml there", p)}
		}
	}
	return nil
}

func within(folder, file string) bool {
	rel, err := filepath.Rel(folder, file)
	return err == nil && filepath.IsLocal(rel)
}

// lintInput checks a definition from standard input; what it refers to is looked for around the working folder.
func lintInput(in io.Reader) ([]definitions.Problem, error) {
	text, err := io.ReadAll(io.LimitReader(in, definitions.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	folder, err := os.MkdirTemp("", "steward-lint-")
	if err != nil {
		return nil, fmt.Errorf("lint standard input: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	const name = "standard-input.yaml"
	if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
		return nil, fmt.Errorf("lint standard input: %w", err)
	}
	b, err := definitions.LoadBundle(definitions.Overlay(os.DirFS(folder), os.DirFS(libraryRoot(".")), library.FS()), name)
	if err != nil {
		return nil, err
	}
	b.Name = "-"
	_, problems := definitions.Compile(b, app.Kinds())
	return problems, nil
}

func (c *LintCmd) print(out io.Writer, r definitions.Report) error {
	if err := definitions.Render(out, r.Problems, c.Lang); err != nil {
		return err
	}
	grave := 0
	for _, p := range r.Problems {
		if p.Severity == definitions.Error {
			grave++
		}
	}
	_, err := fmt.Fprintf(out, "%s, %s, %s\n", counted(len(r.Files), "definition"), counted(grave, "error"), counted(len(r.Problems)-grave, "hint"))
	return err
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// shelf is a library on disk, or the built-in one, with the paths in it that a command is about.
type shelf struct {
	root  string // as people know it; "" for the built-in library
	fsys  fs.FS
	paths []string // slash-separated, relative to root
}

// shown is how people know a file of the shelf.
func (s shelf) shown(name string) string { return filepath.Join(s.root, filepath.FromSlash(name)) }

// shelvesOf sorts paths by the libraries that they lie in; without any it is the whole built-in library.
func shelvesOf(paths []string) ([]shelf, error) {
	if len(paths) == 0 {
		return []shelf{{fsys: library.FS()}}, nil
	}
	var shelves []shelf
	for _, p := range paths {
		root, err := rootOf(p)
		if err != nil {
			return nil, err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		rel = filepath.ToSlash(rel)
		if n := len(shelves); n > 0 && shelves[n-1].root == root {
			shelves[n-1].paths = append(shelves[n-1].paths, rel)
			continue
		}
		fsys := definitions.Overlay(os.DirFS(root), library.FS())
		shelves = append(shelves, shelf{root: root, fsys: fsys, paths: []string{rel}})
	}
	return shelves, nil
}

// rootOf answers the root of the library that a file or folder lies in.
func rootOf(p string) (string, error) {
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", misused("%s does not exist", p)
	case err != nil:
		return "", fmt.Errorf("%s: %w", p, err)
	case !info.IsDir() && !strings.HasSuffix(p, ".yaml"):
		return "", misused("%s is no definition: definitions are .yaml files", p)
	case !info.IsDir():
		return libraryRoot(filepath.Dir(p)), nil
	}
	return libraryRoot(p), nil
}

// libraryRoot answers the nearest folder that holds tasks, forms or registers, at most two levels above a folder; else the
// folder itself.
func libraryRoot(folder string) string {
	for _, up := range []string{folder, filepath.Join(folder, ".."), filepath.Join(folder, "..", "..")} {
		for _, shared := range []string{"tasks", "forms", "registers"} {
			if info, err := os.Stat(filepath.Join(up, shared)); err == nil && info.IsDir() {
				return up
			}
		}
	}
	return folder
}

// definitionOf finds the one definition that a command is about: a file, or the id of a process of the built-in library.
func definitionOf(_ context.Context, name string) (shelf, error) {
	if _, err := os.Stat(name); err != nil && !strings.ContainsAny(name, "./\\") {
		if b, err := library.Bundle(name); err == nil {
			return shelf{fsys: library.FS(), paths: []string{path.Clean(b.Name)}}, nil
		}
		return shelf{}, misused("%s is neither a file nor a process of the built-in library", name)
	}
	shelves, err := shelvesOf([]string{name})
	if err != nil {
		return shelf{}, err
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return shelf{}, misused("%s is a folder: name one definition", name)
	}
	return shelves[0], nil
}
