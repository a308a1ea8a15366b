package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/web"
)

func get(t *testing.T, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// addresses answers the files that the page loads itself: those in its HTML, and the modules that these import.
func addresses(t *testing.T, h http.Handler) []string {
	t.Helper()
	var list []string
	for _, match := range regexp.MustCompile(`(?:href|src)="(/start/[^"]+)"`).FindAllStringSubmatch(get(t, h, "/").Body.String(), -1) {
		list = append(list, match[1])
	}
	return list
}

func TestHandlerServesThePageAndItsFiles(t *testing.T) {
	t.Parallel()
	h := web.Handler()

	page := get(t, h, "/")
	require.Equal(t, http.StatusOK, page.Code)
	require.Equal(t, "text/html; charset=utf-8", page.Header().Get("Content-Type"))
	require.Equal(t, "no-cache", page.Header().Get("Cache-Control"))
	require.NotContains(t, page.Body.String(), "{{")

	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	list := addresses(t, h)
	require.Len(t, list, 3)
	for _, address := range list {
		w := get(t, h, address)
		require.Equal(t, http.StatusOK, w.Code, address)
		require.Equal(t, types[address[strings.LastIndex(address, "."):]], w.Header().Get("Content-Type"))
		require.Equal(t, "public, max-age=31536000, immutable", w.Header().Get("Cache-Control"))
		require.NotZero(t, w.Body.Len(), address)
	}
}

func TestHandlerServesEveryImportedModule(t *testing.T) {
	t.Parallel()
	h := web.Handler()
	base := ""
	for _, address := range addresses(t, h) {
		base = address[:strings.LastIndex(address, "/")+1]
	}
	seen := map[string]bool{}
	imports := regexp.MustCompile(`(?m)^import .* from "(\.[^"]+)";$`)
	var visit func(address string)
	visit = func(address string) {
		if seen[address] {
			return
		}
		seen[address] = true
		w := get(t, h, base+address)
		require.Equal(t, http.StatusOK, w.Code, address)
		for _, match := range imports.FindAllStringSubmatch(w.Body.String(), -1) {
			visit(resolved(address, match[1]))
		}
	}
	visit("app.js")
	for _, script := range scripts(t) {
		require.True(t, seen[script.name], "%s is imported by nothing: delete it", script.name)
	}
}

func TestHandlerAnswersNotModified(t *testing.T) {
	t.Parallel()
	h := web.Handler()
	for _, address := range append(addresses(t, h), "/", "/start/demo.json") {
		etag := get(t, h, address).Header().Get("ETag")
		require.Regexp(t, `^"[0-9a-f]{32}"$`, etag)

		again := get(t, h, address, "If-None-Match", etag)
		require.Equal(t, http.StatusNotModified, again.Code, address)
		require.Zero(t, again.Body.Len())
		require.NotEmpty(t, again.Header().Get("Content-Security-Policy"))

		other := get(t, h, address, "If-None-Match", `"another"`)
		require.Equal(t, http.StatusOK, other.Code, address)
	}
}

func TestHandlerProtectsEveryAnswer(t *testing.T) {
	t.Parallel()
	h := web.Handler()
	for _, address := range append(addresses(t, h), "/", "/start/demo.json", "/nothing") {
		header := get(t, h, address).Header()
		require.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'", header.Get("Content-Security-Policy"), address)
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), address)
		require.Equal(t, "same-origin", header.Get("Referrer-Policy"), address)
		require.Equal(t, "DENY", header.Get("X-Frame-Options"), address)
	}
}

func TestHandlerRefusesWhatItDoesNotHave(t *testing.T) {
	t.Parallel()
	h := web.Handler()
	version := strings.Split(addresses(t, h)[0], "/")[2]
	for _, address := range []string{
		"/index.html", "/start/", "/start/app.js", "/start/0000000000000000/app.js", "/start/" + version + "/", "/start/" + version + "/index.html",
		"/start/" + version + "/package.json", "/start/" + version + "/../../handler.go", "/start/" + version + "/views/",
	} {
		require.Equal(t, http.StatusNotFound, get(t, h, address).Code, address)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/", strings.NewReader("x")))
		require.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
		require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodHead, "/", nil))
	require.Equal(t, http.StatusOK, w.Code)
	require.Zero(t, w.Body.Len())
}

func TestHandlerOffersDemoPeopleOnlyWhenTold(t *testing.T) {
	t.Parallel()
	type offer struct {
		People []web.DemoPerson `json:"people"`
	}
	read := func(h http.Handler) offer {
		w := get(t, h, "/start/demo.json")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		require.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
		var o offer
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &o))
		return o
	}
	none := read(web.Handler())
	require.NotNil(t, none.People, "an empty list, not null")
	require.Empty(t, none.People)

	person := web.DemoPerson{ID: "aming", Name: web.Text{Zh: "阿明", En: "A Ming"}, Note: web.Text{Zh: "会议办公室"}, Password: "a <b> & c"}
	require.Equal(t, []web.DemoPerson{person}, read(web.Handler(web.WithDemoPeople(person))).People)
}
