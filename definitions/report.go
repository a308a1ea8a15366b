package definitions

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Report is what Lint found in a set of definitions.
type Report struct {
	Files    []string  `json:"files"` // in the order given, folders expanded
	Problems []Problem `json:"problems"`
}

// OK reports whether there is no problem at all, hints included.
func (r Report) OK() bool { return len(r.Problems) == 0 }

// Lint checks definitions of a library. paths name YAML files or folders of them; none means the whole library. It fails
// only when a file cannot be read.
func Lint(fsys fs.FS, registry *Registry, paths ...string) (Report, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var report Report
	for _, p := range paths {
		files, err := definitionFiles(fsys, p)
		if err != nil {
			return Report{}, err
		}
		report.Files = append(report.Files, files...)
	}
	for _, file := range report.Files {
		found, err := lintFile(fsys, registry, file)
		if err != nil {
			return Report{}, err
		}
		report.Problems = append(report.Problems, found...)
	}
	report.Problems = unique(report.Problems)
	return report, nil
}

func lintFile(fsys fs.FS, registry *Registry, file string) ([]Problem, error) {
	b, err := LoadBundle(fsys, file)
	if err != nil {
		return nil, err
	}
	d, found := Compile(b, registry)
	if base := strings.TrimSuffix(path.Base(file), ".yaml"); d != nil && d.ID != base {
		c := newCompiler(b, registry)
		c.file = parseText(file, b.Source, c.problems)
		c.checkFileName(c.file.root.get("process"), base, file)
		found = append(found, c.problems.list...)
	}
	return found, nil
}

// definitionFiles lists the process definitions under a path: YAML files outside tasks/, forms/ and registers/ that are
// no scenario tests.
func definitionFiles(fsys fs.FS, p string) ([]string, error) {
	var out []string
	err := fs.WalkDir(fsys, path.Clean(p), func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && reserved(path.Base(name)):
			return fs.SkipDir
		case !e.IsDir() && strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".test.yaml"):
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list definitions under %s: %w", p, err)
	}
	return out, nil
}

// unique drops what is reported more than once because several definitions use the same file.
func unique(list []Problem) []Problem {
	var out []Problem
	for _, p := range list {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}
