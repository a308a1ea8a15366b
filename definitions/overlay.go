package definitions

import (
	"errors"
	"io/fs"
)

// Overlay answers a file system that looks into several, the first of them first: a house's own library over the shipped
// one. Folders are not merged when listed; reading and globbing by name is.
func Overlay(layers ...fs.FS) fs.FS { return overlay(layers) }

type overlay []fs.FS

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	for _, layer := range o {
		f, err := layer.Open(name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Glob implements fs.GlobFS: the matches of every layer, each name once.
func (o overlay) Glob(pattern string) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	for _, layer := range o {
		found, err := fs.Glob(layer, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			if !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	return out, nil
}
