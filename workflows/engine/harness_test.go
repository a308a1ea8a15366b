package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/workflows/engine"
	"steward/workflows/simulate"
)

// bench is one process under test on a virtual clock, with the fold of its log checked after every event.
type bench struct {
	t     testing.TB
	def   *definitions.Definition
	eng   *engine.Engine
	world *simulate.World
	st    *engine.State
	now   time.Time
	n     int
	last  engine.Decision
	log   []engine.Change
}

func compileFile(t testing.TB, fsys fs.FS, name string) *definitions.Definition {
	t.Helper()
	b, err := definitions.LoadBundle(fsys, name)
	require.NoError(t, err)
	return compileBundle(t, b)
}

func compileBundle(t testing.TB, b definitions.Bundle) *definitions.Definition {
	t.Helper()
	def, problems := definitions.Compile(b, definitions.NewRegistry(definitions.Builtin()...))
	for _, p := range problems {
		t.Logf("%+v", p)
	}
	require.NotNil(t, def)
	return def
}

// define compiles a definition written in a test.
func define(t testing.TB, source string) *definitions.Definition {
	t.Helper()
	return compileBundle(t, definitions.Bundle{Name: "test.yaml", Source: source, Files: map[string]string{}})
}

// house is the model of the people in the tests.
func house() *simulate.World {
	w := simulate.NewWorld()
	w.People = map[string]simulate.Person{
		"ann": {Name: "Ann", Leader: "max"}, "bob": {Name: "Bob", Leader: "max"}, "cyd": {Name: "Cyd", Leader: "max"},
		"max": {Name: "Max", Leader: "top"}, "top": {Name: "Top"}, "eve": {Name: "Eve", Leader: "max"}, "op": {Name: "Op", Operator: true},
	}
	w.Groups = map[string][]string{"meeting-office": {"eve"}, "attendants": {"bob", "cyd"}, "admins": {"top"}}
	w.Posts = map[string][]string{"av-engineer": {"bob"}}
	return w
}

func newBench(t testing.TB, def *definitions.Definition, at string) *bench {
	t.Helper()
	return &bench{t: t, def: def, eng: engine.New(engine.DefaultLimits, nil), world: house(), now: moment(t, at)}
}

// moment reads a time of the house's clock.
func moment(t testing.TB, text string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	at, err := time.ParseInLocation("2006-01-02 15:04", text, loc)
	require.NoError(t, err)
	return at.UTC()
}

const processID = "5f0c2d1e-8c1a-5a51-9f57-6f1a2b3c4d5e"

// try decides an event now and keeps what was decided.
func (b *bench) try(kind, user string, data any) error {
	b.t.Helper()
	b.n++
	body, err := json.Marshal(data)
	require.NoError(b.t, err)
	return b.decide(engine.Event{ID: "cmd/" + strconv.Itoa(b.n), Type: kind, At: b.now, Actor: engine.Actor{User: user}, Data: body})
}

func (b *bench) decide(ev engine.Event) error {
	b.t.Helper()
	before := encoded(b.t, b.st)
	d, err := b.eng.Decide(context.Background(), b.def, b.st, ev, b.world.For(processID, b.now))
	require.Equal(b.t, before, encoded(b.t, b.st), "Decide must not touch the state it was given")
	if err != nil {
		return err
	}
	b.checkFold(d)
	b.world.Keep(processID, d.State, d.Changes)
	b.st, b.last = d.State, d
	b.log = append(b.log, d.Changes...)
	return nil
}

// checkFold folds the changes as the log would give them back and compares with the decided state.
func (b *bench) checkFold(d engine.Decision) {
	b.t.Helper()
	text, err := engine.EncodeChanges(d.Changes)
	require.NoError(b.t, err)
	changes, err := engine.DecodeChanges(text)
	require.NoError(b.t, err)
	st := &engine.State{}
	if b.st != nil {
		require.NoError(b.t, json.Unmarshal([]byte(encoded(b.t, b.st)), st))
	}
	if diff := cmp.Diff(encoded(b.t, d.State), encoded(b.t, engine.Fold(st, changes...))); diff != "" {
		b.t.Fatalf("the fold of the log differs from the state (-decided +folded):\n%s", diff)
	}
}

func encoded(t testing.TB, st *engine.State) string {
	t.Helper()
	text, err := json.Marshal(st)
	require.NoError(t, err)
	return string(text)
}

func (b *bench) start(user string, input map[string]any) {
	b.t.Helper()
	require.NoError(b.t, b.tryStart(user, input))
}

func (b *bench) tryStart(user string, input map[string]any) error {
	b.t.Helper()
	return b.try(engine.EventStart, user, engine.StartData{Definition: engine.Ref{ID: b.def.ID, Version: 1}, Process: processID, Input: input})
}

// until moves the clock, firing every deadline on the way at its own time.
func (b *bench) until(at string) {
	b.t.Helper()
	target := moment(b.t, at)
	for range 10_000 {
		dl, ok := b.st.EarliestDue(target, nil)
		if !ok {
			b.now = target
			return
		}
		if dl.At.After(b.now) {
			b.now = dl.At
		}
		data, err := json.Marshal(engine.DeadlineData{Deadline: dl.ID, Key: dl.Key, Node: dl.Node})
		require.NoError(b.t, err)
		require.NoError(b.t, b.decide(engine.Event{ID: "due/" + dl.ID, Type: engine.EventDeadline, At: dl.At, Data: data}))
	}
	b.t.Fatal("the deadlines do not end")
}

// task answers the open task of a step.
func (b *bench) task(step string) engine.Task {
	b.t.Helper()
	for _, k := range b.st.Tasks {
		if k.Step == step {
			return k
		}
	}
	b.t.Fatalf("no open task %q among %v", step, b.open())
	return engine.Task{}
}

// open lists the steps that have an open task, sorted.
func (b *bench) open() []string {
	steps := []string{}
	for _, k := range b.st.Tasks {
		steps = append(steps, k.Step)
	}
	slices.Sort(steps)
	return steps
}

func (b *bench) complete(step, user, outcome string, form map[string]any) {
	b.t.Helper()
	require.NoError(b.t, b.tryComplete(step, user, outcome, form))
}

func (b *bench) tryComplete(step, user, outcome string, form map[string]any) error {
	b.t.Helper()
	return b.try(engine.EventComplete, user, engine.TaskData{Task: b.task(step).ID, Outcome: outcome, Form: form})
}

func (b *bench) tell(event, user string, data map[string]any) error {
	b.t.Helper()
	return b.try(engine.EventTell, user, engine.TellData{Event: event, Data: data})
}

// messages lists "template → recipients" of the changes so far and forgets them.
func (b *bench) messages() []string {
	var list []string
	for _, c := range b.log {
		if m, ok := c.(*engine.Messaged); ok {
			list = append(list, fmt.Sprint(m.Template, " ", m.To))
		}
	}
	b.log = nil
	return list
}

// refused asserts a refusal with a code.
func refused(t testing.TB, err error, code string) *engine.Refusal {
	t.Helper()
	var r *engine.Refusal
	require.ErrorAs(t, err, &r)
	require.Equal(t, code, r.Code, r.Message.En)
	return r
}

var library = os.DirFS("../../definitions/testdata/example")

// taken is a booking of another process.
func taken(t testing.TB, from, to string) simulate.Booking {
	t.Helper()
	return simulate.Booking{
		Booking: engine.Booking{ID: "other", Resource: "r1", From: moment(t, from), To: moment(t, to)}, Process: "other",
		Title: definitions.Text{Zh: "年度大会", En: "Annual assembly"},
	}
}

// fire decides one deadline now, as after an outage.
func (b *bench) fire(dl engine.Deadline) error {
	b.t.Helper()
	data, err := json.Marshal(engine.DeadlineData{Deadline: dl.ID, Key: dl.Key, Node: dl.Node})
	require.NoError(b.t, err)
	return b.decide(engine.Event{ID: "due/" + dl.ID, Type: engine.EventDeadline, At: dl.At, Data: data})
}
