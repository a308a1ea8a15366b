package definitions

import (
	"fmt"
	"strconv"
)

// itemKind is the shape of a value in YAML.
type itemKind string

const (
	nullItem   itemKind = "nothing"
	boolItem   itemKind = "true or false"
	numberItem itemKind = "a number"
	textItem   itemKind = "a text"
	listItem   itemKind = "a list"
	mapItem    itemKind = "a mapping"
)

// item is one value of a YAML text together with its place.
type item struct {
	file    *file
	line    int
	column  int
	path    string
	kind    itemKind
	text    string // of a scalar, as read
	value   any    // of a scalar: nil, bool, int, float64 or string
	entries []entry
	list    []*item
}

// entry is one key of a mapping with its value; key carries the place of the key.
type entry struct {
	key   *item
	value *item
}

func (it *item) at() place {
	if it == nil {
		return place{line: 1, column: 1}
	}
	return place{file: it.file, line: it.line, column: it.column, path: it.path}
}

// get answers the value of a key of a mapping, nil when it is absent.
func (it *item) get(key string) *item {
	if it == nil {
		return nil
	}
	for _, e := range it.entries {
		if e.key.text == key {
			return e.value
		}
	}
	return nil
}

// keyOf answers the place of a key of a mapping, or of the mapping itself.
func (it *item) keyOf(key string) *item {
	for _, e := range it.entries {
		if e.key.text == key {
			return e.key
		}
	}
	return it
}

func (it *item) has(key string) bool { return it.get(key) != nil }

func (it *item) isText() bool { return it != nil && it.kind == textItem }

func (it *item) isMap() bool { return it != nil && it.kind == mapItem }

func (it *item) isList() bool { return it != nil && it.kind == listItem }

// elements answers the items of a list, or the item itself: many keys take "one or several".
func (it *item) elements() []*item {
	switch {
	case it == nil || it.kind == nullItem:
		return nil
	case it.kind == listItem:
		return it.list
	}
	return []*item{it}
}

// plain turns an item into ordinary Go values: map[string]any, []any and scalars.
func (it *item) plain() any {
	if it == nil {
		return nil
	}
	switch it.kind {
	case mapItem:
		m := make(map[string]any, len(it.entries))
		for _, e := range it.entries {
			m[e.key.text] = e.value.plain()
		}
		return m
	case listItem:
		l := make([]any, len(it.list))
		for i, e := range it.list {
			l[i] = e.plain()
		}
		return l
	}
	return it.value
}

// find answers the item at a path of keys and list indexes below it, or the nearest one above.
func (it *item) find(path []string) *item {
	at := it
	for _, p := range path {
		next := at.get(p)
		if i, err := strconv.Atoi(p); err == nil && next == nil && i >= 0 && i < len(at.list) {
			next = at.list[i]
		}
		if next == nil {
			return at
		}
		at = next
	}
	return at
}

func childPath(parent, key string) string {
	if parent == "" {
		return key
	}
	return parent + "." + key
}

func elementPath(parent string, i int) string { return fmt.Sprintf("%s[%d]", parent, i) }
