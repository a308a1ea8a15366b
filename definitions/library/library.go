package library

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"steward/definitions"
)

//go:embed */*.yaml
var files embed.FS

// FS answers the shipped library: <domain>/<process>.yaml, tasks/, forms/ and registers/.
func FS() fs.FS { return files }

// Bundles loads every shipped process with what it refers to, ordered by file name.
func Bundles() ([]definitions.Bundle, error) {
	names, err := fs.Glob(files, "*/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the library: %w", err)
	}
	var out []definitions.Bundle
	for _, name := range names {
		if slices.Contains([]string{"tasks", "forms", "registers"}, path.Dir(name)) || strings.HasSuffix(name, ".test.yaml") {
			continue
		}
		b, err := definitions.LoadBundle(files, name)
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", name, err)
		}
		out = append(out, b)
	}
	return out, nil
}

// Bundle loads one shipped process by its id; it fails with fs.ErrNotExist when there is none.
func Bundle(id string) (definitions.Bundle, error) {
	names, err := fs.Glob(files, "*/"+id+".yaml")
	if err != nil {
		return definitions.Bundle{}, fmt.Errorf("look for %s: %w", id, err)
	}
	for _, name := range names {
		if !slices.Contains([]string{"tasks", "forms", "registers"}, path.Dir(name)) {
			return definitions.LoadBundle(files, name)
		}
	}
	return definitions.Bundle{}, fmt.Errorf("process %s in the library: %w", id, fs.ErrNotExist)
}
