package definitions_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
)

// TestNeeds: everything that a definition names is found wherever it stands; what it can do without is told apart.
func TestNeeds(t *testing.T) {
	t.Parallel()
	named := func(source string) []definitions.Need {
		def, problems := definitions.Compile(definitions.Bundle{Name: "p.yaml", Source: source, Files: map[string]string{}}, registry())
		require.NotNil(t, def, "%v", problems)
		return def.Needs()
	}
	all := named(`process: p
name: P
outcomes: [good]
input:
  type: object
  required: [start, end]
  properties:
    room: { type: string, x-resource: room }
    start: { type: string, format: date-time }
    end: { type: string, format: date-time }
anchors: { start: input.start }
roles:
  one:   { group: a }
  two:   { leader-of: { post: b }, empty: { group: spare } }
  three: { post: c, empty: skip }
  four:  { role: one, empty: { group: a } }
  five:  { user: eve }
  six:   { expr: '["group:computed"]' }
  seven: { group: "=input.room" }
  eight: { post: d, empty: incident }
steps:
  - { id: s, uses: task, assign: [one, three, six, seven], due: +1h, exclude: [{ user: max }], remind: [{ from: -10m, every: 5m, to: { post: b2 } }],
      escalate: [{ at: +0, notify: [two], to: { group: boss } }] }
  - { id: t, uses: task, assign: [four, five, eight], form: { type: object, properties: { car: { type: string, x-resource: vehicle } } } }
  - { id: v, uses: reserve, with: { resource: van-1, from: =input.start, to: =input.end }, on: { conflict: next } }
  - { id: n, uses: notify, with: { to: { group: told }, text: hello } }
  - { end: good }
events:
  e: { by: { group: tellers }, propose: [room], via: b }
blocks:
  b:
    - { id: o, uses: task, assign: { group: blockers } }
`)
	var optional []string
	needed := map[string][]string{}
	for _, n := range all {
		if n.Optional {
			optional = append(optional, n.Kind+" "+n.ID)
			continue
		}
		needed[n.Kind] = append(needed[n.Kind], n.ID)
	}
	require.Equal(t, []string{"post b", "post c"}, optional)
	require.Equal(t, map[string][]string{
		"group": {"a", "blockers", "boss", "spare", "tellers", "told"}, "post": {"b2", "d"}, "user": {"eve", "max"},
		"room": {""}, "vehicle": {""}, "resource": {"van-1"},
	}, needed)
	require.Empty(t, named("process: p\nname: P\nsteps:\n  - { id: a, uses: task, assign: starter }\n"))
}
