package api

import (
	_ "embed"
	"fmt"
	"net/http"
	"regexp"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

//go:embed openapi.yaml
var contractText []byte

// contract is openapi.yaml as the server uses it: every operation by the route that Echo matched.
type contract struct {
	doc    *openapi3.T
	routes map[string]*routers.Route // by "METHOD /echo/:path"
}

// loadContract reads the embedded contract; an error is a programming error that the tests find.
func loadContract() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(contractText)
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	c := &contract{doc: doc, routes: make(map[string]*routers.Route)}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			c.routes[method+" "+echoPath(path)] = &routers.Route{
				Spec: doc, Path: path, PathItem: item, Method: method, Operation: operation,
			}
		}
	}
	return c, nil
}

// public says whether an operation can be called without sign-in.
func public(r *routers.Route) bool {
	return r.Operation.Security != nil && len(*r.Operation.Security) == 0
}

var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

// echoPath writes a path of the contract as Echo does: {taskId} becomes :taskId.
func echoPath(path string) string { return pathParameter.ReplaceAllString(path, ":$1") }

// changes says whether a method changes something.
func changes(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}
