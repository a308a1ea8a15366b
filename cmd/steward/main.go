package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // containers without time zones know the house's zone all the same

	"github.com/alecthomas/kong"

	"steward/internal/telemetry"
)

// Exit codes besides 0. A command may answer another one through kong.ExitCoder.
const (
	exitFailed      = 1   // something went wrong; the message says what to do
	exitUsage       = 2   // the command line cannot be understood
	exitInterrupted = 130 // stopped at once, by a second Ctrl-C
)

// grammar is every command with its flags.
type grammar struct {
	LogLevel  string `enum:"debug,info,warn,error" default:"info" env:"STEWARD_LOG_LEVEL" placeholder:"LEVEL" help:"Least important lines to log: debug, info, warn or error."`
	LogFormat string `enum:"text,json" default:"text" env:"STEWARD_LOG_FORMAT" placeholder:"FORMAT" help:"Form of log lines: text or json."`

	Dev           devCmd           `cmd:"" help:"Run everything on this machine: Postgres, Temporal, Steward, demo people and samples."`
	Serve         serveCmd         `cmd:"" help:"Answer HTTP requests."`
	Worker        workerCmd        `cmd:"" help:"Run processes: timers, reminders, escalations, messages."`
	Migrate       migrateCmd       `cmd:"" help:"Bring the database's schema up to this version."`
	Publish       publishCmd       `cmd:"" help:"Publish process definitions: the shipped library, or given files."`
	Incidents     incidentsCmd     `cmd:"" help:"List, retry and drop what waits for an operator."`
	Recover       recoverCmd       `cmd:"" help:"Start fresh Temporal runs from Postgres after a loss."`
	Verify        verifyCmd        `cmd:"" help:"Compare the state of processes with their decision logs."`
	Calendar      calendarCmd      `cmd:"" help:"Keep working calendars."`
	Parameters    parametersCmd    `cmd:"" help:"Keep house parameters: what this house wants otherwise than a definition's defaults."`
	People        peopleCmd        `cmd:"" help:"Keep people and their passwords."`
	Groups        groupsCmd        `cmd:"" help:"Keep groups: people who may do the same tasks."`
	Posts         postsCmd         `cmd:"" help:"Keep posts: duties that people hold."`
	Rooms         roomsCmd         `cmd:"" help:"Keep the rooms that can be booked."`
	Definitions   definitionsCmd   `cmd:"" help:"Say what definitions count on."`
	Token         tokenCmd         `cmd:"" help:"Keep API tokens."`
	Lint          LintCmd          `cmd:"" help:"Check definitions: every problem with its place and a hint."`
	Simulate      SimulateCmd      `cmd:"" help:"Rehearse a process on a model of the house and print its timeline."`
	Test          TestCmd          `cmd:"" help:"Run the scenario tests beside definitions."`
	Health        healthCmd        `cmd:"" help:"Ask a running program whether it is well."`
	Version       versionCmd       `cmd:"" help:"Print the version."`
	BuildTemporal buildTemporalCmd `cmd:"" hidden:"" help:"Build the development Temporal server."`
	ConfigDocs    configDocsCmd    `cmd:"" hidden:"" help:"Print docs/configuration.md."`
}

// streams are the program's input and output.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	ctx, stop := untilInterrupted(context.Background())
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// untilInterrupted answers a context that ends with the first Ctrl-C or SIGTERM. The second one ends the program at once; the
// servers that it started go with it.
func untilInterrupted(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitInterrupted)
	}()
	return ctx, cancel
}

// run does what the command line says and answers the exit code.
func run(ctx context.Context, args []string, std streams) int {
	var cli grammar
	exited := -1
	parser, err := newParser(&cli, std, func(code int) { exited = code })
	if err != nil {
		fmt.Fprintln(std.err, "steward:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	switch {
	case exited >= 0: // --help has printed all there is to say
		return exited
	case err != nil:
		fmt.Fprintf(std.err, "steward: %s; %s`steward %s` tells more\n", err, afterDashes(err), strings.TrimSpace(commandOf(parsed, err)+" --help"))
		return exitUsage
	}
	err = execute(ctx, parsed, &cli, std)
	return report(ctx, err, std.err)
}

func newParser(cli *grammar, std streams, exit func(int)) (*kong.Kong, error) {
	return kong.New(cli,
		kong.Name("steward"),
		kong.Description("Steward 管家 runs service operations (meetings, complaints and the like) as durable processes."),
		kong.Writers(std.out, std.err), kong.Exit(exit), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
	)
}

// commandOf names the command that was understood before the error, for the hint at its help.
func commandOf(parsed *kong.Context, err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) {
		parsed = wrong.Context
	}
	if parsed == nil {
		return ""
	}
	var words []string
	for _, step := range parsed.Path {
		if step.Command != nil {
			words = append(words, step.Command.Name)
		}
	}
	return strings.Join(words, " ")
}

// unknownDigit is what the parser says of a value such as -30m, which it takes for flags.
var unknownDigit = regexp.MustCompile(`^unknown flag -[0-9+.]`)

// afterDashes says how an argument is written that looks like a flag, when the error is about one.
func afterDashes(err error) string {
	if !unknownDigit.MatchString(err.Error()) {
		return ""
	}
	return "write a value that begins with - at the end, after --, as in: -- -30m; "
}

// execute starts telemetry, runs the command, and sends what telemetry still holds.
func execute(ctx context.Context, parsed *kong.Context, cli *grammar, std streams) (err error) {
	log, err := telemetry.NewLogger(std.err, cli.LogLevel, cli.LogFormat)
	if err != nil {
		return err
	}
	observed, err := telemetry.Start(ctx, telemetry.Options{Service: "steward", Version: versionOf(), Getenv: os.Getenv})
	if err != nil {
		return err
	}
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if stopping := observed.Stop(last); stopping != nil {
			log.WarnContext(ctx, "telemetry was not sent", "error", stopping)
		}
	}()
	slog.SetDefault(log)
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.BindTo(std.out, (*io.Writer)(nil))
	parsed.BindTo(std.in, (*io.Reader)(nil))
	parsed.Bind(&surroundings{log: log, std: std, tracing: observed.Tracing(), level: cli.LogLevel, format: cli.LogFormat})
	return parsed.Run()
}

// surroundings are what commands get besides their flags.
type surroundings struct {
	log           *slog.Logger
	std           streams
	tracing       bool
	level, format string
}

// report prints an error as one sentence and answers the exit code that belongs to it.
func report(ctx context.Context, err error, out io.Writer) int {
	if err == nil {
		return 0
	}
	if !errors.Is(err, context.Canceled) || ctx.Err() == nil {
		if text := oneLine(err.Error()); text != "" {
			fmt.Fprintln(out, "steward:", text)
		}
	}
	var coder kong.ExitCoder
	if errors.As(err, &coder) {
		return coder.ExitCode()
	}
	return exitFailed
}

// oneLine joins the lines of an error: a cause that another program or a driver told may have several.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
