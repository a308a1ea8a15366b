package definitions

import (
	"slices"
	"strings"
)

// shape is what a mapping of the language may hold. The compiler checks keys against it, and the editor schema and the
// tests of the documentation are made from it, so they cannot disagree.
type shape struct {
	name  string
	keys  []string
	needs []string
	later map[string]string // words of the language that come later, and what to say instead today
}

// keys checks the keys of a mapping and answers whether it is one.
func (c *compiler) keys(it *item, s shape) bool {
	if !c.isMap(it, s.name) {
		return false
	}
	for _, e := range it.entries {
		key := e.key.text
		if instead, ok := s.later[key]; ok {
			c.problems.add(e.key.at(), codeNotSupported, key, instead)
		} else if !slices.Contains(s.keys, key) {
			c.problems.suggest(e.key.at(), codeUnknownKey, key, s.keys, key, s.name, strings.Join(s.keys, ", "))
		}
	}
	for _, key := range s.needs {
		if !it.has(key) {
			c.problems.add(it.at(), codeMissingKey, key, s.name)
		}
	}
	return true
}

func textShape() shape { return shape{name: "a text", keys: []string{"zh", "en"}} }

func definitionShape() shape {
	return shape{
		name: "a process definition",
		keys: []string{
			"process", "name", "description", "domain", "covers", "outcomes", "title", "businessKey", "input", "rules",
			"parameters", "anchors", "vars", "tables", "roles", "calendar", "steps", "blocks", "events", "finally",
		},
		needs: []string{"process", "name", "steps"},
		later: map[string]string{
			"schedule": "start the process through the API", "measures": "a record step", "sla": "due, remind and escalate",
		},
	}
}

// stepShape is what every item of a list of steps may hold; what fits a kind or block is checked afterwards.
func stepShape() shape {
	return shape{
		name: "a step",
		keys: []string{
			"id", "name", "uses", "with", "when", "assign", "exclude", "form", "outcomes", "due", "notBefore", "until", "remind",
			"escalate", "on", "redo", "priority", "fields", "checks", "steps", "parallel", "each", "repeat", "end", "goto", "finally",
		},
		later: map[string]string{
			"race": "until on the steps of a parallel, or a wait with both event and until", "join": "a parallel joins all of its steps",
			"sla": "due, remind and escalate", "evidence": "a form field that names the file", "retry": "the kind's own retries",
			"timeout": "due and an escalation with an outcome", "output": "outputs.<step>",
		},
	}
}

func ruleShape() shape {
	return shape{name: "a rule", keys: []string{"field", "must", "message"}, needs: []string{"field", "must"}}
}

func parameterShape() shape {
	return shape{name: "a parameter", keys: []string{"type", "default", "title", "description"}, needs: []string{"type", "default"}}
}

func actionShape() shape {
	return shape{
		name: "what follows an outcome", keys: []string{"goto", "do", "then", "end", "fail"},
		later: map[string]string{"emit": "a child process", "redo": "goto: a step that was finished runs again only if it needs to"},
	}
}

func roleShape() shape {
	return shape{
		name: "a role",
		keys: []string{
			"starter", "user", "group", "post", "leader-of", "level", "actor-of", "role", "field", "expr", "pick", "per", "frozen", "empty",
		},
		later: map[string]string{
			"on-duty": "a post, or a field of the form", "department": "a group", "within": "a group per department", "nearest": "pick: claim",
			"reoffer": "escalate with to", "n": "pick: claim",
			"up-to": "level", "at": "nothing: people are found when the task opens",
		},
	}
}

func roleSources() []string {
	return []string{"starter", "user", "group", "post", "leader-of", "actor-of", "role", "field", "expr"}
}

func remindShape() shape {
	return shape{name: "a reminder", keys: []string{"at", "from", "every", "to"}, later: map[string]string{"until": "reminders end with the task"}}
}

func escalationShape() shape {
	return shape{
		name: "a rung of the escalation", keys: []string{"at", "every", "notify", "to", "outcome"}, needs: []string{"at"},
		later: map[string]string{"reoffer": "to: a group, of which the first claims it"},
	}
}

func eachShape() shape {
	return shape{
		name: "each", keys: []string{"in", "as", "mode"}, needs: []string{"in", "as"},
		later: map[string]string{"items": "a child process per item, started when the item comes"},
	}
}

func repeatShape() shape {
	return shape{
		name: "repeat", keys: []string{"every", "while", "overlap", "max"}, needs: []string{"every"},
		later: map[string]string{
			"at": "every: 1d behind a notBefore with a clock", "on": "every, and when on the step", "window": "notBefore and until of the step",
			"stop": "until: <event>", "stopOn": "until: <event>", "from": "notBefore", "until": "until of the step itself",
		},
	}
}

func eventShape() shape {
	return shape{
		name: "an event",
		keys: []string{
			"title", "by", "form", "set", "propose", "via", "anchor", "correctable", "remind", "default", "then", "end",
		},
		needs: []string{"by"},
		later: map[string]string{"keep": "state it where the event is waited for", "key": "the process id or business key of the API"},
	}
}

func eventThenShape() shape {
	return shape{name: "then", keys: []string{"goto", "do", "then", "end", "redo"}}
}

func eventRemindShape() shape {
	return shape{name: "the reminder of an event", keys: []string{"from", "every", "to"}, needs: []string{"from", "every", "to"}}
}

func tableShape() shape {
	return shape{
		name: "a decision table", keys: []string{"hit", "inputs", "outputs", "rows"}, needs: []string{"inputs", "outputs", "rows"},
		later: map[string]string{"computed": "vars"},
	}
}

func taskShape() shape {
	return shape{
		name: "a task definition",
		keys: []string{
			"task", "name", "description", "parameters", "form", "checks", "outcomes", "due", "remind", "escalate", "priority", "fields",
		},
		needs: []string{"task", "name"},
		later: map[string]string{"evidence": "a form field that names the file", "sla": "due and remind"},
	}
}

func registerShape() shape {
	return shape{name: "a register", keys: []string{"register", "name", "description", "key", "schema"}, needs: []string{"register", "name", "schema"}}
}

// Keywords lists every key that a mapping of the language may have, each once, for documentation and its tests.
func Keywords() []string {
	seen := map[string]bool{}
	for _, s := range []shape{
		definitionShape(), stepShape(), ruleShape(), parameterShape(), actionShape(), roleShape(), remindShape(), escalationShape(),
		eachShape(), repeatShape(), eventShape(), eventThenShape(), eventRemindShape(), tableShape(), taskShape(), registerShape(),
	} {
		for _, key := range s.keys {
			seen[key] = true
		}
	}
	return sortedKeys(seen)
}
