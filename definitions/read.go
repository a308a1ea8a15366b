package definitions

import (
	"regexp"
	"slices"
	"strings"
)

// isMap reports a problem and answers false when it is not a mapping; what names it in the message.
func (c *compiler) isMap(it *item, what string) bool {
	if it.isMap() {
		return true
	}
	c.wrongType(it, what, mapItem)
	return false
}

func (c *compiler) wrongType(it *item, what string, want itemKind) {
	c.problems.add(it.at(), codeWrongType, what, kindText(want), kindText(it.kindOf()))
}

func (it *item) kindOf() itemKind {
	if it == nil {
		return nullItem
	}
	return it.kind
}

func kindText(k itemKind) Text {
	zh := map[itemKind]string{
		nullItem: "空", boolItem: "true 或 false", numberItem: "数字", textItem: "文本", listItem: "列表", mapItem: "键值映射",
	}[k]
	return Text{Zh: zh, En: string(k)}
}

// list answers the elements of a list; a value that is none is a problem.
func (c *compiler) list(it *item, what string) []*item {
	if it == nil {
		return nil
	}
	if !it.isList() {
		c.wrongType(it, what, listItem)
		return nil
	}
	return it.list
}

// words answers a list of texts; a single text stands for a list of one.
func (c *compiler) words(it *item, what string) []string {
	var out []string
	for _, e := range it.elements() {
		if s := c.word(e, what); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// word answers a text, "" after a problem.
func (c *compiler) word(it *item, what string) string {
	if it == nil {
		return ""
	}
	if !it.isText() {
		c.wrongType(it, what, textItem)
		return ""
	}
	return it.text
}

func (c *compiler) flag(it *item, what string) bool {
	if it == nil {
		return false
	}
	b, ok := it.value.(bool)
	if !ok {
		c.wrongType(it, what, boolItem)
	}
	return b
}

func (c *compiler) whole(it *item, what string, least int) int {
	n, ok := it.value.(int)
	if !ok || n < least {
		c.problems.add(it.at(), codeBadValue, what, it.shown(), Text{Zh: "不小于下限的整数", En: "a whole number, not too small"})
		return least
	}
	return n
}

// shown answers how a message shows a value.
func (it *item) shown() any {
	if it.kindOf() == mapItem || it.kindOf() == listItem || it.kindOf() == nullItem {
		return kindText(it.kindOf())
	}
	return it.text
}

// oneOf answers a text that must be one of a few words.
func (c *compiler) oneOf(it *item, what string, allowed []string) string {
	if it == nil {
		return ""
	}
	if it.isText() && slices.Contains(allowed, it.text) {
		return it.text
	}
	c.problems.suggest(it.at(), codeBadValue, it.text, allowed, what, it.shown(), strings.Join(allowed, ", "))
	return ""
}

// text answers a name or message: one text, or one per language.
func (c *compiler) text(it *item) Text {
	switch {
	case it == nil:
		return Text{}
	case it.isText():
		return Text{Zh: it.text}
	case it.isMap():
		c.keys(it, textShape())
		return Text{Zh: it.get("zh").plainText(), En: it.get("en").plainText()}
	}
	c.wrongType(it, it.path, textItem)
	return Text{}
}

func (it *item) plainText() string {
	if it == nil {
		return ""
	}
	return it.text
}

var (
	idPattern   = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	namePattern = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	slotPattern = regexp.MustCompile(`^(sequence|parallel|each|repeat|step|end|goto)\d+$`)
)

const longestID = 60

// checkID demands lower_snake, which is what an expression can read, and keeps clear of the names of paths.
func (c *compiler) checkID(it *item) bool {
	if idPattern.MatchString(it.text) && !slotPattern.MatchString(it.text) && len(it.text) <= longestID {
		return true
	}
	c.problems.add(it.at(), codeBadID, it.text, snake(it.text))
	return false
}

// snake answers an id near to what was written.
func snake(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r >= 'A' && r <= 'Z':
			if i > 0 {
				b.WriteByte('_')
			}
			b.WriteRune(r - 'A' + 'a')
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' && b.Len() > 0:
			b.WriteRune(r)
		case b.Len() > 0:
			b.WriteByte('_')
		}
	}
	out := strings.Trim(b.String(), "_")
	if out == "" || len(out) > longestID || slotPattern.MatchString(out) {
		return "my_step"
	}
	return out
}

func mapEntries(it *item) []entry {
	if it == nil {
		return nil
	}
	return it.entries
}

func keysOf(it *item) []string {
	var names []string
	for _, e := range mapEntries(it) {
		names = append(names, e.key.text)
	}
	return names
}
