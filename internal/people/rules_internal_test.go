package people

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/internal/store/storesql"
)

var lockoutRules = Lockout{First: 2 * time.Second, Longest: time.Minute}

func TestWaitsDoubleUpToTheLongest(t *testing.T) {
	t.Parallel()
	allowed := Allowance{Free: 3, Decay: time.Hour}
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	var a attempts
	var waits []time.Duration
	for range 10 {
		var wait time.Duration
		a, wait = lockoutRules.next(a, allowed, now)
		require.Zero(t, wait)
		if !a.lockedUntil.IsZero() {
			waits = append(waits, a.lockedUntil.Sub(now))
			_, wait = lockoutRules.next(a, allowed, now.Add(time.Second))
			require.Equal(t, a.lockedUntil.Sub(now.Add(time.Second)), wait)
			now = a.lockedUntil
		}
	}
	require.Equal(t, []time.Duration{2, 4, 8, 16, 32, 60, 60}, seconds(waits))
}

func seconds(waits []time.Duration) []time.Duration {
	var all []time.Duration
	for _, wait := range waits {
		all = append(all, wait/time.Second)
	}
	return all
}

func TestCountsDecay(t *testing.T) {
	t.Parallel()
	allowed := Allowance{Free: 3, Decay: 10 * time.Minute}
	start := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]int{
		0: 4, 9 * time.Minute: 4, 10 * time.Minute: 3, 29 * time.Minute: 2, 30 * time.Minute: 1, 30 * 24 * time.Hour: 1,
	} {
		a, _ := lockoutRules.next(attempts{count: 3, since: start}, allowed, start.Add(after))
		require.Equal(t, want, a.count, "after %s", after)
	}
}

// TestGuessingIsSlow lets a guesser try at random moments: however they choose them, what is heard stays below the free attempts,
// those that decayed, and one for each wait.
func TestGuessingIsSlow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		allowed := Allowance{Free: rapid.IntRange(1, 5).Draw(t, "free"), Decay: time.Duration(rapid.IntRange(60, 600).Draw(t, "decay")) * time.Second}
		start := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
		now, heard := start, 0
		var a attempts
		for _, gap := range rapid.SliceOfN(rapid.IntRange(0, 120), 1, 200).Draw(t, "gaps") {
			now = now.Add(time.Duration(gap) * time.Second)
			var wait time.Duration
			if a, wait = lockoutRules.next(a, allowed, now); wait == 0 {
				heard++
			}
		}
		elapsed := now.Sub(start)
		doubling := 6 // waits before the longest is reached
		bound := allowed.Free + 1 + doubling + int(elapsed/allowed.Decay)*(1+doubling) + int(elapsed/lockoutRules.Longest)
		require.LessOrEqual(t, heard, bound)
	})
}

func TestAddressSubjects(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.7":            "ip:192.0.2.7",
		"::ffff:192.0.2.7":     "ip:192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "ip:2001:db8:1:2::/64",
		"fe80::1%eth0":         "ip:fe80::/64",
		"nonsense":             "ip:unknown",
		"":                     "ip:unknown",
	} {
		require.Equal(t, want, addressSubject(ip), ip)
	}
}

func TestHashesComeBack(t *testing.T) {
	t.Parallel()
	params := Argon2{MemoryKiB: 64, Passes: 1, Lanes: 2}
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.String().Draw(t, "password")
		encoded := params.hash(password)
		ok, outdated, err := params.verify(encoded, password)
		require.NoError(t, err)
		require.True(t, ok)
		require.False(t, outdated)
		ok, _, err = params.verify(encoded, password+"x")
		require.NoError(t, err)
		require.False(t, ok)
		require.NotEqual(t, encoded, params.hash(password), "a fresh salt each time")
	})
}

func TestBrokenHashesAreErrorsAndCostNothing(t *testing.T) {
	t.Parallel()
	good := Argon2{MemoryKiB: 64, Passes: 1, Lanes: 1}.hash("x")
	for _, encoded := range []string{
		"", "$", "plain", "$2a$10$abcdefghijklmnopqrstuv", strings.Replace(good, "argon2id", "argon2i", 1),
		strings.Replace(good, "v=19", "v=16", 1), strings.Replace(good, "m=64", "m=4294967295", 1),
		strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "p=1", "p=0", 1), strings.Replace(good, "t=1", "t=1000000", 1),
		good[:len(good)-30], good + "$more", strings.Replace(good, "m=64", "m=1", 1),
	} {
		ok, _, err := Argon2{}.verify(encoded, "x")
		require.ErrorIs(t, err, errHashFormat, encoded)
		require.False(t, ok)
	}
}

func TestCacheKeepsNothingThatWasReadBeforeAnInvalidation(t *testing.T) {
	t.Parallel()
	cache := newIdentityCache(time.Hour, 2)
	key := hashSecret("one")
	_, found, epoch := cache.get(key)
	require.False(t, found)
	cache.forget(key) // a sign-out between the read and the put
	cache.put(key, Identity{}, time.Now().Add(time.Hour), epoch)
	_, found, epoch = cache.get(key)
	require.False(t, found)

	cache.put(key, Identity{}, time.Now().Add(-time.Second), epoch)
	_, found, _ = cache.get(key)
	require.False(t, found, "never past the end of the session")
	for _, name := range []string{"two", "three", "four"} {
		cache.put(hashSecret(name), Identity{}, time.Now().Add(time.Hour), epoch)
	}
	require.LessOrEqual(t, len(cache.entries), 2, "bounded")
	_, found, _ = cache.get(hashSecret("four"))
	require.True(t, found)
}

func TestIdentityOfARow(t *testing.T) {
	t.Parallel()
	boss := "boss"
	identity := newIdentity(storesql.User{ID: "ann", LeaderID: &boss, Roles: []string{RoleOperator}}, []string{"group:g"}, []string{"post:p@s"})
	require.Equal(t, []string{"user:ann", "group:g", "post:p@s"}, identity.Principals)
	require.Equal(t, "boss", identity.Person.LeaderID)
	require.True(t, identity.Viewer().All)
}
