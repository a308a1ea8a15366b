package people

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/store"
	"steward/internal/store/storesql"
)

// Lockout slows down guessing. Each attempt is counted for its account, known or not, as tried from its address, for the account
// from everywhere, and for the address, until it proves right; a count falls by one in every Decay. A subject with more than Free
// counted attempts has to wait First, and twice as long after each further one up to Longest. Guessers therefore lock an account
// for their own address long before they could lock its owner out.
type Lockout struct {
	Account  Allowance     // one account from one address: default 5 free attempts, one more every 10 min
	Anywhere Allowance     // one account from all addresses: default 50 free attempts, one more every 80 s, below 100 an hour (ASVS)
	Address  Allowance     // many people may sit behind one address: default 50 free attempts, one more every 30 s
	First    time.Duration // default 2 s
	Longest  time.Duration // default 15 min
}

// Allowance is how many attempts of one subject may fail before it has to wait.
type Allowance struct {
	Free  int
	Decay time.Duration
}

// LockedError says that too many attempts failed and when the next one is heard.
type LockedError struct{ RetryAfter time.Duration }

// Error tells how long to wait.
func (e *LockedError) Error() string {
	return fmt.Sprintf("too many failed sign-ins, try again in %s", e.RetryAfter.Round(time.Second))
}

// attempts is what is known of one subject.
type attempts struct {
	count       int
	since       time.Time // from when on the count decays
	lockedUntil time.Time // zero when not locked
}

// next counts an attempt at the given time before its password is looked at, so that attempts made at the same moment cannot
// pass one lock together. It answers how long a locked subject has to wait; such an attempt is not counted.
func (l Lockout) next(a attempts, allowed Allowance, now time.Time) (attempts, time.Duration) {
	if wait := a.lockedUntil.Sub(now); wait > 0 {
		return a, wait
	}
	a = a.decayed(allowed.Decay, now)
	a.count++
	a.lockedUntil = time.Time{}
	if over := a.count - allowed.Free; over > 0 {
		a.lockedUntil = now.Add(min(l.First<<min(over-1, 20), l.Longest))
	}
	return a, 0
}

func (a attempts) decayed(every time.Duration, now time.Time) attempts {
	periods := max(int(now.Sub(a.since)/every), 0)
	if periods >= a.count {
		return attempts{since: now}
	}
	a.count -= periods
	a.since = a.since.Add(time.Duration(periods) * every)
	return a
}

func accountSubject(userID string) string { return "user:" + userID }

// accountAtSubject is an account as tried from one address. No id has a space, so it is no other account.
func accountAtSubject(userID, ip string) string {
	return accountSubject(userID) + " " + addressSubject(ip)
}

// addressSubject counts an IPv6 customer as one: they own a /64. What is not an address is one subject of its own.
func addressSubject(ip string) string {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return "ip:unknown"
	}
	address = address.Unmap().WithZone("")
	if address.Is6() {
		prefix, _ := address.Prefix(64) // 64 fits every IPv6 address
		return "ip:" + prefix.String()
	}
	return "ip:" + address.String()
}

// subjects are what an attempt counts for. A name that no account can have, given as "", counts for the address alone.
func (l Lockout) subjects(userID, ip string) map[string]Allowance {
	allowed := map[string]Allowance{addressSubject(ip): l.Address}
	if userID != "" {
		allowed[accountSubject(userID)], allowed[accountAtSubject(userID, ip)] = l.Anywhere, l.Account
	}
	return allowed
}

// countAttempt counts the attempt for all its subjects, or answers a *LockedError. Their rows are locked in the order of their
// names, so that attempts wait for one another and never deadlock.
func (s *Service) countAttempt(ctx context.Context, userID, ip string) error {
	allowed := s.opts.Lockout.subjects(userID, ip)
	subjects := slices.Sorted(maps.Keys(allowed))
	var wait time.Duration
	err := s.store.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		wait = 0
		q := storesql.New(tx)
		if err := q.OpenSignInRecords(ctx, subjects); err != nil {
			return err
		}
		rows, err := q.LockSignInRecords(ctx, subjects)
		if err != nil {
			return err
		}
		var updates []storesql.SetSignInRecordParams
		for _, row := range rows {
			counted, lock := s.opts.Lockout.next(attemptsOf(row), allowed[row.Subject], row.Now)
			wait = max(wait, lock)
			updates = append(updates, record(row.Subject, counted))
		}
		if wait > 0 {
			return nil // refused: no subject is counted
		}
		for _, update := range updates {
			if err := q.SetSignInRecord(ctx, update); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && wait > 0 {
		return &LockedError{RetryAfter: wait}
	}
	return store.Classify(err)
}

func attemptsOf(row storesql.LockSignInRecordsRow) attempts {
	a := attempts{count: int(row.Attempts), since: row.DecaysFrom}
	if row.LockedUntil != nil {
		a.lockedUntil = *row.LockedUntil
	}
	return a
}

func record(subject string, a attempts) storesql.SetSignInRecordParams {
	params := storesql.SetSignInRecordParams{Subject: subject, Attempts: int32(a.count), DecaysFrom: a.since}
	if !a.lockedUntil.IsZero() {
		params.LockedUntil = &a.lockedUntil
	}
	return params
}

// forgive takes the attempt back once the password was right.
func forgive(ctx context.Context, q *storesql.Queries, userID, ip string) error {
	if err := q.ForgiveSignInAttempt(ctx, addressSubject(ip)); err != nil {
		return err
	}
	if err := q.ClearSignInRecord(ctx, accountAtSubject(userID, ip)); err != nil {
		return err
	}
	return q.ClearSignInRecord(ctx, accountSubject(userID))
}
