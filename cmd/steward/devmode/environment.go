package devmode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// environment is what other commands need to work with the servers that we run. It holds the password of the development
// Postgres, which listens on this machine only, in a file that only its owner reads.
type environment struct {
	DatabaseURL     string `json:"database_url,omitempty"`     // "" when the reader named a database himself
	TemporalAddress string `json:"temporal_address,omitempty"` // "" when the reader named a Temporal himself
}

func environmentFile(dir string) string { return filepath.Join(dir, "environment.json") }

// ErrNotRunning says that there is nothing to connect to.
var ErrNotRunning = errors.New("no `steward dev` runs in this folder: start it first (make run), or name its folder with --dir")

// reachable bounds the look whether the servers of the last run are there.
const reachable = 2 * time.Second

// Environment answers shell commands that point every other command at the servers of the `steward dev` that runs in dir. The error
// is ErrNotRunning when none does.
func Environment(ctx context.Context, dir string) (string, error) {
	e := recall[environment](environmentFile(dir))
	var lines []string
	for _, v := range []struct{ name, value, address string }{
		{"DATABASE_URL", e.DatabaseURL, hostOf(e.DatabaseURL)},
		{"TEMPORAL_ADDRESS", e.TemporalAddress, e.TemporalAddress},
	} {
		if v.value == "" {
			continue
		}
		if !answers(ctx, v.address) {
			return "", ErrNotRunning
		}
		lines = append(lines, fmt.Sprintf("export %s='%s'", v.name, strings.ReplaceAll(v.value, "'", `'\''`)))
	}
	if len(lines) == 0 {
		return "", ErrNotRunning
	}
	return strings.Join(lines, "\n") + "\n", nil
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

func answers(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, reachable)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// rememberEnvironment keeps what is ours of the addresses: a database that the reader named is his secret.
func (s *stack) rememberEnvironment() error {
	var e environment
	if s.opts.DatabaseURL == "" {
		e.DatabaseURL = s.databaseURL
	}
	if s.opts.TemporalAddress == "" {
		e.TemporalAddress = s.address
	}
	return remember(environmentFile(s.opts.Dir), e)
}

// withoutOurs drops addresses that are those of our own last run: a terminal that took them over with --print-env can start
// `steward dev` again all the same.
func (o Options) withoutOurs() Options {
	last := recall[environment](environmentFile(o.Dir))
	if o.DatabaseURL == last.DatabaseURL {
		o.DatabaseURL = ""
	}
	if o.TemporalAddress == last.TemporalAddress {
		o.TemporalAddress = ""
	}
	return o
}
