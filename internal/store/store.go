package store

import (
	"context"
	"net"
	"strconv"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"steward/internal/store/storesql"
)

// Options configures a Store. The zero value is ready for use: every field names its default.
type Options struct {
	// MaxConns bounds the connections for decisions and short statements. Default 12: more of them at once only wait for each other.
	MaxConns int
	// ListMaxConns bounds the connections for lists, which may run longer. Default 8.
	ListMaxConns int
	// ApplicationName is shown in pg_stat_activity. Default "steward".
	ApplicationName string
	// Tracing adds an OpenTelemetry span to every statement. The statement's text is recorded, its parameters are not.
	Tracing bool
	// QueryTracer sees every statement instead of OpenTelemetry. May be nil.
	QueryTracer pgx.QueryTracer
	// Limits are the session settings of the decision pool.
	Limits Limits
	// ListStatementTimeout bounds one statement of a list. Default 10 s.
	ListStatementTimeout time.Duration
	// SearchDepth is how many tasks or processes one page of a search passes at most. Default 2000.
	SearchDepth int
}

// Limits are the settings of a Postgres session that takes part in decisions. They make a transaction that cannot make progress
// fail quickly, so that its row locks are free for another worker within a few seconds. Postgres counts whole milliseconds.
type Limits struct {
	Lock      time.Duration // lock_timeout, default 1 s
	Statement time.Duration // statement_timeout, default 1.5 s
	Idle      time.Duration // idle_in_transaction_session_timeout, default 3 s
	TCPUser   time.Duration // tcp_user_timeout on both ends, default 5 s
}

// Store is a connected Postgres database. It is safe for concurrent use; Close releases it.
type Store struct {
	pool        *pgxpool.Pool
	lists       *pgxpool.Pool
	url         string
	searchDepth int
}

// Open connects to the database at url and checks that it answers. It does not migrate: see Migrate. The error is a
// *ConnectError, which wraps ErrUnavailable when the database cannot be reached.
func Open(ctx context.Context, url string, opts Options) (*Store, error) {
	opts = opts.withDefaults()
	pool, err := newPool(ctx, url, opts, opts.MaxConns, opts.Limits)
	if err != nil {
		return nil, err
	}
	listLimits := opts.Limits
	listLimits.Statement = opts.ListStatementTimeout
	lists, err := newPool(ctx, url, opts, opts.ListMaxConns, listLimits)
	if err != nil {
		pool.Close()
		return nil, err
	}
	s := &Store{pool: pool, lists: lists, url: url, searchDepth: opts.SearchDepth}
	if err := pool.Ping(ctx); err != nil {
		s.Close()
		return nil, connectError(err, pool.Config().ConnConfig)
	}
	return s, nil
}

// Close waits for the connections in use to come back and closes them all.
func (s *Store) Close() {
	s.pool.Close()
	s.lists.Close()
}

// Pool gives the connections for decisions: every statement is bound by Limits.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Lists gives the connections for lists, whose statements may take Options.ListStatementTimeout.
func (s *Store) Lists() *pgxpool.Pool { return s.lists }

// Queries gives the generated queries outside a transaction. Inside one use storesql.New(tx).
func (s *Store) Queries() *storesql.Queries { return storesql.New(s.pool) }

// Ping reports whether the database answers. The error wraps ErrUnavailable when it does not.
func (s *Store) Ping(ctx context.Context) error { return Classify(s.pool.Ping(ctx)) }

// Now reads the clock of the database, which stamps what people send; the result is in UTC.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := s.pool.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&now)
	return now.UTC(), Classify(err)
}

func (o Options) withDefaults() Options {
	o.MaxConns = orDefault(o.MaxConns, 12)
	o.ListMaxConns = orDefault(o.ListMaxConns, 8)
	o.ApplicationName = orDefault(o.ApplicationName, "steward")
	o.ListStatementTimeout = orDefault(o.ListStatementTimeout, 10*time.Second)
	o.SearchDepth = orDefault(o.SearchDepth, 2000)
	o.Limits.Lock = orDefault(o.Limits.Lock, time.Second)
	o.Limits.Statement = orDefault(o.Limits.Statement, 1500*time.Millisecond)
	o.Limits.Idle = orDefault(o.Limits.Idle, 3*time.Second)
	o.Limits.TCPUser = orDefault(o.Limits.TCPUser, 5*time.Second)
	return o
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

func newPool(ctx context.Context, url string, opts Options, maxConns int, limits Limits) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, badURL(url)
	}
	config.MaxConns = int32(min(maxConns, 10_000))
	config.MaxConnIdleTime = 5 * time.Minute
	config.HealthCheckPeriod = 5 * time.Second
	config.ConnConfig.ConnectTimeout = orDefault(config.ConnConfig.ConnectTimeout, 2*time.Second)
	config.ConnConfig.DialFunc = dialer(limits.TCPUser).DialContext
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap())
		conn.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}
	limits.apply(config.ConnConfig.RuntimeParams, opts.ApplicationName)
	if config.ConnConfig.Tracer = opts.QueryTracer; opts.QueryTracer == nil && opts.Tracing {
		config.ConnConfig.Tracer = otelpgx.NewTracer()
	}
	return pgxpool.NewWithConfig(ctx, config)
}

func (l Limits) apply(params map[string]string, application string) {
	params["application_name"] = application
	params["timezone"] = "UTC"
	params["lock_timeout"] = milliseconds(l.Lock)
	params["statement_timeout"] = milliseconds(l.Statement)
	params["idle_in_transaction_session_timeout"] = milliseconds(l.Idle)
	params["tcp_user_timeout"] = milliseconds(l.TCPUser)
	params["default_transaction_isolation"] = "read committed"
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// dialer notices a peer that is gone within about userTimeout: keep-alive probes cover a silent connection, and on Linux
// TCP_USER_TIMEOUT covers one with bytes on the way.
func dialer(userTimeout time.Duration) *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{
			Enable:   true,
			Idle:     userTimeout,
			Interval: max(userTimeout/5, time.Second),
			Count:    3,
		},
		Control: tcpUserTimeout(userTimeout),
	}
}
