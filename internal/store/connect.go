package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// wantURL is the form of the address of a database.
const wantURL = "postgres://user:password@host:port/database"

// ConnectError says in one sentence why the database that DATABASE_URL names cannot be used, and what to do. Neither the sentence nor
// the errors behind it hold the password.
type ConnectError struct {
	sentence string
	causes   []error
}

// Error answers the sentence.
func (e *ConnectError) Error() string { return e.sentence }

// Unwrap gives ErrUnavailable when the database may be there later, and the error of the driver.
func (e *ConnectError) Unwrap() []error { return e.causes }

// badURL answers an error for an address that cannot be read. What the driver has to say of it may quote the address: it is left out.
func badURL(url string) error {
	what := "is not the address of a Postgres database"
	if scheme, _, found := strings.Cut(url, "://"); found && scheme != "postgres" && scheme != "postgresql" {
		what = "names a " + firstWord(scheme) + " address, not a Postgres database"
	}
	return &ConnectError{sentence: "DATABASE_URL " + what + ": set it to " + wantURL + ", with special characters of the password written as %XX", causes: []error{ErrInvalid}}
}

// firstWord keeps of a scheme what can be one.
func firstWord(scheme string) string {
	if i := strings.IndexFunc(scheme, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '+' && r != '-' }); i >= 0 {
		return "different"
	}
	return scheme
}

// connectError puts into words why a first connection failed. An error that did not come from connecting is classified as ever.
func connectError(err error, config *pgx.ConnConfig) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return Classify(err)
	}
	at := "Postgres at " + net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	if strings.HasPrefix(config.Host, "/") {
		at = fmt.Sprintf("Postgres at the socket %s, port %d,", config.Host, config.Port)
	}
	told := func(format string, args ...any) error {
		return &ConnectError{sentence: at + " " + fmt.Sprintf(format, args...), causes: []error{Classify(err)}}
	}
	var pgErr *pgconn.PgError
	var dns *net.DNSError
	switch {
	case errors.As(err, &pgErr):
		return serverRefused(pgErr, config, told)
	case errors.As(err, &dns) && dns.IsNotFound:
		return told("cannot be found, there is no host of that name: correct the host in DATABASE_URL")
	case !errors.Is(Classify(err), ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded):
		return Classify(err)
	case config.TLSConfig != nil && (strings.Contains(err.Error(), "server refused TLS") || strings.Contains(err.Error(), "x509: ")):
		return told("cannot be reached over TLS as DATABASE_URL asks: mend the server's certificate, or correct sslmode in DATABASE_URL")
	}
	return told("does not answer: start it, or correct host and port in DATABASE_URL")
}

// serverRefused tells what the server has against the connection.
func serverRefused(refusal *pgconn.PgError, config *pgx.ConnConfig, told func(string, ...any) error) error {
	switch {
	case refusal.Code == "28P01" || refusal.Code == "28000":
		return told("refuses the user %q with this password from here: correct user and password in DATABASE_URL, or allow the user in pg_hba.conf", config.User)
	case refusal.Code == "3D000":
		return told("has no database %q: create it (createdb %s), or correct the name at the end of DATABASE_URL", config.Database, config.Database)
	case refusal.Code == "42501":
		return told("does not let the user %q use the database %q: grant CONNECT, or correct DATABASE_URL", config.User, config.Database)
	case strings.HasPrefix(refusal.Code, "53"):
		return told("has no connection left: raise max_connections there, or lower --max-conns and --list-max-conns")
	case strings.HasPrefix(refusal.Code, "57P"):
		return told("is starting or stopping: try again in a moment")
	}
	return told("refuses the connection (%s, %s): correct DATABASE_URL or the server", strings.Join(strings.Fields(refusal.Message), " "), refusal.Code)
}
