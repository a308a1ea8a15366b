package definitions

// JSONSchema answers the JSON Schema 2020-12 that editors complete and check definitions with. It is made from the same
// tables as the compiler's checks; what needs more than one place to judge is left to the compiler.
func JSONSchema(registry *Registry) map[string]any {
	e := editor{registry: registry}
	root := e.object(definitionShape(), e.rootKeys())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Steward process definition"
	root["$defs"] = map[string]any{
		"text":       e.text(),
		"step":       e.object(stepShape(), e.stepKeys()),
		"action":     map[string]any{"anyOf": []any{map[string]any{"const": "next"}, e.object(actionShape(), e.actionKeys())}},
		"then":       e.object(eventThenShape(), e.actionKeys()),
		"role":       map[string]any{"anyOf": []any{typed("string"), e.object(roleShape(), e.roleKeys())}},
		"roles":      oneOrMany(ref("role")),
		"time":       map[string]any{"type": []any{"string", "number"}},
		"times":      oneOrMany(ref("time")),
		"reminder":   map[string]any{"anyOf": []any{ref("time"), e.object(remindShape(), e.timeKeys())}},
		"escalation": e.object(escalationShape(), e.timeKeys()),
		"expression": map[string]any{"type": []any{"string", "number", "boolean"}},
		"each":       e.object(eachShape(), map[string]any{"mode": enum("parallel", "sequential"), "as": typed("string"), "in": ref("expression")}),
		"repeat":     e.object(repeatShape(), map[string]any{"overlap": enum("replace", "skip"), "max": typed("integer"), "while": ref("expression"), "every": typed("string")}),
		"event":      e.object(eventShape(), e.eventKeys()),
		"table":      e.object(tableShape(), map[string]any{"hit": enum("first", "unique"), "inputs": typed("object"), "outputs": list(typed("string")), "rows": list(typed("object"))}),
		"parameter":  e.object(parameterShape(), map[string]any{"type": enum(parameterTypes()...), "title": ref("text"), "description": ref("text")}),
		"rule":       e.object(ruleShape(), map[string]any{"field": typed("string"), "must": ref("expression"), "message": ref("text")}),
	}
	return root
}

type editor struct{ registry *Registry }

func (e editor) rootKeys() map[string]any {
	steps := list(ref("step"))
	return map[string]any{
		"process": id(), "name": ref("text"), "description": ref("text"), "domain": typed("string"), "covers": oneOrMany(typed("string")),
		"outcomes": list(id()), "title": ref("text"), "businessKey": typed("string"), "input": typed("object"), "rules": list(ref("rule")),
		"parameters": mapOf(ref("parameter")), "anchors": mapOf(ref("expression")), "vars": mapOf(ref("expression")), "tables": mapOf(ref("table")),
		"roles": mapOf(ref("role")), "calendar": typed("string"), "steps": steps, "blocks": mapOf(steps), "events": mapOf(ref("event")), "finally": steps,
	}
}

func (e editor) stepKeys() map[string]any {
	steps := list(ref("step"))
	return map[string]any{
		"id": id(), "name": ref("text"), "uses": e.uses(), "with": typed("object"), "when": ref("expression"), "assign": ref("roles"),
		"exclude": ref("roles"), "form": typed("object"), "outcomes": list(id()), "due": ref("times"), "notBefore": ref("times"),
		"until": ref("times"), "remind": oneOrMany(ref("reminder")), "escalate": oneOrMany(ref("escalation")), "on": mapOf(ref("action")),
		"redo": enum("always"), "priority": typed("integer"), "fields": mapOf(enum("read", "write", "hidden")), "checks": list(ref("text")),
		"steps": steps, "parallel": steps, "each": ref("each"), "repeat": ref("repeat"), "end": id(), "goto": id(), "finally": steps,
	}
}

// uses completes the kinds of the registry and lets tasks of the library through.
func (e editor) uses() map[string]any {
	return map[string]any{"anyOf": []any{enum(e.registry.Names()...), map[string]any{"type": "string", "pattern": "^task/[a-z][a-z0-9-]*$"}}}
}

func (e editor) actionKeys() map[string]any {
	return map[string]any{
		"goto": id(), "do": id(), "then": ref("action"), "end": id(), "fail": typed("boolean"), "redo": oneOrMany(id()),
	}
}

func (e editor) roleKeys() map[string]any {
	return map[string]any{
		"starter": typed("boolean"), "user": typed("string"), "group": typed("string"), "post": typed("string"), "leader-of": ref("role"),
		"level": typed("integer"), "actor-of": id(), "role": ref("role"), "field": typed("string"), "expr": typed("string"),
		"pick": enum("claim", "least-loaded"), "per": enum("process", "task"), "frozen": typed("boolean"), "empty": ref("role"),
	}
}

func (e editor) timeKeys() map[string]any {
	return map[string]any{
		"at": ref("time"), "from": ref("time"), "every": typed("string"), "to": ref("roles"), "notify": ref("roles"), "outcome": id(),
	}
}

func (e editor) eventKeys() map[string]any {
	return map[string]any{
		"title": ref("text"), "by": ref("roles"), "form": typed("object"), "set": oneOrMany(id()), "propose": oneOrMany(id()), "via": id(),
		"anchor": typed("string"), "correctable": typed("boolean"), "remind": e.object(eventRemindShape(), e.timeKeys()), "default": ref("times"),
		"then": ref("then"), "end": id(),
	}
}

// object answers the schema of a shape: its keys and no others.
func (e editor) object(s shape, keys map[string]any) map[string]any {
	props := make(map[string]any, len(s.keys))
	for _, k := range s.keys {
		props[k] = map[string]any{}
		if known, ok := keys[k]; ok {
			props[k] = known
		}
	}
	out := map[string]any{"type": "object", "properties": props, "additionalProperties": false}
	if len(s.needs) > 0 {
		out["required"] = anys(s.needs)
	}
	return out
}

func (e editor) text() map[string]any {
	return map[string]any{"anyOf": []any{typed("string"), e.object(textShape(), map[string]any{"zh": typed("string"), "en": typed("string")})}}
}

func ref(name string) map[string]any { return map[string]any{"$ref": "#/$defs/" + name} }

func typed(t string) map[string]any { return map[string]any{"type": t} }

func id() map[string]any { return map[string]any{"type": "string", "pattern": idPattern.String()} }

func list(of map[string]any) map[string]any { return map[string]any{"type": "array", "items": of} }

func mapOf(of map[string]any) map[string]any {
	return map[string]any{"type": "object", "additionalProperties": of}
}

func oneOrMany(of map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{of, list(of)}}
}

func enum(values ...string) map[string]any { return map[string]any{"enum": anys(values)} }

func anys(values []string) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}
