package simulate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"steward/definitions"
	"steward/internal/calendar"
	"steward/workflows/engine"
	"steward/workflows/simulate"
)

const kidSource = `process: kid
name: { zh: 子, en: Kid }
outcomes: [good, bad]
input: { type: object, required: [k], properties: { k: { type: integer } } }
steps: [ { id: a, uses: task, assign: starter, outcomes: [yes, no], on: { no: { end: bad } } }, { end: good } ]
`

const bookSource = `register: book
name: { zh: 簿, en: Book }
key: [n]
schema: { type: object, properties: { n: { type: integer } } }
`

func bundleOf(source string) definitions.Bundle {
	return definitions.Bundle{Name: "random.yaml", Source: source, Files: map[string]string{
		"interfaces/kid.json": `{"process":"kid","outcomes":["good","bad"],"input":{"type":"object","required":["k"],"properties":{"k":{"type":"integer"}}}}`,
		"registers/book.yaml": bookSource,
	}}
}

// TestRandomDefinitionsUnderRandomEvents holds the promises of the engine against definitions and events that nobody
// thought of: it never panics, decides the same twice, never touches the state it was given, the fold of its log is its
// state, and nothing is ever stuck or left behind.
func TestRandomDefinitionsUnderRandomEvents(t *testing.T) {
	t.Parallel()
	cal, err := calendar.Bundled("cn")
	if err != nil {
		t.Fatal(err)
	}
	kid, problems := definitions.Compile(definitions.Bundle{Name: "kid.yaml", Source: kidSource}, registry())
	if kid == nil {
		t.Fatal(problems)
	}
	rapid.Check(t, func(t *rapid.T) {
		g := &generator{t: t}
		source := g.definition()
		def, problems := definitions.Compile(bundleOf(source), registry())
		if def == nil {
			problems = slices.DeleteFunc(problems, func(p definitions.Problem) bool { return p.Severity != definitions.Error })
			t.Fatalf("the generator wrote what does not compile: %v\n%s", problems, source)
		}
		m := newMonkey(t, def, cal, source)
		m.world.Definitions["kid"] = kid
		m.start()
		for range rapid.IntRange(5, 40).Draw(t, "events") {
			if !m.over {
				m.act()
			}
		}
	})
}

// monkey does random things to one process.
type monkey struct {
	t      *rapid.T
	def    *definitions.Definition
	source string
	eng    *engine.Engine
	world  *simulate.World
	st     *engine.State
	now    time.Time
	closed []string // tasks that were open once
	parked map[string]bool
	faults int
	log    []string
	over   bool
}

// livelock is how many deadlines may fire before somebody does something.
const livelock = 100

func newMonkey(t *rapid.T, def *definitions.Definition, cal *calendar.Calendar, source string) *monkey {
	w := simulate.NewWorld()
	w.People = map[string]simulate.Person{
		"ann": {Name: "Ann", Leader: "max"}, "bob": {Name: "Bob", Leader: "max"}, "cyd": {Name: "Cyd", Leader: "max"}, "max": {Name: "Max", Leader: "top"}, "top": {},
		"op": {Operator: true},
	}
	w.Groups = map[string][]string{"crew": {"bob", "cyd"}}
	w.UseCalendar("cn", cal)
	at := time.Date(2026, 2, 12, rapid.IntRange(0, 12).Draw(t, "hour"), 0, 0, 0, time.UTC)
	if rapid.Bool().Draw(t, "taken") {
		w.Bookings = append(w.Bookings, simulate.Booking{Process: "x", Booking: engine.Booking{Resource: "r1", From: at.Add(3 * time.Hour), To: at.Add(4 * time.Hour)}})
	}
	return &monkey{t: t, def: def, source: source, eng: engine.New(engine.DefaultLimits, nil), world: w, now: at, parked: map[string]bool{}}
}

func (m *monkey) failf(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf("%s\n--- events:\n%s\n--- definition:\n%s", fmt.Sprintf(format, args...), strings.Join(m.log, "\n"), m.source)
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

func (m *monkey) input() map[string]any {
	items := []any{}
	for range rapid.IntRange(0, 3).Draw(m.t, "items") {
		items = append(items, rapid.IntRange(0, 9).Draw(m.t, "item"))
	}
	return map[string]any{
		"host": rapid.SampledFrom([]string{"", "bob", "stranger"}).Draw(m.t, "host"), "n": rapid.IntRange(0, 8).Draw(m.t, "n"), "flag": rapid.Bool().Draw(m.t, "flag"), "items": items,
		"start": m.now.Add(time.Duration(rapid.IntRange(-3, 30).Draw(m.t, "start")) * time.Hour).Format(time.RFC3339),
	}
}

func (m *monkey) start() {
	data := encode(engine.StartData{Process: "5f0c2d1e-8c1a-5a51-9f57-6f1a2b3c4d5e", Definition: engine.Ref{ID: "random", Version: 1}, Input: m.input()})
	m.decide(engine.Event{ID: "cmd/0", Type: engine.EventStart, At: m.now, Actor: engine.Actor{User: "ann"}, Data: data}, m.now)
}

// act lets time pass, firing what falls due on the way as the transaction does, and then does something.
func (m *monkey) act() {
	pause := rapid.SampledFrom([]time.Duration{0, time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 5 * time.Hour, 30 * time.Hour}).Draw(m.t, "pause")
	target := m.now.Add(pause)
	m.fireUntil(target)
	m.now = target
	ev := m.event()
	ev.At = m.now
	ev.ID = fmt.Sprintf("cmd/%d", len(m.log))
	m.decide(ev, m.now)
}

// fireUntil fires every deadline before target: a command that comes at the same moment goes first.
func (m *monkey) fireUntil(target time.Time) {
	for fired := 0; m.st != nil; fired++ {
		dl, ok := m.due(target)
		if !ok {
			return
		}
		if fired > livelock {
			m.over = true // a definition whose rung gives an outcome at a past moment and leads back to its step never rests
			return
		}
		ev := engine.Event{ID: "due/" + dl.ID, Type: engine.EventDeadline, At: dl.At, Data: encode(engine.DeadlineData{Deadline: dl.ID, Key: dl.Key, Node: dl.Node})}
		if !m.decide(ev, target) {
			m.parked[dl.ID] = true
		} else if slices.ContainsFunc(m.st.Deadlines, func(d engine.Deadline) bool { return d == dl }) {
			m.failf("deadline %+v fired and still stands", dl)
		}
	}
}

func (m *monkey) due(target time.Time) (engine.Deadline, bool) {
	var first *engine.Deadline
	for i, d := range m.st.Deadlines {
		if d.At.Before(target) && !m.parked[d.ID] && (first == nil || d.At.Before(first.At)) {
			first = &m.st.Deadlines[i]
		}
	}
	if first == nil {
		return engine.Deadline{}, false
	}
	return *first, true
}

func (m *monkey) who() engine.Actor {
	who := rapid.SampledFrom([]string{"ann", "bob", "cyd", "max", "top", "op", "stranger", ""}).Draw(m.t, "who")
	if who == "" {
		return engine.Actor{Process: "other"}
	}
	return engine.Actor{User: who}
}

// event makes up something that happens.
func (m *monkey) event() engine.Event {
	what := rapid.SampledFrom([]string{
		"do", "do", "do", "do", "do", "do", "mess", "claim", "tell", "tell", "child", "cancel", "replan", "stale", "bytes", "clock",
	}).Draw(m.t, "what")
	switch what {
	case "do":
		return m.do()
	case "mess", "claim":
		return m.mess()
	case "tell":
		return m.tell()
	case "child":
		id := "nobody"
		if m.st != nil && len(m.st.Children) > 0 {
			id = rapid.SampledFrom(m.st.Children).Draw(m.t, "child").Process
		}
		outcome := rapid.SampledFrom([]string{"good", "bad", "refused"}).Draw(m.t, "outcome")
		return engine.Event{Type: engine.EventChildEnded, Actor: engine.Actor{Process: id}, Data: encode(engine.ChildData{Process: id, Outcome: outcome})}
	case "cancel":
		if rapid.IntRange(0, 3).Draw(m.t, "really") > 0 {
			return m.do()
		}
		return engine.Event{Type: engine.EventCancel, Actor: m.who()}
	case "stale":
		return engine.Event{Type: engine.EventDeadline, Data: encode(engine.DeadlineData{Deadline: fmt.Sprint("d", rapid.IntRange(0, 30).Draw(m.t, "dl"))})}
	case "bytes":
		types := []string{engine.EventStart, engine.EventComplete, engine.EventTell, engine.EventDeadline, engine.EventChildEnded, "what"}
		return engine.Event{Type: rapid.SampledFrom(types).Draw(m.t, "type"), Actor: m.who(), Data: rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(m.t, "bytes")}
	}
	return engine.Event{Type: engine.EventReplan}
}

// do completes an open task as somebody who may.
func (m *monkey) do() engine.Event {
	if m.st == nil || len(m.st.Tasks) == 0 {
		return m.tell()
	}
	k := rapid.SampledFrom(m.st.Tasks).Draw(m.t, "task")
	who := k.Assignee
	if who == "" {
		who = rapid.SampledFrom([]string{"bob", "cyd", "max", "top"}).Draw(m.t, "member")
	}
	data := engine.TaskData{Task: k.ID, Outcome: rapid.SampledFrom(k.Outcomes).Draw(m.t, "outcome")}
	if f := m.def.Nodes[k.Path].Form; f != nil {
		data.Form = m.form(f)
	}
	return engine.Event{Type: engine.EventComplete, Actor: engine.Actor{User: who}, Data: encode(data)}
}

func (m *monkey) form(f *definitions.Form) map[string]any {
	if len(f.Input) == 0 {
		return map[string]any{"m": 1}
	}
	all, form := m.input(), map[string]any{}
	for _, name := range f.Input {
		form[name] = all[name]
	}
	return form
}

// mess does something with a task that is open or was, allowed or not.
func (m *monkey) mess() engine.Event {
	ids := append([]string{"none"}, m.closed...)
	data := engine.TaskData{
		Task: rapid.SampledFrom(ids).Draw(m.t, "any"), Outcome: rapid.SampledFrom([]string{"", "ok", "done", "approved", "late", "x"}).Draw(m.t, "any outcome"),
		To: rapid.SampledFrom([]string{"", "bob", "cyd", "stranger"}).Draw(m.t, "to"),
	}
	if rapid.Bool().Draw(m.t, "with form") {
		data.Form = map[string]any{"m": rapid.IntRange(-1, 2).Draw(m.t, "m"), "n": 1, "zz": nil}
	}
	types := []string{engine.EventClaim, engine.EventRelease, engine.EventTransfer, engine.EventComplete}
	return engine.Event{Type: rapid.SampledFrom(types).Draw(m.t, "verb"), Actor: m.who(), Data: encode(data)}
}

func (m *monkey) tell() engine.Event {
	data := engine.TellData{Event: rapid.SampledFrom([]string{"over", "go", "edit", "change", "change", "jump", "stop", "none"}).Draw(m.t, "event")}
	in := m.input()
	switch data.Event {
	case "edit":
		data.Data = map[string]any{"n": in["n"], "flag": in["flag"]}
	case "change":
		data.Data = map[string]any{"n": in["n"], "start": in["start"]}
	case "stop":
		if rapid.IntRange(0, 3).Draw(m.t, "really") > 0 {
			data.Event = "over"
		}
	}
	return engine.Event{Type: engine.EventTell, Actor: m.who(), Data: encode(data)}
}

// tolerated are faults that a definition may deserve; any other is the engine's or the compiler's.
func tolerated(code string) bool {
	return slices.Contains([]string{"fuel", "nobody", "booking", "invalid_input", "child_input", "child_refused", "too_many_items"}, code)
}

// decide decides an event twice, checks everything, and keeps what was decided. It answers false after a fault.
func (m *monkey) decide(ev engine.Event, horizon time.Time) bool {
	m.log = append(m.log, fmt.Sprintf("%s %s %+v %s", ev.At.Format(time.RFC3339), ev.Type, ev.Actor, ev.Data))
	before := encode(m.st)
	d, err := m.eng.Decide(context.Background(), m.def, m.st, ev, m.world.For("p", horizon))
	again, err2 := m.eng.Decide(context.Background(), m.def, m.st, ev, m.world.For("p", horizon))
	if (err == nil) != (err2 == nil) || (err != nil && !strings.HasPrefix(err.Error(), "panic") && err.Error() != err2.Error()) {
		m.failf("the same event was decided differently: %v / %v", err, err2)
	}
	if !bytes.Equal(before, encode(m.st)) {
		m.failf("the given state was changed by %s\nbefore %s\nafter  %s", ev.Type, before, encode(m.st))
	}
	if err != nil {
		return m.refused(err)
	}
	text, err := engine.EncodeChanges(d.Changes)
	if err != nil {
		m.failf("changes cannot be encoded: %v", err)
	}
	if other, _ := engine.EncodeChanges(again.Changes); !bytes.Equal(text, other) {
		m.failf("deciding twice differs\n%s\n%s", text, other)
	}
	m.checkFold(before, text, d.State)
	for _, c := range d.Changes {
		if o, ok := c.(*engine.TaskOpened); ok {
			m.closed = append(m.closed, o.Task.ID)
		}
	}
	m.world.Keep("p", d.State, d.Changes)
	m.st = d.State
	m.checkState()
	return true
}

func (m *monkey) refused(err error) bool {
	var refusal *engine.Refusal
	var fault *engine.Fault
	switch {
	case errors.As(err, &refusal):
		return true
	case errors.As(err, &fault) && tolerated(fault.Code):
		m.faults++
		return false
	}
	m.failf("Decide failed: %v", err)
	return false
}

func (m *monkey) checkFold(before, text []byte, decided *engine.State) {
	changes, err := engine.DecodeChanges(text)
	if err != nil {
		m.failf("changes cannot be decoded: %v\n%s", err, text)
	}
	st := &engine.State{}
	if m.st != nil {
		if err := json.Unmarshal(before, st); err != nil {
			m.failf("the state cannot be decoded: %v", err)
		}
	}
	if want, got := encode(decided), encode(engine.Fold(st, changes...)); !bytes.Equal(want, got) {
		m.failf("the fold of the log differs from the state\ndecided %s\nfolded  %s\nchanges %s", want, got, text)
	}
}

// checkState holds a state against what must always be true.
func (m *monkey) checkState() {
	st := m.st
	if st.Process == "" {
		return
	}
	open := map[int]bool{}
	for i, n := range st.Nodes {
		if open[n.ID] || (i > 0 && st.Nodes[i-1].ID >= n.ID) {
			m.failf("node %d is open twice or out of order: %+v", n.ID, st.Nodes)
		}
		open[n.ID] = true
		if n.Parent != 0 && !open[n.Parent] {
			m.failf("node %d (%s) has no open parent %d", n.ID, n.Path, n.Parent)
		}
	}
	for _, d := range st.Deadlines {
		if !open[d.Node] {
			m.failf("deadline %+v of a node that is closed", d)
		}
	}
	for _, k := range st.Tasks {
		if !open[k.Node] {
			m.failf("task %s (%s) of a node that is closed", k.ID, k.Path)
		}
	}
	for _, c := range st.Children {
		if c.Wait && !open[c.Node] {
			m.failf("child %+v of a node that is closed", c)
		}
	}
	if st.Proposal != nil && !open[st.Proposal.Node] {
		m.failf("proposal %+v without its block", st.Proposal)
	}
	m.checkStuck()
}

// checkStuck makes sure that everything open can go on.
func (m *monkey) checkStuck() {
	st := m.st
	if st.Status == engine.StatusEnded {
		if len(st.Nodes)+len(st.Tasks)+len(st.Deadlines) > 0 || st.Proposal != nil || st.Outcome == "" {
			m.failf("something is left of an ended process: %s", encode(st))
		}
		return
	}
	if len(st.Nodes) == 0 {
		m.failf("nothing is open in a process that has not ended: %s", encode(st))
	}
	for _, n := range st.Nodes {
		if slices.ContainsFunc(st.Nodes, func(c engine.Node) bool { return c.Parent == n.ID }) || n.Waiting {
			continue
		}
		def := m.def.Nodes[n.Path]
		moves := slices.ContainsFunc(st.Tasks, func(k engine.Task) bool { return k.Node == n.ID }) ||
			slices.ContainsFunc(st.Deadlines, func(d engine.Deadline) bool { return d.Node == n.ID && d.Key != "due" }) ||
			slices.ContainsFunc(st.Children, func(c engine.Child) bool { return c.Node == n.ID && c.Wait }) ||
			(def.Wait != nil)
		if !moves {
			m.failf("nothing will ever move node %d (%s): %s", n.ID, n.Path, encode(st))
		}
	}
}
