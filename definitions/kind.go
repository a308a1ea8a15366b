package definitions

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"steward/definitions/expr"
)

// Kind describes a task kind: what `uses: <name>` means to the compiler and to editors. How it behaves is registered
// beside it by workflows/engine (kinds that wait for people) or activities (automated kinds).
type Kind struct {
	Name     string
	Title    Text
	Doc      Text
	Human    bool                 // people do it: it takes assign, form, due, remind, escalate
	Outcomes []string             // the outcomes it can have; the default of `outcomes` when Free
	Free     bool                 // a step may name its own outcomes
	Params   any                  // zero value of the parameter struct; its JSON Schema is derived and checked at lint time
	Open     bool                 // further parameters are allowed (they are shown to the person)
	Output   map[string]expr.Type // the fields of outputs.<step>.data, besides those of a form
}

// Registry holds the task kinds that an installation knows. It is filled at start and only read afterwards.
type Registry struct {
	kinds map[string]Kind
}

// NewRegistry makes a registry of kinds and panics on a duplicate or nameless kind, which is a programming error.
func NewRegistry(kinds ...Kind) *Registry {
	r := &Registry{kinds: make(map[string]Kind, len(kinds))}
	for _, k := range kinds {
		if err := r.Add(k); err != nil {
			panic(err)
		}
	}
	return r
}

// Add registers one more kind; it refuses a kind without name or outcomes and a name that is taken.
func (r *Registry) Add(k Kind) error {
	if k.Name == "" || len(k.Outcomes) == 0 {
		return fmt.Errorf("kind %q: a kind needs a name and at least one outcome", k.Name)
	}
	if _, taken := r.kinds[k.Name]; taken {
		return fmt.Errorf("kind %q is registered twice", k.Name)
	}
	r.kinds[k.Name] = k
	return nil
}

// Kind answers the kind called name.
func (r *Registry) Kind(name string) (Kind, bool) {
	k, ok := r.kinds[name]
	return k, ok
}

// Names lists the kinds in alphabetical order.
func (r *Registry) Names() []string {
	names := make([]string, 0, len(r.kinds))
	for n := range r.kinds {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Schema derives the JSON Schema of the kind's parameters from their struct. It fails when the struct has a field that
// JSON cannot hold, which is a programming error.
func (k Kind) Schema() (map[string]any, error) {
	if k.Params == nil {
		return map[string]any{"type": "object", "properties": map[string]any{}}, nil
	}
	derived, err := jsonschema.ForType(reflect.TypeOf(k.Params), &jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[time.Time](): {Type: "string", Format: "date-time"},
	}})
	if err != nil {
		return nil, fmt.Errorf("parameters of kind %q: %w", k.Name, err)
	}
	text, err := json.Marshal(derived)
	if err != nil {
		return nil, fmt.Errorf("parameters of kind %q: %w", k.Name, err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		return nil, fmt.Errorf("parameters of kind %q: %w", k.Name, err)
	}
	return withoutBooleans(schema), nil
}

// withoutBooleans writes the schema of a property of any type, which is derived as true, as a schema without keywords.
func withoutBooleans(schema map[string]any) map[string]any {
	props, _ := schema["properties"].(map[string]any)
	for name, p := range props {
		if p == true {
			props[name] = map[string]any{}
		}
	}
	return schema
}
