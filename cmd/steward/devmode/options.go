package devmode

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"

	"steward/internal/advance"
	"steward/internal/app"
)

// DefaultDir is the folder that keeps everything unless another one is named.
const DefaultDir = ".steward"

// Options says what to run. Dir, Root, Listen, Out and Log are required.
type Options struct {
	// Dir is the folder that keeps everything between runs. It is created.
	Dir string
	// Here is the folder from which the checkout, with Temporal's source, is looked for.
	Here string
	// DatabaseURL is a database to use instead of a Postgres of our own.
	DatabaseURL string
	// TemporalAddress is a Temporal server to use instead of one of our own.
	TemporalAddress string
	// Namespace of Temporal. Empty means "default".
	Namespace string
	// PgBin is a folder with postgres and initdb. Empty means to look for one.
	PgBin string
	// Listen is the address of the page and the API.
	Listen string
	// Listener is that address, already taken. Nil means that Run takes it.
	Listener net.Listener
	// Decide says who decides first.
	Decide advance.Mode
	// Fresh throws away what earlier runs kept in Dir.
	Fresh bool
	// NoUI leaves Temporal's Web UI out.
	NoUI bool
	// NoSamples leaves the sample processes out; the demo people and the shipped definitions are always there.
	NoSamples bool
	// Tracing records spans.
	Tracing bool
	// LogFile is named to the reader, when the log goes to a file.
	LogFile string
	// Program is how the reader starts this program, for commands that are printed. Empty means "steward".
	Program string
	// Out gets what a person should read.
	Out io.Writer
	// Log gets everything else.
	Log *slog.Logger
	// Ready is told once everything runs. May be nil.
	Ready func(*app.App)
}

// ErrFresh says that Fresh and a database of somebody else do not go together.
var ErrFresh = errors.New("--fresh would have to empty the database that DATABASE_URL names, which is not ours: empty it yourself, or unset DATABASE_URL")

func (o Options) check() error {
	if o.Fresh && o.DatabaseURL != "" {
		return ErrFresh
	}
	return nil
}

// beside is a command line that runs a second one beside this: another address alone would meet the same folder.
func (o Options) beside() string {
	host, port, err := net.SplitHostPort(o.Listen)
	number, wrong := strconv.Atoi(port)
	if err != nil || wrong != nil || number < 1 || number >= 1<<16-1 {
		host, number = "127.0.0.1", 8080
	}
	flags := fmt.Sprintf("--listen %s --dir %s", net.JoinHostPort(host, strconv.Itoa(number+1)), nextFolder(o.Dir))
	return fmt.Sprintf("`make run ARGS=%q` (without make: `%s dev %s`)", flags, o.program(), flags)
}

// mostFolders bounds how far nextFolder counts.
const mostFolders = 1000

// counted is a folder whose name ends with a number that may be counted on.
var counted = regexp.MustCompile(`^(.*[^0-9/])([1-9]\d{0,2})$`)

// nextFolder answers the first folder like dir that is not there yet: .steward is followed by .steward2, and that by .steward3.
func nextFolder(dir string) string {
	stem, n := dir, 1
	if found := counted.FindStringSubmatch(dir); found != nil {
		stem = found[1]
		n, _ = strconv.Atoi(found[2]) // three digits at most
	} else if last := dir[max(len(dir)-1, 0):]; strings.Trim(last, "0123456789") == "" {
		stem += "-"
	}
	for n++; n < mostFolders; n++ {
		if _, err := os.Lstat(stem + strconv.Itoa(n)); err != nil {
			break
		}
	}
	return stem + strconv.Itoa(n)
}

func (o Options) program() string { return cmp.Or(o.Program, "steward") }
