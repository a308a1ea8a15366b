package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed start/*.html start/*.css start/*.js start/*.svg start/views/*.js
var files embed.FS

const (
	// folder holds the page's files; prefix is where they are served, followed by their version.
	folder = "start"
	prefix = "/start/"

	index      = "index.html"
	demoPeople = prefix + "demo.json"

	// versionMark stands in index.html for the version of the files, so that all of them but the page itself may be
	// kept by browsers for good: another version has other addresses.
	versionMark = "{{version}}"

	policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

	keepForGood = "public, max-age=31536000, immutable"
	askAgain    = "no-cache"
)

// Text is a name in the two languages of the page.
type Text struct {
	Zh string `json:"zh,omitempty"`
	En string `json:"en,omitempty"`
}

// DemoPerson is an account that the sign-in page offers to everybody, with its password.
type DemoPerson struct {
	ID       string `json:"id"`
	Name     Text   `json:"name"`
	Note     Text   `json:"note"` // what the person does in the house, for example their group
	Password string `json:"password"`
}

// Option changes what Handler serves.
type Option func(*pages)

// WithDemoPeople offers accounts on the sign-in page. Their passwords are shown to everybody who can reach the server:
// give it only when the operator has asked for demo data.
func WithDemoPeople(people ...DemoPerson) Option {
	return func(p *pages) { p.people = append(p.people, people...) }
}

// Handler serves the page at "/", its files below "/start/" and 404 for everything else. It is safe for concurrent use.
func Handler(options ...Option) http.Handler {
	p := &pages{people: []DemoPerson{}, answers: make(map[string]answer)}
	for _, option := range options {
		option(p)
	}
	p.load()
	return p
}

// pages are the answers by path, ready to be sent.
type pages struct {
	people  []DemoPerson
	answers map[string]answer
}

type answer struct {
	contentType, cache, etag string
	body                     []byte
}

func (p *pages) load() {
	contents := assets()
	version := versionOf(contents)
	for name, body := range contents {
		if name == index {
			body = bytes.ReplaceAll(body, []byte(versionMark), []byte(version))
			p.add("/", contentTypeOf(name), askAgain, body)
			continue
		}
		p.add(prefix+version+"/"+name, contentTypeOf(name), keepForGood, body)
	}
	people, err := json.Marshal(map[string]any{"people": p.people})
	if err != nil {
		panic("web: demo people: " + err.Error()) // strings always have a JSON form
	}
	p.add(demoPeople, "application/json", askAgain, people)
}

func (p *pages) add(at, contentType, cache string, body []byte) {
	sum := sha256.Sum256(body)
	p.answers[at] = answer{contentType: contentType, cache: cache, etag: strconv.Quote(hex.EncodeToString(sum[:16])), body: body}
}

// assets answers the embedded files by their name in the folder.
func assets() map[string][]byte {
	contents := make(map[string][]byte)
	err := fs.WalkDir(files, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := files.ReadFile(name)
		contents[strings.TrimPrefix(name, folder+"/")] = body
		return err
	})
	if err != nil {
		panic("web: embedded files: " + err.Error()) // they are part of the program
	}
	return contents
}

// versionOf answers a name for exactly these contents.
func versionOf(contents map[string][]byte) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		body := sha256.Sum256(contents[name])
		sum.Write([]byte(name + "\x00"))
		sum.Write(body[:])
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

func contentTypeOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

// ServeHTTP answers GET and HEAD.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	found, ok := p.answers[r.URL.Path]
	switch {
	case !ok:
		http.Error(w, "没有这个页面 · There is no such page. Go to /", http.StatusNotFound)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "只支持 GET 和 HEAD · Only GET and HEAD are supported here.", http.StatusMethodNotAllowed)
	default:
		found.send(w, r)
	}
}

func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// send lets net/http compare the ETag with the browser's copy, which it does as RFC 9110 says.
func (a answer) send(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set("Cache-Control", a.cache)
	w.Header().Set("ETag", a.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
}
