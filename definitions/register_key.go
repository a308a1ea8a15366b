package definitions

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// KeyText answers how a value is written in the key of a register's entry, and whether it can stand there: nothing, an empty text,
// a list and an object identify no entry. Numbers are written in digits, times as RFC 3339 in UTC.
func KeyText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, v != ""
	case bool:
		return strconv.FormatBool(v), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case uint64:
		return strconv.FormatUint(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), true
	case time.Duration:
		return v.String(), true
	}
	return "", false
}

// KeyOf answers the key of an entry with these fields, "" when the register identifies none. Several key fields are joined by "/";
// "~" and "/" within them are then written "~0" and "~1", so that no two entries with different fields share a key. The error names
// the field that is missing.
func (r *Register) KeyOf(entry map[string]any) (string, error) {
	if r == nil || len(r.Key) == 0 {
		return "", nil
	}
	parts := make([]string, len(r.Key))
	for i, field := range r.Key {
		text, ok := KeyText(entry[field])
		if !ok {
			return "", fmt.Errorf("register %s: its entries are found by %s, and this entry has no text, number or time there: give entry.%s a value, "+
				"or the step a key", r.Name, strings.Join(r.Key, ", "), field)
		}
		parts[i] = text
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for i := range parts {
		parts[i] = escape.Replace(parts[i])
	}
	return strings.Join(parts, "/"), nil
}
