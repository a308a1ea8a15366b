package definitions

import (
	"slices"

	"steward/definitions/expr"
)

// used fills what each node reads of the input, through anchors and formulas too: a step that was finished runs again
// only when one of these changed.
func (c *compiler) used() {
	for n, reads := range c.reads {
		seen := map[string]bool{}
		var out []expr.Path
		for _, p := range reads {
			out = append(out, c.inputsOf(p, seen)...)
		}
		slices.SortFunc(out, slices.Compare[expr.Path])
		n.Used = slices.CompactFunc(out, slices.Equal[expr.Path])
	}
}

// inputsOf answers the input that stands behind a reference.
func (c *compiler) inputsOf(p expr.Path, seen map[string]bool) []expr.Path {
	if seen[p.String()] {
		return nil
	}
	seen[p.String()] = true
	switch {
	case p[0] == "input":
		return []expr.Path{p}
	case len(p) == 1 && (p[0] == "anchors" || p[0] == "vars"):
		return []expr.Path{{"input"}}
	case p[0] == "anchors":
		for _, a := range c.def.Anchors {
			if a.Name == p[1] && a.Expr != nil {
				return c.inputsOfAll(a.Expr.References(), seen)
			}
		}
	case p[0] == "vars":
		for _, v := range c.def.Vars {
			if v.Name == p[1] {
				return c.inputsOfAll(v.Expr.References(), seen)
			}
		}
	}
	return nil
}

func (c *compiler) inputsOfAll(paths []expr.Path, seen map[string]bool) []expr.Path {
	var out []expr.Path
	for _, p := range paths {
		out = append(out, c.inputsOf(p, seen)...)
	}
	return out
}
