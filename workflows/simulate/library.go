package simulate

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"steward/definitions"
	"steward/internal/calendar"
)

// Library compiles the definitions of a folder of definitions, each once. It is safe for concurrent use.
type Library struct {
	fsys      fs.FS
	registry  *definitions.Registry
	calendars map[string]*calendar.Calendar
	root      string // folder that messages put in front of the names of files

	mu   sync.Mutex
	defs map[string]*definitions.Definition
}

// NewLibrary makes a library over a file system laid out as definitions.LoadBundle says.
func NewLibrary(fsys fs.FS, registry *definitions.Registry) *Library {
	return &Library{fsys: fsys, registry: registry, calendars: map[string]*calendar.Calendar{}, defs: map[string]*definitions.Definition{}}
}

// Under makes messages and results call the library's files as they are called from outside: by their names in root. Call it before
// the library is used. It answers the library.
func (l *Library) Under(root string) *Library {
	l.root = root
	return l
}

// shown is what people call a file of the library.
func (l *Library) shown(name string) string {
	if l.root == "" {
		return name
	}
	return filepath.Join(l.root, filepath.FromSlash(name))
}

// ProblemsError says that a definition does not compile.
type ProblemsError struct {
	File     string
	Problems []definitions.Problem
}

// Error names the first error and how many there are.
func (e *ProblemsError) Error() string {
	var errs []definitions.Problem
	for _, p := range e.Problems {
		if p.Severity == definitions.Error {
			errs = append(errs, p)
		}
	}
	if len(errs) == 0 {
		return e.File + ": it does not compile"
	}
	return fmt.Sprintf("%s (%d in all; steward lint %s shows them)", errs[0], len(errs), e.File)
}

// File compiles the definition in a file. The error is a *ProblemsError when it has mistakes.
func (l *Library) File(name string) (*definitions.Definition, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.load(name)
}

func (l *Library) load(name string) (*definitions.Definition, error) {
	if def := l.defs[name]; def != nil {
		return def, nil
	}
	b, err := definitions.LoadBundle(l.fsys, name)
	if err != nil {
		return nil, err
	}
	def, problems := definitions.Compile(b, l.registry)
	if def == nil {
		for i := range problems {
			problems[i].File = l.shown(problems[i].File)
		}
		return nil, &ProblemsError{File: l.shown(name), Problems: problems}
	}
	l.defs[name] = def
	return def, nil
}

// Process compiles the definition of a process by its id, nil when the library has none.
func (l *Library) Process(id string) (*definitions.Definition, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, pattern := range []string{id + ".yaml", "*/" + id + ".yaml"} {
		found, err := fs.Glob(l.fsys, pattern)
		if err != nil {
			return nil, fmt.Errorf("look for process %s: %w", id, err)
		}
		for _, name := range found {
			if !slices.Contains(sharedFolders(), path.Dir(name)) {
				return l.load(name)
			}
		}
	}
	return nil, nil
}

// sharedFolders are the folders of a library that hold no processes.
func sharedFolders() []string { return []string{"tasks", "forms", "registers", "interfaces"} }

func (l *Library) calendar(ctx context.Context, name string) (*calendar.Calendar, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name = first(name, "cn")
	if c := l.calendars[name]; c != nil {
		return c, nil
	}
	c, err := NewWorld().Calendar(ctx, name)
	if err == nil {
		l.calendars[name] = c
	}
	return c, err
}

// TestFiles lists the files of scenarios under paths of the library; none means all of it.
func (l *Library) TestFiles(paths ...string) ([]string, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var out []string
	for _, p := range paths {
		err := fs.WalkDir(l.fsys, path.Clean(p), func(name string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() && strings.HasSuffix(name, testSuffix) && !slices.Contains(out, name) {
				out = append(out, name)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("list scenario tests under %s: %w", p, err)
		}
	}
	return out, nil
}

const testSuffix = ".test.yaml"

// tested answers the file of the definition that a file of scenarios tests.
func tested(file string) string { return strings.TrimSuffix(file, testSuffix) + ".yaml" }
