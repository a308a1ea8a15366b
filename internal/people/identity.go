package people

import (
	"slices"
	"sync"
	"time"

	"steward/internal/store"
	"steward/internal/store/storesql"
)

// Identity is who makes a request, and by what right.
type Identity struct {
	Person     Person
	Principals []string // what they may act as
	TokenName  string   // name of the API token, "" for a session
	Scopes     []string // what the API token is good for, nil for a session, which is good for everything
}

// Viewer is the identity as lists see it.
func (i Identity) Viewer() store.Viewer {
	return store.Viewer{UserID: i.Person.ID, Principals: i.Principals, All: i.Person.SeesAll()}
}

// Allows reports whether the identity is good for a scope: a session is for all, a token for those it names.
func (i Identity) Allows(scope string) bool {
	return i.Scopes == nil || slices.Contains(i.Scopes, scope)
}

func newIdentity(user storesql.User, groups, posts []string) Identity {
	principals := append([]string{"user:" + user.ID}, groups...)
	return Identity{Person: fromRow(user), Principals: append(principals, posts...)}
}

// secretHash is the SHA-256 of a session or API token. A fast hash is right here: the tokens are 256 random bits.
type secretHash [32]byte

// identityCache spares a round trip for requests that follow one another closely. Another program's sign-out is seen when the
// entry ends; this one's at once.
type identityCache struct {
	keep    time.Duration
	maximum int

	mu      sync.Mutex
	entries map[secretHash]cachedIdentity
	epoch   uint64 // grows with every invalidation: what was read before one is not kept after it
}

type cachedIdentity struct {
	identity Identity
	until    time.Time
}

func newIdentityCache(keep time.Duration, maximum int) *identityCache {
	return &identityCache{keep: keep, maximum: maximum, entries: make(map[secretHash]cachedIdentity)}
}

// get answers the identity if it is fresh, and the epoch to hand to put after reading it from the database.
func (c *identityCache) get(key secretHash) (Identity, bool, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, found := c.entries[key]
	return entry.identity, found && time.Now().Before(entry.until), c.epoch
}

// put keeps an identity, but not past the end of the session or token it came from.
func (c *identityCache) put(key secretHash, identity Identity, ends time.Time, epoch uint64) {
	until := time.Now().Add(c.keep)
	if ends.Before(until) {
		until = ends
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch != c.epoch || c.keep <= 0 {
		return
	}
	if len(c.entries) >= c.maximum {
		c.makeRoom()
	}
	c.entries[key] = cachedIdentity{identity: identity, until: until}
}

// makeRoom drops what has ended, or everything when nothing has: the cache only spares work.
func (c *identityCache) makeRoom() {
	now := time.Now()
	for key, entry := range c.entries {
		if now.After(entry.until) {
			delete(c.entries, key)
		}
	}
	if len(c.entries) >= c.maximum {
		clear(c.entries)
	}
}

func (c *identityCache) forget(key secretHash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	delete(c.entries, key)
}

func (c *identityCache) forgetUser(userID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	for key, entry := range c.entries {
		if entry.identity.Person.ID == userID {
			delete(c.entries, key)
		}
	}
}

func (c *identityCache) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	clear(c.entries)
}
