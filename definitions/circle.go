package definitions

import (
	"fmt"
	"io/fs"
	"slices"
)

// circles finds for every process that a definition starts the way on which it leads back to the definition.
func circles(fsys fs.FS, name, text string) (map[string][]string, error) {
	root := parseText(name, text, &problems{}).root
	id := root.get("process").plainText()
	found := map[string][]string{}
	for _, child := range startedBy(root) {
		way, err := wayBack(fsys, child, id)
		if err != nil {
			return nil, err
		}
		if way != nil {
			found[child] = way
		}
	}
	return found, nil
}

// wayBack answers the shortest way from one process to another through what they start, nil when there is none.
func wayBack(fsys fs.FS, from, to string) ([]string, error) {
	seen := map[string]bool{from: true}
	for ways := [][]string{{from}}; len(ways) > 0; ways = ways[1:] {
		way := ways[0]
		last := way[len(way)-1]
		if last == to {
			return way, nil
		}
		started, err := startsOf(fsys, last)
		if err != nil {
			return nil, err
		}
		for _, child := range started {
			if !seen[child] {
				seen[child] = true
				ways = append(ways, append(slices.Clone(way), child))
			}
		}
	}
	return nil, nil
}

// startsOf lists the processes that a process of the library starts.
func startsOf(fsys fs.FS, id string) ([]string, error) {
	found, err := findProcess(fsys, id)
	if err != nil || found == "" {
		return nil, err
	}
	text, err := fs.ReadFile(fsys, found)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", found, err)
	}
	return startedBy(parseText(found, string(text), &problems{}).root), nil
}

func startedBy(root *item) []string {
	var ids []string
	for _, ref := range references(root) {
		if ref.process != "" && !slices.Contains(ids, ref.process) {
			ids = append(ids, ref.process)
		}
	}
	return ids
}
