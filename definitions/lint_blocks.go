package definitions

import (
	"slices"
	"strings"
)

// lintBlocks reports blocks that nothing runs and blocks that run themselves.
func (c *compiler) lintBlocks() {
	for _, name := range sortedKeys(c.def.Blocks) {
		key := c.file.root.get("blocks").keyOf(name)
		if !c.called[name] {
			c.problems.add(key.at(), codeUnusedBlock, name)
		}
		if circle := c.recursion(name, name, nil); circle != nil {
			c.problems.add(key.at(), codeBlockRecursion, name, strings.Join(circle, " → "))
		}
	}
}

// recursion answers the way from a block back to itself, nil when there is none.
func (c *compiler) recursion(from, to string, on []string) []string {
	on = append(slices.Clone(on), from)
	for _, next := range c.calls(from) {
		if next == to {
			return append(on, to)
		}
		if !slices.Contains(on, next) {
			if circle := c.recursion(next, to, on); circle != nil {
				return circle
			}
		}
	}
	return nil
}

// calls lists the blocks that the steps of a block run, "" standing for everything outside blocks.
func (c *compiler) calls(block string) []string {
	var out []string
	for _, p := range c.actions {
		if p.action.Do == nil || p.owner == nil && block != "" || p.owner != nil && blockOf(p.owner) != block {
			continue
		}
		if name := blockOf(p.action.Do); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// lintFails reports `fail` where it has no proposal to fail, and an end in finally.
func (c *compiler) lintFails() {
	outside := map[string]bool{"": true}
	for _, name := range c.reachable(c.calls("")) {
		outside[name] = true
	}
	inFinally := c.finallyBlocks()
	for _, p := range c.actions {
		block, final := "", false
		if p.owner != nil {
			block = blockOf(p.owner)
			final = inFinally[block] || c.inFinally(p.owner)
		}
		if p.action.Fail && (outside[block] || !c.viaBlocks[block]) {
			c.problems.add(p.item.keyOf("fail").at(), codeFailOutsideVia)
		}
		if p.action.End != "" && final {
			c.problems.add(p.item.keyOf("end").at(), codeEndInFinally, "end")
		}
	}
}

// lintFinally reports groups with finally in the block of a proposal: when it fails nothing has happened, and nothing is
// to be tidied up.
func (c *compiler) lintFinally(n *Node) {
	if n.Finally != nil && c.viaBlocks[blockOf(n)] {
		c.problems.add(c.raw[n].keyOf("finally").at(), codeKeyNotHere, "finally", "the block of a proposal", keysText(loopKeys()))
	}
	for _, child := range n.Children {
		c.lintFinally(child)
	}
}

// finallyBlocks are the blocks that the finally of the process or of a group runs.
func (c *compiler) finallyBlocks() map[string]bool {
	out := map[string]bool{}
	var first []string
	for _, p := range c.actions {
		if p.owner != nil && p.action.Do != nil && c.inFinally(p.owner) {
			first = append(first, blockOf(p.action.Do))
		}
	}
	for _, name := range c.reachable(first) {
		out[name] = true
	}
	return out
}

// reachable adds the blocks that blocks run.
func (c *compiler) reachable(names []string) []string {
	for i := 0; i < len(names); i++ {
		for _, next := range c.calls(names[i]) {
			if !slices.Contains(names, next) {
				names = append(names, next)
			}
		}
	}
	return names
}
