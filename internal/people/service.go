package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	"steward/internal/store"
	"steward/internal/store/storesql"
)

// Options configures sign-in. The zero value is ready for use: every field names its default.
type Options struct {
	Argon2         Argon2        // default 19 MiB, 2 passes, 1 lane
	MaxHashing     int           // passwords hashed at once, default 4
	Lockout        Lockout       // see there
	SessionIdle    time.Duration // a session ends after so long without a request, default 12 h
	SessionLife    time.Duration // and after so long in any case, default 7 days
	MaxTokenLife   time.Duration // the longest life of an API token, default 366 days
	CacheFor       time.Duration // how long a request may be answered from memory, default 5 s; negative means never
	MaxCached      int           // people kept in memory, default 10,000
	MaxSessionMeta int           // characters of a user agent that are kept, default 300
}

// Errors of sign-in.
var (
	// ErrWrongCredentials says that user and password do not belong together; which of the two is wrong is never told.
	ErrWrongCredentials = errors.New("user or password is wrong")
	// ErrUnauthenticated says that a session or token is unknown, has ended or was revoked: sign in again.
	ErrUnauthenticated = errors.New("not signed in")
)

// Service keeps people and their sign-ins. It is safe for concurrent use.
type Service struct {
	store      *store.Store
	opts       Options
	identities *identityCache
	hashing    chan struct{}
	decoy      string // verified when there is no password to verify, so that an answer takes as long
}

// NewService prepares the service. The error is store.ErrInvalid when the options cannot work.
func NewService(s *store.Store, opts Options) (*Service, error) {
	opts = opts.withDefaults()
	if !opts.Argon2.valid() {
		return nil, fmt.Errorf("%w: argon2id needs 1 to %d passes, at least 8 KiB a lane and at most %d KiB", store.ErrInvalid, maxPasses, maxMemoryKiB)
	}
	if min(opts.Lockout.Account.Decay, opts.Lockout.Anywhere.Decay, opts.Lockout.Address.Decay) <= 0 {
		return nil, fmt.Errorf("%w: the decay of a lockout must be positive", store.ErrInvalid)
	}
	if opts.SessionIdle < time.Minute || opts.SessionLife < opts.SessionIdle {
		return nil, fmt.Errorf("%w: a session's idle time must be at least a minute and not longer than its life", store.ErrInvalid)
	}
	return &Service{
		store:      s,
		opts:       opts,
		identities: newIdentityCache(opts.CacheFor, opts.MaxCached),
		hashing:    make(chan struct{}, opts.MaxHashing),
		decoy:      opts.Argon2.hash("nobody has this password"),
	}, nil
}

// Directory reads people outside a transaction.
func (s *Service) Directory() Directory { return NewDirectory(s.store.Pool()) }

// forgetAttempts is when a count of attempts has decayed whatever the allowance.
const forgetAttempts = 30 * 24 * time.Hour

// Purge forgets sessions that have ended and failed attempts that no longer count. Call it every hour or so.
func (s *Service) Purge(ctx context.Context) error {
	return store.Classify(s.store.Queries().PurgeSignIn(ctx, storesql.PurgeSignInParams{
		ForgetSeconds: forgetAttempts.Seconds(), IdleSeconds: s.opts.SessionIdle.Seconds(),
	}))
}

func (o Options) withDefaults() Options {
	if o.Argon2 == (Argon2{}) {
		o.Argon2 = Argon2{MemoryKiB: 19 * 1024, Passes: 2, Lanes: 1}
	}
	o.MaxHashing = orDefault(o.MaxHashing, 4)
	o.Lockout.Account = orDefault(o.Lockout.Account, Allowance{Free: 5, Decay: 10 * time.Minute})
	o.Lockout.Anywhere = orDefault(o.Lockout.Anywhere, Allowance{Free: 50, Decay: 80 * time.Second})
	o.Lockout.Address = orDefault(o.Lockout.Address, Allowance{Free: 50, Decay: 30 * time.Second})
	o.Lockout.First = orDefault(o.Lockout.First, 2*time.Second)
	o.Lockout.Longest = orDefault(o.Lockout.Longest, 15*time.Minute)
	o.SessionIdle = orDefault(o.SessionIdle, 12*time.Hour)
	o.SessionLife = orDefault(o.SessionLife, 7*24*time.Hour)
	o.MaxTokenLife = orDefault(o.MaxTokenLife, 366*24*time.Hour)
	o.CacheFor = orDefault(o.CacheFor, 5*time.Second)
	o.MaxCached = orDefault(o.MaxCached, 10_000)
	o.MaxSessionMeta = orDefault(o.MaxSessionMeta, 300)
	return o
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
