package definitions

import (
	"slices"
	"strconv"
	"strings"

	"steward/definitions/expr"
)

// maxRows bounds a decision table; more belong into a register.
const maxRows = 200

// outcomeColumn is the output column whose values are the outcomes of a choose step.
const outcomeColumn = "outcome"

// tableNames makes the tables, still empty, so that steps may refer to them.
func (c *compiler) tableNames(it *item) {
	if it == nil || !c.isMap(it, "tables") {
		return
	}
	for _, e := range it.entries {
		if !c.checkID(e.key) || !c.keys(e.value, tableShape()) {
			continue
		}
		t := &Table{Name: e.key.text, Hit: "first", Outputs: c.words(e.value.get("outputs"), "outputs")}
		if h := c.oneOf(e.value.get("hit"), "hit", []string{"first", "unique"}); h != "" {
			t.Hit = h
		}
		if inputs := e.value.get("inputs"); inputs != nil && c.isMap(inputs, "inputs") {
			for _, in := range inputs.entries {
				t.Inputs = append(t.Inputs, TableInput{Name: in.key.text})
			}
		}
		if rows := e.value.get("rows"); len(rows.elements()) > maxRows {
			c.problems.add(rows.at(), codeTooMany, strconv.Itoa(len(rows.list))+" rows", maxRows)
		}
		c.def.Tables[t.Name] = t
	}
}

// tableOutcomes are the outcomes of a choose step: the constants of the outcome column, and no_match when no row takes
// everything.
func (c *compiler) tableOutcomes(it *item) []string {
	var out []string
	all := false
	for _, row := range it.get("rows").elements() {
		if o := row.get(outcomeColumn); o.isText() && !slices.Contains(out, o.text) && c.checkID(o) {
			out = append(out, o.text)
		}
		all = all || c.catchAll(it, row)
	}
	if len(out) == 0 {
		out = []string{"done"}
	}
	if !all && !c.coversAll(it) {
		out = append(out, "no_match")
	}
	return out
}

// catchAll tells a row without any condition.
func (c *compiler) catchAll(table, row *item) bool {
	outputs := table.get("outputs").elements()
	return row.isMap() && !slices.ContainsFunc(row.entries, func(e entry) bool {
		return !slices.ContainsFunc(outputs, func(o *item) bool { return o.text == e.key.text })
	})
}

// tableTypes gives each table the type of one result: that of the constants in each column, any where one is computed.
func (c *compiler) tableTypes(it *item) {
	for name, t := range c.def.Tables {
		fields := map[string]expr.Type{}
		for _, out := range t.Outputs {
			fields[out] = columnType(it.get(name).get("rows"), out)
		}
		t.Type = expr.Object(fields)
	}
}

func columnType(rows *item, column string) expr.Type {
	var t expr.Type
	for i, row := range rows.elements() {
		cell := row.get(column)
		v, found := expr.CompileValue(cell.plain(), expr.NewScope(nil))
		switch {
		case cell == nil || len(found) > 0 || !v.IsConstant():
			return expr.Any()
		case i == 0:
			t = widened(v.Type())
		case !widened(v.Type()).Equal(t):
			return expr.Any()
		}
	}
	return t
}

// widened forgets that a text is one certain text.
func widened(t expr.Type) expr.Type {
	if t.Kind() == expr.KindText {
		return expr.String()
	}
	return t
}

// tables compiles the columns and rows.
func (c *compiler) tables(it *item) {
	for _, name := range sortedKeys(c.def.Tables) {
		t, raw, at := c.def.Tables[name], it.get(name), c.anywhere()
		types := map[string]expr.Type{}
		for i, in := range t.Inputs {
			item := raw.get("inputs").get(in.Name)
			c.checkID(raw.get("inputs").keyOf(in.Name))
			t.Inputs[i].Expr = c.bare(item, at, expr.WantAny())
			types[in.Name] = expr.Any()
			if p := t.Inputs[i].Expr; p != nil {
				types[in.Name] = p.Type()
			}
		}
		before := len(c.problems.list)
		for _, row := range c.list(raw.get("rows"), "rows") {
			c.row(t, row, at, types)
		}
		if len(c.problems.list) == before {
			c.coverage(t, raw)
		}
	}
}

// row compiles one rule. A cell of an input is a constant, a list of constants, or an = expression over `value`.
func (c *compiler) row(t *Table, it *item, at scopeAt, types map[string]expr.Type) {
	columns := slices.Concat(slices.Collect(inputNames(t)), t.Outputs)
	if !c.keys(it, shape{name: "a row of the table " + t.Name, keys: columns, needs: t.Outputs}) {
		return
	}
	r := TableRow{Line: it.line}
	for _, in := range t.Inputs {
		cell := at
		cell.Scope = at.With("value", types[in.Name])
		r.When = append(r.When, c.condition(it.get(in.Name), cell, types[in.Name], in.Name))
	}
	for _, out := range t.Outputs {
		var v expr.Value
		if cell := it.get(out); cell != nil {
			v = c.value(cell, at)
			c.forgottenEquals(cell, at)
		}
		r.Then = append(r.Then, v)
	}
	t.Rows = append(t.Rows, r)
}

func inputNames(t *Table) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, in := range t.Inputs {
			if !yield(in.Name) {
				return
			}
		}
	}
}

// condition compiles the cell of an input; nil matches everything.
func (c *compiler) condition(it *item, at scopeAt, want expr.Type, column string) *expr.Program {
	switch {
	case it == nil:
		return nil
	case it.isText() && strings.HasPrefix(it.text, "="):
		return c.program(it, 1, at, expr.WantBool())
	}
	for _, e := range it.elements() {
		c.fits(e, at, want.Nullable(), column)
	}
	text := "value == " + literal(it)
	if it.isList() {
		text = "value in " + literal(it)
	}
	p, found := expr.Compile(text, at.Scope, expr.WantBool())
	for _, f := range found {
		c.problems.add(it.at(), Code(f.Code), f.Message, f.Hint)
	}
	return p
}

// literal writes a constant as an expression.
func literal(it *item) string {
	switch it.kind {
	case textItem:
		return strconv.Quote(it.text)
	case listItem:
		parts := make([]string, len(it.list))
		for i, e := range it.list {
			parts[i] = literal(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case nullItem, mapItem:
		return "nil"
	}
	return it.text
}
