package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"steward/definitions"
	"steward/internal/app"
	"steward/internal/calendar"
	"steward/workflows/engine"
	"steward/workflows/simulate"
)

// SimulateCmd is `steward simulate`.
type SimulateCmd struct {
	File       string   `arg:"" help:"A definition (.yaml), or the id of a process of the built-in library."`
	Input      []string `short:"i" sep:"none" placeholder:"K=V" help:"One field of the input; may be repeated. Numbers, true, false and JSON are read as such."`
	InputFile  string   `placeholder:"FILE" help:"The input, as YAML or JSON."`
	Parameter  []string `sep:"none" placeholder:"K=V" help:"A parameter that differs from its default; may be repeated."`
	People     string   `default:"fast" placeholder:"PROFILE" help:"How people act: fast, slow, absent or rejecting."`
	PeopleFile string   `placeholder:"FILE" help:"Model people, groups and posts, as YAML; who is not in it is invented."`
	Starter    string   `default:"starter" placeholder:"USER" help:"Who starts the process."`
	Start      string   `placeholder:"TIME" help:"When it starts, on the clock of its calendar: \"2026-03-02 09:00\". The present time unless given."`
	Script     string   `placeholder:"FILE" help:"What people do otherwise, and events, as YAML."`
	Days       int      `default:"400" help:"Most days of virtual time."`
	MaxEvents  int      `default:"10000" help:"Most decisions."`
	Format     string   `enum:"text,json" default:"text" help:"Form of the answer: text or json."`
	Lang       string   `enum:"zh,en" default:"en" help:"Language of the timeline: zh or en."`
}

// Run rehearses the process and prints its timeline. It ends with 1 when the process could not be started or a decision
// failed.
func (c *SimulateCmd) Run(ctx context.Context, out io.Writer) error {
	o, err := c.options(ctx)
	if err != nil {
		return err
	}
	t, err := simulate.Run(ctx, o)
	var refusal *engine.Refusal
	if errors.As(err, &refusal) {
		return &ExitError{Code: exitFailed, Message: refusedStart(o.Definition.ID, refusal, c.Lang)}
	}
	if err != nil {
		return err
	}
	if c.Format == "json" {
		err = printJSON(out, t)
	} else {
		err = t.Render(out, c.Lang)
	}
	if err == nil && len(t.Summary.Faults) > 0 {
		return &ExitError{Code: exitFailed}
	}
	return err
}

// refusedStart says in one sentence why a process cannot be started.
func refusedStart(id string, r *engine.Refusal, lang string) string {
	var fields []string
	for _, f := range r.Fields {
		fields = append(fields, definitions.Text{Zh: f.Field + "：" + f.Zh, En: f.Field + ": " + f.En}.In(lang))
	}
	if len(fields) == 0 {
		fields = []string{r.Message.In(lang)}
	}
	return fmt.Sprintf("%s cannot be started: %s", id, strings.Join(fields, "; "))
}

func (c *SimulateCmd) options(ctx context.Context) (simulate.Options, error) {
	var o simulate.Options
	s, err := definitionOf(ctx, c.File)
	if err != nil {
		return o, err
	}
	lib := simulate.NewLibrary(s.fsys, app.Kinds()).Under(s.root)
	def, err := lib.File(s.paths[0])
	if err != nil {
		return o, err
	}
	o = simulate.Options{
		Definition: def, Child: lib.Process, Starter: c.Starter,
		Bounds: simulate.Bounds{Events: c.MaxEvents, Span: time.Duration(c.Days) * 24 * time.Hour},
	}
	if c.Days < 1 || c.Days > 36_500 || c.MaxEvents < 1 {
		return o, misused("--days takes 1 to 36500, --max-events at least 1")
	}
	if o.People.Default, err = simulate.ParseProfile(c.People); err != nil {
		return o, misused("--people: %s", err)
	}
	if o.Start, err = c.start(def); err != nil {
		return o, err
	}
	if err := c.read(lib, &o); err != nil {
		return o, err
	}
	return o, nil
}

// start answers when the process begins: as given, else now.
func (c *SimulateCmd) start(def *definitions.Definition) (time.Time, error) {
	if c.Start == "" {
		return time.Now().UTC().Truncate(time.Minute), nil
	}
	name := def.Calendar
	if name == "" {
		name = "cn"
	}
	cal, err := calendar.Bundled(name)
	if err != nil {
		return time.Time{}, err
	}
	at, err := simulate.ParseClock(c.Start, cal.Location())
	if err != nil {
		return at, misused("--start: %s", err)
	}
	return at, nil
}

// read reads the files and fields of the command line.
func (c *SimulateCmd) read(lib *simulate.Library, o *simulate.Options) error {
	if c.PeopleFile != "" {
		text, err := readFile("--people-file", c.PeopleFile)
		if err != nil {
			return err
		}
		if o.House, err = simulate.ParseHouse(c.PeopleFile, text); err != nil {
			return &ExitError{Code: exitUsage, Message: err.Error()}
		}
	}
	if c.Script != "" {
		text, err := readFile("--script", c.Script)
		if err != nil {
			return err
		}
		if o.Script, err = simulate.ParseScript(c.Script, text); err == nil {
			err = lib.CheckScript(o.Definition, o.Script)
		}
		if err != nil {
			return &ExitError{Code: exitUsage, Message: err.Error()}
		}
	}
	return c.readInput(o)
}

func (c *SimulateCmd) readInput(o *simulate.Options) error {
	o.Input = map[string]any{}
	if c.InputFile != "" {
		text, err := readFile("--input-file", c.InputFile)
		if err != nil {
			return err
		}
		if err := yaml.Unmarshal(text, &o.Input); err != nil {
			return misused("--input-file: %s is no YAML or JSON object: %s", c.InputFile, firstLine(err.Error()))
		}
	}
	input, err := pairs("--input", c.Input, textFields(o.Definition.Input))
	if err != nil {
		return err
	}
	maps.Copy(o.Input, input)
	o.Parameters, err = c.parameters(o.Definition)
	return err
}

func (c *SimulateCmd) parameters(def *definitions.Definition) (map[string]any, error) {
	texts := []string{}
	for _, p := range def.Parameters {
		if p.Type != "integer" && p.Type != "number" && p.Type != "boolean" {
			texts = append(texts, p.Name)
		}
	}
	values, err := pairs("--parameter", c.Parameter, texts)
	if err != nil {
		return nil, err
	}
	if err := simulate.CheckParameters(def, values); err != nil {
		return nil, misused("--parameter: %s", err)
	}
	return values, nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// readFile reads a file that a flag or command was given; one that cannot be read is a mistake on the command line.
func readFile(flag, name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, misused("%s: %s does not exist", flag, name)
	case err != nil:
		return nil, misused("%s: %s", flag, err)
	}
	return text, nil
}

// textFields lists the fields of a schema that hold texts: their values stay as written.
func textFields(s *definitions.Schema) []string {
	if s == nil {
		return nil
	}
	var names []string
	props, _ := s.Raw["properties"].(map[string]any)
	for name, p := range props {
		if field, _ := p.(map[string]any); field["type"] == "string" {
			names = append(names, name)
		}
	}
	return names
}

// pairs reads k=v. What is not the name of a text is read as JSON if it can be.
func pairs(flag string, list, asText []string) (map[string]any, error) {
	values := make(map[string]any, len(list))
	for _, pair := range list {
		key, text, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, misused("%s %q: write it as name=value", flag, pair)
		}
		var v any
		if slices.Contains(asText, key) || json.Unmarshal([]byte(text), &v) != nil {
			v = text
		}
		values[key] = v
	}
	return values, nil
}
