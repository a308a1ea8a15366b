package engine

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (*ProcessStarted) kind() string    { return "process.started" }
func (*ProcessEnding) kind() string     { return "process.ending" }
func (*ProcessEnded) kind() string      { return "process.ended" }
func (*ClockAdvanced) kind() string     { return "clock" }
func (*StoodStill) kind() string        { return "stood_still" }
func (*InputChanged) kind() string      { return "input.changed" }
func (*AnchorsChanged) kind() string    { return "anchors.changed" }
func (*VarsChanged) kind() string       { return "vars.changed" }
func (*TitleChanged) kind() string      { return "title.changed" }
func (*BusinessKeySet) kind() string    { return "business_key.set" }
func (*RoleResolved) kind() string      { return "role.resolved" }
func (*RolePicked) kind() string        { return "role.picked" }
func (*EventTold) kind() string         { return "event.told" }
func (*NodeOpened) kind() string        { return "node.opened" }
func (*NodeActivated) kind() string     { return "node.activated" }
func (*NodeSkipped) kind() string       { return "node.skipped" }
func (*NodeClosed) kind() string        { return "node.closed" }
func (*NodeDue) kind() string           { return "node.due" }
func (*NodeLeaving) kind() string       { return "node.leaving" }
func (*GotoAwaits) kind() string        { return "goto.awaits" }
func (*EachStarted) kind() string       { return "each.started" }
func (*OccurrenceCounted) kind() string { return "repeat.counted" }
func (*OutputSet) kind() string         { return "output.set" }
func (*OutputsCleared) kind() string    { return "outputs.cleared" }
func (*OutputKept) kind() string        { return "output.kept" }
func (*TaskOpened) kind() string        { return "task.opened" }
func (*TaskAssigned) kind() string      { return "task.assigned" }
func (*TaskDue) kind() string           { return "task.due" }
func (*TaskOverdue) kind() string       { return "task.overdue" }
func (*TaskClosed) kind() string        { return "task.closed" }
func (*Voted) kind() string             { return "voted" }
func (*Queued) kind() string            { return "queued" }
func (*DeadlineSet) kind() string       { return "deadline.set" }
func (*LadderReset) kind() string       { return "ladder.reset" }
func (*ApprovalLeftOut) kind() string   { return "approval.left_out" }
func (*DeadlineCleared) kind() string   { return "deadline.cleared" }
func (*RepetitionsMissed) kind() string { return "repetitions.missed" }
func (*Booked) kind() string            { return "booked" }
func (*BookingConfirmed) kind() string  { return "booking.confirmed" }
func (*BookingEnded) kind() string      { return "booking.ended" }
func (*Recorded) kind() string          { return "recorded" }
func (*Messaged) kind() string          { return "messaged" }
func (*ChildStarted) kind() string      { return "child.started" }
func (*ChildEnded) kind() string        { return "child.ended" }
func (*ChildCancelled) kind() string    { return "child.cancelled" }
func (*ProposalOpened) kind() string    { return "proposal.opened" }
func (*ProposalClosed) kind() string    { return "proposal.closed" }

func (c *ProcessStarted) apply(s *State) {
	s.Format, s.Process, s.Definition, s.Starter, s.Parent = c.Format, c.Process, c.Definition, c.Starter, c.Parent
	s.Title, s.StartedAt, s.LastAt = c.Title, c.At, c.At
	s.Input, s.Parameters, s.Status, s.NextNode, s.NextItem = c.Input, c.Parameters, StatusRunning, 1, 1
}

func (c *ClockAdvanced) apply(s *State) { s.LastAt, s.Still = c.At, 0 }

func (c *StoodStill) apply(s *State) { s.Still = c.Times }

func (c *ProcessEnding) apply(s *State) { s.Status, s.Outcome = StatusEnding, c.Outcome }

func (c *ProcessEnded) apply(s *State) {
	at := c.At
	s.Status, s.Outcome, s.EndedAt = StatusEnded, c.Outcome, &at
}

func (c *InputChanged) apply(s *State) {
	input := make(map[string]any, len(s.Input)+len(c.Fields))
	maps.Copy(input, s.Input)
	for k, v := range c.Fields {
		if v == nil {
			delete(input, k)
			continue
		}
		input[k] = v
	}
	s.Input = input
}

func (c *AnchorsChanged) apply(s *State) {
	anchors := make(map[string]time.Time, len(s.Anchors)+len(c.Anchors))
	maps.Copy(anchors, s.Anchors)
	for name, at := range c.Anchors {
		if at == nil {
			delete(anchors, name)
			continue
		}
		anchors[name] = *at
	}
	s.Anchors = anchors
}

func (c *VarsChanged) apply(s *State) {
	vars := make(map[string]any, len(s.Vars)+len(c.Vars))
	maps.Copy(vars, s.Vars)
	maps.Copy(vars, c.Vars)
	s.Vars = vars
}

func (c *TitleChanged) apply(s *State) { s.Title = c.Title }

func (c *BusinessKeySet) apply(s *State) { s.BusinessKey = c.Key }

func (c *RolePicked) apply(s *State) { s.Picked = with(s.Picked, c.Role, c.User) }

func (c *RoleResolved) apply(s *State) {
	s.Roles = with(s.Roles, c.Role, c.Principals)
}

func (c *EventTold) apply(s *State) {
	s.Events = with(s.Events, c.Event, Told{At: c.At, By: c.By, Count: s.Events[c.Event].Count + 1, Assumed: c.Assumed})
}

func (c *NodeOpened) apply(s *State) {
	n := Node{
		ID: c.Node, Parent: c.Parent, Path: c.Path, Slot: c.Slot, OpenedAt: c.At, Waiting: c.Waiting,
		Item: c.Item, Index: c.Index, Caller: c.Caller, Extra: c.Extra, Proposal: c.Proposal,
	}
	if c.Frame {
		n.Frame = map[string]Output{}
	}
	s.Nodes = append(s.Nodes, n)
	s.NextNode = c.Node + 1
}

func (c *NodeActivated) apply(s *State) {
	if n := s.node(c.Node); n != nil {
		n.Waiting, n.OpenedAt = false, c.At
	}
}

func (*NodeSkipped) apply(*State) {}

func (c *NodeClosed) apply(s *State) {
	s.forgetRounds(c.Node)
	s.Nodes = slices.DeleteFunc(s.Nodes, func(n Node) bool { return n.ID == c.Node })
}

func (c *NodeLeaving) apply(s *State) {
	if n := s.node(c.Node); n != nil {
		how := c.Leaving
		n.Leaving = &how
	}
}

func (c *GotoAwaits) apply(s *State) {
	if n := s.node(c.Node); n != nil {
		n.Goto = c.Target
	}
}

func (c *NodeDue) apply(s *State) {
	if n := s.node(c.Node); n != nil {
		n.Due, n.Late = c.Due, c.Late
	}
}

func (c *EachStarted) apply(s *State) {
	if n := s.node(c.Node); n != nil {
		n.Items = c.Items
	}
}

func (c *OccurrenceCounted) apply(s *State) {
	if n := s.node(c.Node); n != nil {
		n.Count, n.Skipped = c.Count, n.Skipped+c.Skipped
	}
}

// put stores an output in a frame, replacing the frame's map so that clones keep theirs.
func (s *State) put(frame int, step string, o Output) {
	if n := s.node(frame); n != nil {
		n.Frame = with(n.Frame, step, o)
		return
	}
	s.Outputs = with(s.Outputs, step, o)
}

func (c *OutputSet) apply(s *State) {
	if !c.Item {
		s.put(c.Frame, c.Step, c.Output)
		return
	}
	list := s.outputs(c.Frame)[c.Step]
	list.Loop = true
	list.Items = append(slices.Clip(list.Items), c.Output)
	if over := len(list.Items) - c.Keep; c.Keep > 0 && over > 0 {
		list.Items, list.Dropped = slices.Clone(list.Items[over:]), list.Dropped+over
	}
	s.put(c.Frame, c.Step, list)
}

func (c *OutputsCleared) apply(s *State) {
	n := s.node(c.Frame)
	from := maps.Clone(s.Outputs)
	if n != nil {
		from = maps.Clone(n.Frame)
	}
	rounds := make(map[string][]Output, len(s.Rounds)+len(c.Steps))
	maps.Copy(rounds, s.Rounds)
	for _, step := range c.Steps {
		if o, ok := from[step]; ok {
			o.Frame = c.Mark
			key := roundKey(c.Frame, step)
			rounds[key] = append(last(rounds[key], keptRounds-1), o)
			delete(from, step)
		}
	}
	s.Rounds = rounds
	if n != nil {
		n.Frame = from
		return
	}
	s.Outputs = from
}

// roundKey is where the rounds of a step are kept: those inside a loop belong to one run of its body.
func roundKey(frame int, step string) string {
	if frame == 0 {
		return step
	}
	return strconv.Itoa(frame) + "/" + step
}

// rounds answers the earlier outputs of a step in a frame, oldest first.
func (s *State) rounds(frame int, step string) []Output { return s.Rounds[roundKey(frame, step)] }

// forgetRounds drops what belonged to one run of a loop's body.
func (s *State) forgetRounds(frame int) {
	n := s.node(frame)
	prefix := strconv.Itoa(frame) + "/"
	if n == nil || n.Frame == nil || !slices.ContainsFunc(slices.Collect(maps.Keys(s.Rounds)), func(k string) bool { return strings.HasPrefix(k, prefix) }) {
		return
	}
	rounds := maps.Clone(s.Rounds)
	maps.DeleteFunc(rounds, func(k string, _ []Output) bool { return strings.HasPrefix(k, prefix) })
	s.Rounds = rounds
}

// keptRounds is how many earlier rounds of a step stay in the state; the log has them all, and Output.Round goes on counting.
const keptRounds = 20

// last answers a copy of the last n elements.
func last(list []Output, n int) []Output {
	return slices.Clone(list[max(len(list)-n, 0):])
}

func (c *OutputKept) apply(s *State) {
	rounds := s.rounds(c.Frame, c.Step)
	if len(rounds) == 0 {
		return
	}
	last := len(rounds) - 1
	o := rounds[last]
	o.Frame = 0
	s.put(c.Frame, c.Step, o)
	s.Rounds = with(s.Rounds, roundKey(c.Frame, c.Step), slices.Clip(rounds[:last]))
}

func (c *TaskOpened) apply(s *State) {
	s.Tasks = append(s.Tasks, c.Task)
	s.NextItem++
}

func (c *TaskAssigned) apply(s *State) {
	if t := s.task(c.Task); t != nil {
		t.Assignee, t.Candidates, t.ClaimedAt, t.Revision = c.Assignee, c.Candidates, c.ClaimedAt, c.Revision
	}
}

func (c *TaskDue) apply(s *State) {
	if t := s.task(c.Task); t != nil {
		t.Due, t.Late, t.Revision, t.Overdue = c.Due, c.Late, c.Revision, false
	}
}

func (c *TaskOverdue) apply(s *State) {
	if t := s.task(c.Task); t != nil {
		t.Overdue, t.Revision = true, c.Revision
	}
}

func (c *TaskClosed) apply(s *State) {
	s.Tasks = slices.DeleteFunc(s.Tasks, func(t Task) bool { return t.ID == c.Task })
}

func (c *Voted) apply(s *State) {
	if n := s.node(c.Node); n != nil {
		n.Votes, n.Queue = append(slices.Clip(n.Votes), c.Vote), c.Queue
	}
}

func (c *Queued) apply(s *State) {
	if n := s.node(c.Node); n != nil {
		n.Queue = c.Queue
	}
}

func (c *DeadlineSet) apply(s *State) {
	s.NextItem++
	i := slices.IndexFunc(s.Deadlines, func(d Deadline) bool { return c.Was != "" && d.ID == c.Was })
	if i >= 0 {
		s.Deadlines[i] = c.Deadline
		return
	}
	s.Deadlines = append(s.Deadlines, c.Deadline)
}

func (c *LadderReset) apply(s *State) {
	n := s.node(c.Node)
	if n == nil {
		return
	}
	fired := maps.Clone(n.Fired)
	maps.DeleteFunc(fired, func(key string, _ int) bool {
		return key == "due" || strings.HasPrefix(key, "remind/") || strings.HasPrefix(key, "escalate/")
	})
	n.Fired = fired
}

func (c *DeadlineCleared) apply(s *State) {
	s.Deadlines = slices.DeleteFunc(s.Deadlines, func(d Deadline) bool { return d.ID == c.ID })
	if n := s.node(c.Node); n != nil && c.Fired {
		n.Fired = with(n.Fired, c.Key, n.Fired[c.Key]+1)
	}
}

func (c *RepetitionsMissed) apply(s *State) {
	if n := s.node(c.Node); n != nil {
		n.Fired = with(n.Fired, c.Key, n.Fired[c.Key]+c.Count)
	}
}

func (c *Booked) apply(s *State) {
	i := slices.IndexFunc(s.Bookings, func(b Booking) bool { return b.ID == c.Booking.ID })
	if i >= 0 {
		s.Bookings[i] = c.Booking
		return
	}
	s.Bookings = append(s.Bookings, c.Booking)
	s.NextItem++
}

func (c *BookingConfirmed) apply(s *State) {
	i := slices.IndexFunc(s.Bookings, func(b Booking) bool { return b.ID == c.ID })
	if i >= 0 {
		s.Bookings[i].Hold = false
	}
}

func (c *BookingEnded) apply(s *State) {
	s.Bookings = slices.DeleteFunc(s.Bookings, func(b Booking) bool { return b.ID == c.ID })
}

func (c *Recorded) apply(s *State) { s.NextItem++ }

func (*Messaged) apply(*State) {}

func (c *ChildStarted) apply(s *State) {
	s.NextItem++
	if c.Child.Wait { // nobody here will ever hear of the others
		s.Children = append(s.Children, c.Child)
	}
}

func (s *State) dropChild(process string) {
	s.Children = slices.DeleteFunc(s.Children, func(k Child) bool { return k.Process == process })
}

func (c *ChildEnded) apply(s *State) { s.dropChild(c.Process) }

func (c *ChildCancelled) apply(s *State) { s.dropChild(c.Process) }

func (c *ProposalOpened) apply(s *State) {
	p := c.Proposal
	s.Proposal = &p
}

func (c *ApprovalLeftOut) apply(s *State) {
	if s.Proposal != nil {
		p := *s.Proposal
		p.LeftOut = true
		s.Proposal = &p
	}
}

func (c *ProposalClosed) apply(s *State) { s.Proposal = nil }
