package api

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed docs.html
var docsTemplate string

//go:embed docs.css
var docsStyle []byte

// docsPage is what docs.html shows.
type docsPage struct {
	Title, Version string
	Intro          []string
	Groups         []docsGroup
	Schemas        []docsSchema
}

type docsGroup struct {
	Name, Description string
	Operations        []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Description string
	Public                                 bool
	Parameters                             []docsField
	Body                                   string // name of its schema
	Answers                                []docsAnswer
}

type docsAnswer struct {
	Status, Description, Schema string
}

type docsSchema struct {
	Name, Description, Type string
	Fields                  []docsField
}

type docsField struct {
	Name, In, Type, Description string
	Ref                         string // name of a schema that Type links to
	Required                    bool
}

// renderDocs makes the page once: the contract does not change while the program runs.
func renderDocs(doc *openapi3.T) ([]byte, error) {
	page, err := template.New("docs").Parse(docsTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse docs.html: %w", err)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, docsOf(doc)); err != nil {
		return nil, fmt.Errorf("render docs.html: %w", err)
	}
	return b.Bytes(), nil
}

func docsOf(doc *openapi3.T) docsPage {
	page := docsPage{Title: doc.Info.Title, Version: doc.Info.Version, Intro: strings.Split(strings.TrimSpace(doc.Info.Description), "\n\n")}
	for _, tag := range doc.Tags {
		page.Groups = append(page.Groups, docsGroup{Name: tag.Name, Description: tag.Description, Operations: docsOperations(doc, tag.Name)})
	}
	for _, name := range sortedKeys(doc.Components.Schemas) {
		page.Schemas = append(page.Schemas, docsSchemaOf(name, doc.Components.Schemas[name].Value))
	}
	return page
}

func docsOperations(doc *openapi3.T, tag string) []docsOperation {
	var list []docsOperation
	for _, path := range sortedKeys(doc.Paths.Map()) {
		item := doc.Paths.Value(path)
		for _, method := range sortedKeys(item.Operations()) {
			if op := item.Operations()[method]; slices.Contains(op.Tags, tag) {
				list = append(list, docsOperationOf(method, path, item, op))
			}
		}
	}
	return list
}

func docsOperationOf(method, path string, item *openapi3.PathItem, op *openapi3.Operation) docsOperation {
	view := docsOperation{
		ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, Description: op.Description,
		Public: op.Security != nil && len(*op.Security) == 0,
	}
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		f := docsFieldOf(p.Value.Name, p.Value.Schema, p.Value.Required)
		f.In, f.Description = p.Value.In, p.Value.Description
		view.Parameters = append(view.Parameters, f)
	}
	if op.RequestBody != nil {
		view.Body = contentSchema(op.RequestBody.Value.Content)
	}
	for _, status := range sortedKeys(op.Responses.Map()) {
		r := op.Responses.Value(status).Value
		view.Answers = append(view.Answers, docsAnswer{Status: status, Description: *r.Description, Schema: contentSchema(r.Content)})
	}
	return view
}

func contentSchema(content openapi3.Content) string {
	for _, media := range content {
		return refName(media.Schema)
	}
	return ""
}

func refName(ref *openapi3.SchemaRef) string {
	if ref == nil {
		return ""
	}
	return strings.TrimPrefix(ref.Ref, "#/components/schemas/")
}

func docsSchemaOf(name string, schema *openapi3.Schema) docsSchema {
	view := docsSchema{Name: name, Description: schema.Description, Type: typeText(schema)}
	for _, part := range append(schema.AllOf, &openapi3.SchemaRef{Value: schema}) {
		for _, field := range sortedKeys(part.Value.Properties) {
			view.Fields = append(view.Fields, docsFieldOf(field, part.Value.Properties[field], slices.Contains(part.Value.Required, field)))
		}
	}
	return view
}

func docsFieldOf(name string, ref *openapi3.SchemaRef, required bool) docsField {
	f := docsField{Name: name, Required: required, Ref: refName(ref), Type: refName(ref), Description: ref.Value.Description}
	if f.Ref != "" {
		return f
	}
	f.Type = typeText(ref.Value)
	if items := ref.Value.Items; items != nil {
		f.Ref, f.Type = refName(items), "list of "+orDefault(refName(items), typeText(items.Value))
	}
	return f
}

// typeText says what values a schema takes.
func typeText(schema *openapi3.Schema) string {
	text := "any"
	if schema.Type != nil {
		text = strings.Join(schema.Type.Slice(), " or ")
	} else if len(schema.AllOf) > 0 {
		text = "object"
	}
	if schema.Format != "" {
		text += " (" + schema.Format + ")"
	}
	if len(schema.Enum) > 0 {
		text = "one of " + joined(schema.Enum)
	}
	if schema.Min != nil && schema.Max != nil {
		text += fmt.Sprintf(", %v to %v", *schema.Min, *schema.Max)
	}
	if schema.MaxLength != nil {
		text += fmt.Sprintf(", at most %d characters", *schema.MaxLength)
	}
	if schema.Default != nil {
		text += fmt.Sprintf(", %v when absent", schema.Default)
	}
	return text
}

// GetDocs answers the contract as a page.
func (s *Server) GetDocs(context.Context, GetDocsRequestObject) (GetDocsResponseObject, error) {
	return GetDocs200TextHTMLResponse{Body: bytes.NewReader(s.docs), ContentLength: int64(len(s.docs))}, nil
}

// GetDocsStyle answers the style of the page; the security policy forbids styles inside it.
func (s *Server) GetDocsStyle(context.Context, GetDocsStyleRequestObject) (GetDocsStyleResponseObject, error) {
	return GetDocsStyle200TextCSSResponse{Body: bytes.NewReader(docsStyle), ContentLength: int64(len(docsStyle))}, nil
}

// GetContract answers the contract.
func (s *Server) GetContract(context.Context, GetContractRequestObject) (GetContractResponseObject, error) {
	return GetContract200ApplicationYamlResponse{Body: bytes.NewReader(contractText), ContentLength: int64(len(contractText))}, nil
}
