package definitions

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"steward/definitions/expr"
)

// express compiles everything that reads values, in an order in which each type is known when it is needed.
func (c *compiler) express(root *item) {
	c.loadRegisters()
	c.frames(c.def.Root, nil)
	c.frames(c.def.Finally, nil)
	for _, b := range c.def.Blocks {
		c.frames(b, nil)
	}
	c.anchorDeclarations(root.get("anchors"))
	c.base = c.startScope().With("now", expr.Time())
	c.tableTypes(root.get("tables"))
	c.eachTree(c.outputTypes)
	c.analyze()
	c.anchors(root.get("anchors"))
	c.vars(root.get("vars"))
	c.def.VarsUseOutputs = slices.ContainsFunc(c.readAnywhere, func(p expr.Path) bool { return p[0] == "outputs" || p[0] == "rounds" })
	c.namedRoles()
	c.startExpressions(root)
	c.tables(root.get("tables"))
	c.eachTree(c.expressNode)
	c.events(root.get("events"))
	c.parameterNeeds(root.get("parameters"))
	c.used()
}

// eachTree calls do with every root of the definition's trees, in a fixed order.
func (c *compiler) eachTree(do func(*Node)) {
	do(c.def.Root)
	for _, name := range sortedKeys(c.def.Blocks) {
		do(c.def.Blocks[name])
	}
	if c.def.Finally != nil {
		do(c.def.Finally)
	}
}

// loadRegisters reads the registers of the bundle, so that expressions know their rows.
func (c *compiler) loadRegisters() {
	for _, name := range c.available(registersFolder) {
		c.register(&item{file: c.file, line: 1, column: 1, kind: textItem, text: name})
	}
}

// startExpressions compiles what is evaluated when a process starts, before anything is done.
func (c *compiler) startExpressions(root *item) {
	at := scopeAt{Scope: c.startScope().With("now", expr.Time())}
	for _, e := range c.list(root.get("rules"), "rules") {
		c.rule(e, at)
	}
	if t := root.get("title"); t != nil {
		title := c.template(t, at)
		c.def.Title = &title
	}
	if k := root.get("businessKey"); k != nil {
		c.def.BusinessKey = c.oneTemplate(k, at)
		c.checkKey(k)
	}
}

// checkKey refuses personal fields in the business key, which stays in logs and lists when they are erased.
func (c *compiler) checkKey(it *item) {
	if c.def.BusinessKey == nil || c.def.Input == nil {
		return
	}
	props, _ := c.def.Input.Raw["properties"].(map[string]any)
	for _, ref := range c.def.BusinessKey.References() {
		if len(ref) < 2 || ref[0] != "input" {
			continue
		}
		if field, _ := props[ref[1]].(map[string]any); field["x-personal"] == true {
			c.problems.add(it.at(), codeTrapPersonalKey, ref.String())
		}
	}
}

func (c *compiler) rule(it *item, at scopeAt) {
	if !c.keys(it, ruleShape()) {
		return
	}
	r := Rule{Field: c.word(it.get("field"), "field"), Message: c.template(it.get("message"), at)}
	if r.Field != "" {
		c.inputHas(it.get("field"), r.Field)
	}
	if m := it.get("must"); m != nil {
		r.Must = c.bare(m, at, expr.WantBool())
	}
	c.def.Rules = append(c.def.Rules, r)
}

// anchorDeclarations names the anchors: those with an expression, and those that an event makes known.
func (c *compiler) anchorDeclarations(it *item) {
	if it != nil && !c.isMap(it, "anchors") {
		it = nil
	}
	for _, e := range mapEntries(it) {
		switch {
		case slices.Contains([]string{"opened", "now", "due", "month", "week", "next", "after", "day"}, e.key.text):
			c.problems.add(e.key.at(), codeTrapShadow, e.key.text, Text{Zh: "时间表达式中的词", En: "a word of time expressions"})
		case c.checkID(e.key):
			c.def.Anchors = append(c.def.Anchors, Anchor{Name: e.key.text})
		}
	}
	for _, e := range c.def.Events {
		if !e.Anchor {
			continue
		}
		if k := it.get(e.Name); k != nil {
			c.problems.add(k.at(), codeTrapShadow, e.Name, Text{Zh: "同名事件的锚点", En: "the anchor of the event of that name"})
		}
		c.def.Anchors = append(c.def.Anchors, Anchor{Name: e.Name, Event: e.Name})
	}
}

// anchors compiles the anchors, each after those that it uses.
func (c *compiler) anchors(it *item) {
	types := map[string]expr.Type{}
	for _, a := range c.def.Anchors {
		types[a.Name] = expr.Time().Nullable()
	}
	var declared, ofEvents []Anchor
	for _, a := range c.def.Anchors {
		if a.Event != "" {
			ofEvents = append(ofEvents, a)
		}
	}
	for _, name := range c.inOrder(it, "anchors") {
		at := c.anywhere()
		at.Scope = at.With("anchors", expr.Object(types))
		p := c.bare(it.get(name), at, expr.WantTime().OrNull())
		if p != nil && !p.Type().IsNullable() && p.Type().Kind() == expr.KindTime {
			types[name] = expr.Time()
		}
		declared = append(declared, Anchor{Name: name, Expr: p})
	}
	c.def.Anchors = slices.Concat(declared, ofEvents)
	c.base = c.base.With("anchors", expr.Object(types))
}

// vars compiles the formulas, each after those that it uses. The clock is not in their scope: a formula is computed again
// when what it uses changes, and the clock always does.
func (c *compiler) vars(it *item) {
	types := map[string]expr.Type{}
	if it != nil && !c.isMap(it, "vars") {
		it = nil
	}
	now, _ := c.base.Lookup("now")
	for _, name := range c.inOrder(it, "vars") {
		at := c.anywhere()
		anchors, _ := c.base.Lookup("anchors")
		outputs, _ := at.Lookup("outputs")
		rounds, _ := at.Lookup("rounds")
		at.Scope = c.startScope().With("anchors", anchors).With("outputs", outputs).With("rounds", rounds).With("vars", expr.Object(types))
		p := c.bare(it.get(name), at, expr.WantAny())
		types[name] = expr.Any()
		if p != nil {
			types[name] = p.Type()
			c.varYields[name] = c.yields(p)
			c.def.Vars = append(c.def.Vars, Var{Name: name, Expr: p})
		}
	}
	c.base = c.base.With("now", now).With("vars", expr.Object(types))
}

// inOrder answers the names of a mapping of expressions so that each uses only earlier ones; circles are problems.
func (c *compiler) inOrder(it *item, root string) []string {
	uses := map[string][]string{}
	member := regexp.MustCompile(fmt.Sprintf(`\b%s\??\.([a-z][a-z0-9_]*)`, root))
	for _, e := range mapEntries(it) {
		if root == "anchors" && !slices.ContainsFunc(c.def.Anchors, func(a Anchor) bool { return a.Name == e.key.text }) {
			continue
		}
		if root == "vars" && !c.checkID(e.key) {
			continue
		}
		uses[e.key.text] = nil
		for _, m := range member.FindAllStringSubmatch(e.value.text, -1) {
			uses[e.key.text] = append(uses[e.key.text], m[1])
		}
	}
	o := order{c: c, it: it, root: root, uses: uses}
	for _, e := range mapEntries(it) {
		o.visit(e.key.text, nil)
	}
	return o.out
}

// order is a depth-first walk that puts what is used before what uses it.
type order struct {
	c    *compiler
	it   *item
	root string
	uses map[string][]string
	out  []string
}

func (o *order) visit(name string, on []string) {
	used, exists := o.uses[name]
	if !exists || slices.Contains(o.out, name) {
		return
	}
	if i := slices.Index(on, name); i >= 0 {
		circle := append(slices.Clone(on[i:]), name)
		o.c.problems.add(o.it.keyOf(name).at(), codeCycle, o.root, strings.Join(circle, " → "))
		return
	}
	for _, u := range used {
		o.visit(u, append(on, name))
	}
	if !slices.Contains(o.out, name) {
		o.out = append(o.out, name)
	}
}
