package engine

import (
	"slices"
)

// approvalKind is the kind `approval`: any one decides (any 或签), everybody must approve (all 会签), or they are asked one
// after the other (sequential 依次). The first decision that is not the approving one settles the approval.
type approvalKind struct{}

func (approvalKind) Enter(s *Step) {
	if s.d.replacesApproval(s.id) {
		s.Emit(&ApprovalLeftOut{Path: s.def.Path})
		s.d.completeStep(s.id, result{outcome: s.def.Outcomes[0]})
		return
	}
	to, why := s.people()
	if len(to) == 0 {
		return
	}
	if s.def.Mode != "all" && s.def.Mode != "sequential" {
		s.openTask(to, why)
		return
	}
	people := s.d.expand(to, s.d.excluded(s.def, s.id))
	switch {
	case s.d.err != nil:
	case len(people) == 0:
		s.nobody()
	case s.def.Mode == "all":
		for _, p := range people {
			s.openTask([]string{"user:" + p}, why)
		}
	default:
		s.openTask([]string{"user:" + people[0]}, why)
		s.queue(people[1:])
	}
}

// queue remembers who is asked later.
func (s *Step) queue(rest []string) {
	if len(rest) > 0 && s.d.err == nil {
		s.Emit(&Queued{Node: s.id, Queue: rest})
	}
}

func (approvalKind) Handle(s *Step, sig Signal) {
	if sig.Kind != SignalTask {
		return
	}
	if s.def.Mode != "all" && s.def.Mode != "sequential" || sig.Outcome != s.def.Outcomes[0] {
		s.finishWith(sig)
		return
	}
	n := s.d.st.node(s.id)
	queue := slices.Clone(n.Queue)
	var next string
	if len(queue) > 0 {
		next, queue = queue[0], queue[1:]
	}
	s.Emit(&Voted{Node: s.id, Vote: Vote{By: sig.By, Outcome: sig.Outcome, At: s.d.now, Comment: sig.Comment}, Queue: queue})
	switch {
	case next != "":
		s.openTask([]string{"user:" + next}, map[string]any{"rule": "sequential"})
	case !slices.ContainsFunc(s.d.st.Tasks, func(t Task) bool { return t.Node == s.id }):
		s.finishWith(sig)
	}
}
