package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"steward/activities"
	"steward/api"
	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/people"
	"steward/internal/store"
)

// databaseFlags say which Postgres to use. The URL holds a password: it is never printed.
type databaseFlags struct {
	DatabaseURL string `name:"database-url" env:"DATABASE_URL" required:"" placeholder:"URL" help:"Postgres, as postgres://user:password@host:port/database."`
}

// poolFlags bound the connections of one program.
type poolFlags struct {
	MaxConns     int `env:"STEWARD_MAX_CONNS" default:"12" help:"Most connections to Postgres for decisions and short statements."`
	ListMaxConns int `env:"STEWARD_LIST_MAX_CONNS" default:"8" help:"Most connections to Postgres for lists."`
}

// temporalFlags say which Temporal to use.
type temporalFlags struct {
	TemporalAddress   string `env:"TEMPORAL_ADDRESS" default:"127.0.0.1:7233" placeholder:"HOST:PORT" help:"Temporal's frontend."`
	TemporalNamespace string `env:"TEMPORAL_NAMESPACE" default:"default" placeholder:"NAME" help:"Temporal's namespace; it must exist."`
	TaskQueue         string `env:"STEWARD_TASK_QUEUE" default:"steward" placeholder:"NAME" help:"Temporal's task queue; the same for every program of one installation."`
}

// decideFlags say who decides first.
type decideFlags struct {
	Decide   string        `enum:"workflow,api" default:"workflow" env:"STEWARD_DECIDE" placeholder:"WHO" help:"Who decides first: workflow (in Temporal) or api (the request itself: higher rate)."`
	Patience time.Duration `default:"1s" env:"STEWARD_PATIENCE" placeholder:"TIME" help:"How long a request waits for the workflow before it decides itself."`

	NudgeQueue  int           `default:"5000" env:"STEWARD_NUDGE_QUEUE" placeholder:"N" help:"Processes of which Temporal may still have to be told before requests wait for it."`
	DeferNudges time.Duration `default:"5s" env:"STEWARD_DEFER_NUDGES" placeholder:"TIME" help:"How long Temporal is not told what can wait while many people do; keep it below --settle-after."`
}

// nudges checks the flags and turns them into options, naming the flag that cannot be used.
func (f decideFlags) nudges() (activities.NudgerOptions, error) {
	for flag, value := range map[string]int64{"patience": int64(f.Patience), "nudge-queue": int64(f.NudgeQueue), "defer-nudges": int64(f.DeferNudges)} {
		if value <= 0 {
			return activities.NudgerOptions{}, fmt.Errorf("--%s must be greater than zero", flag)
		}
	}
	return activities.NudgerOptions{Queue: f.NudgeQueue, Defer: f.DeferNudges}, nil
}

// httpFlags are the server and its limits.
type httpFlags struct {
	Listen         string        `default:"127.0.0.1:8080" env:"STEWARD_LISTEN" placeholder:"HOST:PORT" help:"Address of the page and the API."`
	BodyLimit      int64         `default:"262144" env:"STEWARD_BODY_LIMIT" placeholder:"BYTES" help:"Most bytes of a request's body."`
	RequestTimeout time.Duration `default:"10s" env:"STEWARD_REQUEST_TIMEOUT" placeholder:"TIME" help:"Longest time for one request."`
	PersonRate     float64       `default:"50" env:"STEWARD_PERSON_RATE" placeholder:"N" help:"Requests a second of one person."`
	PersonBurst    int           `default:"100" env:"STEWARD_PERSON_BURST" placeholder:"N" help:"Requests of one person at once."`
	AddressRate    float64       `default:"10" env:"STEWARD_ADDRESS_RATE" placeholder:"N" help:"Requests a second without sign-in from one address."`
	AddressBurst   int           `default:"40" env:"STEWARD_ADDRESS_BURST" placeholder:"N" help:"Requests without sign-in from one address at once."`
	TrustedProxies []string      `env:"STEWARD_TRUSTED_PROXIES" placeholder:"CIDR,…" help:"Networks whose X-Forwarded-For and X-Forwarded-Proto are believed."`
	TimeZone       string        `default:"Asia/Shanghai" env:"STEWARD_TIME_ZONE" placeholder:"ZONE" help:"Time zone of the house, in which a room's day begins and ends."`
	SessionIdle    time.Duration `default:"12h" env:"STEWARD_SESSION_IDLE" placeholder:"TIME" help:"A sign-in ends after so long without a request."`
	SessionLife    time.Duration `default:"168h" env:"STEWARD_SESSION_LIFE" placeholder:"TIME" help:"A sign-in ends after so long in any case."`
}

// intervalFlags are how often the services of a worker look around.
type intervalFlags struct {
	DispatchEvery time.Duration `default:"500ms" env:"STEWARD_DISPATCH_EVERY" placeholder:"TIME" help:"How often messages to be sent are looked for."`
	SweepEvery    time.Duration `default:"5s" env:"STEWARD_SWEEP_EVERY" placeholder:"TIME" help:"How often lost nudges are looked for."`
	SettleAfter   time.Duration `default:"15s" env:"STEWARD_SETTLE_AFTER" placeholder:"TIME" help:"Age at which a nudge counts as lost."`
	AuditEvery    time.Duration `default:"1m" env:"STEWARD_AUDIT_EVERY" placeholder:"TIME" help:"How often Temporal is asked for runs that were closed from outside."`
}

// apiConfig turns flags into the server's limits, naming the flag that cannot be used.
func (f httpFlags) apiConfig() (api.Config, error) {
	zone, err := time.LoadLocation(f.TimeZone)
	if err != nil {
		return api.Config{}, fmt.Errorf("--time-zone %q is unknown, want a name such as Asia/Shanghai", f.TimeZone)
	}
	config := api.Config{
		BodyLimit: f.BodyLimit, RequestTimeout: f.RequestTimeout, PersonRate: f.PersonRate, PersonBurst: f.PersonBurst,
		AddressRate: f.AddressRate, AddressBurst: f.AddressBurst, Location: zone,
	}
	for _, text := range f.TrustedProxies {
		network, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return api.Config{}, fmt.Errorf("--trusted-proxies: %q is not a network, want one such as 10.0.0.0/8", text)
		}
		config.TrustedProxies = append(config.TrustedProxies, network)
	}
	return config, f.check()
}

func (f httpFlags) check() error {
	for _, limit := range []struct {
		flag  string
		value float64
	}{
		{"body-limit", float64(f.BodyLimit)},
		{"request-timeout", float64(f.RequestTimeout)},
		{"person-rate", f.PersonRate},
		{"person-burst", float64(f.PersonBurst)},
		{"address-rate", f.AddressRate},
		{"address-burst", float64(f.AddressBurst)},
		{"session-idle", float64(f.SessionIdle)},
		{"session-life", float64(f.SessionLife)},
	} {
		if limit.value <= 0 {
			return fmt.Errorf("--%s must be greater than zero", limit.flag)
		}
	}
	return nil
}

func (f httpFlags) people() people.Options {
	return people.Options{SessionIdle: f.SessionIdle, SessionLife: f.SessionLife}
}

func (f intervalFlags) intervals() (app.Intervals, error) {
	for flag, value := range map[string]time.Duration{
		"dispatch-every": f.DispatchEvery, "sweep-every": f.SweepEvery, "settle-after": f.SettleAfter, "audit-every": f.AuditEvery,
	} {
		if value <= 0 {
			return app.Intervals{}, fmt.Errorf("--%s must be greater than zero", flag)
		}
	}
	return app.Intervals{Dispatch: f.DispatchEvery, Sweep: f.SweepEvery, Settle: f.SettleAfter, Audit: f.AuditEvery}, nil
}

func (f poolFlags) store() (store.Options, error) {
	if f.MaxConns < 4 || f.ListMaxConns < 1 {
		return store.Options{}, errors.New("--max-conns must be at least 4 and --list-max-conns at least 1")
	}
	return store.Options{MaxConns: f.MaxConns, ListMaxConns: f.ListMaxConns}, nil
}

// operatorFlags are those of commands that work on a running installation.
type operatorFlags struct {
	databaseFlags
	temporalFlags
}

// open connects without serving anything; what has to be told to Temporal is sent when the App stops.
func (f operatorFlags) open(ctx context.Context, around *surroundings) (*app.App, error) {
	return app.Start(ctx, app.Config{
		DatabaseURL: f.DatabaseURL, TemporalAddress: f.TemporalAddress, Namespace: f.TemporalNamespace, TaskQueue: f.TaskQueue,
		Decide: advance.ModeAPI, Tracing: around.tracing, Log: around.log, Store: store.Options{MaxConns: 4, ListMaxConns: 2},
	})
}
