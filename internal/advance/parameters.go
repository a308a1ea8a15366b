package advance

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"steward/definitions"
	"steward/internal/store"
)

// MaxParameter is how many bytes the value of a house parameter may have: every process keeps all of them in its log.
const MaxParameter = 4000

const parameterPrefix = "parameter/"

// ParameterKey is the key of a house parameter among the settings.
func ParameterKey(definition, name string) string { return parameterPrefix + definition + "/" + name }

// parameterOf is the inverse of ParameterKey.
func parameterOf(key string) (definition, name string, ok bool) {
	return strings.Cut(strings.TrimPrefix(key, parameterPrefix), "/")
}

// HouseParameter is a parameter of the newest version of a definition, and what the house has set for it. One that the house
// has set and the definition does not have (any more) has no Type.
type HouseParameter struct {
	Definition, Name string
	Type             string
	Default          any // JSON value
	Title            definitions.Text

	Set   bool      // the house has a value of its own
	Value any       // that value as JSON, nil when not Set
	By    string    // who set it last
	At    time.Time // when, by Postgres's clock

	Problem string // in English, why Value is of no use, by itself or together with others; "" when there is nothing wrong
}

// ParameterError says which house parameter cannot be set, and why. errors.Is reports store.ErrNotFound when there is no such
// definition or parameter, store.ErrInvalid when the value does not fit.
type ParameterError struct {
	Field string // definition, or parameters.<name>
	Why   string
	kind  error
}

// Error names the field and what is wrong with it.
func (e *ParameterError) Error() string { return e.Field + ": " + e.Why }

// Unwrap answers the kind of the refusal.
func (e *ParameterError) Unwrap() error { return e.kind }

// Parameters answers the house's values for the parameters of a definition, as last read by Refresh.
func (c *Catalog) Parameters(id string) map[string]any {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.parameters[id]
}

func (c *Catalog) readParameters(ctx context.Context) (map[string]map[string]any, error) {
	rows, err := c.store.Settings(ctx, parameterPrefix)
	if err != nil {
		return nil, fmt.Errorf("read house parameters: %w", err)
	}
	parameters := make(map[string]map[string]any)
	for _, row := range rows {
		id, name, ok := parameterOf(row.Key)
		var value any
		if !ok || json.Unmarshal(row.Value, &value) != nil {
			continue
		}
		if parameters[id] == nil {
			parameters[id] = make(map[string]any)
		}
		parameters[id][name] = value
	}
	return parameters, nil
}

// HouseParameters lists the parameters of a definition, or of all of them when id is "": by definition, in the order of its
// source, at the end what the house has set and nothing uses. The error is a *ParameterError when nothing is known of id.
func (c *Catalog) HouseParameters(ctx context.Context, id string) ([]HouseParameter, error) {
	c.Reload()
	refs, err := c.List(ctx)
	if err != nil {
		return nil, err
	}
	set, err := c.setParameters(ctx, id)
	if err != nil {
		return nil, err
	}
	var all []HouseParameter
	known := false
	for _, ref := range refs {
		if id != "" && ref.ID != id {
			continue
		}
		known = true
		def, err := c.Get(ctx, ref.ID, ref.Version)
		if err != nil {
			return nil, err
		}
		all = append(all, housed(def, set)...)
	}
	if id != "" && !known && len(set) == 0 {
		return nil, &ParameterError{Field: "definition", Why: fmt.Sprintf("nothing is published as %q", id), kind: store.ErrNotFound}
	}
	return append(all, unused(set)...), nil
}

// setParameters reads what the house has set, by key.
func (c *Catalog) setParameters(ctx context.Context, id string) (map[string]HouseParameter, error) {
	prefix := parameterPrefix
	if id != "" {
		prefix = ParameterKey(id, "")
	}
	rows, err := c.store.Settings(ctx, prefix)
	if err != nil {
		return nil, fmt.Errorf("read house parameters: %w", err)
	}
	set := make(map[string]HouseParameter, len(rows))
	for _, row := range rows {
		h := HouseParameter{Set: true, By: row.UpdatedBy, At: row.UpdatedAt}
		var ok bool
		if h.Definition, h.Name, ok = parameterOf(row.Key); !ok {
			continue
		}
		if err := json.Unmarshal(row.Value, &h.Value); err != nil {
			return nil, fmt.Errorf("read setting %s: %w", row.Key, err)
		}
		set[row.Key] = h
	}
	return set, nil
}

// housed joins the parameters of a definition with what the house has set for them, and takes that out of set.
func housed(def *definitions.Definition, set map[string]HouseParameter) []HouseParameter {
	all := make([]HouseParameter, len(def.Parameters))
	for i, p := range def.Parameters {
		key := ParameterKey(def.ID, p.Name)
		h := set[key]
		h.Definition, h.Name, h.Type, h.Default, h.Title = def.ID, p.Name, p.Type, p.Default, p.Title
		all[i] = h
		delete(set, key)
	}
	wrong := def.CheckParameters(valuesOf(all))
	for i, h := range all {
		if why, found := problemOf(wrong, h.Name); found {
			all[i].Problem = "no process can be started: " + why.En
		}
	}
	return all
}

// valuesOf answers what the house has set for the parameters that the newest version has.
func valuesOf(all []HouseParameter) map[string]any {
	values := make(map[string]any, len(all))
	for _, h := range all {
		if h.Set && h.Type != "" {
			values[h.Name] = h.Value
		}
	}
	return values
}

// problemOf answers the first problem of a parameter.
func problemOf(wrong []definitions.FieldError, name string) (definitions.FieldError, bool) {
	i := slices.IndexFunc(wrong, func(f definitions.FieldError) bool { return f.Field == name })
	if i < 0 {
		return definitions.FieldError{}, false
	}
	return wrong[i], true
}

// unused lists what was set and no published definition has.
func unused(set map[string]HouseParameter) []HouseParameter {
	rest := make([]HouseParameter, 0, len(set))
	for _, h := range set {
		h.Problem = "without effect: the newest published version has no such parameter"
		rest = append(rest, h)
	}
	slices.SortFunc(rest, func(a, b HouseParameter) int {
		return cmp.Or(cmp.Compare(a.Definition, b.Definition), cmp.Compare(a.Name, b.Name))
	})
	return rest
}

// houseParameter answers one of HouseParameters, and all of them. The error is a *ParameterError when there is none by that name.
func (c *Catalog) houseParameter(ctx context.Context, definition, name string) (one HouseParameter, all []HouseParameter, err error) {
	if all, err = c.HouseParameters(ctx, definition); err != nil {
		return HouseParameter{}, nil, err
	}
	i := slices.IndexFunc(all, func(h HouseParameter) bool { return h.Name == name })
	if i < 0 {
		return HouseParameter{}, nil, unknownParameter(definition, name)
	}
	return all[i], all, nil
}

func unknownParameter(definition, name string) error {
	return &ParameterError{Field: "parameters." + name, Why: definition + " has no such parameter", kind: store.ErrNotFound}
}

// SetParameter gives a parameter the value that text stands for in the house, and answers what it was before. Processes that
// start from now on use it, in every program within about a second; those that run keep theirs. Setting what is set already
// writes nothing. The error is a *ParameterError when the newest version has no such parameter or the value does not fit it, or does
// not fit what else the house has set; nothing is stored then.
func (c *Catalog) SetParameter(ctx context.Context, definition, name, text string, by store.Actor) (before HouseParameter, value any, err error) {
	before, all, err := c.houseParameter(ctx, definition, name)
	if err != nil {
		return before, nil, err
	}
	def, _, err := c.Latest(ctx, definition)
	if err != nil {
		return before, nil, err
	}
	if before.Type == "" || def == nil {
		return before, nil, unknownParameter(definition, name)
	}
	if value, err = parseParameter(def, before, valuesOf(all), text); err != nil {
		return before, nil, err
	}
	if before.Set && reflect.DeepEqual(before.Value, value) {
		return before, value, nil
	}
	stored, err := json.Marshal(value)
	if err != nil {
		return before, nil, fmt.Errorf("write %s of %s: %w", name, definition, err)
	}
	if err := c.store.PutSetting(ctx, ParameterKey(definition, name), stored, by); err != nil {
		return before, nil, fmt.Errorf("set %s of %s: %w", name, definition, err)
	}
	c.Reload()
	return before, value, nil
}

// parseParameter reads text as a value of the parameter's type and checks it against the definition, as one of the house's values.
func parseParameter(def *definitions.Definition, p HouseParameter, house map[string]any, text string) (any, error) {
	refuse := func(why string) error {
		return &ParameterError{Field: "parameters." + p.Name, Why: fmt.Sprintf("%s, not %q", why, short(text)), kind: store.ErrInvalid}
	}
	switch {
	case len(text) > MaxParameter:
		return nil, refuse(fmt.Sprintf("it must have at most %d bytes", MaxParameter))
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return nil, refuse("it must be text in UTF-8")
	}
	var value any = text
	if p.Type == "integer" || p.Type == "number" || p.Type == "boolean" {
		var plain any
		if json.Unmarshal([]byte(text), &plain) == nil { // what is no JSON stays text, and is refused by its type
			value = plain
		}
	}
	house[p.Name] = value
	if wrong, found := problemOf(def.CheckParameters(house), p.Name); found {
		return nil, refuse(wrong.En + example(p.Type, wrong.Code))
	}
	return value, nil
}

// short cuts what a message shows of a value.
func short(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

// example shows how a value of a type is written, where the message of the check does not.
func example(kind, code string) string {
	if code != "type" {
		return ""
	}
	return map[string]string{
		"integer": ", such as 30", "number": ", such as 3.5", "boolean": ": true or false", "time": ", a time expression such as +2wh or -30m",
	}[kind]
}

// UnsetParameter removes the house's value, so that the default counts again for processes that start from now on, and answers
// what was set. When nothing was set it writes nothing. The error is a *ParameterError when neither the newest version nor the
// house knows the parameter, or when what else the house has set would be of no use with the default; nothing is removed then.
func (c *Catalog) UnsetParameter(ctx context.Context, definition, name string, by store.Actor) (HouseParameter, error) {
	before, all, err := c.houseParameter(ctx, definition, name)
	if err != nil || !before.Set {
		return before, err
	}
	if err := c.missed(ctx, before, valuesOf(all)); err != nil {
		return before, err
	}
	err = c.store.DeleteSetting(ctx, ParameterKey(definition, name), by)
	if err != nil && !errors.Is(err, store.ErrNotFound) { // somebody else was faster
		return before, fmt.Errorf("unset %s of %s: %w", name, definition, err)
	}
	c.Reload()
	return before, nil
}

// missed refuses to go without a value on which others rely. What is wrong already is no reason: there is always a way back to the
// defaults.
func (c *Catalog) missed(ctx context.Context, p HouseParameter, house map[string]any) error {
	def, _, err := c.Latest(ctx, p.Definition)
	if err != nil || def == nil {
		return err
	}
	before := def.CheckParameters(house)
	delete(house, p.Name)
	for _, wrong := range def.CheckParameters(house) {
		if _, already := problemOf(before, wrong.Field); !already {
			return &ParameterError{
				Field: "parameters." + wrong.Field, kind: store.ErrInvalid,
				Why: fmt.Sprintf("%s, not %s: change or unset it before %s is unset", wrong.En, short(encode(house[wrong.Field])), p.Name),
			}
		}
	}
	return nil
}
