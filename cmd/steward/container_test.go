package main

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/internal/devserver/postgres"
)

// compose is what the test reads of docker-compose.yml.
type compose struct {
	Services map[string]service `yaml:"services"`
	Volumes  map[string]any     `yaml:"volumes"`
	Configs  map[string]struct {
		Content string `yaml:"content"`
	} `yaml:"configs"`
}

type service struct {
	Image       string             `yaml:"image"`
	Build       any                `yaml:"build"`
	Command     []string           `yaml:"command"`
	Environment map[string]*string `yaml:"environment"` // what has no value is taken from .env
	Ports       []string           `yaml:"ports"`
	Volumes     []string           `yaml:"volumes"`
	Configs     []struct {
		Source string `yaml:"source"`
	} `yaml:"configs"`
	Depends map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
	Healthcheck struct {
		Test    []string `yaml:"test"`
		Disable bool     `yaml:"disable"`
	} `yaml:"healthcheck"`
	Deploy struct {
		Replicas  int `yaml:"replicas"`
		Resources struct {
			Limits struct {
				CPUs   string `yaml:"cpus"`
				Memory string `yaml:"memory"`
			} `yaml:"limits"`
		} `yaml:"resources"`
	} `yaml:"deploy"`
	Logging struct {
		Options map[string]string `yaml:"options"`
	} `yaml:"logging"`
}

func (s service) ours() bool { return s.Build != nil }

// set are the variables that have a value of their own.
func (s service) set() map[string]string {
	set := map[string]string{}
	for name, value := range s.Environment {
		if value != nil {
			set[name] = *value
		}
	}
	return set
}

func readCompose(t *testing.T) compose {
	t.Helper()
	text, err := os.ReadFile("../../docker-compose.yml")
	require.NoError(t, err)
	var c compose
	require.NoError(t, yaml.UnmarshalWithOptions(text, &c, yaml.AllowDuplicateMapKey()), "a key beside a merged one overrides it")
	return c
}

// understand parses a command line as the program would, with the environment that a container has.
func understand(t *testing.T, args []string, environment map[string]string) (string, *grammar) {
	t.Helper()
	for name, value := range environment {
		t.Setenv(name, value)
	}
	cli := new(grammar)
	parser, err := newParser(cli, streams{}, func(int) {})
	require.NoError(t, err)
	parsed, err := parser.Parse(args)
	require.NoError(t, err, "steward %v", args)
	return parsed.Command(), cli
}

// variables are the names of all environment variables that the program reads.
func variables(t *testing.T) []string {
	t.Helper()
	parser, err := newParser(new(grammar), streams{}, func(int) {})
	require.NoError(t, err)
	names := variablesOf(parser.Model.Flags)
	for _, leaf := range parser.Model.Leaves(true) {
		names = append(names, variablesOf(leaf.Flags)...)
	}
	return names
}

func variablesOf(flags []*kong.Flag) (names []string) {
	for _, f := range flags {
		names = append(names, f.Envs...)
	}
	return names
}

// TestComposePassesEveryVariableOn that a program reads: what configuration.md documents works in containers too.
func TestComposePassesEveryVariableOn(t *testing.T) {
	t.Parallel()
	parser, err := newParser(new(grammar), streams{}, func(int) {})
	require.NoError(t, err)
	services := readCompose(t).Services
	for _, leaf := range parser.Model.Leaves(true) {
		if leaf.Name != "serve" && leaf.Name != "worker" {
			continue
		}
		for _, name := range append(variablesOf(parser.Model.Flags), variablesOf(leaf.Flags)...) {
			require.Contains(t, services[leaf.Name].Environment, name, leaf.Name)
		}
	}
}

func TestComposeCallsTheProgramAsItIs(t *testing.T) {
	c := readCompose(t)
	known := variables(t)
	commands := map[string]int{}
	for name, s := range c.Services {
		if !s.ours() {
			continue
		}
		for variable := range s.Environment {
			require.True(t, strings.HasPrefix(variable, "OTEL_") || variable == "GOMEMLIMIT" || slices.Contains(known, variable), "%s sets %s, which nothing reads", name, variable)
		}
		command, _ := understand(t, s.Command, s.set())
		commands[command] += max(1, s.Deploy.Replicas)
		if len(s.Healthcheck.Test) > 2 {
			asked, cli := understand(t, s.Healthcheck.Test[2:], s.set())
			require.Equal(t, "health", asked, "%s: a check that can fail", name)
			require.True(t, cli.Health.Worker, name)
		}
	}
	require.Equal(t, map[string]int{"migrate": 1, "publish": 1, "serve": 2, "worker": 2}, commands)
}

func TestComposeConnectsWhatItNames(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	for name, s := range c.Services {
		for other, how := range s.Depends {
			target, ok := c.Services[other]
			require.True(t, ok, "%s waits for %s, which does not exist", name, other)
			if how.Condition == "service_healthy" {
				require.NotEmpty(t, target.Healthcheck.Test, "%s waits for the health of %s, which has no check", name, other)
			}
		}
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			require.Contains(t, c.Volumes, source, name)
		}
		for _, config := range s.Configs {
			require.Contains(t, c.Configs, config.Source, name)
		}
		hosts := regexp.MustCompile(`(?:@|://|^)([a-z][a-z-]+):(\d+)`)
		for variable, value := range s.set() {
			for _, found := range hosts.FindAllStringSubmatch(value, -1) {
				target, ok := c.Services[found[1]]
				require.True(t, ok, "%s of %s names the host %s", variable, name, found[1])
				require.Contains(t, portsOf(found[1], target), found[2], "%s of %s", variable, name)
			}
		}
	}
	for _, needed := range []string{"postgres", "temporal", "temporal-ui", "migrate", "serve", "worker", "collector"} {
		require.Contains(t, slices.Collect(maps.Keys(c.Services)), needed)
	}
}

// portsOf are those that a service listens on.
func portsOf(name string, s service) []string {
	usual := map[string][]string{"postgres": {"5432"}, "temporal": {"7233"}, "collector": {"4318"}, "temporal-ui": {"8080"}}
	if s.ours() {
		return []string{"8080"}
	}
	return usual[name]
}

func TestComposePublishesOnThisHostOnly(t *testing.T) {
	t.Parallel()
	for name, s := range readCompose(t).Services {
		for _, port := range s.Ports {
			host := "127.0.0.1:"
			if s.ours() { // has sign-in, and may be opened to a proxy elsewhere
				host = "${STEWARD_BIND:-127.0.0.1}:"
			}
			require.True(t, strings.HasPrefix(port, host), "%s publishes %s to everybody", name, port)
			require.Contains(t, portsOf(name, s), port[strings.LastIndexByte(port, ':')+1:], name)
		}
	}
}

// TestComposeHoldsNoPassword, and gives everybody the one of his own role only.
func TestComposeHoldsNoPassword(t *testing.T) {
	t.Parallel()
	password := regexp.MustCompile(`\$\{([A-Z_]*PASSWORD):\?`)
	got := map[string][]string{}
	for name, s := range readCompose(t).Services {
		for variable, value := range s.set() {
			if strings.Contains(variable, "PASSWORD") || strings.Contains(variable, "PWD") || variable == "DATABASE_URL" {
				require.Regexp(t, password, value, "%s of %s", variable, name)
				got[name] = append(got[name], password.FindStringSubmatch(value)[1])
			}
		}
		slices.Sort(got[name])
	}
	app, temporal := []string{"STEWARD_APP_PASSWORD"}, []string{"TEMPORAL_PASSWORD"}
	require.Equal(t, map[string][]string{
		"postgres": {"POSTGRES_PASSWORD", "STEWARD_APP_PASSWORD", "TEMPORAL_PASSWORD"}, "migrate": {"POSTGRES_PASSWORD"},
		"publish": app, "serve": app, "worker": app, "temporal": temporal, "temporal-schema": temporal,
	}, withoutEmpty(got))
}

func withoutEmpty(m map[string][]string) map[string][]string {
	maps.DeleteFunc(m, func(_ string, v []string) bool { return len(v) == 0 })
	return m
}

func TestComposeBoundsWhatContainersTake(t *testing.T) {
	t.Parallel()
	for name, s := range readCompose(t).Services {
		require.NotEmpty(t, s.Deploy.Resources.Limits.CPUs, name)
		require.NotEmpty(t, s.Deploy.Resources.Limits.Memory, name)
		require.NotEmpty(t, s.Logging.Options["max-size"], "%s: logs are rotated", name)
		require.NotEmpty(t, s.Logging.Options["max-file"], name)
	}
}

// TestComposeRolesWork sets a Postgres up as the container does, and works with it as the programs do.
func TestComposeRolesWork(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/var/tmp", "steward-compose-") // one that the account of Postgres can reach
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	pg, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(dir, "pg")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pg.Stop(context.Background())) })
	require.NoError(t, pg.CreateDatabase(t.Context(), "steward"))
	owner := pg.URL("steward")
	run := func(address, sql string) error {
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			return err
		}
		defer func() { require.NoError(t, conn.Close(t.Context())) }()
		_, err = conn.Exec(t.Context(), sql)
		return err
	}
	for line := range strings.Lines(readCompose(t).Configs["roles"].Content) {
		if !strings.HasPrefix(line, `\getenv`) { // which psql understands, not the server
			require.NoError(t, run(owner, strings.NewReplacer(":'app'", "'a'", ":'temporal'", "'t'").Replace(line)), line)
		}
	}
	as := func(user, password, database string) string {
		u, err := url.Parse(pg.URL(database))
		require.NoError(t, err)
		u.User = url.UserPassword(user, password)
		return u.String()
	}
	app, said := as("steward_app", "a", "steward"), steward(t, "", "migrate", "--grant-to", "steward_app", "--database-url", owner)
	require.Zero(t, said.code, said.err)
	require.Contains(t, said.out, "the role steward_app may work with it")
	for _, args := range [][]string{{"people", "put", "lihua", "--name", "李华", "--roles", "admin"}, {"publish"}, {"verify"}} {
		said := steward(t, "", append(args, "--database-url", app, "--log-level", "error")...)
		require.Zero(t, said.code, "%v: %s", args, said.err)
	}
	require.ErrorContains(t, run(app, "DELETE FROM decision_log"), "permission denied")
	require.ErrorContains(t, run(as("temporal", "t", "steward"), "SELECT 1"), "permission denied")
	require.ErrorContains(t, run(as("steward_app", "a", "temporal"), "SELECT 1"), "permission denied")
	require.NoError(t, run(as("temporal", "t", "temporal"), "CREATE TABLE executions (id int)"))
	require.NoError(t, run(as("temporal", "t", "temporal_visibility"), "CREATE EXTENSION btree_gin"))
}

// instructions reads a Dockerfile: keyword and rest of every instruction.
func instructions(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../Dockerfile")
	require.NoError(t, err)
	all := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if keyword, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(line, "#") {
			all[keyword] = append(all[keyword], rest)
		}
	}
	return all
}

func TestDockerfileCallsTheProgramAsItIs(t *testing.T) {
	all := instructions(t)
	environment := map[string]string{"DATABASE_URL": "postgres://x"}
	for pair := range strings.FieldsSeq(all["ENV"][len(all["ENV"])-1]) {
		name, value, ok := strings.Cut(pair, "=")
		require.True(t, ok, pair)
		require.Contains(t, variables(t), name)
		environment[name] = value
	}
	var entry, command []string
	require.NoError(t, json.Unmarshal([]byte(all["ENTRYPOINT"][0]), &entry))
	require.NoError(t, json.Unmarshal([]byte(all["CMD"][0]), &command))
	require.Equal(t, []string{"/usr/local/bin/steward"}, entry)
	called, cli := understand(t, command, environment)
	require.Equal(t, "serve", called)
	require.True(t, strings.HasSuffix(cli.Serve.Listen, ":"+all["EXPOSE"][0]))

	_, check, ok := strings.Cut(all["HEALTHCHECK"][0], "CMD ")
	require.True(t, ok)
	var probe []string
	require.NoError(t, json.Unmarshal([]byte(check), &probe))
	asked, cli := understand(t, probe[1:], nil)
	require.Equal(t, "health", asked)
	require.Equal(t, "http://127.0.0.1:"+all["EXPOSE"][0]+"/healthz", cli.Health.URL)
}

func TestDockerfileIsBuiltForProduction(t *testing.T) {
	t.Parallel()
	all := instructions(t)
	require.Len(t, all["FROM"], 2)
	require.Equal(t, []string{"65532:65532"}, all["USER"], "not root")
	module, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	wanted := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(module))[1]
	require.Contains(t, all["FROM"][0], "golang:"+wanted, "the image's Go is that of go.mod")
	require.Contains(t, strings.Join(all["RUN"], "\n"), "-X main.version=")
	ignored, err := os.ReadFile("../../.dockerignore")
	require.NoError(t, err)
	require.Contains(t, string(ignored), ".steward")
}
