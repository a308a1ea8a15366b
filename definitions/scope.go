package definitions

import (
	"slices"
	"strings"

	"steward/definitions/expr"
)

// scopeAt is what an expression at one place may name.
type scopeAt struct {
	expr.Scope
	node    *Node    // nil for what belongs to no step
	anchors []string // names that a time expression may count from
}

// frames marks for every node the body of the innermost loop around it: outputs of steps in a loop live once per run.
func (c *compiler) frames(n, frame *Node) {
	if n == nil {
		return
	}
	n.Enclose = frame
	for _, child := range n.Children {
		inner := frame
		if n.Kind == Each || n.Kind == Repeat {
			inner = child
		}
		c.frames(child, inner)
	}
}

// visible tells whether outputs.<step> can be read at a place: the step stands in the same run of every loop around it.
func visible(step, at *Node) bool {
	if step.Enclose == nil {
		return true
	}
	for n := at; n != nil; n = n.Parent {
		if n == step.Enclose {
			return true
		}
	}
	return false
}

// hasOutput tells the nodes that leave an output behind: steps, and loops a list of them.
func (n *Node) hasOutput() bool { return n.Kind == Step || n.Kind == Each || n.Kind == Repeat }

// outputTypes gives every node the type of its output.
func (c *compiler) outputTypes(n *Node) {
	for _, child := range n.Children {
		c.outputTypes(child)
	}
	switch n.Kind {
	case Step:
		n.Type = c.stepType(n, true)
	case Each, Repeat:
		n.Type = expr.List(c.runType(n.Children[0]))
	}
}

// runType is the type of one run of a loop: its one step's output, or those of its steps by id.
func (c *compiler) runType(body *Node) expr.Type {
	if body.Kind == Step {
		return body.Type
	}
	fields := map[string]expr.Type{}
	for id, s := range c.def.Steps {
		if s.hasOutput() && s.Enclose == body {
			fields[id] = s.Type.Nullable()
		}
	}
	return expr.Object(fields)
}

// stepType is the type of one output. The fields of a form may be missing when an escalation ended the step.
func (c *compiler) stepType(n *Node, filled bool) expr.Type {
	fields := map[string]expr.Type{
		"outcome": expr.Enum(n.allOutcomes()...), "by": expr.String(), "claimed_at": expr.Time().Nullable(), "done_at": expr.Time(),
		"round": expr.Int(), "data": expr.Object(c.dataFields(n, filled)),
	}
	if len(n.allOutcomes()) == 0 {
		fields["outcome"] = expr.String()
	}
	fields["rounds"] = expr.List(expr.Object(fields))
	return expr.Object(fields)
}

// looseType is the type of an output of which it is not certain that the form was filled in.
func (c *compiler) looseType(n *Node) expr.Type {
	t, ok := c.loose[n]
	if !ok {
		t = c.stepType(n, false)
		c.loose[n] = t
	}
	return t
}

func (c *compiler) dataFields(n *Node, filled bool) map[string]expr.Type {
	fields := map[string]expr.Type{}
	add := func(t expr.Type) {
		for _, name := range t.Fields() {
			f, _ := t.Field(name)
			if !filled {
				f = f.Nullable()
			}
			fields[name] = f
		}
	}
	if k, ok := c.registry.Kind(n.Uses); ok {
		add(expr.Object(k.Output))
	}
	if n.Form != nil {
		add(n.Form.Schema.TypeOf())
	}
	if n.Table != nil {
		add(n.Table.Type)
	}
	if n.Wait != nil {
		if e := c.event(n.Wait.Event); e != nil {
			add(nullableFields(e.Schema.TypeOf()))
		}
	}
	return fields
}

func nullableFields(t expr.Type) expr.Type {
	fields := map[string]expr.Type{}
	for _, name := range t.Fields() {
		f, _ := t.Field(name)
		fields[name] = f.Nullable()
	}
	return expr.Object(fields)
}

// anywhere is the scope of what belongs to no place in the steps: every output may be missing.
func (c *compiler) anywhere() scopeAt { return c.scope(nil, known{}) }

// at is the scope at a node, with what is certainly done before it.
func (c *compiler) at(n *Node) scopeAt {
	done := c.flow.in[n]
	if done == nil {
		done = known{}
	}
	return c.scope(n, done)
}

func (c *compiler) scope(n *Node, done known) scopeAt {
	outputs, rounds := map[string]expr.Type{}, map[string]expr.Type{}
	var anchors []string
	for id, s := range c.def.Steps {
		if !s.hasOutput() || !visible(s, n) {
			continue
		}
		t := s.Type
		if s.Kind == Step && !done[id+filledMark] {
			t = c.looseType(s)
		}
		if !done[id] {
			t = t.Nullable()
		}
		outputs[id], rounds[id] = t, expr.Int()
		if s.Kind == Step {
			anchors = append(anchors, id+".opened", id+".claimed", id+".done")
		}
	}
	scope := c.base.With("outputs", expr.Object(outputs)).With("rounds", expr.Object(rounds))
	if n != nil && c.viaBlocks[blockOf(n)] {
		scope = scope.With("before", c.inputType())
	}
	for _, loop := range loopsAround(n) {
		if loop.Each.As != "" {
			scope = scope.With(loop.Each.As, c.loops[loop])
		}
	}
	return scopeAt{Scope: scope, node: n, anchors: append(anchors, c.anchorNames()...)}
}

// loopsAround lists the each blocks in whose body a node stands, the outermost first.
func loopsAround(n *Node) []*Node {
	var out []*Node
	for ; n != nil && n.Parent != nil; n = n.Parent {
		if n.Parent.Kind == Each {
			out = append(out, n.Parent)
		}
	}
	slices.Reverse(out)
	return out
}

// blockOf answers the name of the block that a node belongs to, "" when it stands in the steps or in finally.
func blockOf(n *Node) string {
	for n.Parent != nil {
		n = n.Parent
	}
	if len(n.Path) > len("blocks/") && n.Path[:len("blocks/")] == "blocks/" {
		return n.Path[len("blocks/"):]
	}
	return ""
}

func starterType() expr.Type {
	return expr.Object(map[string]expr.Type{"id": expr.String(), "name": expr.String(), "department": expr.String()})
}

func processType() expr.Type {
	return expr.Object(map[string]expr.Type{
		"id": expr.String(), "started_at": expr.Time(), "title": expr.String(), "business_key": expr.String().Nullable(),
	})
}

// inputType is the type of the input; anything while its schema is wrong, which is reported once, at the schema.
func (c *compiler) inputType() expr.Type {
	if c.inputBroken() {
		return expr.Any()
	}
	return c.def.Input.TypeOf()
}

func (c *compiler) inputBroken() bool { return c.def.Input == nil && c.file.root.has("input") }

// inputHas checks that the input has a field, and reports it where it is named.
func (c *compiler) inputHas(it *item, name string) bool {
	names := c.def.Input.names()
	if slices.Contains(names, name) {
		return true
	}
	if !c.inputBroken() {
		c.problems.suggest(it.at(), codeUnknownField, name, names, name, "input", strings.Join(names, ", "))
	}
	return false
}

// startScope is what is known when a process starts.
func (c *compiler) startScope() expr.Scope {
	params := map[string]expr.Type{}
	for _, p := range c.def.Parameters {
		params[p.Name] = p.ValueType()
	}
	rows := map[string]expr.Type{}
	for name, book := range c.def.Books {
		if book != nil {
			rows[name] = book.Schema.TypeOf()
		}
	}
	return expr.NewScope(map[string]expr.Type{
		"input": c.inputType(), "parameters": expr.Object(params), "starter": starterType(), "process": processType(),
	}).WithRegisters(rows)
}
