package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type configDocsCmd struct{}

// Run prints docs/configuration.md.
func (configDocsCmd) Run(out io.Writer, k *kong.Kong) error {
	_, err := io.WriteString(out, configurationDoc(k.Model))
	return err
}

const configurationIntro = `# Configuration

Every command with its flags, generated from the program (` + "`make generate`" + `). A flag wins over its environment variable, which wins
over the default. Secrets (` + "`DATABASE_URL`" + `) are given as environment variables rather than flags, where other users of the machine
could read them; the program never prints them. Times are written like ` + "`500ms`, `10s`, `12h`" + `.

OpenTelemetry is off unless its standard variables ask for it, such as ` + "`OTEL_EXPORTER_OTLP_ENDPOINT`" + `; ` + "`OTEL_SERVICE_NAME`" + ` is
` + "`steward`" + ` by default.

Exit codes: 0 done, 1 failed (the message says what to do), 2 the command line cannot be understood, 130 stopped at once.
`

// configurationDoc writes the reference of every command and flag.
func configurationDoc(model *kong.Application) string {
	var b strings.Builder
	b.WriteString(configurationIntro)
	b.WriteString("\n## Flags of every command\n\n")
	writeFlags(&b, model.Flags)
	for _, leaf := range model.Leaves(true) {
		fmt.Fprintf(&b, "\n## steward %s\n\n%s\n", strings.TrimPrefix(commandLine(leaf), "steward "), leaf.Help)
		writeArguments(&b, leaf.Positional)
		if len(leaf.Flags) > 0 {
			b.WriteByte('\n')
			writeFlags(&b, leaf.Flags)
		}
	}
	return b.String()
}

// commandLine is how a command is called, with its arguments and without its flags.
func commandLine(leaf *kong.Node) string {
	var words []string
	for n := leaf; n != nil; n = n.Parent {
		words = append(words, n.Name)
	}
	slices.Reverse(words)
	for _, p := range leaf.Positional {
		words = append(words, p.Summary())
	}
	return strings.Join(words, " ")
}

func writeArguments(b *strings.Builder, arguments []*kong.Positional) {
	for _, p := range arguments {
		fmt.Fprintf(b, "\n`%s`: %s\n", p.Summary(), p.Help)
	}
}

func writeFlags(b *strings.Builder, flags []*kong.Flag) {
	b.WriteString("| flag | environment | default | meaning |\n|---|---|---|---|\n")
	for _, f := range flags {
		if f.Hidden || f.Name == "help" {
			continue
		}
		fmt.Fprintf(b, "| `--%s` | %s | %s | %s |\n", f.Name, code(strings.Join(f.Envs, "`, `")), defaultOf(f), strings.ReplaceAll(f.Help, "|", "\\|"))
	}
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

func defaultOf(f *kong.Flag) string {
	switch {
	case f.Required:
		return "required"
	case f.HasDefault:
		return code(f.Default)
	default:
		return ""
	}
}
