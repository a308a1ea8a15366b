package expr

import "github.com/expr-lang/expr/ast"

const (
	lookupName = "lookup"
	existsName = "exists"
)

func registerFunction(name string) bool {
	return name == lookupName || name == existsName || name == registerCount
}

// register checks a call of lookup(register, key), exists(register, filter) or count(register, filter). The register is
// a literal: the lint must know which registers a definition reads, and the engine which ones to lock.
func (c *checker) register(n *ast.CallNode, function string, _ []Type) Type {
	row := Map(Any())
	name, ok := n.Arguments[0].(*ast.StringNode)
	if !ok {
		c.reportf(n.Arguments[0], CodeForbidden, "write its name as a literal text", "a register cannot be computed")
		return registerResult(function, row)
	}
	if c.scope.registers != nil {
		declared, known := c.scope.registers[name.Value]
		if !known {
			c.reportf(name, CodeUnknownName, didYouMean(name.Value, c.registerNames()),
				"there is no register %s", quote(name.Value))
			return registerResult(function, row)
		}
		row = declared
	}
	c.registers[name.Value] = row
	if function != lookupName {
		c.filter(n.Arguments[1], row)
	}
	return registerResult(function, row)
}

func registerResult(function string, row Type) Type {
	switch function {
	case lookupName:
		return row.Nullable()
	case existsName:
		return Bool()
	}
	return Int()
}

// filter checks the fields and values that rows are compared with.
func (c *checker) filter(node ast.Node, row Type) {
	pairs, ok := node.(*ast.MapNode)
	if !ok {
		c.reportf(node, CodeForbidden, "for example `{ customer: input.customer }`", "a filter cannot be computed")
		return
	}
	for _, item := range pairs.Pairs {
		pair, isPair := item.(*ast.PairNode)
		if !isPair || row.kind != KindObject {
			continue
		}
		key, isText := pair.Key.(*ast.StringNode)
		if !isText {
			continue
		}
		field, known := row.Field(key.Value)
		value := c.types[pair.Value]
		switch {
		case !known:
			c.reportf(key, CodeUnknownField, didYouMean(key.Value, row.Fields()),
				"the register has no field %s", quote(key.Value))
		case !value.comparableTo(field):
			c.reportf(pair.Value, CodeType, comparisonHint(value, field), "%s is %s, this is %s", quote(key.Value), field, value)
		default:
			c.sameValues(pair.Value, value, key, field)
		}
	}
}
