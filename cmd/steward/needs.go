package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"steward/definitions"
	"steward/definitions/library"
	"steward/internal/app"
)

type definitionsCmd struct {
	Needs definitionsNeedsCmd `cmd:"" help:"List the groups, posts, people and rooms that definitions count on."`
}

type definitionsNeedsCmd struct {
	Paths  []string `arg:"" optional:"" help:"Definitions or folders of them; none for the shipped library."`
	Format string   `enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// need is something of the house with the definitions that count on it.
type need struct {
	definitions.Need
	For []string
}

// Run prints one line for each need. It looks at files alone: steward publish compares them with the house.
func (c *definitionsNeedsCmd) Run(out io.Writer) error {
	bundles, err := c.bundles()
	if err != nil {
		return err
	}
	all, err := needsOf(bundles)
	if err != nil {
		return err
	}
	return printed(out, c.Format, "WHAT ID NEEDED BY", all, func(n need) map[string]any {
		return map[string]any{"kind": n.Kind, "id": n.ID, "optional": n.Optional, "by": n.For}
	}, func(n need) []any {
		return []any{n.Kind, cmp.Or(n.ID, "any"), stateOf(n.Optional, "no", "yes"), strings.Join(n.For, ", ")}
	})
}

func (c *definitionsNeedsCmd) bundles() ([]definitions.Bundle, error) {
	if len(c.Paths) == 0 {
		return library.Bundles()
	}
	shelves, err := shelvesOf(c.Paths)
	if err != nil {
		return nil, err
	}
	var bundles []definitions.Bundle
	for _, s := range shelves {
		report, err := definitions.Lint(s.fsys, app.Kinds(), s.paths...)
		if err != nil {
			return nil, err
		}
		for _, file := range report.Files {
			b, err := definitions.LoadBundle(s.fsys, file)
			if err != nil {
				return nil, err
			}
			bundles = append(bundles, b)
		}
	}
	return bundles, nil
}

// needsOf merges the needs of definitions; of something that one of them needs and another can do without, the need counts.
func needsOf(bundles []definitions.Bundle) ([]need, error) {
	type key struct{ kind, id string }
	merged := map[key]*need{}
	for _, b := range bundles {
		def, problems := definitions.Compile(b, app.Kinds())
		if def == nil {
			return nil, fmt.Errorf("%w; `steward lint` shows all problems", &app.FaultyError{File: b.Name, Problems: problems})
		}
		for _, n := range def.Needs() {
			k := key{n.Kind, n.ID}
			if merged[k] == nil {
				merged[k] = &need{Need: n}
			}
			merged[k].Optional = merged[k].Optional && n.Optional
			merged[k].For = append(merged[k].For, def.ID)
		}
	}
	out := make([]need, 0, len(merged))
	for _, n := range merged {
		slices.Sort(n.For)
		n.For = slices.Compact(n.For)
		out = append(out, *n)
	}
	slices.SortFunc(out, func(a, b need) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// warn names what the definitions count on and the house does not have, each with the command that mends it.
func warn(ctx context.Context, a *app.App, out io.Writer, bundles []definitions.Bundle) error {
	all, err := needsOf(bundles)
	if err != nil {
		return err
	}
	by, wanted := map[definitions.Need][]string{}, make([]definitions.Need, len(all))
	for i, n := range all {
		wanted[i], by[n.Need] = n.Need, n.For
	}
	lacks, err := a.Lacks(ctx, wanted)
	if err != nil {
		return err
	}
	for _, l := range lacks {
		if _, err := fmt.Fprintf(out, "warning: %s; wanted by %s\n", lacking(l), strings.Join(by[l.Need], ", ")); err != nil {
			return err
		}
	}
	return nil
}

// lacking says what is missing and what to do.
func lacking(l app.Lack) string {
	n := l.Need
	switch {
	case n.Kind == "group" && l.There:
		return fmt.Sprintf("nobody active is in the group %s: steward groups put %s --members …", n.ID, n.ID)
	case n.Kind == "group":
		return fmt.Sprintf("there is no group %s: steward groups put %s --name … --members …", n.ID, n.ID)
	case n.Kind == "post" && l.There:
		return fmt.Sprintf("nobody active holds the post %s: steward posts put %s --holders …", n.ID, n.ID)
	case n.Kind == "post":
		return fmt.Sprintf("there is no post %s: steward posts put %s --name … --holders …", n.ID, n.ID)
	case n.Kind == "user" && l.There:
		return fmt.Sprintf("%s has left: steward people put %s --no-left, or name somebody else in the definition", n.ID, n.ID)
	case n.Kind == "user":
		return fmt.Sprintf("nobody has the id %s: steward people put %s --name …", n.ID, n.ID)
	case n.Kind == "room" && n.ID == "":
		return "there is no room in use: steward rooms put … --name …"
	case l.There:
		return fmt.Sprintf("%s is out of use: steward rooms put %s, if it is a room", n.ID, n.ID)
	case n.ID != "":
		return fmt.Sprintf("there is no %s %s: steward rooms put %s --name …, if it is a room; another kind of resource goes into the table resources", n.Kind, n.ID, n.ID)
	}
	return fmt.Sprintf("there is no %s in use: put one into the table resources", n.Kind)
}
