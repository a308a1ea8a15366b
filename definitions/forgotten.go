package definitions

import (
	"regexp"
	"slices"
	"strings"

	"steward/definitions/expr"
)

// A value without `=` is itself: who forgets the sign has `input.room` shown, stored or reserved instead of the room. This file
// finds such texts.

// reading is the form of what an expression reads: input.room, outputs.a?.data.note.
var reading = regexp.MustCompile(`^[\pL_][\pL\pN_]*(\??\.[\pL_][\pL\pN_]*)+$`)

// forgottenEquals reports the texts in a value that read like an expression. Prose that merely looks so, such as "end." or
// "input.txt", names nothing and is left alone.
func (c *compiler) forgottenEquals(it *item, at scopeAt) {
	if readsLikeExpression(it, at) {
		c.problems.add(it.at(), codeForgottenValue, it.text)
	}
	for _, e := range it.entries {
		c.forgottenEquals(e.value, at)
	}
	for _, e := range it.list {
		c.forgottenEquals(e, at)
	}
}

// readsLikeExpression tells a text that names something which can be read at a place, field by field.
func readsLikeExpression(it *item, at scopeAt) bool {
	if !it.isText() || !reading.MatchString(it.text) {
		return false
	}
	names := strings.Split(strings.ReplaceAll(it.text, "?.", "."), ".")
	t, known := at.Lookup(names[0])
	if !known || t.Kind() != expr.KindObject { // of anything else no names are known
		return false
	}
	for _, name := range names[1:] {
		if t.Kind() == expr.KindAny || t.Kind() == expr.KindMap {
			return true
		}
		if t, known = t.Field(name); !known {
			return false
		}
	}
	return true
}

// beginsWithName tells a dotted text whose first word can be read at a place, or nearly: where an id stands, more is not needed.
func beginsWithName(it *item, at scopeAt) bool {
	if !it.isText() {
		return false
	}
	root, _, dotted := strings.Cut(it.text, ".")
	known := append(at.Names(), "steps", "item", "payload", "before")
	return dotted && slices.Contains(known, strings.TrimSuffix(root, "?"))
}

// resourceKinds are the kinds whose `resource` is an id.
func resourceKinds() []string { return []string{"reserve", "release"} }

// forgottenInWith looks for forgotten signs in the parameters of a step.
func (c *compiler) forgottenInWith(n *Node, with *item, at scopeAt) {
	c.forgottenEquals(with, at)
	if r := with.get("resource"); slices.Contains(resourceKinds(), n.Uses) && beginsWithName(r, at) {
		c.problems.add(r.at(), codeForgottenValue, r.text)
	}
}
