package simulate_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// generator writes random definitions that are valid by construction: every construct of the language inside every other.
type generator struct {
	t      *rapid.T
	n      int      // ids so far
	budget int      // nodes still to be written
	ids    []string // of human steps at the top level, for redo
	inVia  bool
	final  bool // inside finally: no end
	blocks bool // inside a block: no do
	branch bool // the node is a branch by itself: no goto to itself
}

// definition writes one definition.
func (g *generator) definition() string {
	g.budget = 12
	steps := g.sequence(0, nil, "")
	g.ids = g.ids[:min(len(g.ids), 3)]
	g.blocks = true
	g.budget = 3
	amend := g.sequence(2, nil, "")
	g.inVia, g.budget = true, 3
	via := g.sequence(2, nil, "")
	g.inVia, g.final, g.budget = false, true, 2
	finally := g.sequence(2, nil, "")
	redo := ""
	if len(g.ids) > 0 && g.chance(2) {
		redo = ", then: { redo: [" + strings.Join(g.ids, ", ") + "] }"
	}
	jump := ""
	if len(g.ids) > 0 && g.chance(2) {
		jump = "  jump: { by: [pool], then: { goto: " + g.pick(g.ids...) + " } }\n"
	}
	fallback := g.pick("", ", default: +5h", ", default: start+1d, remind: { from: start, every: 15m, to: boss }")
	return fmt.Sprintf(`process: random
name: { zh: 随机, en: Random }
outcomes: [done, stopped]
title: { zh: "{{input.n}}", en: "{{input.n}} x" }
input:
  type: object
  required: [n, flag, items, start]
  properties:
    n: { type: integer, minimum: 0, maximum: 9 }
    flag: { type: boolean }
    items: { type: array, maxItems: 4, items: { type: integer } }
    host: { type: string }
    start: { type: string, format: date-time }
rules: [ { field: n, must: input.n < 9 } ]
anchors: { start: input.start }
vars: { twice: input.n * 2, far: input.n > 6 }
parameters: { pause: { type: time, default: +2h }, beat: { type: duration, default: 45m } }
roles:
  crew: { group: crew, pick: least-loaded }
  pool: { group: crew }
  boss: { leader-of: starter }
  again: { leader-of: starter, per: task }
  host: { field: input.host, empty: skip }
  guest: { field: input.host, empty: { group: crew } }
  self: { expr: "[starter.id]" }
tables:
  grade:
    hit: first
    inputs: { n: input.n }
    outputs: [outcome, word]
    rows:
      - { n: "=value > 5", outcome: high, word: x }
      - { n: "=value > 2", outcome: low, word: "=string(input.n)" }
steps:
%s
  - { end: done }
blocks:
  amend:
%s
  revise:
%s
events:
  over: { by: [starter, pool], anchor: now%s%s }
  go: { by: [pool] }
  edit: { by: [starter], set: [n, flag] }
  change: { by: [starter, boss], propose: [n, start], via: revise%s }
  stop: { by: [starter], end: stopped }
%sfinally:
%s
`, indent(steps, 2), indent(amend, 4), indent(via, 4), g.pick("", ", correctable: true"), fallback, redo, jump, indent(finally, 2))
}

func indent(lines []string, by int) string {
	return strings.Repeat(" ", by) + "- " + strings.Join(lines, "\n"+strings.Repeat(" ", by)+"- ")
}

func (g *generator) pick(of ...string) string { return rapid.SampledFrom(of).Draw(g.t, "pick") }

// chance is true once in n times.
func (g *generator) chance(n int) bool { return rapid.IntRange(1, n).Draw(g.t, "chance") == n }

func (g *generator) id() string {
	g.n++
	return fmt.Sprintf("s%d", g.n)
}

// sequence writes one to four nodes; targets are the human steps that a goto may reach, loop is the name of a loop's item.
func (g *generator) sequence(depth int, targets []string, loop string) []string {
	var out []string
	for range rapid.IntRange(1, 4).Draw(g.t, "length") {
		if g.budget--; g.budget < 0 && len(out) > 0 {
			break
		}
		g.branch = false
		text, id := g.node(depth, targets, loop)
		out = append(out, text)
		if id != "" {
			targets = append(slices.Clip(targets), id)
		}
	}
	return out
}

// node writes one node and answers the id of one that waits for people, as a target of goto.
func (g *generator) node(depth int, targets []string, loop string) (text, human string) {
	kinds := []string{"task", "task", "approval", "wait", "event", "notify", "set", "child", "reserve", "record", "release", "choose"}
	if depth < 3 && g.budget > 0 {
		kinds = append(kinds, "parallel", "each", "repeat", "group", "parallel", "each", "repeat", "group")
	}
	if len(targets) > 0 {
		kinds = append(kinds, "goto")
	}
	switch kind := g.pick(kinds...); kind {
	case "task":
		return g.task(depth, targets, loop)
	case "approval":
		return g.approval(depth, targets)
	case "parallel":
		return g.parallel(depth, targets, loop), ""
	case "each":
		return g.each(depth, targets), ""
	case "repeat":
		return g.repeat(depth, targets, loop), ""
	case "group":
		return g.group(depth, targets, loop), ""
	case "goto":
		return fmt.Sprintf(`{ goto: %s, when: "rounds.%[1]s < 3" }`, g.pick(targets...)), ""
	default:
		return g.automatic(kind), ""
	}
}

// automatic writes a step that no person does.
func (g *generator) automatic(kind string) string {
	id, when := g.id(), g.when()
	switch kind {
	case "wait":
		return fmt.Sprintf("{ id: %s, uses: wait, with: { until: %s }%s }", id, g.pick("+1h", "=parameters.pause", "start+2h", "over+1h", "+1wd"), when)
	case "event":
		return fmt.Sprintf("{ id: %s, uses: wait, with: { event: go, until: +6h }%s }", id, when)
	case "notify":
		return fmt.Sprintf(`{ id: %s, uses: notify, with: { to: starter, text: { zh: "{{input.n}}", en: "x" } }%s }`, id, when)
	case "set":
		return fmt.Sprintf(`{ id: %s, uses: set, with: { input: { n: "=%s" } }%s }`, id, g.pick("input.n < 8 ? input.n + 1 : 0", "0", "input.n"), when)
	case "child":
		if g.chance(2) {
			return fmt.Sprintf(`{ id: %s, uses: process, with: { process: kid, input: { k: =input.n }, wait: true }, on: { bad: %s }%s }`, id, g.plainAction(), when)
		}
		return fmt.Sprintf(`{ id: %s, uses: process, with: { process: kid, input: { k: =input.n } }%s }`, id, when)
	case "release":
		return fmt.Sprintf("{ id: %s, uses: release, with: { resource: r1 }%s }", id, when)
	case "choose":
		return fmt.Sprintf("{ id: %s, uses: choose, with: { table: grade }, on: { low: next, no_match: %s }%s }", id, g.plainAction(), when)
	case "record":
		return fmt.Sprintf(`{ id: %s, uses: record, with: { register: book%s, entry: { n: =input.n } }, on: { exists: next }%s }`, id, g.pick("", `, key: "=string(input.n)"`, ", key: =input.n"), when)
	}
	return fmt.Sprintf(`{ id: %s, uses: reserve, with: { resource: r1, from: =input.start, to: =input.start + duration("2h") }, on: { conflict: %s }%s }`, id, g.plainAction(), when)
}

func (g *generator) plainAction() string {
	switch {
	case g.inVia && g.chance(2):
		return "{ fail: true }"
	case !g.final && !g.inVia && g.chance(3):
		return "{ end: stopped }"
	}
	return "next"
}

// action writes what follows an outcome of a human step.
func (g *generator) action(targets []string) string {
	if len(targets) > 0 && g.chance(2) {
		to := "{ goto: " + g.pick(targets...) + " }"
		if !g.blocks && g.chance(2) {
			return "{ do: amend, then: " + to + " }"
		}
		return to
	}
	if !g.blocks && g.chance(3) {
		return "{ do: amend }"
	}
	return g.plainAction()
}

// own adds a step itself to the targets of its actions.
func (g *generator) own(targets []string, id string) []string {
	if g.branch {
		return targets
	}
	return append(slices.Clip(targets), id)
}

func (g *generator) when() string {
	if !g.chance(4) {
		return ""
	}
	return `, when: "` + g.pick("input.flag", "input.n > 3", "vars.far", "!input.flag", "input.n < 100") + `"`
}

// bounds writes notBefore and until.
func (g *generator) bounds() string {
	out := ""
	if g.chance(4) {
		out += ", notBefore: " + g.pick("+30m", "over", "start", "start-1h", "[over, +3h]")
	}
	if g.chance(4) {
		out += ", until: " + g.pick("over", "+4h", "start+1h", "[over, start+5h]")
	}
	return out
}

// times writes due, reminders and a ladder; timed is the outcome that the ladder may give.
func (g *generator) times(timed bool) string {
	if g.chance(3) {
		return ""
	}
	out := ", due: " + g.pick("+1h", "[+4wh, start-1h]", "start", "over+1h", "=parameters.pause", "+1wd")
	if g.chance(2) {
		out += ", remind: [-30m, { at: -1h }]"
	} else if g.chance(3) {
		out += ", remind: [{ from: opened, every: " + g.pick("20m", "=parameters.beat", "'=input.flag ? \"1h\" : \"1wh\"'") + " }]"
	}
	rungs := []string{}
	if g.chance(2) {
		rungs = append(rungs, "{ at: +0, notify: boss }")
	}
	if g.chance(2) {
		rungs = append(rungs, "{ at: +1h, to: "+g.pick("again", "pool", "{ leader-of: assignee }")+" }")
	}
	if g.chance(3) {
		rungs = append(rungs, "{ at: +2h, every: 6h, notify: pool }")
	}
	if timed {
		rungs = append(rungs, "{ at: "+g.pick("+3h", "start", "+0")+", outcome: late }")
	}
	if len(rungs) > 0 {
		out += ", escalate: [" + strings.Join(rungs, ", ") + "]"
	}
	return out
}

func (g *generator) task(depth int, targets []string, loop string) (text, id string) {
	id = g.id()
	var b strings.Builder
	fmt.Fprintf(&b, "{ id: %s, uses: task, assign: %s%s%s", id, g.pick("crew", "pool", "starter", "boss", "again", "[pool, boss]", "host", "guest", "self"), g.bounds(), g.when())
	times := g.times(g.chance(3))
	b.WriteString(times)
	on := []string{}
	if g.chance(2) {
		b.WriteString(", outcomes: [ok, back]")
		on = append(on, "back: "+g.action(g.own(targets, id)))
	}
	if strings.Contains(times, "outcome: late") {
		on = append(on, "late: "+g.plainAction())
	}
	if len(on) > 0 {
		b.WriteString(", on: { " + strings.Join(on, ", ") + " }")
	}
	switch {
	case g.chance(3):
		b.WriteString(", form: { type: object, required: [m], properties: { m: { type: integer, minimum: 1 }, t: { type: string, maxLength: 5 } } }")
	case g.chance(4):
		b.WriteString(", form: { input: [" + g.pick("n", "n, flag", "items") + "] }")
	}
	if g.chance(5) {
		b.WriteString(", redo: always")
	}
	if g.chance(5) {
		b.WriteString(", exclude: starter")
	}
	switch {
	case loop != "" && g.chance(2):
		fmt.Fprintf(&b, `, with: { it: =%s }`, loop)
	case g.chance(3):
		b.WriteString(`, with: { n: =vars.twice, m: "=(vars.twice / input.n) ?? 0" }`)
	case len(targets) > 0 && g.chance(2):
		fmt.Fprintf(&b, `, with: { was: '=outputs.%s?.outcome ?? "none"', at: =now, who: =starter.name, p: =process.id }`, g.pick(targets...))
	}
	b.WriteString(" }")
	if depth == 0 {
		g.ids = append(g.ids, id)
	}
	return b.String(), id
}

func (g *generator) approval(depth int, targets []string) (text, id string) {
	id = g.id()
	times := g.times(g.chance(2))
	on := fmt.Sprintf("rejected: %s, returned: %s", g.plainAction(), g.action(g.own(targets, id)))
	if strings.Contains(times, "outcome: late") {
		on += ", late: " + g.plainAction()
	}
	if depth == 0 {
		g.ids = append(g.ids, id)
	}
	return fmt.Sprintf("{ id: %s, uses: approval, assign: %s, with: { mode: %s, self: %s }%s%s, on: { %s } }", id, g.pick("pool", "boss", "crew", "[boss, pool]", "guest"),
		g.pick("any", "all", "sequential"), g.pick("allow", "forbid"), times, g.when(), on), id
}

func (g *generator) parallel(depth int, targets []string, loop string) string {
	var branches []string
	for range rapid.IntRange(2, 3).Draw(g.t, "branches") {
		if g.chance(3) {
			g.branch = true
			text, _ := g.node(depth+1, targets, loop)
			g.branch = false
			if !strings.HasPrefix(text, "{ goto") {
				branches = append(branches, text)
				continue
			}
		}
		branches = append(branches, fmt.Sprintf("{ id: %s%s, steps: [%s] }", g.id(), g.bounds(), strings.Join(g.sequence(depth+1, targets, loop), ", ")))
	}
	return fmt.Sprintf("{ id: %s%s%s, parallel: [%s] }", g.id(), g.bounds(), g.when(), strings.Join(branches, ", "))
}

// group writes a sequence with keys of its own.
func (g *generator) group(depth int, targets []string, loop string) string {
	id, bounds, times, on := g.id(), g.bounds(), "", []string{}
	if g.chance(3) {
		times = g.times(g.chance(2))
	}
	if strings.Contains(times, "outcome: late") {
		on = append(on, "late: "+g.plainAction())
	}
	if strings.Contains(bounds, "until") && g.chance(2) {
		on = append(on, "until: "+g.action(targets))
	}
	if !g.blocks && g.chance(4) {
		on = append(on, "done: { do: amend }")
	}
	head := fmt.Sprintf("{ id: %s%s%s%s", id, bounds, times, g.when())
	if len(on) > 0 {
		head += ", on: { " + strings.Join(on, ", ") + " }"
	}
	steps := strings.Join(g.sequence(depth+1, targets, loop), ", ")
	if !g.inVia && g.chance(2) {
		final, blocks := g.final, g.blocks
		g.final, g.blocks = true, true
		steps += "], finally: [" + strings.Join(g.sequence(depth+1, nil, loop), ", ")
		g.final, g.blocks = final, blocks
	}
	return head + ", steps: [" + steps + "] }"
}

func (g *generator) each(depth int, targets []string) string {
	id := g.id()
	as := "it" + id
	head := fmt.Sprintf("{ id: %s, each: { in: input.items, as: %s, mode: %s }", id, as, g.pick("parallel", "sequential"))
	if g.chance(2) {
		return head + g.body()
	}
	return fmt.Sprintf("%s%s, steps: [%s] }", head, g.bounds(), strings.Join(g.sequence(depth+1, targets, as), ", "))
}

func (g *generator) repeat(depth int, targets []string, loop string) string {
	id := g.id()
	while := ""
	if g.chance(3) {
		while = `, while: "` + g.pick("input.flag", "input.n < 8") + `"`
	}
	head := fmt.Sprintf("{ id: %s, repeat: { every: %s, overlap: %s, max: %d%s }", id, g.pick("30m", "=parameters.beat", "1wd", "2h"),
		g.pick("replace", "skip"), rapid.IntRange(1, 5).Draw(g.t, "max"), while)
	if g.chance(2) {
		return head + g.body()
	}
	return fmt.Sprintf("%s%s, steps: [%s] }", head, g.bounds(), strings.Join(g.sequence(depth+1, targets, loop), ", "))
}

// body writes the rest of a loop whose body is one step.
func (g *generator) body() string {
	return fmt.Sprintf(", uses: task, assign: %s%s%s }", g.pick("crew", "pool", "starter"), g.times(false), g.bounds())
}
