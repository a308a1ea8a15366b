package definitions_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"steward/definitions"
)

var update = flag.Bool("update", false, "write golden files instead of comparing them")

// dump writes what the compiler made of a definition, so that a change of paths, outcomes or reads shows in a diff.
func dump(d *definitions.Definition) string {
	var b strings.Builder
	fmt.Fprintf(&b, "process %s outcomes %v registers %v\n", d.ID, d.Outcomes, d.Registers)
	for _, a := range d.Anchors {
		fmt.Fprintf(&b, "anchor %s event=%q\n", a.Name, a.Event)
	}
	for _, v := range d.Vars {
		fmt.Fprintf(&b, "var %s: %s\n", v.Name, v.Expr.Type())
	}
	dumpNode(&b, d.Root, 0)
	for _, name := range slices.Sorted(maps.Keys(d.Blocks)) {
		dumpNode(&b, d.Blocks[name], 0)
	}
	if d.Finally != nil {
		dumpNode(&b, d.Finally, 0)
	}
	for _, e := range d.Events {
		fmt.Fprintf(&b, "event %s propose %v anchor %v redo %v end %q payload %v\n", e.Name, e.Propose, e.Anchor, e.Redo, e.End, e.Schema.TypeOf())
	}
	for _, path := range slices.Sorted(maps.Keys(d.Actions)) {
		fmt.Fprintf(&b, "action %s%s\n", path, dumpAction(d.Actions[path]))
	}
	return b.String()
}

func dumpNode(b *strings.Builder, n *definitions.Node, depth int) {
	fmt.Fprintf(b, "%s%s [%s]", strings.Repeat("  ", depth), n.Path, n.Kind)
	if n.Kind == definitions.Step {
		fmt.Fprintf(b, " uses %s %v", n.Uses, n.Outcomes)
		if len(n.Ladder) > 0 {
			fmt.Fprintf(b, " ladder %v", n.Ladder)
		}
	}
	if len(n.Used) > 0 {
		fmt.Fprintf(b, " reads %v", n.Used)
	}
	if n.Enclose != nil {
		fmt.Fprintf(b, " in %s", n.Enclose.Path)
	}
	if n.Target != nil {
		b.WriteString(dumpAction(n.Target))
	}
	b.WriteByte('\n')
	for _, child := range n.Children {
		dumpNode(b, child, depth+1)
	}
}

func dumpAction(a *definitions.Action) string {
	switch {
	case a.Goto != nil:
		return " → goto " + a.Goto.Path
	case a.Do != nil && a.Then != nil:
		return " → do " + a.Do.Path + ", then" + dumpAction(a.Then)
	case a.Do != nil:
		return " → do " + a.Do.Path
	case a.End != "":
		return " → end " + a.End
	case a.Fail:
		return " → fail"
	}
	return " → next"
}

func requireGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(string(want), got), "run the test with -update and look at the difference")
}

func TestTheExampleCompilesToTheSameTree(t *testing.T) {
	t.Parallel()
	d, _ := definitions.Compile(loadExample(t), registry())
	require.NotNil(t, d)
	requireGolden(t, "testdata/example/meeting_service.golden", dump(d))
}
