package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"steward/definitions"
	"steward/definitions/expr"
)

// Engine decides. It holds the behavior of the task kinds and the limits, nothing that changes; it is safe for
// concurrent use.
type Engine struct {
	kinds   map[string]Behavior
	limits  Limits
	binders sync.Map // *definitions.Schema, *definitions.Node or *expr.Program → *expr.Binder; each is made once
}

// bind gives JSON values the types that expressions see; of is what in the definition the type belongs to.
func (e *Engine) bind(of any, t func() expr.Type, raw any) any {
	b, ok := e.binders.Load(of)
	if !ok {
		b, _ = e.binders.LoadOrStore(of, expr.NewBinder(t()))
	}
	if binder, _ := b.(*expr.Binder); binder != nil {
		return binder.Bind(raw)
	}
	return raw
}

// New makes an engine with the built-in kinds and further ones by name. It panics on a name that is taken, which is a
// programming error.
func New(limits Limits, further map[string]Behavior) *Engine {
	e := &Engine{kinds: builtin(), limits: limits}
	for name, b := range further {
		if _, taken := e.kinds[name]; taken {
			panic("engine: task kind " + name + " is registered twice")
		}
		e.kinds[name] = b
	}
	return e
}

// Decision is what follows from one event: the changes, the state after them, and the answer to who asked.
type Decision struct {
	Changes []Change
	State   *State
	Receipt Receipt
}

// Decide answers what follows from ev. It never changes st and has no effect but through env.
//
// The error is a *Refusal (a command that must not be carried out: its receipt), a *Fault (the definition or the engine
// is at fault: an incident), or an error of env, for which the caller tries again.
func (e *Engine) Decide(ctx context.Context, def *definitions.Definition, st *State, ev Event, env Env) (out Decision, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &Fault{Code: "panic", Err: fmt.Errorf("%v\n%s", r, debug.Stack())}
		}
	}()
	if st == nil {
		st = &State{}
	}
	d := &decider{
		ctx: ctx, engine: e, def: def, st: st.Clone(), env: env, ev: ev, now: ev.At, fuel: e.limits.Transitions,
		receipt: Receipt{Status: "applied", Process: st.Process},
	}
	d.dispatch()
	if d.err != nil {
		return Decision{}, d.err
	}
	if ev.Type == EventReplan && d.ticked && len(d.changes) == 1 { // nothing but the time has changed: that leaves no trace
		return Decision{State: st, Receipt: d.receipt}, nil
	}
	return Decision{Changes: d.changes, State: d.st, Receipt: d.receipt}, nil
}

// decider is one decision at work. Its error sticks: once set, every further step does nothing.
type decider struct {
	ctx     context.Context
	engine  *Engine
	def     *definitions.Definition
	st      *State
	env     Env
	ev      Event
	now     time.Time
	changes []Change
	fuel    int
	err     error
	receipt Receipt
	filling map[int]bool // nodes whose children are just being opened
	moved   []string     // principals concerned by a changed date
	views   viewCache
	person  *Person // the actor, once asked for
	ticked  bool    // time has gone on since the last event
	stale   bool    // every deadline has to be planned again
	stepped bool    // a step was claimed or done
}

func (d *decider) dispatch() {
	if d.ev.Type == EventStart {
		d.start()
		return
	}
	if d.st.Process == "" {
		d.refuse("not_found", "没有这个流程", "there is no such process")
		return
	}
	if d.ev.Actor.User != "" && slices.Contains([]string{EventDeadline, EventChildEnded, EventReplan}, d.ev.Type) {
		d.refuse("forbidden", "此事件只能由系统产生", "only the system itself may tell this")
		return
	}
	if d.now.Before(d.st.LastAt) {
		d.now = d.st.LastAt
	}
	if d.st.Status == StatusEnded {
		d.afterEnd()
		return
	}
	if d.now.After(d.st.LastAt) {
		d.emit(&ClockAdvanced{At: d.now})
		d.ticked = true
	}
	switch d.ev.Type {
	case EventClaim, EventRelease, EventComplete, EventTransfer:
		d.taskEvent()
	case EventTell:
		d.tell()
	case EventCancel:
		d.cancel()
	case EventChildEnded:
		d.childEnded()
	case EventReplan:
		d.stale = true
	case EventDeadline:
		d.fire()
	case EventDrop:
		d.drop()
	default:
		d.refuse("unknown_command", "未知的命令 "+d.ev.Type, "unknown command "+d.ev.Type)
	}
	d.settle()
	d.tellMoved()
}

// settle plans again, once the event itself has been applied, whatever it touched: everything when anchors, input or the
// calendar moved, else what counts from steps being claimed or done. Planning may close or begin nodes, and so goes on until
// nothing moves.
func (d *decider) settle() {
	for d.err == nil && (d.stale || d.stepped) {
		all := d.stale
		d.stale, d.stepped = false, false
		for _, id := range d.openIDs() {
			if n := d.st.node(id); n != nil && (all || d.static(n).WaitsForSteps) {
				d.replanNode(id)
			}
		}
	}
}

// openIDs lists the open nodes; planning one may close or open others.
func (d *decider) openIDs() []int {
	ids := make([]int, len(d.st.Nodes))
	for i, n := range d.st.Nodes {
		ids[i] = n.ID
	}
	return ids
}

// afterEnd answers what still arrives at a process that is over: facts are noted, requests refused.
func (d *decider) afterEnd() {
	switch d.ev.Type {
	case EventChildEnded, EventReplan, EventDeadline:
		return
	case EventClaim, EventRelease, EventComplete, EventTransfer:
		d.refuseClosedTask(decode[TaskData](d).Task)
	default:
		d.refuse("ended", "流程已结束", "the process has ended")
	}
}

// emit folds a change into the working state and keeps it for the log.
func (d *decider) emit(c Change) {
	d.changes = append(d.changes, c)
	c.apply(d.st)
	d.views.forget(c)
}

// burn takes one unit of fuel; it answers false when the decision must stop.
func (d *decider) burn(path string) bool {
	if d.err != nil {
		return false
	}
	if d.fuel--; d.fuel < 0 {
		d.fault("fuel", path, fmt.Errorf("more than %d transitions in one event: a loop without a waiting step", d.engine.limits.Transitions))
		return false
	}
	return true
}

func (d *decider) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *decider) fault(code, path string, err error) {
	d.fail(&Fault{Code: code, Path: path, Err: err})
}

func (d *decider) refuse(code, zh, en string) {
	d.fail(&Refusal{Code: code, Message: definitions.Text{Zh: zh, En: en}})
}

// static answers the node of the definition behind an instance.
func (d *decider) static(n *Node) *definitions.Node {
	def := d.def.Nodes[n.Path]
	if def == nil {
		d.fault("unknown_node", n.Path, errors.New("the definition has no such node"))
		return &definitions.Node{Path: n.Path, Kind: definitions.Sequence}
	}
	return def
}

// newID makes an id that is unique for ever and the same whenever this decision is made again.
func (d *decider) newID(what string) string {
	return uuid.NewSHA1(ns(d.st.Process), fmt.Appendf(nil, "%s/%d", what, d.st.NextItem)).String()
}

// ns is the namespace of the ids inside a process.
func ns(process string) uuid.UUID {
	id, err := uuid.Parse(process)
	if err != nil {
		return uuid.NewSHA1(uuid.NameSpaceOID, []byte(process))
	}
	return id
}

// decode reads the event's payload; a payload that does not fit is refused.
func decode[T any](d *decider) T {
	var v T
	if len(d.ev.Data) == 0 {
		return v
	}
	if err := json.Unmarshal(d.ev.Data, &v); err != nil {
		d.refuse("invalid", "请求内容无法读取", "the request cannot be read: "+err.Error())
	}
	return v
}

// actor answers the person behind the event; the zero Person for the system.
func (d *decider) actor() Person {
	if d.person != nil || d.ev.Actor.User == "" || d.err != nil {
		if d.person == nil {
			return Person{}
		}
		return *d.person
	}
	p, err := d.env.Person(d.ctx, d.ev.Actor.User)
	if err != nil {
		d.fail(fmt.Errorf("read person %s: %w", d.ev.Actor.User, err))
		return Person{}
	}
	d.person = &p
	return p
}

// start begins a process: the input is checked, what follows from it computed, and the first steps opened.
func (d *decider) start() {
	if d.introduce(); d.err == nil {
		d.open(d.def.Root, place{})
		d.settle()
	}
}

// introduce brings a process into being without opening a step.
func (d *decider) introduce() {
	data := decode[StartData](d)
	if d.st.Process != "" {
		d.refuse("already_started", "流程已经启动", "the process has been started already")
		return
	}
	input := d.def.Input.ApplyDefaults(data.Input)
	d.refuseInvalid(inInput(d.def.Input.Validate(input)))
	d.refuseHouse(data.Parameters)
	if d.err != nil {
		return
	}
	starter := d.ev.Actor.User
	if starter == "" {
		starter = data.Starter
	}
	d.emit(&ProcessStarted{
		Format: StateFormat, Process: data.Process, Definition: data.Definition, Starter: starter, Parent: data.Parent, At: d.now,
		Input: input, Parameters: parametersOf(d.def, data.Parameters), Title: d.def.Name,
	})
	d.receipt.Process = data.Process
	d.recompute()
	d.refuseInvalid(inInput(d.brokenRules(d.view(0), nil)))
	d.entitle()
	if key := d.renderOne(d.def.BusinessKey, 0, ""); key != "" {
		d.emit(&BusinessKeySet{Key: key})
	}
}

// refuseHouse refuses a start with house parameters that would stop the process later on. One that the definition no longer
// has does no harm.
func (d *decider) refuseHouse(values map[string]any) {
	wrong := slices.DeleteFunc(d.def.CheckParameters(values), func(f definitions.FieldError) bool { return f.Code == "unknown" })
	if len(wrong) == 0 {
		return
	}
	remedy := "steward parameters set " + d.def.ID + " " + wrong[0].Field + " VALUE"
	for i := range wrong {
		wrong[i].Field = "parameters." + wrong[i].Field
	}
	d.fail(&Refusal{Code: "house_parameters", Fields: wrong, Message: definitions.Text{
		Zh: "单位参数设置有误，请联系管理员：" + wrong[0].Field + "：" + wrong[0].Zh + "（更正命令：" + remedy + "）",
		En: "a house parameter is set wrong, ask an administrator: " + wrong[0].Field + ": " + wrong[0].En + " (`" + remedy + "` corrects it)",
	}})
}

func inInput(fields []definitions.FieldError) []definitions.FieldError {
	for i := range fields {
		fields[i].Field = "input." + fields[i].Field
	}
	return fields
}

// Introduction is what is known of a process before it starts.
type Introduction struct {
	Input       map[string]any
	Title       definitions.Text
	BusinessKey string
}

// Introduce checks a start without starting: the error is the *Refusal that Decide would answer now.
func (e *Engine) Introduce(ctx context.Context, def *definitions.Definition, ev Event, env Env) (Introduction, error) {
	d := &decider{ctx: ctx, engine: e, def: def, st: &State{}, env: env, ev: ev, now: ev.At, fuel: e.limits.Transitions}
	d.introduce()
	return Introduction{Input: d.st.Input, Title: d.st.Title, BusinessKey: d.st.BusinessKey}, d.err
}

// entitle renders the title and fixes the business key, once what they may use is known.
func (d *decider) entitle() {
	if d.err != nil {
		return
	}
	if t := d.render(d.def.Title, 0, d.def.Name); t != d.st.Title {
		d.emit(&TitleChanged{Title: t})
	}
}

func parametersOf(def *definitions.Definition, override map[string]any) map[string]any {
	if len(def.Parameters) == 0 {
		return nil
	}
	values := make(map[string]any, len(def.Parameters))
	for _, p := range def.Parameters {
		values[p.Name] = p.Default
		if v, ok := override[p.Name]; ok {
			values[p.Name] = v
		}
	}
	return values
}

func (d *decider) refuseInvalid(fields []definitions.FieldError) {
	if len(fields) > 0 {
		d.fail(Invalid(fields...))
	}
}

// Invalid refuses input whose fields are wrong, of which there is at least one.
func Invalid(fields ...definitions.FieldError) *Refusal {
	return &Refusal{Code: "invalid", Fields: fields, Message: definitions.Text{
		Zh: "请检查 " + fields[0].Field + "：" + fields[0].Zh, En: "please check " + fields[0].Field + ": " + fields[0].En,
	}}
}
