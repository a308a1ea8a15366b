package main

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

// compose is what the test reads of docker-compose.yml.
type compose struct {
	Services map[string]service `yaml:"services"`
	Volumes  map[string]any     `yaml:"volumes"`
	Configs  map[string]any     `yaml:"configs"`
}

type service struct {
	Image       string            `yaml:"image"`
	Build       any               `yaml:"build"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
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
		Replicas int `yaml:"replicas"`
	} `yaml:"deploy"`
}

func (s service) ours() bool { return s.Build != nil }

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
	var names []string
	collect := func(flags []*kong.Flag) {
		for _, f := range flags {
			names = append(names, f.Envs...)
		}
	}
	collect(parser.Model.Flags)
	for _, leaf := range parser.Model.Leaves(true) {
		collect(leaf.Flags)
	}
	return names
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
			require.True(t, strings.HasPrefix(variable, "OTEL_") || slices.Contains(known, variable), "%s sets %s, which nothing reads", name, variable)
		}
		command, _ := understand(t, s.Command, s.Environment)
		commands[command] += max(1, s.Deploy.Replicas)
		if len(s.Healthcheck.Test) > 2 {
			understand(t, s.Healthcheck.Test[2:], s.Environment)
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
		for variable, value := range s.Environment {
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

func TestComposePublishesOnlyWhatHasSignIn(t *testing.T) {
	t.Parallel()
	for name, s := range readCompose(t).Services {
		for _, port := range s.Ports {
			require.True(t, s.ours() || strings.HasPrefix(port, "127.0.0.1:"), "%s publishes %s to everybody", name, port)
			require.Contains(t, portsOf(name, s), port[strings.LastIndexByte(port, ':')+1:], name)
		}
	}
}

func TestComposeHoldsNoPassword(t *testing.T) {
	t.Parallel()
	for name, s := range readCompose(t).Services {
		for variable, value := range s.Environment {
			if strings.Contains(variable, "PASSWORD") || strings.Contains(variable, "PWD") || variable == "DATABASE_URL" {
				require.Contains(t, value, "${POSTGRES_PASSWORD:?", "%s of %s", variable, name)
			}
		}
	}
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
