package api

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"steward/definitions"
	"steward/definitions/expr"
)

// published is one version of a definition.
type published struct {
	*definitions.Definition
	version int
}

// ListDefinitions answers the newest version of every definition.
func (s *Server) ListDefinitions(ctx context.Context, _ ListDefinitionsRequestObject) (ListDefinitionsResponseObject, error) {
	refs, err := s.catalog.List(ctx)
	if err != nil {
		return nil, err
	}
	list := DefinitionList{Items: make([]DefinitionSummary, len(refs))}
	for i, ref := range refs {
		def, err := s.catalog.Get(ctx, ref.ID, ref.Version)
		if err != nil {
			return nil, err
		}
		list.Items[i] = definitionSummary(published{def, ref.Version})
	}
	return ListDefinitions200JSONResponse(list), nil
}

// GetDefinition answers one definition with everything that a client needs to start and draw it.
func (s *Server) GetDefinition(ctx context.Context, r GetDefinitionRequestObject) (GetDefinitionResponseObject, error) {
	p, err := s.published(ctx, r.DefinitionID, int(r.Params.Version))
	if err != nil {
		return nil, err
	}
	return GetDefinition200JSONResponse(definitionView(p)), nil
}

// published answers a version of a definition; 0 is the newest.
func (s *Server) published(ctx context.Context, id string, version int) (published, error) {
	if version != 0 {
		def, err := s.catalog.Get(ctx, id, version)
		return published{def, version}, err
	}
	def, ref, err := s.catalog.Latest(ctx, id)
	if err == nil && def == nil {
		err = fail(codeNotFound)
	}
	return published{def, ref.Version}, err
}

func definitionSummary(d published) DefinitionSummary {
	return DefinitionSummary{
		ID: d.ID, Version: d.version, Digest: d.Digest, Name: Text(d.Name), Description: Text(d.Description), Domain: d.Domain,
		Outcomes: orEmpty(d.Outcomes),
	}
}

func definitionView(d published) Definition {
	sum := definitionSummary(d)
	view := Definition{
		ID: sum.ID, Version: sum.Version, Digest: sum.Digest, Name: sum.Name, Description: sum.Description, Domain: sum.Domain,
		Outcomes: sum.Outcomes, Input: schemaView(d.Input), Parameters: make([]Parameter, len(d.Parameters)),
		Steps: definitionSteps(d.Root), Finally: definitionSteps(d.Finally), Blocks: []DefinitionStep{}, Events: []DefinitionEvent{},
	}
	for i, param := range d.Parameters {
		view.Parameters[i] = Parameter{Name: param.Name, Type: param.Type, Default: param.Default, Title: Text(param.Title)}
	}
	for _, name := range sortedKeys(d.Blocks) {
		block := definitionStep(d.Blocks[name])
		block.ID = name
		view.Blocks = append(view.Blocks, block)
	}
	for _, e := range d.Events {
		view.Events = append(view.Events, DefinitionEvent{Name: e.Name, Title: eventTitle(e), Schema: schemaView(e.Schema)})
	}
	return view
}

func definitionSteps(root *definitions.Node) []DefinitionStep {
	steps := []DefinitionStep{}
	if root == nil {
		return steps
	}
	for _, n := range root.Children {
		steps = append(steps, definitionStep(n))
	}
	return steps
}

func definitionStep(n *definitions.Node) DefinitionStep {
	step := DefinitionStep{Path: n.Path, ID: n.ID, Kind: StepKind(n.Kind), Uses: n.Uses, Name: plainName(n, filling{}), Outcomes: n.Outcomes}
	for _, c := range n.Children {
		step.Children = append(step.Children, definitionStep(c))
	}
	return step
}

func eventTitle(e *definitions.Event) Text {
	if e.Title == (definitions.Text{}) {
		return Text{Zh: e.Name, En: e.Name}
	}
	return Text(e.Title)
}

// schemaView shows a schema; x-order lists its properties as the definition does, which JSON does not keep.
func schemaView(s *definitions.Schema) JSONSchema {
	if s == nil {
		return nil
	}
	view := maps.Clone(s.Raw)
	if _, given := view["x-order"]; !given && len(s.Fields) > 0 {
		order := make([]string, len(s.Fields))
		for i, f := range s.Fields {
			order[i] = f.Name
		}
		view["x-order"] = order
	}
	return JSONSchema(view)
}

// plainName is the name of a node that is not open, as far as it can be told: a template is filled from the input, and
// what is not known yet is shown as an ellipsis.
func plainName(n *definitions.Node, with filling) Text {
	name := Text{Zh: with.fill(n.Name.Zh, langZh), En: with.fill(n.Name.En, langEn)}
	if name != (Text{}) {
		return name
	}
	if n.Task != nil && n.Task.Name != (definitions.Text{}) {
		return Text(n.Task.Name)
	}
	if (n.Each != nil || n.Repeat != nil) && len(n.Children) == 1 { // what is repeated has the name
		if body := plainName(n.Children[0], with); body != (Text{}) {
			return body
		}
	}
	return Text{Zh: n.ID, En: n.ID}
}

var placeholder = regexp.MustCompile(`\{\{[^}]*\}\}`)

// filling is what names of steps that have not opened are filled with: nothing as long as there is no process.
type filling struct {
	def   *definitions.Definition
	input any
	names *nameBook
}

func (f filling) fill(t *expr.Template, lang string) string {
	if t == nil {
		return ""
	}
	onlyInput := !slices.ContainsFunc(t.References(), func(p expr.Path) bool { return p[0] != "input" })
	if onlyInput && (f.input != nil || len(t.References()) == 0) {
		env := expr.Env{Values: map[string]any{"input": f.input}, NameOf: func(path expr.Path, text string) string { return f.nameOf(path, text, lang) }}
		if text, err := t.Render(env); err == nil {
			return text
		}
	}
	return strings.TrimSpace(placeholder.ReplaceAllString(t.Source(), "…"))
}

// nameOf calls resources by their names, as the engine does in the texts that it makes.
func (f filling) nameOf(path expr.Path, text, lang string) string {
	if text == "" || f.def.ResourceOf(path) == "" {
		return text
	}
	return in(f.names.resource(text), lang)
}
