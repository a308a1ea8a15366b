package engine

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"steward/definitions"
)

// propose opens a proposal: its block runs on the proposed values; when it ends well they replace the real ones,
// otherwise nothing has changed. A proposal supersedes an open one. While the first approval is still open, that approval
// is asked again with the new values instead of the block's own approvals.
func (d *decider) propose(e *definitions.Event, fields map[string]any) {
	d.refuseInvalid(inData(d.wrongInput(fields)))
	if d.err != nil {
		return
	}
	d.dropProposal("superseded")
	p := Proposal{Event: e.Name, By: d.ev.Actor.User, Fields: fields, Node: d.st.NextNode, Approval: d.firstApproval()}
	d.emit(&ProposalOpened{Proposal: p})
	if e.Via == nil {
		d.proposalDone()
		return
	}
	d.open(e.Via, place{proposal: true, target: true})
}

func inData(fields []definitions.FieldError) []definitions.FieldError {
	for i := range fields {
		fields[i].Field = "data." + fields[i].Field
	}
	return fields
}

// firstApproval answers the path of an approval that is open and has never been decided, "" when there is none.
func (d *decider) firstApproval() string {
	for _, t := range d.st.Tasks {
		def := d.def.Nodes[t.Path]
		if t.Kind != "approval" || def == nil {
			continue
		}
		if _, decided := d.findOutput(def.ID, t.Node); !decided && len(d.st.Rounds[def.ID]) == 0 {
			return t.Path
		}
	}
	return ""
}

// replacesApproval says whether an approval inside a proposal's block is left out, since the first one is asked again.
func (d *decider) replacesApproval(id int) bool {
	p := d.st.Proposal
	return p != nil && p.Approval != "" && d.st.inside(id, p.Node) && d.isOpen(d.def.Nodes[p.Approval])
}

// proposalDone makes the proposed values the real ones.
func (d *decider) proposalDone() {
	if d.st.Proposal == nil || d.err != nil {
		return
	}
	p := *d.st.Proposal
	if p.LeftOut && !d.isOpen(d.def.Nodes[p.Approval]) {
		d.askAfterAll(p)
		return
	}
	d.emit(&ProposalClosed{Event: p.Event, Accepted: true, Reason: "accepted"})
	d.emit(&EventTold{Event: p.Event, At: d.now, By: p.By, Data: p.Fields})
	d.confirmHolds()
	for _, t := range d.st.Tasks {
		d.moved = append(d.moved, concerned(t)...)
	}
	d.moved = append(d.moved, principalsOf(d.st.Starter)...)
	d.editInput(p.Fields, "proposal")
	if p.Approval != "" && d.isOpen(d.def.Nodes[p.Approval]) {
		d.restart(p.Approval) // what follows an accepted proposal follows the approval itself
		return
	}
	e := d.event(p.Event)
	if e == nil || d.err != nil {
		return
	}
	d.redo(e.Redo)
	d.performFromEvent(e.Then)
}

// askAfterAll runs a proposal's block once more: an approval was left out for one that has meanwhile been given on the old
// values.
func (d *decider) askAfterAll(p Proposal) {
	d.emit(&ProposalClosed{Event: p.Event, Reason: "asked again"})
	p.Approval, p.LeftOut, p.Node = "", false, d.st.NextNode
	d.emit(&ProposalOpened{Proposal: p})
	d.open(d.event(p.Event).Via, place{proposal: true, target: true})
}

// confirmHolds turns the holds of a proposal into bookings; each replaces the booking that it was made for.
func (d *decider) confirmHolds() {
	for _, hold := range slices.Clone(d.st.Bookings) {
		if !hold.Hold {
			continue
		}
		for _, old := range slices.Clone(d.st.Bookings) {
			if !old.Hold && old.Key == hold.Key {
				d.emit(&BookingEnded{ID: old.ID, At: d.now, Reason: "replaced", Was: &old})
			}
		}
		d.emit(&BookingConfirmed{ID: hold.ID, Was: &hold})
	}
}

// restart asks an open approval again.
func (d *decider) restart(path string) {
	if path == "" || d.err != nil {
		return
	}
	i := slices.IndexFunc(d.st.Nodes, func(n Node) bool { return n.Path == path })
	if i < 0 {
		return
	}
	old := d.st.Nodes[i]
	def := d.static(&old)
	d.closeTree(old.ID, "superseded")
	d.open(def, place{
		parent: old.Parent, slot: old.Slot, index: old.Index, item: old.Item, extra: old.Extra, caller: old.Caller, frame: old.Frame != nil, target: true,
	})
}

// proposalFailed gives a proposal up. One that fails at once is refused as if it had never been made, with the reason.
func (d *decider) proposalFailed(reason string) {
	p := d.st.Proposal
	if p == nil || d.err != nil {
		return
	}
	openedNow := slices.ContainsFunc(d.changes, func(c Change) bool { _, ok := c.(*ProposalOpened); return ok })
	if openedNow && d.ev.Type == EventTell {
		r := &Refusal{Code: "conflict", Message: definitions.Text{Zh: "无法采用新的安排，原安排不变", En: "the new arrangement is not possible, the old one stands"}}
		if d.receipt.Code == "conflict" {
			r.Message = d.receipt.Message
		}
		d.fail(r)
		return
	}
	by := p.By
	d.dropProposal(reason)
	d.message("proposal.failed", principalsOf(by), nil, nil)
}

// dropProposal closes an open proposal with what is open in its block and gives its holds back.
func (d *decider) dropProposal(reason string) {
	p := d.st.Proposal
	if p == nil || d.err != nil {
		return
	}
	if d.st.node(p.Node) != nil {
		d.closeTree(p.Node, reason)
	}
	for _, b := range slices.Clone(d.st.Bookings) {
		if b.Hold {
			d.emit(&BookingEnded{ID: b.ID, At: d.now, Reason: "dropped", Was: &b})
		}
	}
	d.emit(&ProposalClosed{Event: p.Event, Reason: reason})
}

// redo opens finished steps again, each under the nearest of its ancestors that is still open. A step that is open
// anyhow, was never done, or whose group is over stays as it is.
func (d *decider) redo(steps []string) {
	for _, step := range steps {
		def := d.def.Steps[step]
		if def == nil || d.err != nil || d.isOpen(def) {
			continue
		}
		if _, done := d.findOutput(step, 0); !done {
			continue
		}
		if parent := d.openAncestor(def); parent != 0 {
			d.open(def, place{parent: parent, slot: def.Slot, extra: true, target: true})
		}
	}
}

func (d *decider) isOpen(def *definitions.Node) bool {
	return slices.ContainsFunc(d.st.Nodes, func(n Node) bool { return n.Path == def.Path })
}

func (d *decider) openAncestor(def *definitions.Node) int {
	for p := def.Parent; p != nil; p = p.Parent {
		i := slices.IndexFunc(d.st.Nodes, func(n Node) bool { return n.Path == p.Path && !n.Waiting })
		if i >= 0 && d.st.Nodes[i].Leaving != nil {
			return 0
		}
		if i >= 0 {
			return d.st.Nodes[i].ID
		}
		if until := d.moment(p.Until, 0); until.known && !until.at.After(d.now) {
			return 0
		}
	}
	return 0
}

// event finds an event of the definition.
func (d *decider) event(name string) *definitions.Event {
	for _, e := range d.def.Events {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// performFromEvent does what follows an event: it may end the process or continue at a step of an open sequence that
// is not being left.
func (d *decider) performFromEvent(a *definitions.Action) {
	if a == nil || d.err != nil {
		return
	}
	from := 0
	if a.Goto != nil {
		i := slices.IndexFunc(d.st.Nodes, func(n Node) bool { return n.Path == a.Goto.Parent.Path && n.Leaving == nil })
		if i < 0 {
			d.refuse("not_now", "流程当前阶段不能这样做", "the process is not at a stage where this is possible")
			return
		}
		from = d.st.Nodes[i].ID
	}
	if a.Goto != nil || a.End != "" {
		d.perform(a, from, 0)
	}
}

// tell carries out an event that a person or another process tells the process.
func (d *decider) tell() {
	data := decode[TellData](d)
	if d.err != nil {
		return
	}
	e := d.event(data.Event)
	switch {
	case e == nil:
		d.refuse("unknown_event", "此流程没有事件 "+data.Event, "this process knows no event "+data.Event)
		return
	case d.st.Status == StatusEnding:
		d.refuse("ended", "流程正在结束", "the process is ending already")
		return
	case !d.mayTell(e):
		d.refuse("forbidden", "您无权进行此操作", "you may not do this")
		return
	}
	fields := data.Data
	if e.Schema == nil && len(fields) > 0 {
		d.refuseInvalid([]definitions.FieldError{{Field: "data", Code: "unknown", Zh: "此操作不带内容", En: "this event carries no data"}})
		return
	}
	if e.Schema != nil {
		d.refuseInvalid(inData(e.Schema.Validate(fields)))
	}
	if d.err == nil {
		d.happen(e, maps.Clone(fields))
	}
}

// mayTell says whether the actor may tell an event; operators always may.
func (d *decider) mayTell(e *definitions.Event) bool {
	if d.ev.Actor.User == "" {
		return d.ev.Actor.Process != ""
	}
	p := d.actor()
	if p.Operator || d.err != nil {
		return d.err == nil
	}
	allowed := d.resolveAll(e.By, 0, nil)
	return slices.ContainsFunc(allowed, func(a string) bool { return slices.Contains(p.Principals, a) })
}

func (d *decider) happen(e *definitions.Event, fields map[string]any) {
	if told, again := d.st.Events[e.Name]; again && e.Anchor && !e.Correctable {
		d.fail(&Refusal{Code: "told", Message: definitions.Text{Zh: "此事已登记", En: "this has been told already"}, Winner: &Winner{By: told.By, At: told.At}})
		return
	}
	if len(e.Propose) > 0 {
		d.propose(e, fields)
		return
	}
	if len(fields) > 0 && e.Set != nil {
		d.refuseInvalid(inData(d.wrongInput(fields)))
	}
	if d.err != nil {
		return
	}
	d.emit(&EventTold{Event: e.Name, At: d.now, By: d.ev.Actor.User, Data: fields})
	if e.Set != nil {
		d.editInput(fields, "set")
	}
	d.follow(e, fields)
}

// follow does what an event leads to, once it is on record.
func (d *decider) follow(e *definitions.Event, fields map[string]any) {
	if e.Anchor && d.err == nil {
		at := d.momentOf(e, fields)
		d.emit(&AnchorsChanged{Anchors: map[string]*time.Time{e.Name: &at}})
		d.recompute()
		d.stale = true
	}
	for _, n := range slices.Clone(d.st.Nodes) {
		if w := d.static(&n).Wait; w != nil && w.Event == e.Name && !n.Waiting {
			d.signal(n.ID, Signal{Kind: SignalEvent, Data: fields, By: d.ev.Actor.User})
		}
	}
	if e.End != "" && d.err == nil {
		d.tellEveryone("process.cancelled")
		d.end(e.End)
		return
	}
	d.redo(e.Redo)
	d.performFromEvent(e.Then)
}

// momentOf answers when an event says that it happened: now, or what its payload says.
func (d *decider) momentOf(e *definitions.Event, fields map[string]any) time.Time {
	if e.At == nil {
		return d.now
	}
	payload := d.engine.bind(e, e.Schema.TypeOf, fields)
	if at, ok := d.eval(e.At, 0, map[string]any{"payload": payload}).(time.Time); ok {
		return at.UTC()
	}
	return d.now
}

// eventDeadlines lists the reminders to tell an event and the moment at which it is taken for granted.
func (d *decider) eventDeadlines(n Node) []wish {
	var list []wish
	for _, e := range d.def.Events {
		if _, told := d.st.Events[e.Name]; told {
			continue
		}
		key := "event/" + e.Name + "/default"
		if m := d.moment(e.Default, n.ID); m.known && n.Fired[key] == 0 { // fired and not told: an operator gave it up
			list = append(list, wish{key, m})
		}
		list = append(list, d.reminders(n, e.Remind, nil, "event/"+e.Name+"/remind")...)
	}
	return list
}

// eventDeadline acts on a moment of an event: key is <event>/default or <event>/remind/<i>.
func (d *decider) eventDeadline(key string) {
	name, what, _ := strings.Cut(key, "/")
	e := d.event(name)
	if e == nil {
		return
	}
	if what == "default" {
		d.emit(&EventTold{Event: name, At: d.now, Assumed: true})
		d.follow(e, nil)
		return
	}
	i, err := strconv.Atoi(strings.TrimPrefix(what, "remind/"))
	if err != nil || i >= len(e.Remind) {
		return
	}
	d.message("event.reminder", d.resolveAll(e.Remind[i].To, 0, nil), nil, map[string]any{"event": name, "zh": e.Title.In("zh"), "en": e.Title.In("en")})
}
