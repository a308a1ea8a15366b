package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/api"
	"steward/definitions"
	"steward/internal/advance"
	"steward/internal/people"
	"steward/internal/store"
	"steward/web"
	"steward/workflows"
	"steward/workflows/engine"
)

// Config says what one program does and where it finds the others.
type Config struct {
	DatabaseURL     string
	TemporalAddress string
	Namespace       string
	TaskQueue       string       // of the workflows; "" for the usual one
	Listen          string       // address of the HTTP server; "" for none
	Listener        net.Listener // instead of Listen
	Worker          bool         // runs workflows, dispatcher, sweeper and auditor
	Decide          advance.Mode // who decides first
	Patience        time.Duration
	Store           store.Options
	API             api.Config
	People          people.Options
	Intervals       Intervals
	Nudges          activities.NudgerOptions // of the messages to Temporal; the task queue is filled in
	Tracing         bool
	Demo            []web.DemoPerson // offered on the sign-in page, with their passwords: development only
	Log             *slog.Logger
	Hook            func(point advance.FailPoint, process uuid.UUID) // for tests
}

// Intervals are how often the services behind a worker look around; zero values mean the usual ones.
type Intervals struct {
	Dispatch time.Duration // outbox, 500 ms
	Sweep    time.Duration // 5 s
	Settle   time.Duration // age at which something counts as lost, 15 s
	Audit    time.Duration // 1 min
}

// App is one running program.
type App struct {
	Store    *store.Store
	People   *people.Service
	Catalog  *advance.Catalog
	Advancer *advance.Advancer
	Service  *advance.Service
	Temporal client.Client
	API      *api.Server
	Addr     string // of the HTTP server

	cfg       Config
	log       *slog.Logger
	registry  *definitions.Registry
	nudger    *activities.Nudger
	receipts  *store.Receipts
	announcer *store.Announcer
	http      *http.Server
	cancel    context.CancelFunc
	running   sync.WaitGroup
	failed    chan error
}

// Kinds is the registry of the task kinds that this build knows.
func Kinds() *definitions.Registry { return definitions.NewRegistry(definitions.Builtin()...) }

// Start connects and starts everything that cfg asks for. Temporal may be away: workers and nudges begin when it is there.
func Start(ctx context.Context, cfg Config) (*App, error) {
	cfg = cfg.withDefaults()
	a := &App{cfg: cfg, log: cfg.Log, registry: Kinds(), failed: make(chan error, 1)}
	if err := a.start(ctx); err != nil {
		a.Stop()
		return nil, err
	}
	return a, nil
}

// connect opens Postgres, and prepares the connection to Temporal.
func (a *App) connect(ctx context.Context) (err error) {
	opts := a.cfg.Store
	opts.Tracing = a.cfg.Tracing
	if a.Store, err = store.Open(ctx, a.cfg.DatabaseURL, opts); err != nil {
		return err
	}
	a.Temporal, err = a.dial()
	return err
}

func (a *App) start(ctx context.Context) (err error) {
	if err := a.connect(ctx); err != nil {
		return err
	}
	if err := a.Store.SchemaCurrent(ctx); err != nil {
		return err
	}
	if a.People, err = people.NewService(a.Store, a.cfg.People); err != nil {
		return err
	}
	a.assemble()
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.cancel = cancel
	a.spawn(run, "receipts", a.receipts.Run)
	a.running.Go(func() { a.announcer.Run(run) })
	a.running.Go(func() { a.nudger.Run(run) })
	if a.cfg.Worker {
		if err := a.startWorker(run); err != nil {
			return err
		}
	}
	return a.serve(run)
}

func (c Config) withDefaults() Config {
	if c.Namespace == "" {
		c.Namespace = "default"
	}
	if c.TaskQueue == "" {
		c.TaskQueue = workflows.TaskQueue
	}
	if c.Decide == "" {
		c.Decide = advance.ModeWorkflow
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.API.Location == nil {
		if loc, err := time.LoadLocation("Asia/Shanghai"); err == nil {
			c.API.Location = loc
		}
	}
	return c
}

// assemble builds what decides and what tells Temporal.
func (a *App) assemble() {
	a.Catalog = advance.NewCatalog(a.Store, a.registry)
	a.receipts = store.NewReceipts(a.Store)
	nudges := a.cfg.Nudges
	nudges.TaskQueue = a.cfg.TaskQueue
	nudges.EagerStart = a.cfg.Worker // the first task of a workflow then passes no queue
	nudges.Busy = func() bool { return a.Service.Busy() }
	a.nudger = activities.NewNudger(a.Temporal, a.Store, a.log, nudges)
	a.announcer = store.NewAnnouncer(a.Store, a.receipts)
	a.Advancer = advance.New(a.Store, engine.New(engine.DefaultLimits, nil), a.Catalog, advance.NewCalendars(a.Store), a.announcer.Announce, a.nudge, a.log)
	if a.cfg.Hook != nil {
		a.Advancer.SetHook(a.cfg.Hook)
	}
	a.Service = advance.NewService(a.Advancer, a.receipts, a.cfg.Decide, a.nudger.Away, a.cfg.Patience)
}

// spawn runs a service until the App stops; one that ends early with an error ends the App.
func (a *App) spawn(ctx context.Context, name string, run func(context.Context) error) {
	a.running.Go(func() {
		if err := run(ctx); err != nil && ctx.Err() == nil {
			a.fail(fmt.Errorf("%s: %w", name, err))
		}
	})
}

func (a *App) fail(err error) {
	select {
	case a.failed <- err:
	default:
	}
}

// Failed yields the error of a part that ended although it should not.
func (a *App) Failed() <-chan error { return a.failed }

// startWorker begins to run workflows as soon as Temporal answers, and the services of a worker at once.
func (a *App) startWorker(ctx context.Context) error {
	i := a.cfg.Intervals
	dispatcher, err := activities.NewDispatcher(a.Store, a.log, activities.DispatcherOptions{Every: i.Dispatch},
		activities.InApp{}, activities.Log{Logger: a.log})
	if err != nil {
		return err
	}
	a.spawn(ctx, "worker", a.work)
	a.running.Go(func() { dispatcher.Run(ctx) })
	sweeper := activities.NewSweeper(a.Store, a.nudger, a.Advancer, a.log, activities.SweeperOptions{
		Every: i.Sweep, Age: i.Settle, Chores: []activities.Chore{{Name: "sessions", Do: a.People.Purge}},
	})
	a.running.Go(func() { sweeper.Run(ctx) })
	a.running.Go(func() {
		activities.NewAuditor(a.Temporal, a.Store, a.log, activities.AuditorOptions{Every: i.Audit}).Run(ctx)
	})
	return nil
}

// work keeps a worker running, starting it again while Temporal is away.
func (a *App) work(ctx context.Context) error {
	var said time.Time
	for ctx.Err() == nil {
		w := a.newWorker()
		err := w.Start()
		if err == nil {
			<-ctx.Done()
			w.Stop()
			return nil
		}
		if time.Since(said) > time.Minute {
			said = time.Now()
			a.log.WarnContext(ctx, "worker waits for Temporal", "address", a.cfg.TemporalAddress, "namespace", a.cfg.Namespace, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return nil
}

// WorkerOptions are those of every worker of ours; benches give their baselines the same.
func WorkerOptions() worker.Options {
	return worker.Options{
		MaxConcurrentLocalActivityExecutionSize: 64,
		MaxConcurrentWorkflowTaskExecutionSize:  128,
		MaxConcurrentWorkflowTaskPollers:        8, // with the two of the default, new workflows wait behind those at work
		WorkflowPanicPolicy:                     worker.BlockWorkflow,
		WorkerStopTimeout:                       5 * time.Second,
	}
}

func (a *App) newWorker() worker.Worker {
	w := worker.New(a.Temporal, a.cfg.TaskQueue, WorkerOptions())
	w.RegisterWorkflowWithOptions(workflows.Process, workflow.RegisterOptions{Name: workflows.ProcessWorkflow})
	w.RegisterActivityWithOptions((&activities.Processes{Advancer: a.Advancer}).Advance, activity.RegisterOptions{Name: workflows.AdvanceActivity})
	return w
}

// serve starts the HTTP server, if one is wanted.
func (a *App) serve(ctx context.Context) error {
	if a.cfg.Listen == "" && a.cfg.Listener == nil {
		return nil
	}
	server, err := api.New(api.Deps{
		Store: a.Store, People: a.People, Commander: a.Service, Catalog: a.Catalog, Probes: a.probes(), Log: a.log, Config: a.cfg.API,
	})
	if err != nil {
		return err
	}
	server.Mount("/", web.Handler(web.WithDemoPeople(a.cfg.Demo...)))
	listener := a.cfg.Listener
	if listener == nil {
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", a.cfg.Listen); err != nil {
			return fmt.Errorf("the address %s cannot be used (is another program listening there?); choose another one with --listen: %w", a.cfg.Listen, err)
		}
	}
	a.API, a.Addr = server, listener.Addr().String()
	a.http = &http.Server{Handler: server, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
	a.running.Go(func() {
		if err := a.http.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.fail(err)
		}
	})
	return nil
}

// Stop ends everything in order: no new requests, then what is at work, then the connections.
func (a *App) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if a.http != nil {
		_ = a.http.Shutdown(ctx)
	}
	if a.cancel != nil {
		a.cancel()
	}
	a.running.Wait()
	if a.Temporal != nil {
		a.Temporal.Close()
	}
	if a.Store != nil {
		a.Store.Close()
	}
}
