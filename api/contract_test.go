package api

import (
	"bytes"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestContractIsValid(t *testing.T) {
	t.Parallel()
	c, err := loadContract()
	require.NoError(t, err)
	require.NoError(t, c.doc.Validate(t.Context()))
}

func TestGeneratedCodeIsUpToDate(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "gen.go")
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile=tools.mod", "oapi-codegen", "-config", "oapi-codegen.yaml", "-o", out, "openapi.yaml")
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, string(said))
	fresh, err := os.ReadFile(out)
	require.NoError(t, err)
	committed, err := os.ReadFile("gen.go")
	require.NoError(t, err)
	require.True(t, bytes.Equal(fresh, committed), "gen.go does not follow from openapi.yaml, run: go generate ./api")
}

// TestEveryCommandNeedsAKey pins the rule that whatever changes a process or a task is idempotent by key.
func TestEveryCommandNeedsAKey(t *testing.T) {
	t.Parallel()
	c, err := loadContract()
	require.NoError(t, err)
	for key, route := range c.routes {
		byPath := strings.HasPrefix(route.Path, "/api/v1/processes") || strings.HasPrefix(route.Path, "/api/v1/tasks")
		has := route.Operation.Parameters.GetByInAndName("header", "Idempotency-Key") != nil
		require.Equal(t, changes(route.Method) && byPath, has, key)
	}
}

// TestBodiesAreClosed pins that a misspelt field is refused and never silently dropped.
func TestBodiesAreClosed(t *testing.T) {
	t.Parallel()
	c, err := loadContract()
	require.NoError(t, err)
	for key, route := range c.routes {
		if route.Operation.RequestBody == nil {
			continue
		}
		schema := route.Operation.RequestBody.Value.Content["application/json"].Schema.Value
		require.NotNil(t, schema.AdditionalProperties.Has, key)
		require.False(t, *schema.AdditionalProperties.Has, key)
	}
}

func TestEveryOperationHasAPermission(t *testing.T) {
	t.Parallel()
	c, err := loadContract()
	require.NoError(t, err)
	rows, err := loadPermissions()
	require.NoError(t, err)
	_, err = joinOperations(c, rows)
	require.NoError(t, err)

	missing := maps.Clone(rows)
	delete(missing, "getTask")
	_, err = joinOperations(c, missing)
	require.ErrorContains(t, err, "getTask has no row")

	spare := maps.Clone(rows)
	spare["getNothing"] = permission{Who: who{word: whoAnyone}}
	_, err = joinOperations(c, spare)
	require.ErrorContains(t, err, "rows for operations")

	open := maps.Clone(rows)
	open["getMe"] = permission{Who: who{word: whoAnyone}}
	_, err = joinOperations(c, open)
	require.ErrorContains(t, err, "disagree about sign-in")
}

// TestNothingButHealthAndSignInIsOpen pins what can be asked without sign-in.
func TestNothingButHealthAndSignInIsOpen(t *testing.T) {
	t.Parallel()
	rows, err := loadPermissions()
	require.NoError(t, err)
	var open []string
	for operation, row := range rows {
		if row.Who.word == whoAnyone {
			open = append(open, operation)
		}
	}
	slices.Sort(open)
	require.Equal(t, []string{"getHealth", "getReadiness", "signIn"}, open)
}

func TestPermissionRowsAreChecked(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]permission{
		"nobody":             {Scope: scopeRead},
		"scope":              {Who: who{word: whoSignedIn}},
		"unknown scope":      {Who: who{word: whoSignedIn}, Scope: "all"},
		"relation of what":   {Who: who{relations: []relation{starter}}, Scope: scopeRead},
		"signed-in of what":  {Who: who{word: whoSignedIn}, Of: ofTask, Scope: scopeRead},
		"of something else":  {Who: who{relations: []relation{starter}}, Of: "room", Scope: scopeRead},
		"unknown word":       {Who: who{word: "everybody"}, Scope: scopeRead},
		"word and relations": {Who: who{word: "everybody", relations: []relation{starter}}, Scope: scopeRead},
	} {
		require.Error(t, row.check(), name)
	}
	var w who
	require.Error(t, w.UnmarshalYAML([]byte("[starter, stranger]")))
}

// TestEveryCodeHasItsText reads the constants of codes.go, so that a new code cannot be forgotten in problems.yaml.
func TestEveryCodeHasItsText(t *testing.T) {
	t.Parallel()
	kinds, err := loadProblemKinds()
	require.NoError(t, err)
	source, err := os.ReadFile("codes.go")
	require.NoError(t, err)
	codes := regexp.MustCompile(`(?m)^\tcode\w+\s+= "(\w+)"$`).FindAllStringSubmatch(string(source), -1)
	require.Greater(t, len(codes), 20)
	for _, c := range codes {
		k, ok := kinds.Requests[c[1]]
		if !ok {
			k, ok = kinds.Refusals[c[1]]
		}
		require.True(t, ok, "problems.yaml lacks %s", c[1])
		require.NotEmpty(t, k.Title.Zh, c[1])
		require.NotEmpty(t, k.Title.En, c[1])
	}
	for _, list := range []map[string]kind{kinds.Requests, kinds.Refusals} {
		for code, k := range list {
			require.True(t, k.Status >= 400 && k.Status < 600, code)
			require.NotEqual(t, Text{}, k.Title, code)
		}
	}
}

func TestContractAndReaderAreServed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	doc := h.as(theOutsider, "GET", "/api/openapi.yaml", nil)
	require.Equal(t, http.StatusOK, doc.status)
	require.Equal(t, contractText, doc.body)

	page := h.as(theOutsider, "GET", "/api/docs", nil)
	require.Equal(t, http.StatusOK, page.status)
	require.Contains(t, page.header.Get("Content-Type"), "text/html")
	html := string(page.body)
	c, err := loadContract()
	require.NoError(t, err)
	for _, route := range c.routes {
		require.Contains(t, html, `<h3 id="`+route.Operation.OperationID+`">`)
		require.Contains(t, html, route.Method+" "+route.Path)
	}
	for name := range c.doc.Components.Schemas {
		require.Contains(t, html, `<h3 id="schema-`+name+`">`)
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(html, -1) {
		require.Contains(t, html, `id="`+link[1]+`"`, "a link of the page leads nowhere")
	}
	require.NotContains(t, html, "<script")
	require.NotRegexp(t, `(src|href)="https?:`, html)
}
