package simulate

import (
	"errors"

	"steward/workflows/engine"
)

// startChild puts a child process into the model and queues its start.
func (r *rehearsal) startChild(parent *process, c *engine.ChildStarted) {
	def := r.world.Definitions[c.Child.Definition.ID]
	ref := &engine.ParentRef{Process: parent.id, Node: c.Child.Node, Wait: c.Child.Wait}
	p, err := r.add(c.Child.Process, def, ref)
	if err != nil {
		r.err = err
		return
	}
	r.timeline.Summary.Children++
	data := engine.StartData{Definition: c.Child.Definition, Process: p.id, Input: c.Input, Parent: ref, Starter: parent.st.Starter}
	r.queue.put(command{at: r.now, process: p.id, do: func() {
		ev := engine.Event{ID: "cmd/start", Type: engine.EventStart, Actor: engine.Actor{Process: parent.id}}
		_, err := r.decide(p, ev, data)
		if _, failed := r.answer(p, "", "start", "process:"+parent.label, err); failed {
			r.refusedStart(p, err)
		}
	}})
}

// refusedStart tells the parent that its child never began; a start that failed waits for an operator instead.
func (r *rehearsal) refusedStart(p *process, err error) {
	var refusal *engine.Refusal
	if errors.As(err, &refusal) && p.parent.Wait {
		r.send(p.parent.Process, engine.EventChildEnded, p, engine.ChildData{Process: p.id, Outcome: "refused"})
	}
}

// send queues a command of one process to another.
func (r *rehearsal) send(to, kind string, from *process, data any) {
	p := r.byID[to]
	if p == nil {
		return
	}
	r.queue.put(command{at: r.now, process: to, do: func() {
		if p.st == nil || p.st.Status == engine.StatusEnded {
			return
		}
		_, err := r.decide(p, engine.Event{ID: "cmd/" + kind + "/" + from.id, Type: kind, Actor: engine.Actor{Process: from.id}}, data)
		r.answer(p, "", kind, "process:"+from.label, err)
	}})
}
