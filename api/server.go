package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/trace"

	"steward/definitions"
	"steward/internal/advance"
	"steward/internal/people"
	"steward/internal/store"
	"steward/workflows/engine"
)

// Catalog knows the published definitions, compiled; *advance.Catalog is one.
type Catalog interface {
	// List names the newest version of every definition, by id.
	List(ctx context.Context) ([]engine.Ref, error)
	// Get answers one version; retired versions too, since processes may still run on them. The error wraps
	// store.ErrNotFound when there is none.
	Get(ctx context.Context, id string, version int) (*definitions.Definition, error)
	// Latest answers the newest version, nil when nothing is published under the id.
	Latest(ctx context.Context, id string) (*definitions.Definition, engine.Ref, error)
}

// Probe is a check of /readyz. Check answers nil when all is well; its error is logged and not shown.
type Probe struct {
	Name   CheckName
	Needed bool // the server is not ready without it
	Check  func(ctx context.Context) error
}

// Deps are what the server stands on. All but Probes, Log and Tracing must be given.
type Deps struct {
	Store     *store.Store
	People    *people.Service
	Commander advance.Commander
	Catalog   Catalog
	Probes    []Probe // besides the database, which is always probed
	Log       *slog.Logger
	Tracing   trace.TracerProvider // nil means the global one
	Config    Config
}

func (d Deps) check() error {
	for _, dep := range []struct {
		name    string
		missing bool
	}{
		{"Store", d.Store == nil},
		{"People", d.People == nil},
		{"Commander", d.Commander == nil},
		{"Catalog", d.Catalog == nil},
	} {
		if dep.missing {
			return fmt.Errorf("api: Deps.%s is missing", dep.name)
		}
	}
	return d.Config.check()
}

// Server answers HTTP requests. It is an http.Handler, safe for concurrent use.
type Server struct {
	store     *store.Store
	people    *people.Service
	commander advance.Commander
	catalog   Catalog
	probes    []Probe
	log       *slog.Logger
	config    Config

	echo       *echo.Echo
	handler    http.Handler
	operations map[string]*operation // by "METHOD /echo/:path"
	kinds      *problemKinds
	filter     *openapi3filter.Options
	validator  *validator.Validate
	contract   *contract
	docs       []byte
	names      *nameCache

	persons   *limiter
	addresses *limiter
}

// New makes a server. It fails when a dependency is missing, or the contract and its companion files do not agree.
func New(deps Deps) (*Server, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	config := deps.Config.withDefaults()
	s := &Server{
		store: deps.Store, people: deps.People, commander: deps.Commander, catalog: deps.Catalog,
		log: deps.Log, config: config, filter: filterOptions(), names: newNameCache(deps.Store, deps.People),
		persons: newLimiter(config.PersonRate, config.PersonBurst), addresses: newLimiter(config.AddressRate, config.AddressBurst),
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.probes = append([]Probe{{Name: CheckNameDatabase, Needed: true, Check: s.store.Ping}}, deps.Probes...)
	if err := s.load(); err != nil {
		return nil, err
	}
	s.route(deps.Tracing)
	return s, nil
}

// load reads the embedded files and joins every operation with its permission.
func (s *Server) load() (err error) {
	if s.contract, err = loadContract(); err != nil {
		return err
	}
	if s.kinds, err = loadProblemKinds(); err != nil {
		return err
	}
	if s.validator, err = newValidator(); err != nil {
		return err
	}
	if s.docs, err = renderDocs(s.contract.doc); err != nil {
		return err
	}
	permissions, err := loadPermissions()
	if err != nil {
		return err
	}
	s.operations, err = joinOperations(s.contract, permissions)
	return err
}

// joinOperations refuses an operation without a permission: it would be open to all.
func joinOperations(c *contract, permissions map[string]permission) (map[string]*operation, error) {
	operations := make(map[string]*operation, len(c.routes))
	for key, route := range c.routes {
		id := route.Operation.OperationID
		row, ok := permissions[id]
		if !ok {
			return nil, fmt.Errorf("permissions.yaml: operation %s has no row", id)
		}
		if public(route) != (row.Who.word == whoAnyone) {
			return nil, fmt.Errorf("permissions.yaml: %s: openapi.yaml and this file disagree about sign-in", id)
		}
		operations[key] = &operation{id: id, route: route, permission: row}
	}
	if len(permissions) != len(operations) {
		return nil, errors.New("permissions.yaml: it has rows for operations that openapi.yaml does not have")
	}
	return operations, nil
}

// route builds the chain that every request passes; doc.go tells the order.
func (s *Server) route(tracing trace.TracerProvider) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.handleError
	e.IPExtractor = addressOf(s.config.TrustedProxies)
	e.Use(s.observe, s.secure, s.limitBody, s.limitTime, s.identify, s.authorize, s.validate)
	RegisterHandlers(e, NewStrictHandler(s, []StrictMiddlewareFunc{s.checkTags}))
	s.echo = e
	options := []otelhttp.Option{otelhttp.WithFilter(traced)}
	if tracing != nil {
		options = append(options, otelhttp.WithTracerProvider(tracing))
	}
	s.handler = otelhttp.NewHandler(e, "http", options...)
}

// traced leaves health checks out of traces: they come every few seconds and say nothing.
func traced(r *http.Request) bool { return r.URL.Path != "/healthz" && r.URL.Path != "/readyz" }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Mount serves h at prefix and below it, for pages that are not part of the contract. They pass logging, security
// headers and limits, and may ask Caller who is signed in; nobody has to be. Routes of the contract come first. Call it
// before the server answers requests.
func (s *Server) Mount(prefix string, h http.Handler) {
	prefix = strings.TrimSuffix(prefix, "/")
	wrapped := s.besideContract(echo.WrapHandler(h))
	if prefix != "" {
		s.echo.Any(prefix, wrapped)
	} else {
		s.echo.Any("/", wrapped)
	}
	s.echo.Any(prefix+"/*", wrapped)
}

// besideContract keeps what lies below /api/ for the contract: an address or method that it lacks is answered as a problem,
// not by a page.
func (s *Server) besideContract(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !strings.HasPrefix(c.Request().URL.Path, "/api/") {
			return next(c)
		}
		allowed := s.methodsOf(c.Request().URL.EscapedPath())
		if len(allowed) == 0 {
			return fail(codeNotFound)
		}
		c.Response().Header().Set(echo.HeaderAllow, strings.Join(allowed, ", "))
		return fail(codeMethod)
	}
}

// methodsOf lists the methods that the contract has for a path.
func (s *Server) methodsOf(path string) []string {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete} {
		found := s.echo.NewContext(nil, nil)
		s.echo.Router().Find(method, path, found)
		if s.operations[method+" "+found.Path()] != nil {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// Caller answers the id of the person who is signed in on the request that ctx belongs to, "" when nobody is.
func Caller(ctx context.Context) string {
	if who := callerOf(ctx); who != nil {
		return who.ID
	}
	return ""
}
